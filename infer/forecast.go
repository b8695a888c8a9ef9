package infer

import (
	"context"
	"time"

	"classsr/cost"
	"classsr/picture"
)

// Forecast estimates what enlarging a picture would take.
type Forecast struct {
	Mode    Mode         `json:"mode"`
	Classes []ClassShare `json:"classes"`
	// MACs and MACsFull are as in a Report.
	MACs     int64 `json:"macs"`
	MACsFull int64 `json:"macs_full"`
	// Seconds is the estimated wall time of routing and networks on this machine, whose speed is measured for a moment.
	Seconds float64 `json:"seconds"`
	// MemoryMB is what the picture, its enlargement and the intermediate results take together, in units of 10^6 bytes.
	MemoryMB int64 `json:"memory_mb"`
	// FullBecause is as in a Report.
	FullBecause string `json:"full_because,omitempty"`
}

// Forecast estimates what Upscale would take for a picture, without enlarging it; only routing is done. It returns the errors that Upscale
// returns before it begins.
func (u *Upscaler) Forecast(ctx context.Context, in *picture.Picture) (Forecast, error) {
	s, err := u.fit(in.Config())
	if err != nil {
		return Forecast{}, err
	}
	start := time.Now()
	p, err := u.method.plan(ctx, in, u.threads, s)
	if err != nil {
		return Forecast{}, err
	}
	planning := time.Since(start).Seconds()
	f := Forecast{Mode: u.mode, Classes: p.classShares(), MACs: p.macs()}
	f.MemoryMB = (u.pictureBytes(in.Config()) + int64(s.workers)*s.bytes) / 1e6
	if p.choice != nil {
		f.FullBecause = p.choice.fullBecause
	}
	if u.full == nil {
		return f, nil
	}
	f.MACsFull = u.full.MACs(p.covered)
	speed, err := cost.Speed(ctx, u.full, u.threads)
	if err != nil {
		return Forecast{}, err
	}
	nanoseconds := speed * cost.NewClasses(p.branches, blendWidth).Measured().OfUsage(p.usage)
	fresh := float64(u.pictureBytes(in.Config()) + p.workBytes())
	f.Seconds = planning + (nanoseconds/1e9+cost.FreshMemory()*fresh)/float64(s.busyThreads(u.threads))
	return f, nil
}

// workBytes is the memory of the intermediate results of all workers: of the branches of the classes that are used.
func (p *plan) workBytes() int64 {
	var sum int64
	for class, b := range p.branches {
		if p.usage.Pixels[class] > 0 {
			sum += int64(p.workers) * b.Bytes(p.size, p.core)
		}
	}
	return sum
}
