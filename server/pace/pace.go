// Package pace knows by what factor forecasts are wrong on this machine, with its other work, and corrects the next ones.
package pace

import (
	"encoding/json"
	"math"
	"sync"
)

// Key is what has a factor of its own.
type Key struct {
	Model, Mode, Format string
}

// Pace knows factors. It is safe for concurrent use.
type Pace struct {
	mu   sync.Mutex
	logs map[Key]float64 // logarithms of factors
}

const (
	newest = 0.2 // how much the last observation counts
	most   = 20  // factors are within 1/most and most
)

// saved is a factor as it is kept.
type saved struct {
	Key
	Factor float64 `json:"factor"`
}

// New makes one that knows what Save gave before; what cannot be read is nothing.
func New(text []byte) *Pace {
	p := &Pace{logs: map[Key]float64{}}
	var all []saved
	if json.Unmarshal(text, &all) == nil {
		for _, s := range all {
			if s.Factor >= 1.0/most && s.Factor <= most {
				p.logs[s.Key] = math.Log(s.Factor)
			}
		}
	}
	return p
}

// Save gives what New reads.
func (p *Pace) Save() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := []saved{}
	for k, v := range p.logs {
		all = append(all, saved{k, math.Exp(v)})
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err) // numbers and texts
	}
	return text
}

// Seconds corrects a forecast.
func (p *Pace) Seconds(k Key, forecast float64) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return forecast * math.Exp(p.logs[k])
}

// Observe says that what was forecast to take so many seconds, uncorrected, took so many of the whole machine. Forecasts that are not positive tell nothing.
func (p *Pace) Observe(k Key, forecast, took float64) {
	if !(forecast > 0) || !(took > 0) {
		return
	}
	limit := math.Log(most)
	seen := min(max(math.Log(took/forecast), -limit), limit)
	p.mu.Lock()
	defer p.mu.Unlock()
	if old, known := p.logs[k]; known {
		seen = (1-newest)*old + newest*seen
	}
	p.logs[k] = seen
}
