package infer

import (
	"context"
	"image"

	"classsr/branch"
	"classsr/fault"
	"classsr/picture"
	"classsr/route"
	"classsr/tile"
	"classsr/weights"
)

// paper is the method of ModePaper: sub-images that overlap, each computed as a picture of its own (section 4 of the paper).
type paper struct{ *branch.Set }

// subImageStep is the distance between the paper's sub-images.
const subImageStep = 28

func newPaper(m *weights.Model, scale int) (paper, *branch.Branch, error) {
	set, err := branch.NewSet(m, scale)
	if err != nil {
		return paper{}, nil, err
	}
	return paper{set}, set.Hardest(), nil
}

// covers is the part of a picture, from the upper left corner on, that sub-images reach.
func (paper) covers(picture image.Point) image.Point {
	side := func(length int) int {
		if length < branch.SubImage {
			return 0
		}
		return (length-branch.SubImage)/subImageStep*subImageStep + branch.SubImage
	}
	return image.Pt(side(picture.X), side(picture.Y))
}

func (p paper) fit(picture image.Point, threads int, bytes int64) (sizing, error) {
	const side = branch.SubImage
	if min(picture.X, picture.Y) < side {
		return sizing{}, fault.New(fault.Unsupported, "mode %s needs pictures of at least %dx%d pixels, not %dx%d: use mode %s",
			ModePaper, side, side, picture.X, picture.Y, ModeRouted)
	}
	one := whole(image.Pt(side, side))
	s := sizing{core: one.Core.Size()}
	s.bytes = p.Largest(func(b *branch.Branch) int64 { return b.Plan.ByLayer().Bytes(one.Window.Size(), one.Core) })
	covered, scale := p.covers(picture), p.Hardest().Spec.Scale
	left := bytes - int64(covered.X*covered.Y*scale*scale)*bytesOfMean
	if s.workers = int(min(int64(threads), left/s.bytes)); s.workers < 1 || left < 0 {
		return s, tooLittle(s.bytes+bytes-left, bytes)
	}
	return s, nil
}

func (p paper) plan(ctx context.Context, in *picture.Picture, threads int, s sizing) (*plan, error) {
	size := image.Pt(in.Width, in.Height)
	m := route.NewMap(size, tile.SubImages(size, branch.SubImage, subImageStep), p.Classes)
	scores, err := p.Classify(ctx, in, m.Cores, threads)
	if err != nil {
		return nil, err
	}
	out := &plan{
		sizing: s, size: size, covered: p.covers(size), branches: p.Branches, classes: p.Classes,
		choice: &choice{
			Map: m, router: p.ModuleSpec, routerMACs: p.RouteMACs(size, len(m.Cores)), routerFLOPs: p.ModuleFLOPs,
		},
		usage: route.Usage{Pixels: make([]float64, len(p.Classes)), Borders: make([]float64, len(p.Classes))},
	}
	for i, core := range m.Cores {
		class := route.Argmax(scores[i])
		m.Classes[i] = class
		out.usage.Pixels[class] += branch.SubImage * branch.SubImage
		out.pieces = append(out.pieces, piece{Piece: tile.Piece{Core: core, Window: core}, class: class})
	}
	return out, nil
}

func (p paper) worker() enlarger { return &paperWorker{pieceWorker{branches: p.Branches}} }

func (p paper) canvas(j *job) canvas { return newMean(j) }

// paperWorker is a worker's memory for sub-images.
type paperWorker struct{ pieceWorker }

func (w *paperWorker) enlarge(ctx context.Context, j *job, p *piece, write func([][]float32, image.Rectangle)) error {
	b := w.branches[p.class]
	return w.run(ctx, b, b.Plan.ByLayer(), j, p, write)
}
