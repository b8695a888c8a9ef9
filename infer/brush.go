package infer

import (
	"image"

	"classsr/picture"
)

// brush puts rows of colours into a picture: colours as they come, alpha by interpolation.
type brush struct {
	*job
	to  *picture.Picture // a band of the result
	top int              // the row of the result that it begins with

	r                image.Rectangle // of the result, that alphaUp is for
	channels         [][]float32
	gray             []float32
	alphaIn, alphaUp []float32
}

// begin makes the brush ready for a rectangle of the result, in a picture that begins with row top.
func (b *brush) begin(j *job, to *picture.Picture, top int, r image.Rectangle) {
	b.job, b.to, b.top, b.r = j, to, top, r
	if j.in.Alpha {
		b.enlargeAlpha()
	}
}

// row puts a part of a row of the result into the picture.
func (b *brush) row(colours [][]float32, x, y int) {
	n := len(colours[0])
	if b.view.flat != nil {
		b.view.flat.flatten(colours, b.view.source, b.scale, x, y)
	}
	if b.in.Colors == 1 && len(colours) == 3 {
		b.gray = grow(b.gray, n)
		toGray(b.gray, colours)
		b.channels = append(b.channels[:0], b.gray)
	} else {
		b.channels = append(b.channels[:0], colours...)
	}
	if b.in.Alpha {
		b.channels = append(b.channels, b.alphaUp[(y-b.r.Min.Y)*b.r.Dx()+x-b.r.Min.X:][:n])
	}
	b.to.WritePlanes(b.channels, image.Rect(x, y-b.top, x+n, y-b.top+1)) // all channels at once, which is what is fast
}

// toGray makes one plane of three. The network saw the same plane three times, and its results differ little.
func toGray(gray []float32, rgb [][]float32) {
	r, g, b := rgb[0], rgb[1], rgb[2]
	for i := range gray {
		gray[i] = 0.299*r[i] + 0.587*g[i] + 0.114*b[i] // BT.601, as the luma of the metrics
	}
}

// alphaBytes is what a brush takes for a column of a piece with alpha, in bands of so many rows of the small picture.
func alphaBytes(scale, rows int) int64 {
	const floatBytes, around = 4, 4
	return floatBytes * int64(scale*scale*rows+rows+around)
}

// enlargeAlpha makes alphaUp of the part of the alpha plane that the rectangle is made from.
func (b *brush) enlargeAlpha() {
	alpha := b.in.Colors // the last channel
	have := b.bicubic.Source(b.r)
	b.alphaIn, b.alphaUp = grow(b.alphaIn, have.Dx()*have.Dy()), grow(b.alphaUp, b.r.Dx()*b.r.Dy())
	b.view.source.ReadPlane(b.alphaIn, alpha, have)
	b.bicubic.FloatsWindow(b.alphaUp, b.r, b.alphaIn, have, 1)
}

// direct is the canvas of results that go straight into the bands.
type direct struct {
	*job
	bands []*picture.Picture // that there is room for; a band takes the place of one that was taken
	whole *picture.Picture   // if not nil, has room for all bands
}

// newDirect makes a canvas with room for so many bands, or for all of them in whole if that is not nil.
func newDirect(j *job, whole *picture.Picture, bands int) *direct {
	d := &direct{job: j, whole: whole}
	if whole != nil {
		return d
	}
	for range min(bands, len(j.plan.bands)) {
		band := j.out
		band.Height = j.plan.highest() * j.scale
		d.bands = append(d.bands, band.New())
	}
	return d
}

func (d *direct) painter(b *brush, band int, r image.Rectangle) painter {
	top, _ := d.plan.band(band)
	b.begin(d.job, d.band(band), top*d.scale, r)
	return b
}

func (d *direct) band(i int) *picture.Picture {
	top, end := d.plan.band(i)
	if d.whole != nil {
		return d.whole.Band((top-d.plan.from)*d.scale, (end-d.plan.from)*d.scale)
	}
	return d.bands[i%len(d.bands)].Band(0, (end-top)*d.scale)
}

// grow gives s the length n, with new memory if it has too little.
func grow(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n)
	}
	return s[:n]
}
