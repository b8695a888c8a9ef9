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
	// MemoryMB is what the picture, the intermediate results and the bands of the result that are in memory at a time take together, in units
	// of 10^6 bytes.
	MemoryMB int64 `json:"memory_mb"`
	// FullBecause is as in a Report.
	FullBecause string `json:"full_because,omitempty"`
}

// Forecast estimates what Upscale would take for a picture, without enlarging it; only routing is done. It returns the errors that Upscale
// returns before it begins.
func (u *Upscaler) Forecast(ctx context.Context, in *picture.Picture) (Forecast, error) {
	s, r, err := u.fit(in.Config(), 0, false)
	if err != nil {
		return Forecast{}, err
	}
	start := time.Now()
	v, err := u.look(ctx, in)
	if err != nil {
		return Forecast{}, err
	}
	p, err := u.method.plan(ctx, v.source, s, r)
	if err != nil {
		return Forecast{}, err
	}
	planning := time.Since(start).Seconds()
	f := Forecast{Mode: u.mode, Classes: p.classShares(), MACs: p.macs()}
	f.MemoryMB = (u.pictureBytes(in.Config()) + p.work(r)) / 1e6
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
	fresh := float64(u.pictureBytes(in.Config()) + p.work(r))
	f.Seconds = planning + (nanoseconds/1e9+cost.FreshMemory()*fresh)/float64(s.busyThreads(u.threads))
	return f, nil
}
