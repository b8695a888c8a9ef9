package infer

import (
	"context"
	"image"

	"classsr/branch"
	"classsr/picture"
	"classsr/tile"
)

// bicubic is the method without a network.
type bicubic struct{ scale int }

// bicubicAround is how many rows above and below a band it reads at most.
const bicubicAround = 4

// bicubicCore is the size of its pieces, large enough for their overhead to vanish.
const bicubicCore = 128

func (b bicubic) fit(r room) (sizing, error) {
	const samples, sampleBytes = 3, 4
	side := int64(bicubicCore * b.scale)
	return r.pieces(image.Pt(bicubicCore, bicubicCore), samples*sampleBytes*side*side, bicubicCore)
}

// plan gives pieces without context: bicubic finds out by itself what it reads.
func (bicubic) plan(_ context.Context, in branch.Source, s sizing, _ room) (*plan, error) {
	size := sizeOf(in)
	p := &plan{sizing: s, size: size, covered: size, classes: []string{branch.Bicubic}, bands: cuts(size.Y, s.bandRows)}
	p.cut(tile.Cuts(size.X, s.core.X), func(piece *piece) { piece.Window = piece.Core })
	return p, nil
}

func (b bicubic) lane() lane { return &bicubicLane{bicubic: b} }

func (bicubic) canvas(j *job, whole *picture.Picture, _ bool) canvas {
	return newDirect(j, whole, j.plan.ahead)
}

// bicubicLane computes pieces, each in one go.
type bicubicLane struct {
	bicubic
	job    *job
	piece  *piece
	src    []float32
	planes [3][]float32
}

func (l *bicubicLane) begin(j *job, p *piece) { l.job, l.piece = j, p }

func (l *bicubicLane) advance(ctx context.Context, _ int, to painter) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	core, in := l.piece.Core, l.job.in
	r := image.Rectangle{Min: core.Min.Mul(l.scale), Max: core.Max.Mul(l.scale)}
	have := l.job.bicubic.Source(r)
	l.src = grow(l.src, have.Dx()*have.Dy())
	planes := l.planes[:in.Colors]
	for c := range planes {
		planes[c] = grow(planes[c], r.Dx()*r.Dy())
		l.job.view.source.ReadPlane(l.src, c, have)
		l.job.bicubic.FloatsWindow(planes[c], r, l.src, have, 1)
	}
	var row [3][]float32
	for y := range r.Dy() {
		for c, plane := range planes {
			row[c] = plane[y*r.Dx():][:r.Dx()]
		}
		to.row(row[:len(planes)], r.Min.X, r.Min.Y+y)
	}
	return nil
}

func (l *bicubicLane) rest() { l.job, l.piece = nil, nil }

func (l *bicubicLane) bytes() int64 { return 4 * int64(cap(l.src)+len(l.planes)*cap(l.planes[0])) }
