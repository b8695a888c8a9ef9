package infer

import (
	"image"
	"math"

	"classsr/fault"
	"classsr/picture"
)

// Brief is what was decided about a picture: with the rows that are read (Split.Seen), all that somebody needs who computes some rows of its
// enlargement. It can be sent as JSON.
type Brief struct {
	Picture picture.Config `json:"picture"` // the whole
	Model   string         `json:"model"`   // its name
	// Denoise is how strongly the model was chosen to remove noise, 0 to 1; nil if nothing was chosen.
	Denoise *float64 `json:"denoise,omitempty"`
	// Options that networks depend on, as an Upscaler has them that was made with these: nothing is left open but Router of models without a
	// calibration, and Mode where a Branch was asked for.
	Scale  int    `json:"scale"`
	Mode   Mode   `json:"mode,omitempty"`
	Branch int    `json:"branch,omitempty"`
	Border Border `json:"border"`
	Router string `json:"router,omitempty"`
	// Classes are those of the cores, row by row; none if nothing is routed. Of networks that pool, squares take the cores' place.
	Classes []byte `json:"classes,omitempty"`
	// FullBecause is as in a Report.
	FullBecause string `json:"full_because,omitempty"`
	// Filled says that pixels which are hardly seen have got colours that their surroundings let expect, in place of those of the file.
	Filled bool `json:"filled,omitempty"`
}

// Options are those with which an Upscaler of the model has the networks that the brief is about.
func (b Brief) Options() Options {
	return Options{Scale: b.Scale, Mode: b.Mode, Branch: b.Branch, Border: b.Border, Router: b.Router}
}

// brief is what an Upscaler says of a picture before anything is decided.
func (u *Upscaler) brief(c picture.Config) Brief {
	b := Brief{Picture: c, Model: u.name, Denoise: u.denoise, Scale: u.Scale(), Branch: u.options.Branch, Border: BorderZero}
	if b.Branch == 0 {
		b.Mode = u.mode
	}
	if u.options.mirrors() {
		b.Border = BorderReflect
	}
	if r, ok := u.method.(*routed); ok && r.table != nil {
		b.Router = r.table.Router
	}
	return b
}

// longestSide bounds the sides of pictures in briefs.
const longestSide = 1 << 24

// check returns an error if a brief is for other networks than the Upscaler's, or about something that cannot be a picture.
func (b Brief) check(u *Upscaler) error {
	c, own := b.Picture, u.brief(b.Picture)
	same := b.Scale == own.Scale && b.Mode == own.Mode && b.Branch == own.Branch && b.Border == own.Border && b.Router == own.Router
	switch {
	case b.Model != own.Model:
		return fault.New(fault.Usage, "rows that model %q is to compute are given to %q", b.Model, own.Model)
	case (b.Denoise == nil) != (own.Denoise == nil) || b.Denoise != nil && *b.Denoise != *own.Denoise:
		return fault.New(fault.Usage, "rows are given to %s with another choice of how strongly it removes noise", u.name)
	case !same:
		return fault.New(fault.Usage, "rows for scale %d, mode %q, branch %d, border %q, router %q are given to %s with scale %d, mode %q, branch %d, "+
			"border %q, router %q", b.Scale, b.Mode, b.Branch, b.Border, b.Router, u.name, own.Scale, own.Mode, own.Branch, own.Border, own.Router)
	case c.Width < 1 || c.Height < 1 || c.Width > longestSide || c.Height > longestSide:
		return fault.New(fault.Usage, "a picture of %dx%d", c.Width, c.Height)
	case c.Colors != 1 && c.Colors != 3 || c.Depth != 8 && c.Depth != 16 && c.Depth != 32:
		return fault.New(fault.Usage, "a picture of %d colours with %d bits", c.Colors, c.Depth)
	case b.Filled && !c.Alpha:
		return fault.New(fault.Usage, "hidden pixels of a picture without transparency")
	}
	const mostChannels, mostBytes = 4, 4
	if most := math.MaxInt / (mostChannels * mostBytes * b.Scale * b.Scale); c.Width > most/c.Height {
		return fault.New(fault.Usage, "the enlargement of a picture of %dx%d is larger than any memory", c.Width, c.Height)
	}
	return nil
}

// read checks a brief, and gives the method that divides its picture and what was chosen for it.
func (b Brief) read(u *Upscaler) (divisible, *choice, error) {
	if err := b.check(u); err != nil {
		return nil, nil, err
	}
	d, err := u.divided(b.Picture)
	if err != nil {
		return nil, nil, fault.As(fault.Usage, err)
	}
	c, err := d.chosen(image.Pt(b.Picture.Width, b.Picture.Height), b.Classes, b.FullBecause)
	return d, c, err
}
