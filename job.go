package classsr

import (
	"context"
	"image"

	"classsr/imageio"
	"classsr/resample"
	"classsr/tile"
)

// job is the enlarging of one picture. Its workers write different parts of the result.
type job struct {
	in, out  *imageio.Picture
	scale    int
	bicubic  *resample.Plan
	bytes    int64 // that a worker takes for the largest piece
	progress func(pixels int)
}

// worker is the memory of one worker.
type worker struct {
	enlarger
	planes           [3][]float32
	gray             []float32
	alphaIn, alphaUp []float32
}

// do computes one piece: colours by the method, alpha by interpolation.
func (j *job) do(ctx context.Context, w *worker, p tile.Piece) error {
	planes := w.planes[:j.in.Colors]
	for c := range planes {
		planes[c] = resize(planes[c], p.Window.Dx()*p.Window.Dy())
		j.in.ReadPlane(planes[c], c, p.Window)
	}
	colours, err := w.enlarge(ctx, piece{p, planes, j.bicubic, j.bytes})
	if err != nil {
		return err
	}
	core := image.Rectangle{Min: p.Core.Min.Mul(j.scale), Max: p.Core.Max.Mul(j.scale)}
	if j.in.Colors == 1 && len(colours) == 3 {
		w.gray = resize(w.gray, len(colours[0]))
		toGray(w.gray, colours)
		colours = [][]float32{w.gray}
	}
	for c, plane := range colours {
		j.out.WritePlane(plane, c, core)
	}
	if j.in.Alpha {
		j.enlargeAlpha(w, core)
	}
	j.progress(p.Core.Dx() * p.Core.Dy())
	return nil
}

// toGray makes one plane of three. The network saw the same plane three times, and its results differ little.
func toGray(gray []float32, rgb [][]float32) {
	r, g, b := rgb[0], rgb[1], rgb[2]
	for i := range gray {
		gray[i] = 0.299*r[i] + 0.587*g[i] + 0.114*b[i] // BT.601, as the luma of the metrics
	}
}

// enlargeAlpha enlarges the part of the alpha plane that makes the rectangle r of the result.
func (j *job) enlargeAlpha(w *worker, r image.Rectangle) {
	alpha := j.in.Colors // the last channel
	have := j.bicubic.Source(r)
	w.alphaIn, w.alphaUp = resize(w.alphaIn, have.Dx()*have.Dy()), resize(w.alphaUp, r.Dx()*r.Dy())
	j.in.ReadPlane(w.alphaIn, alpha, have)
	j.bicubic.FloatsWindow(w.alphaUp, r, w.alphaIn, have, 1)
	j.out.WritePlane(w.alphaUp, alpha, r)
}

// resize gives s the length n, with new memory if it has too little.
func resize(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n)
	}
	return s[:n]
}
