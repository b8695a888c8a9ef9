package device

import (
	"bytes"
	"image"
	"slices"
	"strings"
	"testing"

	"classsr/arch/archtest"
	"classsr/internal/testref"
	"classsr/program"
	"classsr/tile"
)

// squares are the squares in which a picture is computed by networks that pool, as bands: with context at their borders, but not beyond the picture's, so
// that there are several shapes of them. Networks and formats take turns.
func (r *routed) squares(m *Model, side, context int) []*Band {
	size := image.Pt(r.picture.W, r.picture.H)
	var all []*Band
	for i, p := range tile.Cover(size, image.Pt(side, side), context) {
		part := Part{Network: i % len(m.nets), Window: p.Window.Size(), Core: p.Core.Sub(p.Window.Min)}
		part.Reads = image.Rectangle{Max: part.Window}
		part.Input = cut(r.picture, p.Window)
		b := &Band{Parts: []Part{part}, Result: zoomed(p.Core, r.specs[0].Scale), Format: []Format{Float32, Uint8, Uint16}[i%3]}
		b.Out = make([]byte, b.Bytes())
		all = append(all, b)
	}
	return all
}

// Bands that are computed together have the bits that each has alone, however many they are, and in however many submissions.
func TestBandsTogetherChangeNoBit(t *testing.T) {
	togetherChangesNoBit(t, open(t, false))
	t.Run("float16", func(t *testing.T) { togetherChangesNoBit(t, open(t, true)) })
}

func TestBandsTogetherChangeNoBitByMatrices(t *testing.T) { togetherChangesNoBit(t, openMatrices(t)) }

func togetherChangesNoBit(t *testing.T, d *Device) {
	t.Helper()
	for name, kinds := range map[string][]string{"pools": {"rcan-x4"}, "two networks": {"rcan-x4", "fsrcnn-x4"}, "groups": {"carn-x4"}, "scattered": {"fsrcnn-x3"}} {
		t.Run(name, func(t *testing.T) {
			if name == "groups" || name == "scattered" {
				testref.Slow(t)
			}
			r := newRouted(t, image.Pt(53, 38), kinds...)
			m := load(t, d, r.nets...)
			byMatrices := func(s operation) bool { c, is := s.(conv); return is && strings.HasPrefix(c.kernel.shader, "matrix") }
			if d.matrices != nil && !slices.ContainsFunc(m.nets[0].steps, byMatrices) {
				t.Error("no convolution is computed by matrices")
			}
			var want [][]byte
			for _, b := range r.squares(m, 20, 4) {
				if _, err := m.Run(t.Context(), b); err != nil {
					t.Fatal(err)
				}
				want = append(want, b.Out)
			}
			for _, at := range []struct {
				most   int
				atOnce int64
			}{{2, macsAtOnce}, {4, 1}, {len(want), macsAtOnce}} {
				m.atOnce = at.atOnce
				all := r.squares(m, 20, 4)
				for some := range slices.Chunk(all, at.most) {
					if _, err := m.Run(t.Context(), some...); err != nil {
						t.Fatal(err)
					}
				}
				for i, b := range all {
					if !bytes.Equal(b.Out, want[i]) {
						t.Errorf("square %d of %d is another one where %d are computed together", i, len(all), at.most)
					}
				}
			}
		})
	}
}

// However many squares there are, RCAN takes as many dispatches as for one, apart from what makes samples; and as much work and memory as they have.
func TestDispatchesOfSquares(t *testing.T) {
	spec := specs(t)["rcan-x4"]
	spec.Width, spec.Squeeze, spec.Depth, spec.Blocks = 64, 4, 10, 20 // RCAN-64
	if err := spec.Check(); err != nil {
		t.Fatal(err)
	}
	g := spec.Build()
	p := packing{quadBytes: exactBytes, tiling: chooseTiling}
	m := &Model{layouts: map[shape]*layout{}}
	m.nets = append(m.nets, p.pack(Network{program.Lower(g, program.Inference), archtest.RandomParams(g, 1), 1}))
	count := func(bands ...*Band) (dispatches int, macs, values int64) {
		w := m.build(bands)
		for _, d := range w.dispatches {
			macs += d.macs
		}
		return len(w.dispatches), macs, w.needs(exactBytes).values
	}
	var all []*Band
	each, macs, values := 0, int64(0), int64(0)
	for _, p := range tile.Cover(image.Pt(510, 339), image.Pt(160, 160), 16) {
		part := Part{Window: p.Window.Size(), Core: p.Core.Sub(p.Window.Min), Reads: image.Rectangle{Max: p.Window.Size()}}
		all = append(all, &Band{Parts: []Part{part}, Result: zoomed(p.Core, 4)})
		n, its, bytes := count(all[len(all)-1])
		each, macs, values = each+n, macs+its, values+bytes
	}
	together, sum, bytes := count(all...)
	t.Logf("%d squares take %d dispatches one after the other, and %d together", len(all), each, together)
	if len(all) != 12 || together*len(all) != each || sum != macs || bytes != values {
		t.Errorf("%d squares: %d dispatches of %d multiply-accumulates in %d bytes, alone %d of %d in %d", len(all), together, sum, bytes, each, macs, values)
	}
}
