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
	if full, err = branch.New(m.Full(), o.Scale); err != nil {
		return nil, nil, err
	}
	if o.Branch == 0 {
		return &single{full, weights.FullClass}, full, nil
	}
	if o.Branch > len(m.Branches) {
		return nil, nil, fault.New(fault.Usage, "branch %d: %s has branches 1 to %d", o.Branch, name, len(m.Branches))
	}
	own, err := branch.New(m.Branches[o.Branch-1], o.Scale)
	return &single{own, m.Classes[o.Branch-1]}, full, err
}

const (
	// cutContextWidth is the width of strips for networks that reach farther than their context.
	cutContextWidth = 128
	// Networks that pool average over their piece, so that the size of pieces shows in the result. They get the whole picture up
	// to this number of pixels, as a network is meant to; their memory grows with it (1.5 kB a pixel). Larger pictures are cut into
	// pieces of one size. Neither depends on threads or memory.
	wholePooled = 1 << 19
	poolingCore = 160
)

// fit cuts the picture into strips as high as it is, since rows slide through the network and cost nothing twice, and as
// many that all threads have the same work. Where memory is short the strips get narrower, and then the threads fewer.
func (s *single) fit(picture image.Point, threads int, bytes int64) (sizing, error) {
	// Where the cut shows in the result, it must not depend on threads and memory.
	switch {
	case s.Spec.Pools() && picture.X*picture.Y <= wholePooled:
		z, err := fixedSizing(s.Branch, picture, picture, 1, bytes)
		z.threads = threads
		return z, err
	case s.Spec.Pools():
		return fixedSizing(s.Branch, picture, image.Pt(poolingCore, poolingCore), threads, bytes)
	case max(picture.X, picture.Y) <= branch.SmallPicture:
		return fixedSizing(s.Branch, picture, picture, threads, bytes)
	case s.CutsContext():
		return fixedSizing(s.Branch, picture, image.Pt(cutContextWidth, picture.Y), threads, bytes)
	}
	return stripSizing(picture, threads, bytes, stripLimits{stripWidths, workerMemory}, s.Bytes)
}

func (s *single) plan(_ context.Context, in *picture.Picture, _ int, z sizing) (*plan, error) {
	size := image.Pt(in.Width, in.Height)
	return &plan{
		sizing: z, size: size, covered: size,
		branches: []*branch.Branch{s.Branch}, classes: []string{s.class},
		pieces: cover(size, z.core, s.Context()),
		usage:  route.Usage{Pixels: []float64{float64(size.X * size.Y)}, Borders: []float64{0}},
	}, nil
}

func (s *single) worker() enlarger { return &pieceWorker{branches: []*branch.Branch{s.Branch}} }

func (s *single) canvas(j *job) canvas { return direct{j} }

// pieceWorker is a worker's memory for pieces of any of the branches.
type pieceWorker struct {
	branches []*branch.Branch
	arena    engine.Arena
	planes   [3][]float32
}

func (w *pieceWorker) enlarge(ctx context.Context, j *job, p *piece, write func([][]float32, image.Rectangle)) error {
	b := w.branches[p.class]
	return w.run(ctx, b, b.PlanFor(j.plan.size), j, p, write)
}

// run computes a piece by a plan of the branch.
func (w *pieceWorker) run(ctx context.Context, b *branch.Branch, by *engine.Plan, j *job, p *piece,
	write func([][]float32, image.Rectangle)) error {
	w.arena.Reserve(j.plan.bytes)
	corner := p.Core.Min.Mul(b.Spec.Scale)
	return by.Run(ctx, &w.arena, engine.Piece{
		Window: p.Window.Size(), Core: p.Core.Sub(p.Window.Min), Threads: j.plan.threads,
	}, func(rows engine.Rows) { b.Fill(rows, j.in, p.Window.Min) }, func(rows engine.Rows) {
		for y := rows.Min.Y; y < rows.Max.Y; y++ {
			for c := range w.planes {
				w.planes[c] = rows.Row(c, y)
				b.ToUnit(w.planes[c])
			}
			write(w.planes[:], image.Rect(rows.Min.X, y, rows.Max.X, y+1).Add(corner))
		}
	})
}
