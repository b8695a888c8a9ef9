package classsr

import (
	"image"

	"classsr/picture"
	"classsr/resample"
)

// job is the enlarging of one picture. Its workers write different parts of the result.
type job struct {
	in, out  *picture.Picture
	scale    int
	bicubic  *resample.Plan // for the whole picture, also where out is only a part of its enlargement
	bytes    int64          // of memory that the largest piece takes
	threads  int            // that work on one piece
	choice   *choice        // nil if the method does not route
	progress func(resultPixels int)
}

// worker is the memory of one worker.
type worker struct {
	enlarger
	channels         [][]float32 // of the result
	gray             []float32
	alphaIn, alphaUp []float32
}

// write puts a rectangle of the result into the picture: colour planes (one or three) as they come, alpha by interpolation.
func (j *job) write(w *worker, colours [][]float32, r image.Rectangle) {
	if j.in.Colors == 1 && len(colours) == 3 {
		w.gray = resize(w.gray, len(colours[0]))
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
	w.alphaIn, w.alphaUp = resize(w.alphaIn, have.Dx()*have.Dy()), resize(w.alphaUp, r.Dx()*r.Dy())
	j.in.ReadPlane(w.alphaIn, alpha, have)
	j.bicubic.FloatsWindow(w.alphaUp, r, w.alphaIn, have, 1)
}

// resize gives s the length n, with new memory if it has too little.
func resize(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n)
	}
	return s[:n]
}
