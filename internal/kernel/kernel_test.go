package kernel

import (
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestForcedKernelsAreNeverReplaced(t *testing.T) {
	t.Setenv(Environment, "sse9")
	if name, err := Select(); err == nil || !strings.Contains(err.Error(), "generic") {
		t.Errorf("got %q and error %v, want an error that lists what there is", name, err)
	}
	for _, set := range available {
		t.Setenv(Environment, set.name)
		if got, err := Select(); err != nil || got != set.name {
			t.Errorf("forced %q, got %q and error %v", set.name, got, err)
		}
	}
	t.Setenv(Environment, "")
	if got, err := Select(); err != nil || got != available[0].name {
		t.Errorf("unforced, got %q and error %v; want the best, %q", got, err, available[0].name)
	}
}

// guard surrounds the memory of planes: a kernel that writes it, or lets it into a result, is caught.
const guard = -12345.5

// A ring of rows is read like the whole: rows of a tensor of which only the last ones are in memory.
func TestRowsInARing(t *testing.T) {
	b := Block{Data: []float32{60, 70, 40, 50}, C: 1, Plane: 4, Stride: 1, First: 2, Ring: 4, Height: 9, Zeros: make([]float32, 1)}
	for y, want := range map[int]float32{-1: 0, 4: 40, 5: 50, 6: 60, 7: 70, 9: 0} {
		if got := b.Row(0, y, 0, 1)[0]; got != want {
			t.Errorf("row %d is %g, want %g", y, got, want)
		}
	}
}

// guarded makes a block of random numbers with guards between and around its rows. check tells whether the guards are as they
// were.
func guarded(r *rand.Rand, planes, h, w int) (b Block, check func() bool) {
	stride, gap := w+3, 7
	size := gap + h*stride
	memory := make([]float32, planes*size+gap)
	inside := make([]bool, len(memory))
	for i := range memory {
		memory[i] = guard
	}
	for c := range planes {
		for y := range h {
			for x := range w {
				i := gap + c*size + y*stride + x
				memory[i], inside[i] = float32(r.NormFloat64()), true
			}
		}
	}
	b = Block{
		Data: memory[gap : gap+(planes-1)*size+(h-1)*stride+w], C: planes, Plane: size, Stride: stride,
		Ring: h, Height: h, Zeros: make([]float32, w),
	}
	return b, func() bool {
		for i, v := range memory {
			if !inside[i] && v != guard {
				return false
			}
		}
		return true
	}
}

// sideBySide makes blocks that have so many planes together.
func sideBySide(t *rapid.T, r *rand.Rand, planes, h, w int) (blocks []Block) {
	for planes > 0 {
		n := rapid.IntRange(1, planes).Draw(t, "planes of a block")
		b, _ := guarded(r, n, h, w)
		blocks = append(blocks, b)
		planes -= n
	}
	return blocks
}

func at(blocks []Block, c, y, x int) float64 {
	for _, b := range blocks {
		if c < b.C {
			return float64(b.Row(c, y, x, 1)[0])
		}
		c -= b.C
	}
	panic("no such plane")
}

// anySet draws a kernel set, so that every test of properties is one of all of them.
func anySet(t *rapid.T) *Set {
	i := rapid.IntRange(0, len(available)-1).Draw(t, "set")
	return available[i]
}

func near(got float32, want float64) bool {
	return math.Abs(float64(got)-want) <= 1e-4*(1+math.Abs(want))
}

func TestConvIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkConv(t, rapid.IntRange(1, 5).Draw(t, "size"), rapid.IntRange(1, 4).Draw(t, "stride"), 1)
	})
}

// 3x3 convolutions of enough planes, which are computed in tiles.
func TestWinogradConvIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkConv(t, 3, 1, minForWinograd) })
}

// checkConv checks a convolution with groups of at least least planes.
func checkConv(t *rapid.T, size, stride, least int) {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	groups := rapid.IntRange(1, 3).Draw(t, "groups")
	perIn, perOut := rapid.IntRange(least, 12).Draw(t, "in"), rapid.IntRange(least, 20).Draw(t, "out")
	in, out := perIn*groups, perOut*groups
	h, w := rapid.IntRange(1, 14).Draw(t, "h"), rapid.IntRange(1, 300).Draw(t, "w")
	slopes := rapid.SampledFrom([]int{0, 1, out}).Draw(t, "slopes")
	weight, bias, slope := random(r, out*perIn*size*size), random(r, out), random(r, slopes)
	if slopes == 0 {
		slope = nil
	}
	pad := rapid.IntRange(0, size-1).Draw(t, "pad")
	height := max((h-1)*stride+size-2*pad, 1) // rows above and below are zeros
	grid := Grid{rapid.IntRange(0, 5).Draw(t, "grid row"), rapid.IntRange(0, 3).Draw(t, "grid column")}
	set := anySet(t)
	shape := Shape{In: in, Out: out, Size: size, Stride: stride, Pad: pad, Groups: groups}
	shape.Exact, shape.Fleeting = rapid.Bool().Draw(t, "exact"), rapid.Bool().Draw(t, "fleeting")
	shape.Wide = rapid.Bool().Draw(t, "wide")
	conv := newConv(set, shape, weight, bias, slope)
	x0 := rapid.IntRange(0, 3).Draw(t, "x0")
	rect := image.Rect(x0, 0, x0+w, h)
	tiles := conv.Tiles(grid, rect)
	left := (rect.Min.X - tiles.Min.X) * stride // source columns before the first tap
	src := sideBySide(t, r, in, height, (tiles.Dx()-1)*stride+size)
	dst, dstSafe := guarded(r, out, h, w)
	var scale []float32
	if slopes == 0 && rapid.Bool().Draw(t, "scaled") {
		scale = random(r, out)
	}
	var add, addBefore *Block
	switch rapid.SampledFrom([]string{"nothing", "others", "the result itself"}).Draw(t, "add") {
	case "others":
		b, _ := guarded(r, out, h, w)
		add, addBefore = &b, &b
	case "the result itself":
		before := dst
		before.Data = slices.Clone(dst.Data)
		add, addBefore = &dst, &before
	}
	conv.Run(dst, rect, grid, src, After{scale, add}, &Scratch{})
	for o := range out {
		for y := range h {
			for x := range w {
				want := float64(bias[o])
				magnitude := math.Abs(want) // of what is added up, which rounding grows with
				for i := range perIn {
					for k := range size * size {
						term := float64(weight[(o*perIn+i)*size*size+k]) *
							at(src, o/perOut*perIn+i, y*stride-pad+k/size, left+x*stride+k%size)
						want += term
						magnitude += math.Abs(term)
					}
				}
				if scale != nil {
					want *= float64(scale[o])
					magnitude *= math.Abs(float64(scale[o]))
				}
				if addBefore != nil {
					other := at([]Block{*addBefore}, o, y, x)
					want += other
					magnitude += math.Abs(other)
				}
				if slope != nil && want < 0 {
					want *= float64(slope[o%slopes])
					magnitude *= math.Abs(float64(slope[o%slopes]))
				}
				rounding := 1e-5
				if shape.Wide {
					rounding = 4e-5 // the points of F(4,3) reach to 2
				}
				if got := dst.Row(o, y, x, 1)[0]; math.Abs(float64(got)-want) > rounding*magnitude {
					t.Fatalf("%s: plane %d at %d,%d: %g, want %g", set.name, o, y, x, got, want)
				}
			}
		}
	}
	if !dstSafe() {
		t.Fatal("memory around the result was written")
	}
}

func random(r *rand.Rand, n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(r.NormFloat64())
	}
	return s
}

func TestPixelShuffleIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		factor, planes := rapid.IntRange(1, 4).Draw(t, "factor"), rapid.IntRange(1, 3).Draw(t, "planes")
		y0, x0 := rapid.IntRange(0, 9).Draw(t, "y0"), rapid.IntRange(0, 9).Draw(t, "x0")
		h, w := rapid.IntRange(1, 5).Draw(t, "h"), rapid.IntRange(1, 70).Draw(t, "w")
		sx := x0 / factor
		src, _ := guarded(r, planes*factor*factor, (y0+h-1)/factor+1, (x0+w-1)/factor-sx+1)
		dst, dstSafe := guarded(r, planes, h, w)
		dst.First, dst.Height = y0, y0+h
		PixelShuffle(dst, y0, y0+h, x0, w, src, sx, factor)
		for c := range planes {
			for y := y0; y < y0+h; y++ {
				for x := range w {
					from := (c*factor+y%factor)*factor + (x0+x)%factor
					want := src.Row(from, y/factor, (x0+x)/factor-sx, 1)[0]
					if got := dst.Row(c, y, x, 1)[0]; got != want {
						t.Fatalf("plane %d at %d,%d: %g, want %g", c, y, x, got, want)
					}
				}
			}
		}
		if !dstSafe() {
			t.Fatal("memory around the result was written")
		}
	})
}

// A convolution that makes its planes pixels has the bits of one and a shuffle, in any part of the result.
func TestShuffledConvIsOneAndAShuffle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		factor, groups := rapid.IntRange(2, 4).Draw(t, "factor"), rapid.IntRange(1, 2).Draw(t, "groups")
		size := rapid.SampledFrom([]int{1, 3}).Draw(t, "size")
		s := Shape{
			In: groups * rapid.IntRange(1, 20).Draw(t, "in"), Out: groups * factor * factor * rapid.IntRange(1, 4).Draw(t, "out"),
			Size: size, Stride: 1, Pad: size / 2, Groups: groups, Wide: rapid.Bool().Draw(t, "wide"), Fleeting: rapid.Bool().Draw(t, "fleeting"),
		}
		if size == 3 {
			s.In = groups * rapid.IntRange(minForWinograd-2, 20).Draw(t, "many in")
		}
		grid := Grid{Row: rapid.IntRange(0, 5).Draw(t, "grid row"), Column: rapid.IntRange(0, 3).Draw(t, "grid column")}
		h, w := rapid.IntRange(1, 20).Draw(t, "h"), rapid.IntRange(1, 150).Draw(t, "w")
		x0, y0 := rapid.IntRange(0, 11).Draw(t, "x0"), rapid.IntRange(0, 30).Draw(t, "y0")
		part := image.Rect(x0, y0, x0+w, y0+h)

		set, weight := anySet(t), random(r, s.Out*s.In/groups*size*size)
		bias, slope := random(r, s.Out), random(r, rapid.SampledFrom([]int{1, s.Out}).Draw(t, "slopes"))
		plain := newConv(set, s, weight, bias, slope)
		s.Shuffle = factor
		shuffled := newConv(set, s, weight, bias, slope)
		sums := shuffled.sums(part)
		tiles := shuffled.Tiles(grid, part)
		read := plain.Tiles(grid, sums)
		if got, want := shuffled.sums(tiles), read; got != want {
			t.Fatalf("tiles of %v are made of %v, want %v", part, got, want)
		}
		read = image.Rect(read.Min.X-s.Pad, read.Min.Y-s.Pad, read.Max.X+s.Pad, read.Max.Y+s.Pad)
		src, _ := guarded(r, s.In, read.Dy(), read.Dx())
		src.First, src.Height = max(read.Min.Y, 0), read.Max.Y
		between, _ := guarded(r, s.Out, sums.Dy(), sums.Dx())
		between.First, between.Height = sums.Min.Y, sums.Max.Y
		want, _ := guarded(r, s.Out/factor/factor, h, w)
		got, safe := guarded(r, s.Out/factor/factor, h, w)
		for _, b := range []*Block{&want, &got} {
			b.First, b.Height = y0, y0+h
		}
		var scratch Scratch
		plain.Run(between, sums, grid, []Block{src}, After{}, &scratch)
		PixelShuffle(want, y0, y0+h, x0, w, between, sums.Min.X, factor)
		shuffled.Run(got, part, grid, []Block{src}, After{}, &scratch)
		for c := range got.C {
			for y := y0; y < y0+h; y++ {
				for x, v := range want.Row(c, y, 0, w) {
					if g := got.Row(c, y, x, 1)[0]; math.Float32bits(g) != math.Float32bits(v) {
						t.Fatalf("plane %d at %d,%d: %g, want %g", c, y, x, g, v)
					}
				}
			}
		}
		if !safe() {
			t.Fatal("memory around the result was written")
		}
	})
}

func BenchmarkConv(b *testing.B) {
	const size = 64
	r := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		name                    string
		in, out, kernel, groups int
		wide                    bool
	}{
		{"64to64", 64, 64, 3, 1, false}, {"64to64wide", 64, 64, 3, 1, true}, {"64to64groups4", 64, 64, 3, 4, false}, {"36to36groups4", 36, 36, 3, 4, false},
		{"12to12", 12, 12, 3, 1, false}, {"12to12wide", 12, 12, 3, 1, true}, {"48to48", 48, 48, 3, 1, false}, {"48to48wide", 48, 48, 3, 1, true},
		{"16to16", 16, 16, 3, 1, false}, {"16to16wide", 16, 16, 3, 1, true}, {"32to32", 32, 32, 3, 1, false}, {"32to32wide", 32, 32, 3, 1, true},

		{"64to3", 64, 3, 3, 1, false}, {"3to56by5", 3, 56, 5, 1, false}, {"56to12by1", 56, 12, 1, 1, false}, {"256to64by1", 256, 64, 1, 1, false},
	} {
		for _, set := range available {
			b.Run(c.name+"/"+set.name, func(b *testing.B) {
				src, _ := guarded(r, c.in, size+c.kernel-1, size+c.kernel-1)
				dst, _ := guarded(r, c.out, size, size)
				weight := random(r, c.in*c.out/c.groups*c.kernel*c.kernel)
				shape := Shape{In: c.in, Out: c.out, Size: c.kernel, Stride: 1, Groups: c.groups, Wide: c.wide}
				conv := newConv(set, shape, weight, random(r, c.out), []float32{0})
				var scratch Scratch
				for b.Loop() {
					conv.Run(dst, image.Rect(0, 0, size, size), Grid{}, []Block{src}, After{}, &scratch)
				}
				macs := float64(len(weight)) * size * size
				b.ReportMetric(macs*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
			})
		}
	}
}
