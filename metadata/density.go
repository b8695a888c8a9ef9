package metadata

import "math"

// Density is how many pixels lie in a length on paper, along a row and along a column. The zero value says nothing.
type Density struct {
	X, Y float64
	Unit Unit
}

// Unit is the length that a Density is for.
type Unit uint8

// The units.
const (
	Unknown    Unit = iota // X and Y only tell the shape of pixels
	Inch                   // 25.4 mm
	Centimetre             // 10 mm
)

// unknownDPI is the density that EXIF and JFIF write where none is known.
const unknownDPI = 72

// Says reports whether d says anything: a size on paper, or that pixels are not square.
func (d Density) Says() bool {
	if !(d.X > 0 && d.Y > 0) || math.IsInf(d.X, 0) || math.IsInf(d.Y, 0) {
		return false
	}
	return d.X != d.Y || d.Unit != Unknown && !d.nominal()
}

// nominal reports whether d is the density that stands for an unknown one.
func (d Density) nominal() bool {
	per := d.PerInch()
	return d.X == d.Y && math.Abs(per.X-unknownDPI) < 0.5
}

// Times is the density of a picture with x times as many pixels in a row and y times as many in a column, on the same paper: a scan at
// 300 dots an inch, enlarged four times, is one at 1200. 72 dots an inch stay, since that is what programs write when they know of no paper.
func (d Density) Times(x, y float64) Density {
	if !d.Says() || d.nominal() {
		return d
	}
	d.X, d.Y = d.X*x, d.Y*y
	return d
}

// PerInch is d for inches, if its unit is known.
func (d Density) PerInch() Density {
	if d.Unit == Centimetre {
		d.X, d.Y, d.Unit = tidy(d.X*2.54), tidy(d.Y*2.54), Inch
	}
	return d
}

// PerMetre gives the pixels in a metre, if the unit is known.
func (d Density) PerMetre() (x, y float64) {
	if d.Unit == Inch {
		return d.X / 0.0254, d.Y / 0.0254
	}
	return d.X * 100, d.Y * 100
}

// FromMetre is the density of x and y pixels in a metre. 11811 of them are 300 in an inch, rounded, and become that again.
func FromMetre(x, y float64) Density {
	return Density{X: tidy(x * 0.0254), Y: tidy(y * 0.0254), Unit: Inch}
}

// tidy gives the whole number that v was before it was rounded to a whole number of pixels in a metre or a centimetre.
func tidy(v float64) float64 {
	const rounding = 0.5 * 0.0254
	if whole := math.Round(v); math.Abs(v-whole) <= rounding {
		return whole
	}
	return v
}
