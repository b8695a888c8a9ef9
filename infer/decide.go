package infer

import (
	"context"
	"fmt"
	"image"
	"math"

	"classsr/branch"
	"classsr/cost"
	"classsr/route"
)

// worthwhile is what routing may take of the full network's time, by the costs of classes. These do not know of the router, of the choice itself
// and of what lanes do besides; with more, the full network is as fast and loses nothing.
const worthwhile = 0.95

// decide chooses the classes of a picture's cores.
func (r *routed) decide(ctx context.Context, in branch.Source, threads int, s sizing) (*choice, error) {
	size := sizeOf(in)
	pools := r.Hardest().Spec.Pools()
	grid := r.grid(size)
	problem := &route.Problem{Grid: grid, Costs: r.costs}
	hardest := problem.Hardest()
	if max(size.X, size.Y) <= branch.SmallPicture && !pools {
		return r.choice(grid, hardest, 0, "the picture is too small to be divided"), nil
	}
	routerMACs, predicted, err := r.predict(ctx, in, problem, threads)
	if err != nil {
		return nil, err
	}
	if pools {
		problem, predicted = inSquares(problem, predicted)
		grid, hardest = problem.Grid, problem.Hardest()
	}
	e := &estimator{routed: r, grid: grid, size: size, threads: s.busyThreads(threads), routerMACs: routerMACs}
	if err := e.prepare(ctx, threads); err != nil {
		return nil, err
	}
	c := r.choice(grid, r.goal.Choose(problem, predicted, r.table, e), routerMACs, "")
	if r.goal.BoundsCost() {
		return c, nil
	}
	routed, full := r.costs.Of(grid, c.Classes), r.costs.Of(grid, hardest)
	if routed >= full*worthwhile && !c.isAll(len(r.Branches)-1) {
		because := fmt.Sprintf("routing would take %.0f %% of the full network's time", 100*routed/full)
		return r.choice(grid, hardest, routerMACs, because), nil
	}
	return c, nil
}

// choice makes a choice of the classes of the cores.
func (r *routed) choice(grid route.Grid, classes []int, routerMACs int64, because string) *choice {
	m := route.NewMap(grid.Size(), grid.Cores(), r.Classes)
	copy(m.Classes, classes)
	blend := &route.Blend{Grid: grid, Classes: m.Classes, Scale: r.Hardest().Spec.Scale, Width: blendWidth}
	if r.Hardest().Spec.Pools() {
		blend.Width = 0
	}
	c := &choice{Map: m, blend: blend, fullBecause: because, router: r.ModuleSpec, routerMACs: routerMACs}
	if routerMACs > 0 {
		c.routerFLOPs = r.ModuleFLOPs
	}
	return c
}

// isAll tells whether all cores have a class.
func (c *choice) isAll(class int) bool {
	for _, k := range c.Classes {
		if k != class {
			return false
		}
	}
	return true
}

// predict asks the router about the cores and fills the problem's losses.
func (r *routed) predict(ctx context.Context, in branch.Source, p *route.Problem, threads int) (macs int64, predicted route.Prediction,
	err error) {
	cores := p.Cores()
	difficulties := make([]float64, len(cores))
	edges, scores, err := r.ask(ctx, in, p.Grid, threads)
	if err != nil {
		return 0, predicted, err
	}
	if scores == nil {
		for i, e := range edges {
			difficulties[i] = e.Difficulty
		}
		return 0, r.expect(p, cores, difficulties, edges), nil
	}
	macs = r.RouteMACs(sizeOf(in), len(cores))
	if r.table != nil {
		for i, s := range scores {
			difficulties[i] = branch.ModuleDifficulty(s)
		}
		return macs, r.expect(p, cores, difficulties, edges), nil
	}
	for _, s := range scores {
		wide := make([]float64, len(s))
		for class, v := range s {
			wide[class] = float64(v)
		}
		predicted.Scores = append(predicted.Scores, wide)
	}
	p.Losses = route.Upwards(predicted.Scores)
	return macs, predicted, nil
}

// ask asks the routers that the table needs about the cores of a grid, from top to bottom; what they do not say is nil.
func (r *routed) ask(ctx context.Context, in branch.Source, g route.Grid, threads int) (edges []branch.Edge, scores [][]float32, err error) {
	cores := g.Cores()
	n := together(in, g.Rows(), r.core()) * g.Columns()
	for len(cores) > 0 {
		part := cores[:min(n, len(cores))]
		cores = cores[len(part):]
		if r.table != nil && (r.table.Router == route.Edge || r.table.Sharp != nil) {
			found, err := branch.Edges(ctx, in, part, r.table.Block, threads)
			if err != nil {
				return nil, nil, err
			}
			edges = append(edges, found...)
		}
		if r.table == nil || r.table.Router != route.Edge {
			found, err := r.Classify(ctx, in, part, threads)
			if err != nil {
				return nil, nil, err
			}
			scores = append(scores, found...)
		}
	}
	return edges, scores, nil
}

// blurred is what a class that blurs an edge which stands alone counts as losing for each sample where a cost must be kept: much more than
// others lose, so that such edges are blurred last. Else it must not have the core at all.
const blurred = 64

// expect fills the problem's losses by the table, with what cores of these difficulties lose. edges may be nil. The conversions forbid fused arithmetic, which
// would round otherwise on some machines.
func (r *routed) expect(p *route.Problem, cores []image.Rectangle, difficulties []float64,
	edges []branch.Edge) route.Prediction {
	var predicted route.Prediction
	samples := 3 * r.Hardest().Spec.Scale * r.Hardest().Spec.Scale // of a pixel
	for i, core := range cores {
		n := float64(core.Dx() * core.Dy() * samples)
		errors := r.table.Expected(difficulties[i])
		last := errors[len(errors)-1]
		losses := make([]float64, len(errors))
		for class, e := range errors {
			losses[class] = float64(n * (e - last))
			if edges != nil && edges[i].Lone && r.table.Blurs(class, edges[i].Difficulty) {
				losses[class] += float64(n * blurred)
				if !r.goal.BoundsCost() {
					losses[class] = math.Inf(1)
				}
			}
		}
		predicted.Squares += float64(n * last)
		p.Losses = append(p.Losses, losses)
	}
	return predicted
}

// estimator tells what choices for a picture take.
type estimator struct {
	*routed
	grid       route.Grid
	size       image.Point
	threads    int // that have work
	routerMACs int64

	perClass route.Costs // MACs for a budget, nanoseconds on this machine for a time
	full     float64     // MACs of the full network
	sizing   sizing      // that MACs are counted for
}

// prepare finds out what the goal asks about.
func (e *estimator) prepare(ctx context.Context, threads int) error {
	var err error
	switch e.goal.Kind {
	case route.ByBudget:
		e.perClass, e.full = e.classCosts.MACs(), float64(e.Hardest().MACs(e.size))
		e.sizing = e.canonical(e.size)
	case route.ByTime:
		var speed float64
		speed, err = e.speedOf(ctx, threads)
		e.perClass = e.classCosts.Measured().Times(speed / float64(e.threads))
	}
	return err
}

// A picture is to get the same classes on every machine. So what a budget pays for is counted for pictures that are cut for so many threads
// with as much memory as they want.
const (
	budgetThreads = 2
	unlimited     = 1 << 62
)

// Percent implements route.Estimator.
func (e *estimator) Percent(classes []int) float64 {
	return 100 * (float64(e.routerMACs) + e.perClass.Of(e.grid, classes)) / e.full
}

// ExactPercent implements route.Estimator.
func (e *estimator) ExactPercent(classes []int) float64 {
	c := e.choice(e.grid, classes, e.routerMACs, "")
	return 100 * float64(e.planOf(e.size, e.sizing, c).macs()) / e.full
}

// Nanoseconds implements route.Estimator.
func (e *estimator) Nanoseconds(classes []int) float64 { return e.perClass.Of(e.grid, classes) }

// speedOf is the speed of the full network, measured once.
func (n *classNetworks) speedOf(ctx context.Context, threads int) (float64, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var err error
	if n.speed == 0 {
		n.speed, err = cost.Speed(ctx, n.Hardest(), threads)
	}
	return n.speed, err
}
