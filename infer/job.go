package infer

import (
	"image"

	"classsr/picture"
	"classsr/resample"
)

// job is the enlarging of one picture. Its workers write different parts of the result.
type job struct {
	in, out  *picture.Picture
	scale    int
	plan     *plan
	bicubic  *resample.Plan // for the whole picture, also where out is only a part of its enlargement
	progress func(resultPixels int)
}

// newJob prepares the enlarging of a picture whose plan has been made.
func newJob(in *picture.Picture, p *plan, scale int, progress func(resultPixels int)) (*job, error) {
	bicubic, err := resample.New(in.Width, in.Height, in.Width*scale, in.Height*scale, resample.Original)
	if err != nil {
		return nil, err
	}
	out := picture.New(p.covered.X*scale, p.covered.Y*scale, in.Colors, in.Alpha, in.Depth)
	return &job{in: in, out: out, scale: scale, plan: p, bicubic: bicubic, progress: progress}, nil
}

// worker is the memory of one worker.
type worker struct {
	enlarger
	channels         [][]float32 // of the result
	gray             []float32
	alphaIn, alphaUp []float32
}

// canvas gathers results.
type canvas interface {
	// add takes a rectangle of the result: colour planes, one or three, in 0..1, which it may change. It is called by several workers.
	add(w *worker, colours [][]float32, r image.Rectangle)
	// finish is called when all of the result was added. It gives the planes before rounding if they are wanted and the canvas has any.
	finish(exact bool) [][]float32
}

// direct is the canvas of results that go straight into the picture.
type direct struct{ *job }

func (d direct) add(w *worker, colours [][]float32, r image.Rectangle) {
	d.write(w, colours, r)
	d.progress(r.Dx() * r.Dy())
}

func (direct) finish(bool) [][]float32 { return nil }

// write puts a rectangle of the result into the picture: colour planes (one or three) as they come, alpha by interpolation.
func (j *job) write(w *worker, colours [][]float32, r image.Rectangle) {
	if j.in.Colors == 1 && len(colours) == 3 {
		w.gray = grow(w.gray, len(colours[0]))
		toGray(w.gray, colours)
		colours = [][]float32{w.gray}
	}
	w.channels = append(w.channels[:0], colours...)
	if j.in.Alpha {
		j.enlargeAlpha(w, r)
		w.channels = append(w.channels, w.alphaUp)
	}
	j.out.WritePlanes(w.channels, r) // all at once, which is what is fast
}

// toGray makes one plane of three. The network saw the same plane three times, and its results differ little.
func toGray(gray []float32, rgb [][]float32) {
	r, g, b := rgb[0], rgb[1], rgb[2]
	for i := range gray {
		gray[i] = 0.299*r[i] + 0.587*g[i] + 0.114*b[i] // BT.601, as the luma of the metrics
	}
}

// enlargeAlpha makes alphaUp of the part of the alpha plane that makes the rectangle r of the result.
func (j *job) enlargeAlpha(w *worker, r image.Rectangle) {
	alpha := j.in.Colors // the last channel
	have := j.bicubic.Source(r)
	w.alphaIn, w.alphaUp = grow(w.alphaIn, have.Dx()*have.Dy()), grow(w.alphaUp, r.Dx()*r.Dy())
	j.in.ReadPlane(w.alphaIn, alpha, have)
	j.bicubic.FloatsWindow(w.alphaUp, r, w.alphaIn, have, 1)
}

// grow gives s the length n, with new memory if it has too little.
func grow(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n)
	}
	return s[:n]
}
