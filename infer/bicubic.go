package infer

import (
	"context"
	"image"

	"classsr/branch"
	"classsr/picture"
)

// bicubic is the method without a network.
type bicubic struct{ scale int }

// bicubicCore is the size of its pieces, large enough for their overhead to vanish.
const bicubicCore = 128

func (bicubic) fit(_ image.Point, threads int, _ int64) (sizing, error) {
	return sizing{core: image.Pt(bicubicCore, bicubicCore), workers: threads}, nil
}

// plan gives pieces without context: bicubic finds out by itself what it reads.
func (bicubic) plan(_ context.Context, in *picture.Picture, _ int, s sizing) (*plan, error) {
	size := image.Pt(in.Width, in.Height)
	return &plan{sizing: s, size: size, covered: size, classes: []string{branch.Bicubic}, pieces: cover(size, s.core, 0)}, nil
}

func (b bicubic) worker() enlarger { return &bicubicWorker{bicubic: b} }

func (bicubic) canvas(j *job) canvas { return direct{j} }

// bicubicWorker is a worker's memory for pieces.
type bicubicWorker struct {
	bicubic
	src    []float32
	planes [3][]float32
}

func (w *bicubicWorker) enlarge(ctx context.Context, j *job, p *piece, write func([][]float32, image.Rectangle)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := image.Rectangle{Min: p.Core.Min.Mul(w.scale), Max: p.Core.Max.Mul(w.scale)}
	have := j.bicubic.Source(r)
	w.src = grow(w.src, have.Dx()*have.Dy())
	planes := w.planes[:j.in.Colors]
	for c := range planes {
		planes[c] = grow(planes[c], r.Dx()*r.Dy())
		j.in.ReadPlane(w.src, c, have)
		j.bicubic.FloatsWindow(planes[c], r, w.src, have, 1)
	}
	write(planes, r)
	return nil
}
