package classsr

import (
	"image"
	"slices"

	"classsr/engine"
	"classsr/route"
)

// forecast is what a choice takes.
type forecast struct {
	macs        int64   // the router's included
	nanoseconds float64 // of wall time, by the costs
}

// forecaster foretells what choices for a picture take.
type forecaster struct {
	routed     *routed
	size       image.Point
	threads    int
	sizing     sizing
	routerMACs int64
}

func (f forecaster) speed() float64 { return max(f.routed.speed, 1e-9) }

func (f forecaster) fullMACs() int64 { return f.routed.full().macs(whole(f.size)) }

func (f forecaster) ofClasses(grid route.Grid, classes []int) forecast {
	return f.of(f.routed.choice(grid, classes, f.routerMACs, ""))
}

// of counts the work of all pieces, and how long it takes if each free worker takes the next piece.
func (f forecaster) of(c *choice) forecast {
	var out forecast
	out.macs = f.routerMACs
	busy := make([]float64, max(min(f.threads, f.sizing.workers), 1))
	for _, p := range f.routed.cut(f.size, f.sizing, c) {
		work := f.routed.work(p)
		first := slices.Index(busy, slices.Min(busy))
		for class, w := range work {
			out.macs += w.MACs
			busy[first] += f.routed.costs.units[class].of(w)
		}
	}
	out.nanoseconds = slices.Max(busy)
	if f.sizing.threads > 1 { // they share each piece
		out.nanoseconds /= float64(f.sizing.threads)
	}
	return out
}

// work is what a piece takes, by class.
func (r *routed) work(p piece) map[int]engine.Work {
	if p.masks == nil {
		n := r.branches[p.class]
		core := p.Core.Sub(p.Window.Min)
		if n.spec.Pools() {
			return map[int]engine.Work{p.class: {MACs: n.macs(p), Pixels: int64(core.Dx() * core.Dy())}}
		}
		return map[int]engine.Work{p.class: n.plan.Work(p.Window.Size(), core, nil)}
	}
	work := map[int]engine.Work{}
	for class, part := range p.masks {
		if part != nil {
			work[class] = r.branches[class].plan.Work(part.window.Size(), p.Core.Sub(part.window.Min), part.mask)
		}
	}
	return work
}
