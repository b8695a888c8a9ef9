package classsr

import (
	"context"
	"image"
	"time"

	"classsr/engine"
	"classsr/internal/par"
	"classsr/picture"
	"classsr/route"
	"classsr/tensor"
)

// Forecast is what enlarging a picture would take.
type Forecast struct {
	Mode    string       `json:"mode"`
	Classes []ClassShare `json:"classes"`
	// MACs and MACsFull are as in a Report.
	MACs     int64 `json:"macs"`
	MACsFull int64 `json:"macs_full"`
	// Seconds is the wall time of routing and network on this machine, which is measured for a moment to tell it.
	Seconds float64 `json:"seconds"`
	// MemoryMB is what the picture, its enlargement and the intermediate results take together, in units of 10^6 bytes.
	MemoryMB int64 `json:"memory_mb"`
	// FullBecause is as in a Report.
	FullBecause string `json:"full_because,omitempty"`

	fresh int64 // bytes of intermediate results that are used
}

// Forecast tells what Upscale would take for a picture, without enlarging it: routing alone is done. It returns an error where Upscale
// would before it begins.
func (u *Upscaler) Forecast(ctx context.Context, in *picture.Picture) (Forecast, error) {
	config := in.Config()
	s, err := u.plan(config)
	if err != nil {
		return Forecast{}, err
	}
	size := image.Pt(in.Width, in.Height)
	covered := u.covered(size)
	f := Forecast{Mode: u.mode, MACsFull: u.full.macs(whole(covered))}
	f.MemoryMB = (u.pictureBytes(config) + int64(s.workers)*s.bytes) / 1e6
	start := time.Now()
	var c *choice
	if r, ok := u.method.(routing); ok {
		if c, err = r.route(ctx, in, u.threads, s); err != nil {
			return Forecast{}, err
		}
		f.MACs, f.FullBecause = c.routerMACs, c.fullBecause
		for class, share := range c.Shares() {
			f.Classes = append(f.Classes, ClassShare{c.Names[class], share})
		}
	} else {
		f.Classes = []ClassShare{{u.class, 1}}
	}
	routing := time.Since(start).Seconds()
	var nanoseconds float64
	switch m := u.method.(type) {
	case *routed:
		for class, n := range m.branches {
			if !m.full().spec.Pools() && c.Counts()[class] > 0 {
				f.fresh += int64(s.workers) * n.bytes(size, s.core)
			}
		}
		f.MACs += m.macsOf(size, s, c)
		nanoseconds = m.costs.nanoseconds.Of(c.blend.Grid, c.Classes)
	case paper:
		costs := newClassCosts(m.branches, 0)
		for class, n := range c.Counts() {
			f.MACs += int64(n) * m.branches[class].macs(whole(image.Pt(subImage, subImage)))
			nanoseconds += float64(n) * subImage * subImage * costs.nanoseconds.Pixel[class]
		}
	case *network:
		f.fresh = int64(s.workers) * s.bytes
		for _, p := range m.cut(size, s, nil) {
			f.MACs += m.macs(p)
		}
		nanoseconds = float64(size.X*size.Y) * newClassCosts([]*network{m}, 0).nanoseconds.Pixel[0]
	}
	if n, ok := u.full.(*network); ok {
		speed, err := n.speed(ctx, u.threads)
		if err != nil {
			return Forecast{}, err
		}
		f.Seconds = routing + speed*nanoseconds/1e9/float64(busyThreads(u.threads, s))
		f.Seconds += freshMemoryCost() * float64(u.pictureBytes(config)+f.fresh) / float64(busyThreads(u.threads, s))
	}
	return f, nil
}

// freshMemoryCost is how many seconds the system takes to hand out a byte of memory that was not used before, which a picture's enlargement
// and a new worker's memory are: for small networks that is a good part of the time.
func freshMemoryCost() float64 {
	const bytes, page = 16 << 20, 4096
	start := time.Now()
	memory := make([]byte, bytes)
	for i := 0; i < len(memory); i += page {
		memory[i] = 1
	}
	return time.Since(start).Seconds() / bytes
}

// busyThreads is how many threads have work.
func busyThreads(threads int, s sizing) int { return max(s.workers, min(s.threads, threads), 1) }

// speedOf is the speed of the full network, measured once.
func (r *routed) speedOf(ctx context.Context, threads int) (float64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var err error
	if r.measured == 0 {
		r.measured, err = r.full().speed(ctx, threads)
	}
	return r.measured, err
}

// speed tells how many times as long the machine takes for the network as the costs say, with so many threads at work.
func (n *network) speed(ctx context.Context, threads int) (float64, error) {
	const times, side = 3, 64
	window := image.Pt(side, side)
	piece := engine.Piece{
		Window: window, Core: image.Rectangle{Max: window},
		Read: func(*tensor.Tensor, int) {}, Write: func(*tensor.Tensor, image.Point) {},
	}
	expected := unitCostOf(n.spec).of(engine.Work{MACs: n.plan.MACs(window, piece.Core)})
	if !n.spec.Pools() {
		work := n.plan.Work(window, piece.Core, nil)
		work.Pixels = 0 // nothing is read or written
		expected = unitCostOf(n.spec).of(work)
	}
	arenas := make([]engine.Arena, threads)
	best := 0.0
	for range times {
		start := time.Now()
		err := par.Do(ctx, threads, threads, func(worker, _ int) error { return n.plan.Run(ctx, &arenas[worker], piece) })
		if err != nil {
			return 0, err
		}
		if t := float64(time.Since(start)); best == 0 || t < best {
			best = t
		}
	}
	return best / expected, nil
}

// forecaster foretells what choices for a picture take.
type forecaster struct {
	routed     *routed
	size       image.Point
	threads    int
	sizing     sizing
	routerMACs int64
	speed      float64 // how many times as long the machine takes as the costs say; for goals of time
}

func (f forecaster) fullMACs() int64 { return f.routed.full().macs(whole(f.size)) }

// macs counts the work of all pieces, and the router's.
func (f forecaster) macs(grid route.Grid, classes []int) int64 {
	return f.routerMACs + f.routed.macsOf(f.size, f.sizing, f.routed.choice(grid, classes, 0, ""))
}

// nanoseconds is the wall time of the networks.
func (f forecaster) nanoseconds(grid route.Grid, classes []int) float64 {
	return f.speed * f.routed.costs.nanoseconds.Of(grid, classes) / float64(busyThreads(f.threads, f.sizing))
}

// macsOf counts the multiply-accumulates of all pieces of a choice.
func (r *routed) macsOf(picture image.Point, s sizing, c *choice) int64 {
	var sum int64
	for _, p := range r.cut(picture, s, c) {
		if p.masks == nil {
			sum += r.macs(p)
			continue
		}
		for class, part := range p.masks {
			if part != nil {
				sum += r.branches[class].plan.Work(part.window.Size(), p.Core.Sub(part.window.Min), part.mask).MACs
			}
		}
	}
	return sum
}
