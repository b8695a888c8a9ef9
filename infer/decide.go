package infer

import (
	"context"
	"fmt"
	"image"
	"math"

	"classsr/branch"
	"classsr/route"
)

// worthwhile is what routing may take of the full network's time, by the costs of classes. These do not know of the router, of the choice itself
// and of what lanes do besides; with more, the full network is as fast and loses nothing.
const worthwhile = 0.95

// judged is what is known of a picture from a look at its cores: choices for any goal follow from it.
type judged struct {
	size       image.Point
	grid       route.Grid // of cores
	small      bool       // the picture is too small to be divided, and nothing more is known
	routerMACs int64
	// What routers say of the cores; nil if they were not asked.
	edges  []branch.Edge
	scores [][]float32
}

// judge looks at a picture.
func (r *routed) judge(ctx context.Context, in branch.Source, threads int) (j *judged, err error) {
	j = &judged{size: sizeOf(in)}
	j.grid = r.grid(j.size)
	j.small = max(j.size.X, j.size.Y) <= branch.SmallPicture && !r.Hardest().Spec.Pools()
	if j.small {
		return j, nil
	}
	cores := j.grid.Cores()
	if j.edges, j.scores, err = r.ask(ctx, in, cores, together(in, j.grid.Rows(), r.core())*j.grid.Columns(), threads); err != nil {
		return nil, err
	}
	if j.scores != nil {
		j.routerMACs = r.RouteMACs(j.size, len(j.scores))
	}
	return j, nil
}

// decide chooses the classes of the cores of a picture that was looked at.
func (r *routed) decide(ctx context.Context, j *judged, threads int, s sizing) (*choice, error) {
	if j.small {
		hardest := (&route.Problem{Grid: j.grid, Costs: r.costs}).Hardest()
		return r.choice(j.grid, hardest, 0, "the picture is too small to be divided"), nil
	}
	problem, predicted := r.problem(j, r.lone())
	grid, hardest := problem.Grid, problem.Hardest()
	e, err := r.estimator(ctx, j, grid, threads, s)
	if err != nil {
		return nil, err
	}
	classes, lambda := r.goal.Choose(problem, predicted, r.table, e)
	c := r.choice(grid, classes, j.routerMACs, "")
	c.lambda = lambda
	if r.goal.BoundsCost() {
		return c, nil
	}
	routed, full := r.costs.Of(grid, c.Classes), r.costs.Of(grid, hardest)
	if routed >= full*worthwhile && !c.isAll(len(r.Branches)-1) {
		because := fmt.Sprintf("routing would take %.0f %% of the full network's time", 100*routed/full)
		return r.choice(grid, hardest, j.routerMACs, because), nil
	}
	return c, nil
}

// lone is what problem takes for the goal.
func (r *routed) lone() float64 {
	if r.goal.BoundsCost() {
		return blurred
	}
	return math.Inf(1)
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

// problem is the problem of choosing the classes of a picture's cores. lone is what a class that blurs an edge which stands alone counts as losing for each sample
// besides what the table says.
func (r *routed) problem(j *judged, lone float64) (*route.Problem, route.Prediction) {
	p := &route.Problem{Grid: j.grid, Costs: r.costs}
	var predicted route.Prediction
	switch {
	case r.table == nil:
		for _, s := range j.scores {
			wide := make([]float64, len(s))
			for class, v := range s {
				wide[class] = float64(v)
			}
			predicted.Scores = append(predicted.Scores, wide)
		}
		p.Losses = route.Upwards(predicted.Scores)
	case j.scores != nil:
		predicted = r.expect(p, j.edges, lone, func(i int) float64 { return branch.ModuleDifficulty(j.scores[i]) })
	default:
		predicted = r.expect(p, j.edges, lone, func(i int) float64 { return j.edges[i].Difficulty })
	}
	if r.Hardest().Spec.Pools() {
		return inSquares(p, predicted)
	}
	return p, predicted
}

// ask asks the routers that the table needs about cores, from top to bottom, n of them at a time; what they do not say is nil.
func (r *routed) ask(ctx context.Context, in branch.Source, cores []image.Rectangle, n, threads int) (edges []branch.Edge, scores [][]float32, err error) {
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

// expect fills the problem's losses by the table, with what cores of these difficulties lose, and lone more for each sample where a class blurs an edge that stands
// alone. edges may be nil. The conversions forbid fused arithmetic, which would round otherwise on some machines.
func (r *routed) expect(p *route.Problem, edges []branch.Edge, lone float64, difficulty func(core int) float64) route.Prediction {
	var predicted route.Prediction
	samples := 3 * r.Hardest().Spec.Scale * r.Hardest().Spec.Scale // of a pixel
	for i, core := range p.Cores() {
		n := float64(core.Dx() * core.Dy() * samples)
		errors := r.table.Expected(difficulty(i))
		last := errors[len(errors)-1]
		losses := make([]float64, len(errors))
		for class, e := range errors {
			losses[class] = float64(n * (e - last))
			if edges != nil && edges[i].Lone && r.table.Blurs(class, edges[i].Difficulty) {
				losses[class] += float64(n * lone)
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

// estimator is one for a picture that was looked at.
func (r *routed) estimator(ctx context.Context, j *judged, grid route.Grid, threads int, s sizing) (*estimator, error) {
	e := &estimator{routed: r, grid: grid, size: j.size, threads: s.busyThreads(threads), routerMACs: j.routerMACs}
	return e, e.prepare(ctx, threads)
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
		speed, err = e.speed.of(ctx, e.Hardest(), threads)
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
	if e.roughly {
		return e.Percent(classes)
	}
	c := e.choice(e.grid, classes, e.routerMACs, "")
	return 100 * float64(e.planOf(e.size, e.sizing, c).macs()) / e.full
}

// Nanoseconds implements route.Estimator.
func (e *estimator) Nanoseconds(classes []int) float64 { return e.perClass.Of(e.grid, classes) }
