package device

import (
	"image"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"classsr/arch/archtest"
	"classsr/engine"
	"classsr/program"
)

// packed packs a small network of each kind without a device.
func packed(t *testing.T) map[string]*network {
	t.Helper()
	nets := map[string]*network{}
	for name, spec := range specs(t) {
		p := packing{quadBytes: exactBytes, tiling: chooseTiling}
		g := spec.Build()
		nets[name] = p.pack(Network{program.Lower(g, program.Inference), archtest.RandomParams(g, 1), 1})
	}
	return nets
}

// Every value has all that is read of it, and nothing lies in its memory as long as somebody reads it.
func TestLayouts(t *testing.T) {
	for name, n := range packed(t) {
		window := image.Pt(48, 40)
		core := image.Rect(8, 4, 32, 28)
		l := newLayout(n, window, core)
		if n.program.Scale > 0 {
			if want := zoomed(core, n.program.Scale); l.valid[n.program.Output] != want {
				t.Errorf("%s: the result is %v, want %v", name, l.valid[n.program.Output], want)
			}
		}
		holder := make([]program.Value, l.length)
		take := func(v program.Value) {
			for i := range area(l.valid[v]) * n.slots[v].quads() {
				holder[l.at[v]+i] = v
			}
		}
		take(program.Input)
		for i, s := range n.program.Steps {
			r := l.valid[i+1]
			if r.Empty() {
				continue
			}
			for k, values := range s.Inputs {
				for _, v := range values {
					need := s.Op.Reach(k, r, l.size[v]).Intersect(image.Rectangle{Max: l.size[v]})
					if !need.In(l.valid[v]) {
						t.Errorf("%s: step %d reads %v of value %d, of which there is %v", name, i, need, v, l.valid[v])
					}
					for q := range area(l.valid[v]) * n.slots[v].quads() {
						if holder[l.at[v]+q] != v {
							t.Fatalf("%s: step %d reads value %d, over which value %d was written", name, i, v, holder[l.at[v]+q])
						}
					}
				}
			}
			take(program.Value(i + 1))
		}
	}
}

// What is read is what the engine for the processor reads, or less: that takes whole tiles.
func TestReadsAsTheEngine(t *testing.T) {
	for name, spec := range specs(t) {
		g := spec.Build()
		params := archtest.RandomParams(g, 1)
		p := packing{quadBytes: exactBytes, tiling: chooseTiling}
		n := p.pack(Network{program.Lower(g, program.Inference), params, 1})
		if n.reach == nil {
			continue
		}
		window, core := image.Pt(480, 480), image.Rect(240, 240, 272, 264)
		reads := newLayout(n, window, core).valid[program.Input]
		if other := engine.Compile(g, params).Reads(window, core); !reads.In(other) {
			t.Errorf("%s: %v is read, more than %v", name, reads, other)
		}
		if needed := n.reach.needed(program.Input, core); needed != reads {
			t.Errorf("%s: %v is needed, %v is read", name, needed, reads)
		}
	}
}

// Whatever a part of a core needs lies in what is listed for it.
func TestPartsHaveWhatTheyNeed(t *testing.T) {
	nets := packed(t)
	for name, n := range nets {
		if n.reach == nil {
			delete(nets, name)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := nets[rapid.SampledFrom(sorted(nets)).Draw(t, "network")]
		side := func(name string) (int, int) {
			lo := rapid.IntRange(0, 40).Draw(t, name)
			return lo, rapid.IntRange(lo+1, 64).Draw(t, name+" end")
		}
		x0, x1 := side("x")
		y0, y1 := side("y")
		part := image.Rect(x0, y0, x1, y1)
		alone := newLayout(n, image.Pt(64, 64), part)
		for v, r := range alone.valid {
			needed := n.reach.needed(program.Value(v), part)
			if !r.In(needed) {
				t.Fatalf("%v of value %d is needed for %v, listed is %v", r, v, part, needed)
			}
		}
	})
}

func sorted(nets map[string]*network) []string {
	var names []string
	for name := range nets {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestTilesAreThoseThatAreMet(t *testing.T) {
	region := image.Rect(3, 5, 40, 30) // 3x2 tiles of 16x16
	list := tiles(region, image.Pt(16, 16), []image.Rectangle{image.Rect(0, 0, 4, 6), image.Rect(34, 20, 36, 22), image.Rect(41, 5, 50, 6)})
	if want := []int32{0, 1, 2, 1<<16 | 1, 1<<16 | 2}; !slices.Equal(list, want) {
		t.Errorf("tiles %v, want %v", list, want)
	}
	if list := tiles(region, image.Pt(16, 16), []image.Rectangle{region}); len(list) != 6 {
		t.Errorf("%d tiles, want all 6", len(list))
	}
}

// Whatever a convolution is like, its workgroups are such that every device can run them.
func TestTilingsFitEveryDevice(t *testing.T) {
	for _, taps := range []int{1, 3, 5} {
		for _, quadBytes := range []int{exactBytes, exactBytes / 2} {
			for out := 1; out < 70; out++ {
				c := chooseTiling(taps, out, quadBytes)
				if c.chunk < 1 || c.shared(taps, quadBytes)*c.chunk > 16384 || 16*c.rows*c.groups > 128 {
					t.Errorf("%d taps, %d quads: %+v", taps, out, c)
				}
				if waste := (out+c.outQuads()-1)/c.outQuads()*c.outQuads() - out; waste > max(out/3, 0) {
					t.Errorf("%d taps, %d quads: %+v makes %d more", taps, out, c, waste)
				}
			}
		}
	}
}

func TestSlots(t *testing.T) {
	if s := grouped(10, 2); !slices.Equal(s, slots{0, 1, 2, 3, 4, -1, -1, -1, 5, 6, 7, 8, 9, -1, -1, -1}) {
		t.Errorf("groups lie as %v", s)
	}
	joined := sideBySide([]slots{dense(3), dense(5)}, []int{3, 5})
	if !slices.Equal(joined, slots{0, 1, 2, -1, 3, 4, 5, 6, 7, -1, -1, -1}) {
		t.Errorf("side by side is %v", joined)
	}
	if first, end := joined.span(4, 8); first != 1 || end != 3 {
		t.Errorf("channels 4 to 7 lie in quads %d to %d", first, end)
	}
}
