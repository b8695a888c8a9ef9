// Package pace knows by what factor forecasts are wrong on this machine, with whatever else it does, and corrects the next ones.
package pace

import (
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"sync"
)

// Key is what has a factor of its own: a model, the mode it is run in, the format of the result, and how forecasts are made.
type Key struct {
	Model  string `json:"model"`
	Mode   string `json:"mode,omitempty"`
	Format string `json:"format,omitempty"`
	Looked bool   `json:"looked,omitempty"` // forecasts are made after a look at the picture, not from its headers
}

// Pace knows factors. It is safe for concurrent use.
type Pace struct {
	mu   sync.Mutex
	logs map[Key]float64 // natural logarithms of factors, within ±log(most)
}

const (
	newest = 0.2  // how much the latest observation counts
	most   = 20   // factors lie between 1/most and most
	keys   = 1000 // more are not kept: that many things are not asked for by those who mean well
)

// saved is a factor as Save gives it.
type saved struct {
	Key
	Factor float64 `json:"factor"`
}

// New makes a Pace that knows what Save gave before. What cannot be read counts as nothing.
func New(text []byte) *Pace {
	p := &Pace{logs: map[Key]float64{}}
	var all []saved
	if json.Unmarshal(text, &all) != nil {
		return p
	}
	for _, s := range all[:min(len(all), keys)] {
		if s.Factor > 0 {
			p.logs[s.Key] = bounded(math.Log(s.Factor))
		}
	}
	return p
}

func bounded(log float64) float64 { return min(max(log, -math.Log(most)), math.Log(most)) }

// Save gives what New reads: the same text for the same factors.
func (p *Pace) Save() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]saved, 0, len(p.logs))
	for _, k := range slices.SortedFunc(maps.Keys(p.logs), compare) {
		all = append(all, saved{k, math.Exp(p.logs[k])})
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic("pace: factors cannot be encoded")
	}
	return text
}

func compare(a, b Key) int {
	return cmp.Or(cmp.Compare(a.Model, b.Model), cmp.Compare(a.Mode, b.Mode), cmp.Compare(a.Format, b.Format), number(a.Looked)-number(b.Looked))
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Seconds corrects a forecast, in seconds. What was never observed stays as it is.
func (p *Pace) Seconds(k Key, forecast float64) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return forecast * math.Exp(p.logs[k])
}

// Observe says that something took so many seconds of the whole machine, and what its forecast was, without correction. Times that are not positive
// and finite tell nothing.
func (p *Pace) Observe(k Key, forecast, took float64) {
	seen := math.Log(took / forecast)
	if forecast <= 0 || took <= 0 || math.IsNaN(seen) || math.IsInf(seen, 0) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	old, known := p.logs[k]
	switch {
	case known:
		seen = (1-newest)*old + newest*bounded(seen)
	case len(p.logs) >= keys:
		return
	}
	p.logs[k] = bounded(seen)
}
