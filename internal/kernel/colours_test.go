package kernel

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func TestYCbCrOfEveryColour(t *testing.T) {
	if testing.Short() {
		t.Skip("16 million colours")
	}
	rgb, y, cb, cr := make([]byte, 3*256), make([]byte, 256), make([]byte, 256), make([]byte, 256)
	wantY, wantCb, wantCr := make([]byte, 256), make([]byte, 256), make([]byte, 256)
	for colour := range 1 << 16 {
		for b := range 256 {
			rgb[3*b], rgb[3*b+1], rgb[3*b+2] = byte(colour>>8), byte(colour), byte(b)
		}
		yCbCrGeneric(wantY, wantCb, wantCr, rgb)
		for _, set := range available {
			if yCbCr(set, y, cb, cr, rgb); !bytes.Equal(y, wantY) || !bytes.Equal(cb, wantCb) || !bytes.Equal(cr, wantCr) {
				t.Fatalf("%s: other colours for red and green %04x", set.name, colour)
			}
		}
		for b := 0; b < 256; b += 51 {
			red, green, blue := float64(colour>>8), float64(colour&255), float64(b)
			luminance := 0.299*red + 0.587*green + 0.114*blue
			for _, part := range []struct{ got, want float64 }{
				{float64(wantY[b]), luminance},
				{float64(wantCb[b]), min(255, 128+(blue-luminance)/1.772)},
				{float64(wantCr[b]), min(255, 128+(red-luminance)/1.402)},
			} {
				if math.Abs(part.got-part.want) > 0.51 {
					t.Fatalf("red and green %04x, blue %d: %v, want %v", colour, b, part.got, part.want)
				}
			}
		}
	}
}

func TestRowsOfColours(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 70).Draw(t, "pixels")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		rgb := make([]byte, 3*n)
		for i := range rgb {
			rgb[i] = byte(r.Uint32())
		}
		var want, got [3][]byte
		var safe [3]func() bool
		for i := range got {
			want[i] = make([]byte, n)
			got[i], safe[i] = guardedBytes(n)
		}
		yCbCrGeneric(want[0], want[1], want[2], rgb)
		set := anySet(t)
		yCbCr(set, got[0], got[1], got[2], rgb)
		for i := range got {
			if !bytes.Equal(got[i], want[i]) || !safe[i]() {
				t.Errorf("%s: plane %d is %v, want %v", set.name, i, got[i], want[i])
			}
		}
		half, halfSafe := guardedBytes(n / 2)
		wantHalf := make([]byte, n/2)
		halveGeneric(wantHalf, rgb[:n/2*2], rgb[n:])
		if halve(set, half, rgb[:n/2*2], rgb[n:]); !bytes.Equal(half, wantHalf) || !halfSafe() {
			t.Errorf("%s: halved to %v, want %v", set.name, half, wantHalf)
		}
	})
}

func BenchmarkColours(b *testing.B) {
	const n = 4096
	rgb, y, cb, cr, half := make([]byte, 3*n), make([]byte, n), make([]byte, n), make([]byte, n), make([]byte, n/2)
	for _, set := range available {
		b.Run(set.name, func(b *testing.B) {
			b.SetBytes(n)
			for b.Loop() {
				yCbCr(set, y, cb, cr, rgb)
				halve(set, half, cb, cr)
			}
		})
	}
}

func TestRowsOfPixels(t *testing.T) {
	full := ColourMatrix{0, 65536, 91881, -22554, -46802, 116130} // of JPEG
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 70).Draw(t, "pixels")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		var planes [3][]byte
		for i := range planes {
			planes[i] = make([]byte, n)
			for k := range planes[i] {
				planes[i][k] = byte(r.Uint32())
			}
		}
		m := full
		if rapid.Bool().Draw(t, "another matrix") {
			m = ColourMatrix{16, 76309, r.Int32N(150000), -r.Int32N(90000), -r.Int32N(90000), r.Int32N(150000)}
		}
		set := anySet(t)
		want := make([]byte, 3*n)
		got, safe := guardedBytes(3 * n)
		rgbGeneric(want, planes[0], planes[1], planes[2], &m)
		if toRGB(set, got, planes[0], planes[1], planes[2], &m); !bytes.Equal(got, want) || !safe() {
			t.Errorf("%s: %v, want %v", set.name, got, want)
		}
		wantWide := make([]byte, 2*n)
		wide, wideSafe := guardedBytes(2 * n)
		widenGeneric(wantWide, planes[0], planes[1], 0, n)
		if widen(set, wide, planes[0], planes[1]); !bytes.Equal(wide, wantWide) || !wideSafe() {
			t.Errorf("%s: widened to %v, want %v", set.name, wide, wantWide)
		}
	})
}
