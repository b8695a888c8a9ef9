package picture

import (
	"image"
	"math"
	"slices"
	"testing"
)

// Colours in floating point keep what lies beyond black and white; alpha does not, and nothing is left that is no number.
func TestFloatSamples(t *testing.T) {
	p := New(4, 2, 1, true, 32)
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	colours := []float32{-3, 0.1, 7.5, nan, inf, -inf, 1, 0}
	alphas := []float32{-1, 0.25, 2, nan, inf, -inf, 1, 0}
	p.WritePlanes([][]float32{colours, alphas}, p.Bounds())
	p.Check()
	read := make([]float32, 8)
	p.ReadPlane(read, 0, p.Bounds())
	if want := []float32{-3, 0.1, 7.5, 0, math.MaxFloat32, -math.MaxFloat32, 1, 0}; !slices.Equal(read, want) {
		t.Errorf("colours %v, want %v", read, want)
	}
	p.ReadPlane(read, 1, p.Bounds())
	if want := []float32{0, 0.25, 1, 0, 1, 0, 1, 0}; !slices.Equal(read, want) {
		t.Errorf("alpha %v, want %v", read, want)
	}
	if c := p.Crop(image.Rect(1, 1, 3, 2)); !slices.Equal(c.Pix32, []float32{-math.MaxFloat32, 0, 1, 1}) {
		t.Errorf("cropped to %v", c.Pix32)
	}
	if b := p.Band(1, 2); !slices.Equal(b.Pix32, p.Pix32[8:]) || p.Config().Bytes() != 64 {
		t.Errorf("a band of %v, %d bytes", b.Pix32, p.Config().Bytes())
	}
	if to8 := p.To8Bit(); !slices.Equal(to8.Pix8, []uint8{0, 0, 26, 64, 255, 255, 0, 0, 255, 255, 0, 0, 255, 255, 0, 0}) {
		t.Errorf("8 bits: %v", to8.Pix8)
	}
	if same := p.To(32); same != p {
		t.Error("a picture is copied to its own depth")
	}
}

func TestFlattenedFloats(t *testing.T) {
	p := New(3, 1, 1, true, 32)
	copy(p.Pix32, []float32{3, 1, 7, 0, 0.5, 0.5})
	band, err := Flattened(p.Rows(1), [3]uint8{255, 255, 255}).NextRows()
	if err != nil || !slices.Equal(band.Pix32, []float32{3, 1, 0.75}) || band.Config() != (Config{Width: 3, Height: 1, Colors: 1, Depth: 32}) {
		t.Errorf("%v, %v", band, err)
	}
	band.Check()
}
