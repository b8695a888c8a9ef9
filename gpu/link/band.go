package link

import (
	"fmt"
	"image"
	"slices"

	"classsr/engine"
	"classsr/route"
)

// Bands are computed together by the networks of a model, each step of a network for all of them before the next one.
type Bands struct {
	Model  int `json:"model"`
	Region int `json:"region"` // that inputs and results lie in
	// Bands are one or several, at most MostTogether. Several have one part each, without a mask, which computes all of the result.
	Bands []Band `json:"bands"`
}

// MostTogether is how many bands may be computed together.
const MostTogether = 64

// Band is a band of a picture's enlargement.
type Band struct {
	// Parts are what networks compute; each network has one at most.
	Parts []Part `json:"parts"`
	// Blend says how parts pass over into each other; nil if there is one part, which has all of the result.
	Blend *Blend `json:"blend,omitempty"`
	// Result is what is computed, in pixels of the enlarged picture.
	Result Rectangle `json:"result"`
	Format Format    `json:"format"`
	Offset int64     `json:"offset"` // of the result in the region, in bytes
}

// Part is what a network computes of a band: a core in a window, beyond which there are zeros to the network (engine.Piece).
type Part struct {
	Network int         `json:"network"` // of the model, from 0
	Window  [2]int      `json:"window"`  // its width and height
	Core    Rectangle   `json:"core"`    // in the window's pixels
	Mask    engine.Mask `json:"mask,omitempty"`
	// Reads is what is read of the window (program.Program.Reads): planes of it lie in the region one after the other, float32 in the range that
	// the network takes.
	Reads  Rectangle `json:"reads"`
	Offset int64     `json:"offset"` // of the planes in the region, in bytes
}

// Blend is a route.Blend.
type Blend struct {
	Xs      []int  `json:"xs"`
	Ys      []int  `json:"ys"`
	Classes []byte `json:"classes"` // networks, by core
	Scale   int    `json:"scale"`
	Width   int    `json:"width"`
}

// BlendOf makes one; nil stays nil.
func BlendOf(b *route.Blend) *Blend {
	if b == nil {
		return nil
	}
	out := &Blend{Xs: b.Xs, Ys: b.Ys, Scale: b.Scale, Width: b.Width, Classes: make([]byte, len(b.Classes))}
	for i, class := range b.Classes {
		out.Classes[i] = byte(class)
	}
	return out
}

// Route gives the route.Blend; nil stays nil.
func (b *Blend) Route() *route.Blend {
	if b == nil {
		return nil
	}
	out := &route.Blend{Grid: route.Grid{Xs: b.Xs, Ys: b.Ys}, Scale: b.Scale, Width: b.Width, Classes: make([]int, len(b.Classes))}
	for i, class := range b.Classes {
		out.Classes[i] = int(class)
	}
	return out
}

const (
	// longest bounds sides of windows and of results, so that no product of two sides and a few bytes overflows.
	longest = 1 << 26
	// mostNetworks bounds those of a model, and so the parts of a band.
	mostNetworks = 16
)

// Check returns an error of ErrRefused if the bands make no sense for so many networks of a scale, with so many channels of input each, and a region
// of so many bytes.
func (b *Bands) Check(networks, channels, scale int, region int64) error {
	n := len(b.Bands)
	if n < 1 || n > MostTogether {
		return refused("%d bands together", n)
	}
	for i := range b.Bands {
		one := &b.Bands[i]
		if err := one.Check(networks, channels, scale, region); err != nil {
			return err
		}
		if n > 1 && (one.Blend != nil || one.Parts[0].Mask != nil) {
			return refused("of %d bands together one is blended or masked", n)
		}
	}
	return nil
}

// Check returns an error of ErrRefused if the band makes no sense for so many networks of a scale, with so many channels of input each, and a region
// of so many bytes.
func (b *Band) Check(networks, channels, scale int, region int64) error {
	result, pixels := b.Result.Image(), b.Format.PixelBytes()
	switch {
	case len(b.Parts) < 1 || len(b.Parts) > min(networks, mostNetworks):
		return refused("%d parts, where there are %d networks", len(b.Parts), networks)
	case len(b.Parts) > 1 && b.Blend == nil:
		return refused("%d parts that are not blended", len(b.Parts))
	case pixels == 0:
		return refused("the format %q", b.Format)
	case !inside(result, longest):
		return refused("the result %v", result)
	case !fits(b.Offset, int64(result.Dx())*int64(result.Dy()), pixels, region):
		return refused("a result of %v at %d of a region of %d bytes", result.Size(), b.Offset, region)
	}
	if b.Blend != nil {
		if err := b.Blend.check(networks, scale, result); err != nil {
			return err
		}
	}
	seen := make([]bool, networks)
	for i := range b.Parts {
		p := &b.Parts[i]
		if p.Network < 0 || p.Network >= networks || seen[p.Network] {
			return refused("network %d of %d", p.Network, networks)
		}
		seen[p.Network] = true
		if err := p.check(channels, scale, result.Size(), region); err != nil {
			return err
		}
	}
	return nil
}

func (p *Part) check(channels, scale int, result image.Point, region int64) error {
	window := image.Rect(0, 0, p.Window[0], p.Window[1])
	core, reads := p.Core.Image(), p.Reads.Image()
	switch {
	case !inside(window, longest) || !inside(core, longest) || !core.In(window):
		return refused("the core %v in a window of %v", core, window.Max)
	case core.Size().Mul(scale) != result:
		return refused("a core of %v, %d times, for a result of %v", core.Size(), scale, result)
	case !inside(reads, longest) || !reads.In(window):
		return refused("what is read, %v, of a window of %v", reads, window.Max)
	case !fits(p.Offset, int64(reads.Dx())*int64(reads.Dy()), 4*int64(channels), region):
		return refused("%v pixels at %d of a region of %d bytes", reads.Size(), p.Offset, region)
	}
	last := 0
	for i, band := range p.Mask {
		if band.Top >= band.Bottom || i > 0 && band.Top < last {
			return refused("a mask whose bands overlap")
		}
		last = band.Bottom
		for k, s := range band.Spans {
			if s.Left >= s.Right || k > 0 && s.Left < band.Spans[k-1].Right {
				return refused("a mask whose spans overlap")
			}
		}
	}
	return nil
}

func (b *Blend) check(networks, scale int, result image.Rectangle) error {
	columns, rows := len(b.Xs)-1, len(b.Ys)-1
	switch {
	case columns < 1 || rows < 1 || !rises(b.Xs) || !rises(b.Ys):
		return refused("cores without a grid")
	case len(b.Classes) != columns*rows || b.Scale != scale || b.Width < 0 || b.Width%2 != 0:
		return refused("%d classes of %dx%d cores, scale %d, borders of %d", len(b.Classes), columns, rows, b.Scale, b.Width)
	case int(slices.Max(b.Classes)) >= networks:
		return refused("class %d of %d", slices.Max(b.Classes), networks)
	case !result.In(image.Rect(0, 0, b.Xs[columns]*scale, b.Ys[rows]*scale)):
		return refused("the result %v of a picture of %dx%d", result, b.Xs[columns], b.Ys[rows])
	}
	for _, edges := range [][]int{b.Xs, b.Ys} {
		for i := 1; i < len(edges); i++ {
			if len(edges) > 2 && edges[i]-edges[i-1] < 2*b.Width {
				return refused("cores of %d pixels with borders of %d", edges[i]-edges[i-1], b.Width)
			}
		}
	}
	return nil
}

// rises tells whether edges begin at 0 and rise.
func rises(edges []int) bool {
	for i := 1; i < len(edges); i++ {
		if edges[i] <= edges[i-1] {
			return false
		}
	}
	return edges[0] == 0 && edges[len(edges)-1] <= longest
}

// inside tells whether a rectangle has pixels, all between 0 and most.
func inside(r image.Rectangle, most int) bool {
	return r.Min.X >= 0 && r.Min.Y >= 0 && r.Min.X < r.Max.X && r.Min.Y < r.Max.Y && r.Max.X <= most && r.Max.Y <= most
}

// fits tells whether so many pixels of so many bytes lie in a region of size bytes from an offset on, which is a multiple of four.
func fits(offset, pixels, bytes, size int64) bool {
	return offset >= 0 && offset%4 == 0 && offset <= size && pixels <= (size-offset)/bytes
}

func refused(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrRefused}, args...)...)
}
