package resample

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"classsr/picture"
)

// plain resizes a picture as the definition says, in float64, sample by sample, and gives the planes of the result in 0..1.
func plain(p *picture.Picture, width, height int, o Resizing) [][]float64 {
	channels, linear := p.Channels(), o.Linear && p.Depth != 32
	value := func(x, y, c int) float64 {
		at := (y*p.Width+x)*channels + c
		switch p.Depth {
		case 8:
			return float64(p.Pix8[at]) / 255
		case 32:
			return float64(p.Pix32[at])
		}
		return float64(p.Pix16[at]) / 65535
	}
	pixel := func(x, y int) []float64 {
		v := make([]float64, channels)
		for c := range v {
			v[c] = value(x, y, c)
			if linear && c < p.Colors {
				v[c] = lightOf(v[c])
			}
		}
		for c := range v[:p.Colors] {
			if p.Alpha {
				v[c] *= v[p.Colors]
			}
		}
		return v
	}
	weights := func(i, src, dst int) map[int]float64 {
		kernel := keys
		if dst < src && !o.Bicubic {
			kernel = lanczos3
		}
		ratio := float64(src) / float64(dst)
		stretch := math.Max(ratio, 1)
		centre := (float64(i)+0.5)*ratio - 0.5
		all, sum := map[int]float64{}, 0.0
		for s := int(centre - kernel.radius*stretch - 2); s <= int(centre+kernel.radius*stretch+2); s++ {
			w := kernel.at((float64(s) - centre) / stretch)
			inside := s
			for inside < 0 || inside >= src {
				if inside < 0 {
					inside = -1 - inside
				} else {
					inside = 2*src - 1 - inside
				}
			}
			all[inside] += w
			sum += w
		}
		for s := range all {
			all[s] /= sum
		}
		return all
	}
	out := make([][]float64, channels)
	for y := range height {
		wy := weights(y, p.Height, height)
		for x := range width {
			sum := make([]float64, channels)
			for sx, a := range weights(x, p.Width, width) {
				for sy, b := range wy {
					for c, v := range pixel(sx, sy) {
						sum[c] += a * b * v
					}
				}
			}
			for c := range sum {
				if p.Alpha && c < p.Colors {
					if sum[p.Colors] < faintest {
						sum[c] = 0
					} else {
						sum[c] /= sum[p.Colors]
					}
				}
				if linear && c < p.Colors {
					sum[c] = storedOf(min(max(sum[c], 0), 1))
				}
				if p.Depth != 32 || c == p.Colors { // floating point goes beyond black and white
					sum[c] = min(max(sum[c], 0), 1)
				}
				out[c] = append(out[c], sum[c])
			}
		}
	}
	return out
}

// resized gathers the rows of a Resizer.
func resized(t testing.TB, src picture.RowSource, width, height int, o Resizing) *picture.Picture {
	t.Helper()
	r, err := Resize(context.Background(), src, width, height, o)
	if err != nil {
		t.Fatal(err)
	}
	out, y := r.Config().New(), 0
	for {
		band, err := r.NextRows()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		to := out.Band(y, y+band.Height)
		copy(to.Pix8, band.Pix8)
		copy(to.Pix16, band.Pix16)
		copy(to.Pix32, band.Pix32)
		y += band.Height
	}
	if y != height {
		t.Fatalf("%d rows, want %d", y, height)
	}
	return out
}

// drawPicture draws a picture with many extreme samples.
func drawPicture(t *rapid.T) *picture.Picture {
	side := rapid.OneOf(rapid.IntRange(1, 4), rapid.IntRange(1, 40))
	p := picture.New(side.Draw(t, "width"), side.Draw(t, "height"), rapid.SampledFrom([]int{1, 3}).Draw(t, "colours"),
		rapid.Bool().Draw(t, "alpha"), rapid.SampledFrom([]int{8, 16, 32}).Draw(t, "depth"))
	state := rapid.Uint32().Draw(t, "seed")
	next := func() uint32 {
		state = state*1664525 + 1013904223
		if state>>30 == 0 {
			return 0
		}
		return state >> 16
	}
	for i := range p.Pix8 {
		p.Pix8[i] = uint8(next() >> 8)
	}
	for i := range p.Pix16 {
		p.Pix16[i] = uint16(next())
	}
	for i := range p.Pix32 {
		p.Pix32[i] = float32(next()) / 65535
		if !p.Alpha {
			p.Pix32[i] = 3*p.Pix32[i] - 1
		}
	}
	return p
}

func TestResizerFollowsTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPicture(t)
		width, height := rapid.IntRange(1, 30).Draw(t, "to width"), rapid.IntRange(1, 30).Draw(t, "to height")
		o := Resizing{Linear: rapid.Bool().Draw(t, "linear"), Bicubic: rapid.Bool().Draw(t, "bicubic")}
		r, err := Resize(context.Background(), p.Rows(rapid.IntRange(1, 9).Draw(t, "band")), width, height, o)
		if err != nil {
			t.Fatal(err)
		}
		want := plain(p, width, height, o)
		plane, y := make([]float32, width*height), 0
		for {
			band, err := r.NextRows()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			alpha := make([]float64, 0)
			if p.Alpha {
				alpha = want[p.Colors][y*width:]
			}
			for c := range band.Channels() {
				band.ReadPlane(plane, c, band.Bounds())
				for i, got := range plane[:width*band.Height] {
					off := 0.501/float64(uint64(1)<<p.Depth-1) + 4e-6
					if p.Alpha && c < p.Colors {
						if alpha[i] < 1e-3 {
							continue // divided by next to nothing
						}
						off += 2e-6 / alpha[i]
					}
					if d := math.Abs(float64(got) - want[c][y*width+i]); !(d <= off) {
						t.Fatalf("sample %d of pixel %d is %v, want %v", c, y*width+i, got, want[c][y*width+i])
					}
				}
			}
			y += band.Height
		}
		if y != height {
			t.Fatalf("%d rows of %d", y, height)
		}
	})
}

func TestThreadsAndBandsChangeNoBit(t *testing.T) {
	p := picture.New(1300, 97, 3, true, 8)
	copy(p.Pix8, noise(len(p.Pix8)))
	for _, size := range [][2]int{{511, 40}, {1300, 13}, {90, 97}, {2000, 150}, {1, 1}} {
		want := resized(t, p.Rows(p.Height), size[0], size[1], Resizing{Threads: 1})
		for _, height := range []int{1, 7, 64} {
			for _, threads := range []int{1, 2, 5} {
				got := resized(t, p.Rows(height), size[0], size[1], Resizing{Threads: threads})
				if !bytes.Equal(got.Pix8, want.Pix8) {
					t.Errorf("%dx%d: bands of %d and %d threads give other bits", size[0], size[1], height, threads)
				}
			}
		}
	}
}

// A flat picture stays flat, and the whole range of samples stays where it is, whatever is mixed.
func TestFlatStaysFlat(t *testing.T) {
	for _, linear := range []bool{false, true} {
		for v := range 256 {
			p := picture.New(9, 7, 1, false, 8)
			for i := range p.Pix8 {
				p.Pix8[i] = uint8(v)
			}
			for _, got := range resized(t, p.Rows(7), 5, 3, Resizing{Linear: linear}).Pix8 {
				if int(got) != v {
					t.Fatalf("linear %v: %d becomes %d", linear, v, got)
				}
			}
		}
		for v := 0; v < 65536; v += 7 {
			p := picture.New(9, 7, 1, false, 16)
			for i := range p.Pix16 {
				p.Pix16[i] = uint16(v)
			}
			for _, got := range resized(t, p.Rows(7), 5, 3, Resizing{Linear: linear}).Pix16 {
				if int(got) != v {
					t.Fatalf("linear %v: %d of 16 bits becomes %d", linear, v, got)
				}
			}
		}
	}
}

// Half black and half white is gray of half the light in linear light, and of half the stored value without.
func TestLinearMixesLight(t *testing.T) {
	p := picture.New(64, 64, 1, false, 8)
	for i := range p.Pix8 {
		p.Pix8[i] = uint8(255 * ((i + i/64) % 2))
	}
	for linear, want := range map[bool]uint8{false: 128, true: 188} {
		got := resized(t, p.Rows(64), 8, 8, Resizing{Linear: linear})
		if v := got.Pix8[4*8+4]; v != want {
			t.Errorf("linear %v: the middle is %d, want %d", linear, v, want)
		}
	}
}

// The hidden colour of transparent pixels shows nowhere.
func TestHiddenColoursDoNotBleed(t *testing.T) {
	var results [][]uint8
	for _, hidden := range []uint8{0, 255, 77} {
		p := picture.New(40, 40, 3, true, 8)
		for i := 0; i < len(p.Pix8); i += 4 {
			x, y := i/4%40-20, i/160-20
			if x*x+y*y < 200 {
				copy(p.Pix8[i:], []uint8{255, 48, 48, 255})
			} else {
				copy(p.Pix8[i:], []uint8{hidden, hidden, hidden, 0})
			}
		}
		for _, linear := range []bool{false, true} {
			out := resized(t, p.Rows(40), 17, 13, Resizing{Linear: linear})
			for i := 0; i < len(out.Pix8); i += 4 {
				if c := out.Pix8[i:][:4]; c[3] > 0 && !slices.Equal(c[:3], []uint8{255, 48, 48}) {
					t.Fatalf("hidden %d: a pixel is %v", hidden, c)
				}
			}
			if !linear {
				results = append(results, out.Pix8)
			}
		}
	}
	if !bytes.Equal(results[0], results[1]) || !bytes.Equal(results[0], results[2]) {
		t.Error("hidden colours change the result")
	}
}

func TestResizerRefusesBadSizes(t *testing.T) {
	p := picture.New(3, 3, 1, false, 8)
	for _, size := range [][2]int{{0, 3}, {3, 0}, {-1, 3}, {MaxSide + 1, 1}} {
		if _, err := Resize(context.Background(), p.Rows(1), size[0], size[1], Resizing{}); err == nil {
			t.Errorf("%v is no error", size)
		}
	}
}

// short is a source that ends too early, or with an error.
type short struct {
	picture.RowSource
	left int
	err  error
}

func (s *short) NextRows() (*picture.Picture, error) {
	if s.left--; s.left < 0 {
		return nil, s.err
	}
	return s.RowSource.NextRows()
}

func TestErrorsOfTheSourceAndTheContext(t *testing.T) {
	p := picture.New(30, 30, 3, false, 8)
	broken := errors.New("broken")
	for _, test := range []struct{ end, want error }{{io.EOF, io.ErrUnexpectedEOF}, {broken, broken}} {
		r, err := Resize(context.Background(), &short{p.Rows(3), 4, test.end}, 10, 10, Resizing{})
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, err = r.NextRows()
		}
		if _, again := r.NextRows(); !errors.Is(err, test.want) || !errors.Is(again, test.want) {
			t.Errorf("the error is %v, then %v; want %v", err, again, test.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r, err := Resize(ctx, p.Rows(3), 10, 10, Resizing{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.NextRows(); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

// ResizerBytes bounds what a Resizer allocates.
func TestResizerBytesIsABound(t *testing.T) {
	for _, test := range []struct{ srcW, srcH, w, h, threads int }{
		{4000, 300, 2500, 187, 2}, {4000, 4000, 250, 250, 1}, {50, 20000, 20, 8000, 4}, {20000, 50, 19999, 49, 2}, {10000, 10, 1, 1, 2}, {1, 1, 1, 1, 1},
		{10, 10, 40, 40, 1},
	} {
		c := picture.Config{Width: test.srcW, Height: test.srcH, Colors: 3, Depth: 8}
		bound := ResizerBytes(c, test.w, test.h, test.threads)
		r, err := Resize(context.Background(), c.New().Rows(64), test.w, test.h, Resizing{Threads: test.threads})
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, err = r.NextRows()
		}
		held := int64(4*len(r.ring.sums) + len(r.out.Pix8) + 4*(len(r.x.weight)+len(r.y.weight)) + 24*(test.w+test.h))
		for i := range r.loaded {
			held += int64(4 * (len(r.loaded[i]) + len(r.stored[i])))
		}
		if held > bound || bound > 3*held+1<<20 {
			t.Errorf("%+v: it holds %d bytes, the bound is %d", test, held, bound)
		}
	}
}

func BenchmarkResizer(b *testing.B) {
	for _, bench := range []struct {
		name   string
		w, h   int
		alpha  bool
		linear bool
		depth  int
	}{
		{"4000to2500", 2500, 1875, false, false, 8}, {"4000to3900", 3900, 2925, false, false, 8}, {"4000to1000", 1000, 750, false, false, 8},
		{"4000to2500alpha", 2500, 1875, true, false, 8}, {"4000to2500linear", 2500, 1875, false, true, 8}, {"4000to2500of16", 2500, 1875, false, false, 16},
	} {
		b.Run(bench.name, func(b *testing.B) {
			p := picture.New(4000, 3000, 3, bench.alpha, bench.depth)
			copy(p.Pix8, noise(len(p.Pix8)))
			b.ReportAllocs()
			for b.Loop() {
				resized(b, p.Rows(256), bench.w, bench.h, Resizing{Threads: 1, Linear: bench.linear})
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/12, "ms/Mpx")
		})
	}
}
