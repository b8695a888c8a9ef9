package infer

import (
	"context"
	"image"

	"classsr/branch"
	"classsr/engine"
	"classsr/fault"
	"classsr/picture"
	"classsr/route"
	"classsr/weights"
)

// single is the method of one branch over the whole picture: of ModeFull, and of Options.Branch.
type single struct {
	*branch.Branch
	class string
}

// newSingle makes the method of the branch that the options name, else of the full-width one. full is the latter.
func newSingle(m *weights.Model, name string, o Options) (s *single, full *branch.Branch, err error) {
	if full, err = newBranch(m.Full(), o); err != nil {
		return nil, nil, err
	}
	if o.Branch == 0 {
		return &single{full, weights.FullClass}, full, nil
	}
	if o.Branch > len(m.Branches) {
		return nil, nil, fault.New(fault.Usage, "branch %d: %s has branches 1 to %d", o.Branch, name, len(m.Branches))
	}
	own, err := newBranch(m.Branches[o.Branch-1], o)
	return &single{own, m.Classes[o.Branch-1]}, full, err
}

// newBranch compiles a network that sees beyond the picture's borders what the options ask for.
func newBranch(n weights.Network, o Options) (*branch.Branch, error) {
	b, err := branch.New(n, o.Scale)
	if err == nil && o.mirrors() {
		b.Border = branch.MirroredBorder
	}
	return b, err
}

const (
	// cutContextWidth is the width of strips for networks that reach farther than their context.
	cutContextWidth = 128
	// Networks that pool average over their piece, so that the size of pieces shows in the result. They get the whole picture up
	// to this number of pixels, as a network is meant to; their memory grows with it (0.8 kB a pixel). Larger pictures are cut into
	// pieces of one size. Neither depends on threads or memory.
	wholePooled = 1 << 19
	poolingCore = 160
)

// fit cuts the picture into strips, since rows slide through the network and cost nothing twice, and as many that all threads have the same
// work. Where memory is short the strips get narrower, or the picture is cut across, too.
func (s *single) fit(r room) (sizing, error) {
	// Where the cut shows in the result, it must not depend on threads and memory.
	switch {
	case s.Spec.Pools() && r.size.X*r.size.Y <= wholePooled:
		z, err := r.pieces(r.size, s.Bytes(r.size, r.size), r.size.Y)
		z.workers, z.lanes, z.threads = 1, 1, r.threads
		return z, err
	case s.Spec.Pools():
		core := image.Pt(poolingCore, poolingCore)
		return r.pieces(core, s.Bytes(r.size, core), poolingCore)
	case isSmall(r.size):
		return r.pieces(r.size, s.Bytes(r.size, r.size), r.size.Y)
	}
	limits := stripLimits{stripWidths, workerMemory}
	if s.CutsContext() {
		limits.widths = []int{cutContextWidth}
	}
	return r.strips(limits, stripCosts{s.Bytes, sum(s.Bytes), s.Context(), repeatedRows(s.Branch)})
}

// isSmall tells whether a picture is computed in one piece, layer by layer.
func isSmall(picture image.Point) bool { return max(picture.X, picture.Y) <= branch.SmallPicture }

func (s *single) plan(_ context.Context, _ branch.Source, z sizing, r room) (*plan, error) {
	return s.part(r, z, nil, 0, r.size.Y), nil
}

// part is the plan for rows from to until of a picture. There is nothing to choose.
func (s *single) part(r room, z sizing, _ *choice, from, until int) *plan {
	p := s.partOf(r.size, z, nil, from, until)
	p.sizeArenas()
	return p
}

// partOf is the plan for some rows of the picture, without arenas.
func (s *single) partOf(size image.Point, z sizing, _ *choice, from, until int) *plan {
	p := s.uncut(size, nil)
	p.sizing, p.from = z, from
	if s.Spec.Pools() { // squares lie in the picture's grid
		p.bands = within(cuts(size.Y, z.bandRows), from, until)
	} else {
		for _, end := range cuts(until-from, z.bandRows) {
			p.bands = append(p.bands, from+end)
		}
	}
	p.cover(0)
	return p
}

// uncut is the plan for a picture before it is cut.
func (s *single) uncut(size image.Point, _ *choice) *plan {
	p := &plan{
		size: size, covered: size, branches: []*branch.Branch{s.Branch}, classes: []string{s.class}, usage: route.NewUsage(1),
	}
	p.usage.Pixels[0] = float64(size.X * size.Y)
	return p
}

func (s *single) lane() lane { return &singleLane{branches: []*branch.Branch{s.Branch}} }

func (s *single) canvas(j *job, whole *picture.Picture, _ bool) canvas {
	return newDirect(j, whole, j.plan.ahead)
}

// singleLane computes pieces by one branch each.
type singleLane struct {
	branches []*branch.Branch
	layered  bool // compute layer by layer, whatever the size of the picture
	arena    engine.Arena

	job      *job
	piece    *piece
	executor executor
	made     int // rows of the result
	planes   [3][]float32
}

func (l *singleLane) begin(j *job, p *piece) {
	b := l.branches[p.class]
	by := b.PlanFor(j.plan.size)
	if l.layered {
		by = b.Plan.ByLayer()
	}
	l.job, l.piece, l.made = j, p, 0
	if j.plan.arenas != nil {
		l.arena.Reserve(j.plan.arenas[p.class])
	}
	l.executor = by.Executor(&l.arena)
	l.executor.Begin(engine.Piece{Window: p.Window.Size(), Core: p.Core.Sub(p.Window.Min), Threads: j.plan.threads})
}

func (l *singleLane) advance(ctx context.Context, end int, to painter) error {
	b := l.branches[l.piece.class]
	corner := l.piece.Core.Min.Mul(b.Spec.Scale)
	for until := (end - l.piece.Core.Min.Y) * b.Spec.Scale; l.made < until; {
		b.Fill(l.executor.Wants(), l.job.view.source, l.piece.Window.Min)
		work, err := l.executor.Step(ctx)
		if err != nil {
			return err
		}
		l.piece.macs += work.MACs
		rows := l.executor.Made(until)
		for y := rows.Min.Y; y < rows.Max.Y; y++ {
			for c := range l.planes {
				l.planes[c] = rows.Row(c, y)
				b.ToUnit(l.planes[c])
			}
			to.row(l.planes[:], corner.X+rows.Min.X, corner.Y+y)
		}
		l.made = rows.Max.Y
	}
	return nil
}

func (l *singleLane) rest() {
	l.job, l.piece, l.executor = nil, nil, nil
	l.planes = [3][]float32{}
}

func (l *singleLane) bytes() int64 { return l.arena.Bytes() }
