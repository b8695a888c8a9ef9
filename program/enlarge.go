package program

import (
	"image"

	"classsr/nn"
)

// Shuffle turns channels into pixels.
type Shuffle struct {
	nn.PixelShuffle
	free
}

// Reach implements Operation.
func (s Shuffle) Reach(_ int, r image.Rectangle, _ image.Point) image.Rectangle {
	return shrunk(r, s.Factor)
}

// shrunk is the pixels of a picture that have a part in a rectangle of it enlarged.
func shrunk(r image.Rectangle, factor int) image.Rectangle {
	floor := func(i int) int { return (i - (i%factor+factor)%factor) / factor }
	return image.Rectangle{Min: image.Pt(floor(r.Min.X), floor(r.Min.Y)), Max: image.Pt(-floor(-r.Max.X), -floor(-r.Max.Y))}
}

// Unshuffle turns pixels into channels.
type Unshuffle struct {
	nn.PixelUnshuffle
	free
}

// Reach implements Operation.
func (u Unshuffle) Reach(_ int, r image.Rectangle, _ image.Point) image.Rectangle {
	return image.Rectangle{Min: r.Min.Mul(u.Factor), Max: r.Max.Mul(u.Factor)}
}

// Nearest repeats pixels.
type Nearest struct {
	nn.Nearest
	free
}

// Reach implements Operation.
func (e Nearest) Reach(_ int, r image.Rectangle, _ image.Point) image.Rectangle {
	return shrunk(r, e.Factor)
}

// Bilinear is a bilinear enlargement.
type Bilinear struct {
	nn.Bilinear
	free
}

// Reach implements Operation.
func (b Bilinear) Reach(_ int, r image.Rectangle, size image.Point) image.Rectangle {
	x0, _, _ := b.Taps(r.Min.X, size.X)
	y0, _, _ := b.Taps(r.Min.Y, size.Y)
	_, x1, _ := b.Taps(r.Max.X-1, size.X)
	_, y1, _ := b.Taps(r.Max.Y-1, size.Y)
	return image.Rect(x0, y0, x1+1, y1+1)
}

// Bicubic is a bicubic enlargement.
type Bicubic struct {
	nn.Bicubic
	free
}

// Reach implements Operation. What lies beyond the input is mirrored into it.
func (b Bicubic) Reach(_ int, r image.Rectangle, size image.Point) image.Rectangle {
	x0, x1 := b.span(r.Min.X, r.Max.X, size.X)
	y0, y1 := b.span(r.Min.Y, r.Max.Y, size.Y)
	return image.Rect(x0, y0, x1, y1)
}

// span is the part of an axis of length n from which the results of first to end are made. Results before the first one, which is how
// sliding rows ask for work ahead, count as the first.
func (b Bicubic) span(first, end, n int) (lo, hi int) {
	first, end = max(first, 0), max(end, 1)
	lo, hi = b.First(first), b.First(end-1)+nn.BicubicTaps
	left, right := -lo, 2*n-hi // where the mirrored parts end and begin
	if lo < 0 {
		lo, hi = 0, max(hi, left)
	}
	if hi > n {
		lo, hi = min(lo, max(right, 0)), n
	}
	return lo, hi
}
