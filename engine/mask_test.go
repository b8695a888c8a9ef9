package engine_test

import (
	"context"
	"image"
	"math/rand/v2"
	"testing"

	"classsr/arch/archtest"
	"classsr/engine"
	"classsr/tensor"
)

// randomMask has cells of 16x16 (or less at the edges), about a third of them chosen.
func randomMask(w, h int, seed uint64) engine.Mask {
	const cell = 16
	r := rand.New(rand.NewPCG(seed, 0))
	m := engine.Mask{}
	for y := 0; y < h; y += cell {
		b := engine.Band{Top: y, Bottom: min(y+cell, h)}
		for x := 0; x < w; x += cell {
			if r.IntN(3) > 0 {
				continue
			}
			s := engine.Span{Left: x, Right: min(x+cell, w)}
			if n := len(b.Spans); n > 0 && b.Spans[n-1].Right == x {
				b.Spans[n-1].Right = s.Right
				continue
			}
			b.Spans = append(b.Spans, s)
		}
		m = append(m, b)
	}
	return m
}

// runMasked runs a whole picture with a mask; what is not computed is -1.
func runMasked(t *testing.T, p *engine.Plan, a *engine.Arena, x *tensor.Tensor, core image.Rectangle, m engine.Mask) *tensor.Tensor {
	t.Helper()
	z := p.Scale()
	got := tensor.New(tensor.Shape{N: 1, C: 3, H: core.Dy() * z, W: core.Dx() * z})
	for i := range got.Data {
		got.Data[i] = -1
	}
	piece := engine.Piece{Window: image.Pt(x.W, x.H), Core: core, Mask: m}
	err := p.Run(context.Background(), a, piece, from(x), func(rows engine.Rows) {
		for _, part := range parts(m, core, z, rows.Rectangle) {
			for c := range rows.Channels {
				for y := part.Min.Y; y < part.Max.Y; y++ {
					copy(got.Plane(0, c)[y*got.W+part.Min.X:][:part.Dx()], rows.Row(c, y)[part.Min.X:])
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// parts is what a mask has of rows of a core's result.
func parts(m engine.Mask, core image.Rectangle, scale int, r image.Rectangle) []image.Rectangle {
	var all []image.Rectangle
	for _, b := range m {
		for _, s := range b.Spans {
			part := image.Rect(s.Left, b.Top, s.Right, b.Bottom).Intersect(core).Sub(core.Min)
			part = image.Rectangle{Min: part.Min.Mul(scale), Max: part.Max.Mul(scale)}.Intersect(r)
			if !part.Empty() {
				all = append(all, part)
			}
		}
	}
	return all
}

// inside tells which pixels of the result a mask has.
func inside(m engine.Mask, y, x int) bool {
	for _, b := range m {
		if y < b.Top || y >= b.Bottom {
			continue
		}
		for _, s := range b.Spans {
			if x >= s.Left && x < s.Right {
				return true
			}
		}
	}
	return false
}

func TestMaskedPartsAreThoseOfTheWhole(t *testing.T) {
	for name, spec := range networks(t) {
		if !spec.Enlarges() || spec.Pools() {
			continue
		}
		params := archtest.RandomParams(spec.Build(), 3)
		p := engine.Compile(spec.Build(), params)
		height, width := 119, 133
		if p.Fold() > 1 {
			height, width = 120, 132
		}
		x := randomPicture(height, width, 4)
		z := p.Scale()
		all := image.Rect(0, 0, x.W, x.H)
		want := run(t, p, &engine.Arena{}, x, 3, all)
		limit := 2e-5 * deviation(want)
		a := &engine.Arena{}
		for seed := range uint64(3) { // an arena full of other numbers
			m := randomMask(x.W, x.H, seed)
			got := runMasked(t, p, a, x, all, m)
			for c := range 3 {
				for i, v := range got.Plane(0, c) {
					y, xx := i/got.W/z, i%got.W/z
					if !inside(m, y, xx) {
						if v != -1 {
							t.Fatalf("%s: pixel %d,%d is outside the mask and was written", name, xx, y)
						}
						continue
					}
					if d := float64(v - want.Plane(0, c)[i]); d > limit || d < -limit || d != d {
						t.Fatalf("%s: pixel %d,%d differs by %g, limit %g", name, xx, y, d, limit)
					}
				}
			}
		}
	}
}

// Bits must depend neither on what was in memory before nor on how the columns are cut.
func TestMaskedBitsDependOnTheMaskAlone(t *testing.T) {
	for name, spec := range networks(t) {
		if !spec.Enlarges() || spec.Pools() {
			continue
		}
		p := engine.Compile(spec.Build(), archtest.RandomParams(spec.Build(), 3))
		z := p.Scale()
		height, width, cut := 161, 101, 70
		if p.Fold() > 1 {
			height, width, cut = 160, 100, 72
		}
		x := randomPicture(height, width, 4)
		m := randomMask(x.W, x.H, 9)
		whole := image.Rect(0, 0, x.W, x.H)
		want := runMasked(t, p, &engine.Arena{}, x, whole, m)
		dirty := &engine.Arena{}
		runMasked(t, p, dirty, x, whole, randomMask(x.W, x.H, 10))
		got := tensor.New(want.Shape)
		for _, core := range []image.Rectangle{image.Rect(0, 0, cut, x.H), image.Rect(cut, 0, x.W, x.H)} {
			window := image.Rect(core.Min.X-p.Context(), 0, core.Max.X+p.Context(), x.H).Intersect(whole)
			window.Min.X -= window.Min.X % p.Alignment()
			part := runMasked(t, p, dirty, crop(x, window), core.Sub(window.Min), shifted(m, window))
			for c := range 3 {
				for y := range part.H {
					copy(got.Plane(0, c)[y*got.W+core.Min.X*z:], part.Plane(0, c)[y*part.W:][:part.W])
				}
			}
		}
		if d := largestDifference(got, want); d != 0 {
			t.Errorf("%s: two strips differ from one by %g", name, d)
		}
	}
}

// shifted is the mask as a window sees it.
func shifted(m engine.Mask, window image.Rectangle) engine.Mask {
	out := engine.Mask{}
	for _, b := range m {
		cut := engine.Band{Top: b.Top, Bottom: b.Bottom}
		for _, s := range b.Spans {
			cut.Spans = append(cut.Spans, engine.Span{Left: s.Left - window.Min.X, Right: s.Right - window.Min.X})
		}
		out = append(out, cut)
	}
	return out
}
