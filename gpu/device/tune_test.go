package device

import (
	"cmp"
	"image"
	"os"
	"slices"
	"testing"
	"time"

	"classsr/arch/archtest"
	"classsr/gpu/vulkan"
	"classsr/nn"
	"classsr/program"
)

// How fast each tiling is on this device, for the convolutions that most time goes into: what tiling.cost estimates is judged by it. So are
// products of matrices, where the device has them. It runs where CLASSSR_TUNE is set, to the side of the square that is computed.
func TestTune(t *testing.T) {
	side, err := time.ParseDuration(os.Getenv("CLASSSR_TUNE") + "ns")
	if err != nil {
		t.Skip("measures, where CLASSSR_TUNE is set to a number of pixels, such as 512")
	}
	for _, half := range []bool{false, true} {
		d := open(t, half)
		for _, c := range []struct{ kernel, in, out int }{
			{3, 64, 64}, {3, 64, 256}, {3, 48, 48}, {3, 32, 32}, {3, 12, 12}, {3, 56, 48}, {1, 56, 12}, {1, 64, 64}, {5, 3, 56},
		} {
			type measured struct {
				tiling
				rate float64
			}
			var all []measured
			chosen := tiling{}
			for _, tile := range tilings(c.kernel, d.quadBytes()) {
				rate := measure(t, d, c.kernel, c.in, c.out, int(side), func(taps, out, quadBytes int) tiling {
					chosen = chooseTiling(taps, out, quadBytes)
					return tile
				})
				all = append(all, measured{tile, rate})
			}
			if by := opened(t).matrices; half && by.matrices != nil {
				t.Logf("by matrices: %.0f GFLOP/s", measure(t, by, c.kernel, c.in, c.out, int(side), chooseTiling))
			}
			slices.SortFunc(all, func(a, b measured) int { return cmp.Compare(b.rate, a.rate) })
			t.Logf("float16 %t, %dx%d, %d to %d channels: chosen is number %d", half, c.kernel, c.kernel, c.in, c.out,
				1+slices.IndexFunc(all, func(m measured) bool { return m.tiling == chosen }))
			for i, m := range all {
				if i < 4 || m.tiling == chosen {
					t.Logf("	%+v: %.0f GFLOP/s", m.tiling, m.rate)
				}
			}
		}
	}
}

// measure is the GFLOP/s of a convolution of a square.
func measure(t *testing.T, d *Device, kernel, in, out, side int, tile func(taps, out, quadBytes int) tiling) float64 {
	t.Helper()
	g := nn.NewGraph(in)
	g.Add("conv", nn.Conv{In: in, Out: out, Kernel: kernel, Pad: kernel / 2}, nn.Input)
	m, err := d.load([]Network{{program.Lower(g, program.Inference), archtest.RandomParams(g, 1), 1}}, tile)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	whole := image.Rect(0, 0, side, side)
	part := Part{Window: whole.Max, Core: whole, Reads: whole, Input: make([]float32, in*side*side)}
	bands := []*Band{{Parts: []Part{part}}}
	w := m.build(bands)
	s, n := &slot{}, w.needs(d.quadBytes())
	defer s.free()
	n.out = exactBytes
	if err := m.fill(s, bands, w, n); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{m.grow(&m.arena, n.values, vulkan.Local), m.grow(&m.sums, n.sums, vulkan.Local)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	conv := w.dispatches[len(w.dispatches)-1]
	run := func(times int) time.Duration {
		begun := time.Now()
		err := d.once(func(c *vulkan.Commands) {
			c.Copy(s.params, 0, s.upload, int64(w.quads)*exactBytes, n.params)
			c.Barrier()
			m.dispatch(c, slices.Repeat([]dispatch{conv}, times), s.params, s.upload)
		})
		if err != nil {
			t.Fatal(err)
		}
		return time.Since(begun)
	}
	run(1) // what is prepared at first use
	few, many := run(1), run(11)
	const times = 10
	return 2 * times * float64(conv.macs) / float64(many-few)
}
