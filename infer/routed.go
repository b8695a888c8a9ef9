package infer

import (
	"context"
	"image"

	"classsr/branch"
	"classsr/cost"
	"classsr/picture"
	"classsr/route"
	"classsr/tile"
	"classsr/weights"
)

// routed is the method of ModeRouted: the picture is cut into cores, each core gets a class, and each branch computes the cores of its
// class, with real context around them. Which classes are chosen follows from what a router tells of the cores, from what classes cost,
// and from the goal (decide.go).
type routed struct {
	*classNetworks
	goal route.Goal
	// roughly says that a budget may be missed by some percent: what it pays for is estimated, not counted, which takes a tenth of the time.
	roughly bool
}

// classNetworks are the networks of a model with classes, ready to run, and what is known of them: for all goals.
type classNetworks struct {
	*branch.Set
	classCosts *cost.Classes
	costs      route.Costs // canonical nanoseconds
	// table tells errors from difficulties; nil for models that were not calibrated, whose Class-Module alone says what is best.
	table *route.Table
	speed *speed // of the hardest one
}

// blendWidth is how many pixels of the small picture at each side of a border between classes are made of both. Without it borders
// show in flat content, where branches differ by fractions of a level (docs/routing.md).
const blendWidth = 2

func newRouted(m *weights.Model, o Options) (*routed, *branch.Branch, error) {
	calibration, err := route.ReadCalibration(m.Routing)
	if err != nil {
		return nil, nil, err
	}
	table, err := calibration.Table(o.Router)
	if err != nil {
		return nil, nil, err
	}
	set, err := branch.NewSet(m, o.Scale)
	if err != nil {
		return nil, nil, err
	}
	if table != nil {
		if err := set.Extend(table.Classes); err != nil {
			return nil, nil, err
		}
	}
	if o.mirrors() {
		for _, b := range set.Branches {
			b.Border = branch.MirroredBorder
		}
	}
	costs := cost.NewClasses(set.Branches, blendWidth)
	n := &classNetworks{Set: set, classCosts: costs, costs: costs.Canonical(), table: table, speed: &speed{}}
	goal, err := n.newGoal(o)
	return &routed{classNetworks: n, goal: goal}, set.Hardest(), err
}

// newGoal is the goal that options ask for.
func (n *classNetworks) newGoal(o Options) (route.Goal, error) {
	return route.NewGoal(o.Budget, o.MaxTime, o.Quality, n.table)
}

// core is the side of the cores that pictures are cut into.
func (r *routed) core() int {
	if r.table != nil {
		return r.table.Core
	}
	return branch.SubImage
}

// grid cuts a picture into cores.
func (r *routed) grid(picture image.Point) route.Grid {
	return route.Grid{Xs: tile.Cuts(picture.X, r.core()), Ys: tile.Cuts(picture.Y, r.core())}
}

func (r *routed) plan(ctx context.Context, in branch.Source, s sizing, m room) (*plan, error) {
	j, err := r.judge(ctx, in, m.threads)
	if err != nil {
		return nil, err
	}
	return r.planFor(ctx, j, s, m)
}

// planFor is the plan for a picture that was looked at.
func (r *routed) planFor(ctx context.Context, j *judged, s sizing, m room) (*plan, error) {
	c, err := r.decide(ctx, j, m.threads, s)
	if err != nil {
		return nil, err
	}
	return r.part(m, s, c, 0, m.size.Y), nil
}

// part is the plan for rows from to until of a picture, for which there is so much room.
func (r *routed) part(m room, s sizing, c *choice, from, until int) *plan {
	if exact, err := m.best(func(m room) (sizing, error) { return r.fitTo(m, c) }); err == nil {
		s = exact
	}
	p := r.partOf(m.size, s, c, from, until)
	p.sizeArenas()
	return p
}

// planOf is the plan for a choice.
func (r *routed) planOf(size image.Point, s sizing, c *choice) *plan {
	return r.partOf(size, s, c, 0, size.Y)
}

// partOf is the plan for some rows of the picture, which begin and end where bands can.
func (r *routed) partOf(size image.Point, s sizing, c *choice, from, until int) *plan {
	p := r.uncut(size, c)
	p.sizing, p.from, p.bands = s, from, r.bands(s, c.blend, from, until)
	r.cut(p)
	return p
}

// uncut is the plan for a choice before the picture is cut.
func (r *routed) uncut(size image.Point, c *choice) *plan {
	return &plan{
		size: size, covered: size, branches: r.Branches, classes: r.Classes, choice: c,
		usage: route.UsageOf(c.blend.Grid, c.Classes, len(r.Branches)),
	}
}

// bands end where nothing depends on the cores below.
func (r *routed) bands(s sizing, b *route.Blend, from, until int) []int {
	together := max(s.bandRows/largestCore(b.Ys), 1) // rows of cores
	if isSmall(b.Size()) {
		together = b.Rows()
	}
	var bands []int
	rows := 0 // of cores, in this band
	for y := range b.Rows() {
		end := b.Until(y)
		if end <= from || end > until {
			continue
		}
		if rows++; rows == together || end == until {
			bands, rows = append(bands, end), 0
		}
	}
	return bands
}

func (r *routed) lane() lane { return newRoutedLane(r.Branches) }

func (r *routed) canvas(j *job, whole *picture.Picture, _ bool) canvas {
	return newDirect(j, whole, j.plan.ahead)
}
