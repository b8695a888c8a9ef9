package branch

import (
	"image"

	"classsr/engine"
	"classsr/picture"
)

// Source is a picture as networks see it: *picture.Picture, or what is made of one.
type Source interface {
	Config() picture.Config
	// ReadPlane gives the samples of a colour inside r as picture.Picture.ReadPlane does. Several goroutines may read at once.
	ReadPlane(dst []float32, channel int, r image.Rectangle)
}

// Fill puts pixels of a picture into rows of a window that has its corner there, in the range that the network takes. Pixels beyond the
// picture's borders are mirrored. Of gray pictures all planes are the same.
func (b *Branch) Fill(rows engine.Rows, in Source, corner image.Point) {
	config := in.Config()
	for y := rows.Min.Y; y < rows.Max.Y; y++ {
		r := image.Rect(rows.Min.X, y, rows.Max.X, y+1).Add(corner)
		for c := range rows.Channels {
			row := rows.Row(c, y)
			readMirrored(row, in, config, min(c, config.Colors-1), r)
			b.multiply(row, float32(b.Spec.InputRange))
		}
	}
}

// FillPlanes puts a rectangle of a window that has its corner there into so many planes, one after the other, as Fill does.
func (b *Branch) FillPlanes(planes []float32, r image.Rectangle, channels int, in Source, corner image.Point) {
	config := in.Config()
	for c := range channels {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			row := planes[:r.Dx()]
			planes = planes[r.Dx():]
			readMirrored(row, in, config, min(c, config.Colors-1), image.Rect(r.Min.X, y, r.Max.X, y+1).Add(corner))
			b.multiply(row, float32(b.Spec.InputRange))
		}
	}
}

// readMirrored reads a part of a row, which may reach beyond the picture's borders; some of its columns lie in the picture.
func readMirrored(row []float32, in Source, size picture.Config, channel int, r image.Rectangle) {
	y := mirrored(r.Min.Y, size.Height)
	left, right := max(r.Min.X, 0), min(r.Max.X, size.Width)
	at := left - r.Min.X // where the picture begins in the row
	in.ReadPlane(row[at:][:right-left], channel, image.Rect(left, y, right, y+1))
	beyond := func(i int) {
		x := mirrored(r.Min.X+i, size.Width)
		if x >= left && x < right {
			row[i] = row[at+x-left]
			return
		}
		in.ReadPlane(row[i:i+1], channel, image.Rect(x, y, x+1, y+1))
	}
	for i := range at {
		beyond(i)
	}
	for i := at + right - left; i < len(row); i++ {
		beyond(i)
	}
}

// mirrored is the pixel that stands for pixel i of a side of n pixels: i itself, or beyond the borders its mirror image.
func mirrored(i, n int) int {
	if i %= 2 * n; i < 0 {
		i += 2 * n
	}
	return min(i, 2*n-1-i)
}

// ToUnit brings results from the network's range to 0..1, in place.
func (b *Branch) ToUnit(results []float32) { b.multiply(results, 1/float32(b.Spec.InputRange)) }

func (b *Branch) multiply(values []float32, factor float32) {
	if b.Spec.InputRange == 1 {
		return
	}
	for i := range values {
		values[i] *= factor
	}
}
