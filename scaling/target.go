// Package scaling says how large a result becomes and by which enlargements that is reached. It knows sizes only: no pictures, no models.
//
// A Target is what a user asks for, in one of several ways. Target.Size gives the size that it means for a picture, and Choose the passes:
//
//	width, height, err := target.Size(640, 427)
//	...
//	passes := scaling.Choose([]int{2, 3, 4}, []int{2, 3, 4}, image.Pt(640, 427), image.Pt(width, height))
//
// What the passes give is then resized to the size that was asked for, by whoever calls this.
package scaling

import (
	"fmt"
	"math"
	"strconv"

	"classsr/fault"
)

// Target is a size that is asked for, in one way: by Scale, Width, Height, Fit or Megapixels. The zero value asks for nothing.
type Target struct {
	// Scale is how many times as wide and high the result is. Below 1 it is smaller.
	Scale float64
	// Width or Height, in pixels, with the proportions of the picture.
	Width, Height int
	// Fit is the width and the height, in pixels, of the frame that the result just fits into, with the proportions of the picture.
	Fit [2]int
	// Megapixels is how many million pixels the result has at most, with the proportions of the picture.
	Megapixels float64
}

const (
	// MaxTimes is how many times a picture can be enlarged at most: more is taken for a mistake.
	MaxTimes = 64
	// MaxSide is the largest width and height in pixels.
	MaxSide = 1 << 24
)

// Given tells whether any size is asked for.
func (t Target) Given() bool { return t != Target{} }

// Whole gives the scale if that is asked for and a whole number, else 0.
func (t Target) Whole() int {
	if t.Scale >= 1 && t.Scale <= MaxTimes && t.Scale == math.Trunc(t.Scale) {
		return int(t.Scale)
	}
	return 0
}

// Size gives the size that a picture of width x height pixels becomes: at least 1x1. Sides are rounded to the nearest pixel, and with
// Megapixels down. It returns an error of kind fault.Usage where that is more than MaxTimes as wide or high, or a side is longer than MaxSide.
func (t Target) Size(width, height int) (w, h int, err error) {
	x, y := float64(width), float64(height)
	var outX, outY float64
	switch {
	case t.Scale > 0:
		outX, outY = math.Round(x*t.Scale), math.Round(y*t.Scale)
	case t.Width > 0:
		outX, outY = float64(t.Width), math.Round(y*float64(t.Width)/x)
	case t.Height > 0:
		outX, outY = math.Round(x*float64(t.Height)/y), float64(t.Height)
	case t.Fit[0] > 0:
		outX, outY = float64(t.Fit[0]), float64(t.Fit[1])
		if outX*y <= outY*x { // the width is what bounds it
			outY = min(math.Round(y*outX/x), outY)
		} else {
			outX = min(math.Round(x*outY/y), outX)
		}
	case t.Megapixels > 0:
		times := math.Sqrt(t.Megapixels * 1e6 / (x * y))
		outX, outY = math.Floor(x*times), math.Floor(y*times)
	default:
		outX, outY = x, y
	}
	outX, outY = max(outX, 1), max(outY, 1)
	switch {
	case outX > MaxSide || outY > MaxSide:
		return 0, 0, fault.New(fault.Usage, "a picture of %dx%d pixels would become %.0fx%.0f: at most %d pixels a side are possible; ask for a smaller size",
			width, height, outX, outY, MaxSide)
	case outX > MaxTimes*x || outY > MaxTimes*y:
		return 0, 0, fault.New(fault.Usage, "a picture of %dx%d pixels would become %.0fx%.0f: at most %d times as wide and high is possible; ask for a smaller size",
			width, height, outX, outY, MaxTimes)
	}
	return int(outX), int(outY), nil
}

// String gives what is asked for as a part of file names: x4, x2.5, w1920, h1080, 3840x2160 or 50mp; empty if nothing is.
func (t Target) String() string {
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	switch {
	case t.Scale > 0:
		return "x" + number(t.Scale)
	case t.Width > 0:
		return fmt.Sprintf("w%d", t.Width)
	case t.Height > 0:
		return fmt.Sprintf("h%d", t.Height)
	case t.Fit[0] > 0:
		return fmt.Sprintf("%dx%d", t.Fit[0], t.Fit[1])
	case t.Megapixels > 0:
		return number(t.Megapixels) + "mp"
	}
	return ""
}
