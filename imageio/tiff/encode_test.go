package tiff

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"

	"golang.org/x/image/tiff"

	"classsr/fault"
	"classsr/imageio/codec"
	"classsr/imageio/strips"
	"classsr/picture"
)

// file is a file in memory.
type file struct{ bytes.Buffer }

func (f *file) WriteAt(p []byte, at int64) (int, error) { return copy(f.Bytes()[at:], p), nil }

// written gives p as a TIFF, whose rows come in bands of so many.
func written(t testing.TB, p *picture.Picture, band int, o Options) []byte {
	t.Helper()
	var f file
	sink, err := NewEncoder(&f, p.Config(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := picture.Copy(sink, p.Rows(band)); err != nil {
		t.Fatal(err)
	}
	return f.Bytes()
}

// patterned is a picture whose samples all differ from their neighbours'.
func patterned(c picture.Config) *picture.Picture {
	p := c.New()
	for i := range c.Width * c.Height * c.Channels() {
		v := uint32(i)*2654435761 + 12345
		switch c.Depth {
		case 8:
			p.Pix8[i] = uint8(v >> 16)
		case 16:
			p.Pix16[i] = uint16(v >> 12)
		default:
			p.Pix32[i] = float32(v>>8)/(1<<24)*3 - 1
			if c.Alpha && i%c.Channels() == c.Colors {
				p.Pix32[i] = float32(v>>8) / (1 << 24)
			}
		}
	}
	return p
}

func same(a, b *picture.Picture) bool {
	return a.Config() == b.Config() && bytes.Equal(a.Pix8, b.Pix8) && slices.Equal(a.Pix16, b.Pix16) && slices.Equal(a.Pix32, b.Pix32)
}

// TestWrittenIsRead writes pictures of all forms and reads them, here and with golang.org/x/image/tiff.
func TestWrittenIsRead(t *testing.T) {
	unit := codec.Options{Range: &codec.Range{Low: 0, High: 1}}
	for _, size := range [][2]int{{1, 1}, {37, 29}, {300, 420}} {
		for _, depth := range []int{8, 16, 32} {
			for _, colors := range []int{1, 3} {
				for _, alpha := range []bool{false, true} {
					c := picture.Config{Width: size[0], Height: size[1], Colors: colors, Alpha: alpha, Depth: depth}
					p := patterned(c)
					data := written(t, p, 7, Options{})
					got, _, err := decoded(data, unit)
					if err != nil || !same(got, p) {
						t.Errorf("%+v: read as another picture, %v", c, err)
					}
					if again := written(t, p, 1000, Options{Options: strips.Options{Threads: 1}}); !bytes.Equal(again, data) {
						t.Errorf("%+v: one thread and other bands write other bytes", c)
					}
					if got, _, err := decoded(written(t, p, 100, Options{Big: true}), unit); err != nil || !same(got, p) {
						t.Errorf("%+v: read as another picture from a BigTIFF, %v", c, err)
					}
					if depth == 32 || colors == 1 && alpha {
						continue
					}
					img, err := tiff.Decode(bytes.NewReader(data))
					if err != nil {
						t.Fatalf("%+v: %v", c, err)
					}
					if _, largest := difference(p, img); largest > 1 {
						t.Errorf("%+v: golang.org/x/image/tiff reads samples off by %d", c, largest)
					}
				}
			}
		}
	}
}

// TestTiles writes pictures that are large enough for them.
func TestTiles(t *testing.T) {
	for _, c := range []picture.Config{
		{Width: 4200, Height: 4001, Colors: 1, Depth: 8}, {Width: 70000, Height: 257, Colors: 1, Depth: 8},
	} {
		p := patterned(c)
		data := written(t, p, 64, Options{})
		got, f, err := decoded(data, codec.Options{Range: &codec.Range{Low: 0, High: 1}})
		if err != nil || !same(got, p) {
			t.Errorf("%+v: read as another picture, %v", c, err)
		}
		if f != nil && f.Pages != 1 {
			t.Errorf("%+v: %d pages", c, f.Pages)
		}
		if g := gridOf(c); !g.tiles || g.height*c.Width*pixelBytes(c) > tilesBytes {
			t.Errorf("%+v: %+v", c, g)
		}
		if again := written(t, p, 4200, Options{Options: strips.Options{Threads: 1}}); !bytes.Equal(again, data) {
			t.Errorf("%+v: one thread and other bands write other bytes", c)
		}
	}
}

// Samples of all types come back as they were, if the picture is not changed.
func TestTypesStay(t *testing.T) {
	for name, test := range map[string]struct {
		numbers numbers
		bits    int
		values  []float64
	}{
		"int8":    {signed, 8, []float64{-128, -1, 0, 5, 127}},
		"int16":   {signed, 16, []float64{-500, -1, 0, 2500, 31}},
		"int32":   {signed, 32, []float64{-50000, 70000, 0, 1, 2}},
		"uint32":  {unsigned, 32, []float64{0, 1000000, 3, 77777, 4}},
		"int64":   {signed, 64, []float64{-5000, 70000, 0, 1, 2}},
		"uint64":  {unsigned, 64, []float64{5, 70000, 0, 1, 2}},
		"float16": {floating, 16, []float64{-2.5, 0, 65504, 0.125, math.Ldexp(3, -24)}},
		"float32": {floating, 32, []float64{-2.5, 0, 1e6, 0.125, 3}},
		"float64": {floating, 64, []float64{-2.5, 0, 1e6, 0.125, 3}},
	} {
		s := samplesOut{numbers: test.numbers, size: test.bits / 8}
		pixels := make([]byte, len(test.values)*s.size)
		for i, v := range test.values {
			s.put(pixels[i*s.size:], v)
		}
		file := build(len(test.values), 1, pixels, []entry{{tagBitsPerSample, []uint16{uint16(test.bits)}}, {tagSampleFormat, []uint16{uint16(test.numbers)}}})
		p, f, err := decoded(file, codec.Options{})
		if err != nil || f.Values.Type != name {
			t.Errorf("%s: %+v, %v", name, f, err)
			continue
		}
		data := written(t, p, 1, Options{Values: f.Values})
		g, err := opened(data, codec.Options{})
		if err != nil || g.Values.Type != name {
			t.Errorf("%s: %+v, %v", name, g, err)
			continue
		}
		again, _, err := decoded(data, codec.Options{Range: &codec.Range{Low: 0, High: 1}})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range test.values {
			if tolerance := 1e-6 * (f.Values.High - f.Values.Low); math.Abs(float64(again.Pix32[i])-v) > tolerance {
				t.Errorf("%s: %v became %v", name, v, again.Pix32[i])
			}
		}
	}
}

// Pixels without a value stay so, and no others become it.
func TestNoDataStays(t *testing.T) {
	for name, test := range map[string]struct {
		file []byte
		want []float64
	}{
		"float32": {build(4, 1, floats32(-9999, 2, 6, -9999), append([]entry{{tagNoData, "-9999\x00"}}, float32s...)), []float64{-9999, 2, 6, -9999}},
		"uint8":   {build(4, 1, []byte{0, 2, 6, 255}, []entry{{tagNoData, "0"}}), []float64{0, 2, 6, 255}},
	} {
		p, f, err := decoded(test.file, codec.Options{})
		if err != nil || !p.Alpha {
			t.Fatalf("%s: %v, %v", name, p, err)
		}
		if p.Depth == 8 {
			p.Pix8[2] = 0 // an opaque pixel that happens to get the value
			test.want[1] = 1
		}
		data := written(t, p, 1, Options{Values: f.Values})
		again, g, err := decoded(data, codec.Options{})
		if err != nil || again.Channels() != 2 || g.Values.NoDataText != f.Values.NoDataText {
			t.Fatalf("%s: %+v, %v", name, g, err)
		}
		for i, v := range test.want {
			var got float64
			var alpha bool
			if p.Depth == 8 {
				got, alpha = float64(again.Pix8[2*i]), again.Pix8[2*i+1] == 255
			} else {
				got, alpha = g.Values.Low+float64(again.Pix32[2*i])*(g.Values.High-g.Values.Low), again.Pix32[2*i+1] == 1
			}
			if none := v == *f.Values.NoData; alpha == none || !none && got != v {
				t.Errorf("%s: pixel %d is %v, opaque %v, want %v", name, i, got, alpha, v)
			}
		}
	}
}

// A file that says which value stands for none, but has none such pixels, goes on saying so.
func TestNoDataWithoutHoles(t *testing.T) {
	_, f, err := decoded(build(2, 1, floats32(2, 6), append([]entry{{tagNoData, "5"}}, float32s...)), codec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := picture.New(2, 1, 1, false, 32)
	copy(p.Pix32, []float32{0, 0.75})
	q, g, err := decoded(written(t, p, 1, Options{Values: f.Values}), codec.Options{Range: &codec.Range{Low: 0, High: 1}})
	if err != nil || q.Alpha || g.Values.NoDataText != "5" || q.Pix32[0] != 2 || math.Abs(float64(q.Pix32[1])-5) > 1e-5 {
		t.Errorf("%v, %+v, %v", q, g.Values, err)
	}
}

func TestPipesAreRefused(t *testing.T) {
	_, err := NewEncoder(&bytes.Buffer{}, picture.Config{Width: 1, Height: 1, Colors: 1, Depth: 8}, Options{})
	if fault.KindOf(err) != fault.Unsupported {
		t.Error(err)
	}
}

func TestHalves(t *testing.T) {
	for bits := range 1 << 15 {
		v := small(uint32(bits), 5, 10)
		if math.IsNaN(v) {
			continue
		}
		if got := halfOf(v); got != uint16(bits) {
			t.Fatalf("%v is %#x, written as %#x", v, bits, got)
		}
		if got := halfOf(-v); got != uint16(bits)|0x8000 {
			t.Fatalf("%v is written %#x", -v, got)
		}
		if next := small(uint32(bits)+1, 5, 10); !math.IsInf(next, 0) && !math.IsNaN(next) && bits > 0 {
			if got := halfOf(v + (next-v)*0.49); got != uint16(bits) {
				t.Fatalf("what is nearest to %v is written %#x", v, got)
			}
		}
	}
	if fmt.Sprintf("%x %x %x", halfOf(1e9), halfOf(math.NaN()), halfOf(math.Inf(-1))) != "7bff 7e00 fc00" {
		t.Error("numbers beyond are wrong")
	}
}
