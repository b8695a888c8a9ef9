package view

import (
	"testing"

	"pgregory.net/rapid"

	"classsr/picture"
)

// Samples of 8 bits, which are added up in another way, give the view that the same ones of 16 bits give.
func TestBytesAreReducedAsOtherSamplesAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := picture.Config{
			Width: rapid.IntRange(1, 4000).Draw(t, "width"), Height: rapid.IntRange(1, 30).Draw(t, "height"),
			Colors: rapid.SampledFrom([]int{1, 3}).Draw(t, "colours"), Depth: 8,
		}
		bytes := c.New()
		c.Depth = 16
		words := c.New()
		seed := rapid.Uint32().Draw(t, "seed")
		for i := range bytes.Pix8 {
			seed = seed*1664525 + 1013904223
			bytes.Pix8[i] = uint8(seed >> 24)
			words.Pix16[i] = uint16(bytes.Pix8[i]) * 257
		}
		a, b := Reduce(bytes.Config(), nil), Reduce(words.Config(), nil)
		a.Take(bytes)
		b.Take(words)
		for i := range a.image.Pix {
			if d := int(a.image.Pix[i]) - int(b.image.Pix[i]); d < -1 || d > 1 {
				t.Fatalf("byte %d is %d, of 16 bits %d", i, a.image.Pix[i], b.image.Pix[i])
			}
		}
	})
}
