package classsr

import (
	"context"
	"fmt"
	"image"
	"math"
	"sync"

	"classsr/arch"
	"classsr/picture"
	"classsr/route"
	"classsr/tensor"
	"classsr/tile"
	"classsr/weights"
)

// routed is the method of ModeRouted: the picture is cut into cores, each core gets a class, and each branch computes the cores of its
// class, with real context around them. Which classes are chosen follows from what a router tells of the cores, from what classes cost,
// and from the goal.
type routed struct {
	*router
	costs classCosts
	goal  goal
	// table tells errors from difficulties; nil for models that were not calibrated, whose Class-Module alone says what is best.
	table *route.Table

	mu       sync.Mutex
	measured float64 // speedOf; 0 until it was asked
}

// blendWidth is how many pixels of the small picture at each side of a border between classes are made of both. Without it borders
// show in flat content, where branches differ by fractions of a level (docs/routing.md).
const blendWidth = 2

// choice is what became of a picture's cores.
type choice struct {
	*route.Map
	blend *route.Blend // nil in ModePaper
	// fullBecause says why the full network computes all of it; empty if it does not, or was found best for each core.
	fullBecause string
	routerMACs  int64
}

func newRouted(m *weights.Model, scale int, o Options) (*routed, error) {
	calibration, err := readCalibration(m)
	if err != nil {
		return nil, err
	}
	table, err := calibration.table(o.Router)
	if err != nil {
		return nil, err
	}
	r, err := newRouter(m, scale)
	if err != nil {
		return nil, err
	}
	if table != nil {
		if err := r.haveClasses(table.Classes, scale); err != nil {
			return nil, err
		}
	}
	goal, err := newGoal(o, table != nil)
	if err != nil {
		return nil, err
	}
	return &routed{router: r, costs: newClassCosts(r.branches, blendWidth), goal: goal, table: table}, nil
}

// haveClasses puts bicubic interpolation before the branches if the table knows of it, or returns an error if the classes are others.
func (r *router) haveClasses(classes []string, scale int) error {
	own := len(r.classes)
	if len(classes) == own+1 && classes[0] == Bicubic {
		spec := arch.Interpolation(r.branches[own-1].spec)
		n, err := newNetwork(weights.Network{Spec: spec, Params: tensor.Set{}}, scale)
		if err != nil {
			return err
		}
		r.branches = append([]*network{n}, r.branches...)
		r.classes = append([]string{Bicubic}, r.classes...)
		r.branchFLOPs = append([]float64{0}, r.branchFLOPs...)
	}
	for i, name := range r.classes {
		if i >= len(classes) || classes[i] != name {
			return fmt.Errorf("the model's calibration is for classes %v, not %v: calibrate it again", classes, r.classes)
		}
	}
	return nil
}

func (r *routed) covered(picture image.Point) image.Point { return picture }

// full is the branch of the hardest class.
func (r *routed) full() *network { return r.branches[len(r.branches)-1] }

// core is the side of the cores that pictures are cut into.
func (r *routed) core() int {
	if r.table != nil {
		return r.table.Core
	}
	return subImage
}

// grid cuts a picture into cores.
func (r *routed) grid(picture image.Point) route.Grid {
	return route.Grid{Xs: tile.Cuts(picture.X, r.core()), Ys: tile.Cuts(picture.Y, r.core())}
}

// choiceGrid is how a picture is cut for the choice of classes: into cores, or squares of cores (inSquares).
func (r *routed) choiceGrid(picture image.Point) route.Grid {
	if r.full().spec.Pools() {
		return squareGrid(picture)
	}
	return r.grid(picture)
}

func (r *routed) route(ctx context.Context, in *picture.Picture, threads int, s sizing) (*choice, error) {
	size := image.Pt(in.Width, in.Height)
	grid := r.grid(size)
	problem := &route.Problem{Grid: grid, Costs: r.costs.nanoseconds}
	hardest := problem.Hardest()
	if max(size.X, size.Y) <= smallPicture && !r.full().spec.Pools() {
		return r.choice(grid, hardest, 0, "the picture is so small that it is computed at once"), nil
	}
	routerMACs, known, err := r.losses(ctx, in, problem, threads)
	if err != nil {
		return nil, err
	}
	if r.full().spec.Pools() {
		problem, known = inSquares(problem, known)
		grid, hardest = problem.Grid, problem.Hardest()
	}
	f := forecaster{routed: r, size: size, threads: threads, sizing: s, routerMACs: routerMACs}
	if r.goal.kind == goalTime {
		if f.speed, err = r.speedOf(ctx, threads); err != nil {
			return nil, err
		}
	}
	c := r.choice(grid, r.goal.choose(problem, known, f), routerMACs, "")
	if r.goal.kind.bounded() {
		return c, nil
	}
	routed, full := r.costs.nanoseconds.Of(grid, c.Classes), r.costs.nanoseconds.Of(grid, hardest)
	if routed >= full && !c.isAll(len(r.branches)-1) {
		because := fmt.Sprintf("routing would take %.0f %% of the time of the full network", 100*routed/full)
		return r.choice(grid, hardest, routerMACs, because), nil
	}
	return c, nil
}

// choice makes a choice of the classes of the cores.
func (r *routed) choice(grid route.Grid, classes []int, routerMACs int64, because string) *choice {
	m := route.NewMap(grid.Size(), grid.Cores(), r.classes)
	copy(m.Classes, classes)
	scale := r.full().spec.Scale
	blend := &route.Blend{Grid: grid, Classes: m.Classes, Scale: scale, Width: blendWidth}
	if r.full().spec.Pools() {
		blend.Width = 0
	}
	return &choice{Map: m, blend: blend, fullBecause: because, routerMACs: routerMACs}
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

// known is what a router told besides the losses.
type known struct {
	// squares is the sum of the squared errors that the full network is expected to make, of samples of 0..255 of the result; losses of
	// calibrated models are sums of squared errors, too.
	squares float64
	// scores are those of the Class-Module as logarithms of probabilities, for models that were not calibrated.
	scores [][]float64
}

// losses asks the router about the cores and fills the problem's losses.
func (r *routed) losses(ctx context.Context, in *picture.Picture, p *route.Problem, threads int) (macs int64, k known, err error) {
	cores := p.Cores()
	var difficulties []float64
	if r.table != nil && r.table.Router == RouterEdge {
		if difficulties, err = edgeDifficulty(ctx, in, cores, threads); err != nil {
			return 0, k, err
		}
	} else {
		scores, err := r.classify(ctx, in, cores, threads)
		if err != nil {
			return 0, k, err
		}
		macs = r.routeMACs(image.Pt(in.Width, in.Height), len(cores))
		for _, s := range scores {
			if r.table == nil {
				k.scores = append(k.scores, logSoftmax(s))
			}
			difficulties = append(difficulties, moduleDifficulty(s))
		}
	}
	if r.table == nil {
		p.Losses = upwards(k.scores)
		return macs, k, nil
	}
	samples := 3 * r.full().spec.Scale * r.full().spec.Scale // of a pixel
	for i, core := range cores {
		n := float64(core.Dx() * core.Dy() * samples)
		errors := r.table.Expected(difficulties[i])
		last := errors[len(errors)-1]
		losses := make([]float64, len(errors))
		for class, e := range errors {
			losses[class] = n * (e - last)
		}
		k.squares += n * last
		p.Losses = append(p.Losses, losses)
	}
	return macs, k, nil
}

// moduleDifficulty makes a single figure of the Class-Module's scores: how much more likely the hardest class is than the simplest.
func moduleDifficulty(scores []float32) float64 { return float64(scores[len(scores)-1] - scores[0]) }

// logSoftmax gives the logarithms of the probabilities.
func logSoftmax(scores []float32) []float64 {
	p := route.Softmax(scores)
	for i, v := range p {
		p[i] = math.Log(max(v, 1e-30))
	}
	return p
}

// upwards are losses that allow each core's most likely class and the harder ones: without a goal, a core is never given to a simpler
// class than the Class-Module found, but to a harder one where that is cheaper, since it needs no border.
func upwards(scores [][]float64) [][]float64 {
	losses := make([][]float64, len(scores))
	for i, s := range scores {
		losses[i] = make([]float64, len(s))
		for class := range route.Argmax(s) {
			losses[i][class] = math.Inf(1)
		}
	}
	return losses
}

func (r *routed) macs(p piece) int64 { return r.branches[p.class].macs(p) }
