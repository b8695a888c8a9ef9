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

const (
	// subImageStep is the distance between the paper's sub-images.
	subImageStep = 28
	// paperAhead is how many rows of sub-images may be computed at a time.
	paperAhead = 4
)

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

func (p paper) fit(r room) (sizing, error) {
	const side = branch.SubImage
	if min(r.size.X, r.size.Y) < side {
		return sizing{}, fault.New(fault.Unsupported, "mode %s needs pictures of at least %dx%d pixels, not %dx%d: use mode %s",
			ModePaper, side, side, r.size.X, r.size.Y, ModeRouted)
	}
	one := image.Rect(0, 0, side, side)
	bytes := p.Largest(func(b *branch.Branch) int64 { return b.Plan.ByLayer().Bytes(one.Size(), one) })
	covered, scale := p.covers(r.size), p.Hardest().Spec.Scale
	sums := meanBytes(covered.Mul(scale), scale)
	r.bytes -= sums
	s, err := r.pieces(one.Size(), bytes, subImageStep)
	s.ahead, s.bytes = paperAhead, s.bytes+sums
	return s, err
}

func (p paper) plan(ctx context.Context, in branch.Source, s sizing, r room) (*plan, error) {
	size := sizeOf(in)
	m := route.NewMap(size, tile.SubImages(size, branch.SubImage, subImageStep), p.Classes)
	scores, err := p.Classify(ctx, in, m.Cores, r.threads)
	if err != nil {
		return nil, err
	}
	out := &plan{
		sizing: s, size: size, covered: p.covers(size), branches: p.Branches, classes: p.Classes,
		choice: &choice{
			Map: m, router: p.ModuleSpec, routerMACs: p.RouteMACs(size, len(m.Cores)), routerFLOPs: p.ModuleFLOPs,
		},
		usage: route.NewUsage(len(p.Classes)),
	}
	for i, core := range m.Cores {
		class := route.Argmax(scores[i])
		m.Classes[i] = class
		out.usage.Pixels[class] += branch.SubImage * branch.SubImage
		band := core.Min.Y / subImageStep
		if band == len(out.bands) {
			out.bands = append(out.bands, core.Min.Y+subImageStep)
		}
		out.pieces = append(out.pieces, piece{Piece: tile.Piece{Core: core, Window: core}, first: band, end: band + 1, class: class})
	}
	out.bands[len(out.bands)-1] = out.covered.Y
	return out, nil
}

func (p paper) lane() lane { return &paperLane{singleLane{branches: p.Branches, layered: true}} }

func (p paper) canvas(j *job, whole *picture.Picture, exact bool) canvas {
	return newMean(j, whole, exact)
}

// paperLane computes sub-images. All of a sub-image belongs to the band that it begins in, and its last rows to the next one, too.
type paperLane struct{ singleLane }

func (l *paperLane) advance(ctx context.Context, _ int, to painter) error {
	return l.singleLane.advance(ctx, l.piece.Core.Max.Y, to)
}
