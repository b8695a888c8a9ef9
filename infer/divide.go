package infer

import (
	"context"
	"image"
	"slices"

	"classsr/branch"
	"classsr/cost"
	"classsr/fault"
	"classsr/picture"
)

// divisible is a method that can compute some rows of a picture apart from the others, such that all together have the bits of the whole. What is
// chosen for a picture is chosen for all of it; how it is cut is up to whoever computes.
type divisible interface {
	method
	networks() []*branch.Branch // the hardest one last
	// choose chooses classes as plan does; nil if there is nothing to choose.
	choose(ctx context.Context, seen branch.Source, threads int) (*choice, error)
	// chosen is a choice that somebody else made. An error says why it cannot be one.
	chosen(size image.Point, classes []byte, because string) (*choice, error)
	// ends are the rows at which rows that are computed together can end, rising up to the picture's height.
	ends(size image.Point, c *choice) []int
	// rowCosts is what the rows up to each of the ends cost from the one before on, in canonical nanoseconds.
	rowCosts(size image.Point, c *choice) []float64
	// uncut is the plan before the picture is cut, and part the plan for rows that begin and end at ends.
	uncut(size image.Point, c *choice) *plan
	part(r room, s sizing, c *choice, from, until int) *plan
	// partOf is the same, cut as it says, and without arenas.
	partOf(size image.Point, s sizing, c *choice, from, until int) *plan
	// pieces gives what completes pieces of such a plan that have their cores, wherever these lie.
	pieces(p *plan) func(*piece)
}

// partRows is about how high the smallest parts of a picture are where nothing but their cost speaks against lower ones.
const partRows = 32

// divided is the method, if rows of pictures of this form can be computed apart from the others; else an error of kind fault.Unsupported.
func (u *Upscaler) divided(c picture.Config) (divisible, error) {
	size := image.Pt(c.Width, c.Height)
	d, ok := u.method.(divisible)
	if !ok {
		return nil, fault.New(fault.Unsupported, "%s in mode %s computes pictures as a whole", u.name, u.mode)
	}
	if isSmall(size) {
		return nil, fault.New(fault.Unsupported, "a picture of %dx%d is too small to be divided", c.Width, c.Height)
	}
	branches := d.networks()
	pools := branches[len(branches)-1].Spec.Pools()
	_, single := d.(*single)
	switch {
	case pools && single && size.X*size.Y <= wholePooled:
		return nil, fault.New(fault.Unsupported, "%s computes a picture of %dx%d as a whole", u.name, c.Width, c.Height)
	case !pools && slices.ContainsFunc(branches, (*branch.Branch).CutsContext):
		// Strips are cut where it shows, by how many workers there are.
		return nil, fault.New(fault.Unsupported, "%s reaches too far for pictures to be divided", u.name)
	}
	return d, nil
}

// reads gives the rows of the picture that are read to compute some of them: those that networks and interpolation reach, and those of cells that
// may be flat.
func (u *Upscaler) reads(branches []*branch.Branch, c picture.Config, from, until int) (top, end int) {
	around := rowsAround(branches)
	top, end = max(from-around, 0), min(until+around, c.Height)
	if u.flattens() {
		first, last := cellsLookedAt(c.Height, from, until)
		top, end = min(top, first*flatCell), max(end, min(last*flatCell+1, c.Height))
	}
	return top, end
}

func (s *single) networks() []*branch.Branch { return []*branch.Branch{s.Branch} }

func (s *single) choose(context.Context, branch.Source, int) (*choice, error) { return nil, nil }

func (s *single) chosen(_ image.Point, classes []byte, because string) (*choice, error) {
	if len(classes) > 0 || because != "" {
		return nil, fault.New(fault.Usage, "classes for a network that has none")
	}
	return nil, nil
}

func (s *single) ends(size image.Point, _ *choice) []int {
	if s.Spec.Pools() {
		return cuts(size.Y, poolingCore)
	}
	return cuts(size.Y, partRows)
}

func (s *single) rowCosts(size image.Point, _ *choice) []float64 {
	pixel := cost.NewClasses([]*branch.Branch{s.Branch}, blendWidth).Canonical().Pixel[0]
	var costs []float64
	top := 0
	for _, end := range s.ends(size, nil) {
		costs = append(costs, pixel*float64(size.X)*float64(end-top))
		top = end
	}
	return costs
}

func (s *single) pieces(p *plan) func(*piece) { return p.ofClass(0) }

func (r *routed) networks() []*branch.Branch { return r.Branches }

func (r *routed) choose(ctx context.Context, seen branch.Source, threads int) (*choice, error) {
	j, err := r.judge(ctx, seen, threads)
	if err != nil {
		return nil, err
	}
	return r.decide(ctx, j, threads, sizing{threads: threads})
}

func (r *routed) chosen(size image.Point, classes []byte, because string) (*choice, error) {
	core, grid := r.core(), r.grid
	if r.Hardest().Spec.Pools() {
		core, grid = poolingCore, squareGrid
	}
	if want := parts(size.X, core) * parts(size.Y, core); len(classes) != want {
		return nil, fault.New(fault.Usage, "%d classes for the %d cores of a picture of %dx%d", len(classes), want, size.X, size.Y)
	}
	ints := make([]int, len(classes))
	for i, class := range classes {
		if ints[i] = int(class); ints[i] >= len(r.Branches) {
			return nil, fault.New(fault.Usage, "class %d of core %d, where there are %d classes", class, i, len(r.Branches))
		}
	}
	return r.choice(grid(size), ints, 0, because), nil
}

func (r *routed) ends(_ image.Point, c *choice) []int {
	var ends []int
	for y := range c.blend.Rows() {
		ends = append(ends, c.blend.Until(y))
	}
	return ends
}

func (r *routed) rowCosts(_ image.Point, c *choice) []float64 {
	return r.costs.RowsOf(c.blend.Grid, c.Classes)
}
