package infer

import (
	"context"

	"classsr/branch"
	"classsr/cost"
	"classsr/internal/stopwatch"
	"classsr/picture"
)

// Forecast estimates what enlarging a picture would take.
type Forecast struct {
	Mode    Mode         `json:"mode"`
	Classes []ClassShare `json:"classes"`
	// MACs and MACsFull are as in a Report.
	MACs     int64 `json:"macs"`
	MACsFull int64 `json:"macs_full"`
	// Seconds is the estimated wall time of routing and networks on this machine, where they are tried for a moment.
	Seconds float64 `json:"seconds"`
	// DeviceSeconds is the same for the networks on Options.Device, by estimate and rather too much; 0 if there is none or it cannot do it.
	DeviceSeconds float64 `json:"device_seconds,omitempty"`
	// MemoryMB is what the picture, the intermediate results and the bands of the result that are in memory at a time take together, in units
	// of 10^6 bytes.
	MemoryMB int64 `json:"memory_mb"`
	// FullBecause is as in a Report.
	FullBecause string `json:"full_because,omitempty"`
}

// Forecast estimates what Upscale would take for a picture. Routing is done, and the beginning of the picture is enlarged for a second or two. It returns the errors that Upscale
// returns before it begins.
func (u *Upscaler) Forecast(ctx context.Context, in *picture.Picture) (Forecast, error) {
	return u.forecast(ctx, in, kept{})
}

// ForecastRows does the same for a picture of this form that is enlarged in rows (BeginRows).
func (u *Upscaler) ForecastRows(ctx context.Context, c picture.Config, open func() (picture.RowSource, error)) (Forecast, error) {
	if err := u.slides(c); err != nil {
		return Forecast{}, err
	}
	return u.forecast(ctx, picture.NewWindow(c, open), kept{rows: true})
}

func (u *Upscaler) forecast(ctx context.Context, in branch.Source, k kept) (Forecast, error) {
	s, r, err := u.fit(in.Config(), 0, k)
	if err != nil {
		return Forecast{}, err
	}
	watch := stopwatch.Start()
	v, err := u.look(ctx, in)
	if err != nil {
		return Forecast{}, err
	}
	v.lookAgain()
	p, err := u.method.plan(ctx, v.source, s, r)
	if err == nil {
		err = v.err()
	}
	if err != nil {
		return Forecast{}, err
	}
	planning := watch.Elapsed().Seconds()
	f, bytes := u.outline(in.Config(), p, r, k)
	f.MACs = p.macs()
	if d := u.options.Device; d != nil && u.possible(d, p) == nil {
		f.DeviceSeconds = planning + d.Seconds(f.MACs, p.pixels(), u.Scale())
	}
	if u.full == nil {
		return f, nil
	}
	seconds, err := u.try(ctx, v, p, k)
	if err == nil && seconds == 0 {
		seconds, err = u.estimate(ctx, p)
	}
	f.Seconds = planning + seconds + cost.FreshMemory()*float64(bytes)/float64(p.busyThreads(u.threads))
	return f, err
}

// outline is the forecast of a plan for a picture of that form, without MACs and seconds, and the bytes that it takes.
func (u *Upscaler) outline(c picture.Config, p *plan, r room, k kept) (f Forecast, bytes int64) {
	bytes = u.picturesBytes(c, k) + p.work(r)
	f = Forecast{Mode: u.mode, Classes: p.classShares(), MemoryMB: bytes / 1e6}
	if p.choice != nil {
		f.FullBecause = p.choice.fullBecause
	}
	if u.full != nil {
		f.MACsFull = u.full.MACs(p.covered)
	}
	return f, bytes
}

// estimate estimates how many seconds enlarging takes by a plan from the costs of its classes.
func (u *Upscaler) estimate(ctx context.Context, p *plan) (float64, error) {
	speed, err := u.speed.of(ctx, u.full, u.threads)
	if err != nil {
		return 0, err
	}
	var costs *cost.Classes
	if r, routes := u.method.(*routed); routes {
		costs = r.classCosts
	} else {
		costs = cost.NewClasses(p.branches, blendWidth)
	}
	nanoseconds := speed * costs.Measured().OfUsage(p.usage)
	return nanoseconds / 1e9 / float64(p.busyThreads(u.threads)), nil
}
