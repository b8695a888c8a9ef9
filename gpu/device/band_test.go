package device

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"classsr/arch"
	"classsr/arch/archtest"
	"classsr/engine"
	"classsr/internal/par"
	"classsr/internal/testref"
	"classsr/picture"
	"classsr/program"
	"classsr/route"
	"classsr/tensor"
	"classsr/weights"
)

// routed is a picture that several networks enlarge, each the parts of its class.
type routed struct {
	picture *tensor.Tensor
	specs   []arch.Spec
	nets    []Network
	plans   []*engine.Plan
	blend   *route.Blend
}

// newRouted routes a picture between small networks of these kinds by chance.
func newRouted(t *testing.T, size image.Point, kinds ...string) *routed {
	t.Helper()
	r := &routed{picture: randomTensor(3, size.Y, size.X, 5)}
	random := rand.New(rand.NewPCG(9, 9))
	for i, kind := range kinds {
		spec := specs(t)[kind]
		g := spec.Build()
		params := archtest.RandomParams(g, uint64(i))
		r.specs = append(r.specs, spec)
		r.nets = append(r.nets, Network{program.Lower(g, program.Inference), params, 1 / float32(spec.InputRange)})
		r.plans = append(r.plans, engine.Compile(g, params))
	}
	r.blend = &route.Blend{Scale: r.specs[0].Scale, Width: 2}
	r.blend.Xs, r.blend.Ys = edges(size.X), edges(size.Y)
	for range r.blend.Columns() * r.blend.Rows() {
		r.blend.Classes = append(r.blend.Classes, random.IntN(len(kinds)))
	}
	return r
}

// edges cuts a side into cores.
func edges(side int) []int {
	const core = 16
	all := []int{0}
	for all[len(all)-1]+core+core/2 < side {
		all = append(all, all[len(all)-1]+core)
	}
	return append(all, side)
}

// band is the band that enlarges a core of the picture; without a blend the first network enlarges all of it.
func (r *routed) band(m *Model, core image.Rectangle, f Format) *Band {
	scale := r.specs[0].Scale
	b := &Band{Result: zoomed(core, scale), Blend: r.blend, Format: f}
	for i, n := range m.nets {
		if r.blend == nil && i > 0 {
			break
		}
		const far = 40 // these networks reach no farther
		window := core.Inset(-far).Intersect(image.Rect(0, 0, r.picture.W, r.picture.H))
		fold := n.program.Fold
		window.Min.X, window.Min.Y = window.Min.X/fold*fold, window.Min.Y/fold*fold
		part := Part{Network: i, Window: window.Size(), Core: core.Sub(window.Min)}
		if r.blend != nil {
			part.Mask = mask(r.blend.Parts(i), window.Min)
		}
		m.mu.Lock()
		part.Reads = m.layout(&part).valid[program.Input]
		m.mu.Unlock()
		part.Reads = part.Reads.Inset(-i).Intersect(image.Rectangle{Max: part.Window}) // more than is read may be there
		part.Input = cut(r.picture, part.Reads.Add(window.Min))
		b.Parts = append(b.Parts, part)
	}
	b.Out = make([]byte, b.Bytes())
	return b
}

// mask is bands as a window sees them.
func mask(bands []route.Band, corner image.Point) engine.Mask {
	m := engine.Mask{} // not nil
	for _, b := range bands {
		band := engine.Band{Top: b.Top - corner.Y, Bottom: b.Bottom - corner.Y}
		for _, s := range b.Spans {
			band.Spans = append(band.Spans, engine.Span{Left: s.Left - corner.X, Right: s.Right - corner.X})
		}
		m = append(m, band)
	}
	return m
}

// run computes a core.
func (r *routed) run(t *testing.T, m *Model, core image.Rectangle, f Format) []byte {
	t.Helper()
	b := r.band(m, core, f)
	if _, err := m.Run(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	return b.Out
}

// What a band took is told, also if it is several submissions; more of a network takes longer.
func TestTimesAndMemoryOfBands(t *testing.T) {
	r := newRouted(t, image.Pt(40, 34), "fsrcnn-x4", "fsrcnn-x4")
	m := load(t, open(t, false), r.nets...)
	for _, most := range []int64{macsAtOnce, 1} {
		m.atOnce = most
		b := r.band(m, image.Rect(0, 0, 40, 34), Uint8)
		began := time.Now()
		w, err := m.Run(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		if w.Compute <= 0 || w.Upload <= 0 || w.Download <= 0 || w.Upload+w.Compute+w.Download > time.Since(began) {
			t.Errorf("with submissions of %d: %+v within %v", most, w, time.Since(began))
		}
		if least := m.arena.Size() + m.weights.Size(); w.Memory < least || w.Memory > 1<<32 {
			t.Errorf("%d bytes, where values and weights alone take %d", w.Memory, least)
		}
	}
}

// planes is a result of Float32.
func planes(out []byte, size image.Point) *tensor.Tensor {
	y := tensor.New(tensor.Shape{N: 1, C: 3, H: size.Y, W: size.X})
	for i := range y.Data {
		y.Data[i] = math.Float32frombits(binary.NativeEndian.Uint32(out[4*i:]))
	}
	return y
}

// want is what the processor makes of the picture: all networks, blended.
func (r *routed) want(t *testing.T) *tensor.Tensor {
	t.Helper()
	scale := r.specs[0].Scale
	sum := tensor.New(tensor.Shape{N: 1, C: 3, H: scale * r.picture.H, W: scale * r.picture.W})
	for i, plan := range r.plans {
		y := enlarged(t, plan, r.picture)
		for k := range y.Data {
			y.Data[k] /= float32(r.specs[i].InputRange)
		}
		if r.blend == nil {
			return y
		}
		for row := range y.H {
			for _, s := range r.blend.Segments(nil, r.blend.RowAt(row), i, 0, y.W) {
				for x := s.Left; x < s.Right; x++ {
					for c := range 3 {
						at := (c*y.H+row)*y.W + x
						sum.Data[at] += (s.At + s.Step*float32(x-s.Left)) * y.Data[at]
					}
				}
			}
		}
	}
	return sum
}

// enlarged is what a plan makes of a whole picture.
func enlarged(t *testing.T, p *engine.Plan, x *tensor.Tensor) *tensor.Tensor {
	t.Helper()
	y := tensor.New(tensor.Shape{N: 1, C: 3, H: p.Scale() * x.H, W: p.Scale() * x.W})
	each := func(rows engine.Rows, do func(row []float32, c, y int)) {
		for c := range rows.Channels {
			for y := rows.Min.Y; y < rows.Max.Y; y++ {
				do(rows.Row(c, y), c, y)
			}
		}
	}
	err := p.Run(context.Background(), &engine.Arena{}, engine.Piece{Window: image.Pt(x.W, x.H), Core: image.Rect(0, 0, x.W, x.H)},
		func(rows engine.Rows) {
			each(rows, func(row []float32, c, y int) { copy(row, x.Plane(0, c)[y*x.W+rows.Min.X:]) })
		},
		func(rows engine.Rows) {
			each(rows, func(row []float32, c, line int) { copy(y.Plane(0, c)[line*y.W+rows.Min.X:], row) })
		})
	if err != nil {
		t.Fatal(err)
	}
	return y
}

func TestRoutedPictures(t *testing.T) {
	for name, c := range map[string]struct {
		half  bool
		limit float64
		kinds []string
	}{
		"float32": {false, 2e-5, []string{"fsrcnn-x4", "carn-x4", "rcan-x4"}}, "float16": {true, 5e-3, []string{"fsrcnn-x4", "span-x4"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRouted(t, image.Pt(53, 45), c.kinds...)
			m := load(t, open(t, c.half), r.nets...)
			all := image.Rect(0, 0, r.picture.W, r.picture.H)
			got := planes(r.run(t, m, all, Float32), zoomed(all, 4).Size())
			if largest, spread := difference(t, got, r.want(t)); !(largest <= c.limit*spread) {
				t.Errorf("differs by %g of a range of %g", largest, spread)
			}
		})
	}
}

// A picture that is cut into bands, across and along, has the bits of the whole, and so has a band that is cut into submissions.
func TestCutsChangeNoBit(t *testing.T) { cutsChangeNoBit(t, open(t, false)) }

func cutsChangeNoBit(t *testing.T, d *Device) {
	t.Helper()
	for name, kinds := range map[string][]string{"one network": {"fsrcnn-x3"}, "unshuffled": {"rrdbnet-x2"}, "routed": {"fsrcnn-x4", "srresnet-x4"}} {
		t.Run(name, func(t *testing.T) {
			r := newRouted(t, image.Pt(46, 38), kinds...)
			if len(kinds) == 1 {
				r.blend = nil
			}
			m := load(t, d, r.nets...)
			scale := r.specs[0].Scale
			all := image.Rect(0, 0, r.picture.W, r.picture.H)
			want := planes(r.run(t, m, all, Float32), zoomed(all, scale).Size())
			m.atOnce = 1 // a submission for each step
			for _, core := range []image.Rectangle{image.Rect(0, 0, 46, 10), image.Rect(0, 10, 18, 38), image.Rect(18, 10, 46, 38)} {
				part := zoomed(core, scale)
				got := planes(r.run(t, m, core, Float32), part.Size())
				whole := tensor.Wrap(got.Shape, cut(want, part))
				if largest, _ := difference(t, got, whole); largest != 0 {
					t.Errorf("core %v differs by %g", core, largest)
				}
			}
		})
	}
}

// The slower a device is, the less is submitted at a time, down to a dispatch.
func TestSubmissionsFollowTheSpeed(t *testing.T) {
	n := Network{program.Lower(specs(t)["carn-x4"].Build(), program.Inference), archtest.RandomParams(specs(t)["carn-x4"].Build(), 1), 1}
	p := packing{quadBytes: exactBytes, tiling: chooseTiling}
	net := p.pack(n)
	window := image.Pt(640, 640)
	w := &work{}
	w.run(net, piece{layout: newLayout(net, window, image.Rectangle{Max: window}), reads: image.Rectangle{Max: window}})
	total := int64(0)
	for _, d := range w.dispatches {
		total += d.macs
	}
	last := 0
	for _, seconds := range []float64{0.1, 3, 30, 1e9} {
		m := &Model{}
		m.Pace(float64(total) / seconds)
		sections := w.sections(m.atOnce)
		if n := len(sections); n <= last || seconds < secondsAtOnce && n > 1 || seconds > 1e6 && n != len(w.dispatches) {
			t.Errorf("%g s: %d submissions of %d dispatches, after %d", seconds, n, len(w.dispatches), last)
		}
		last = len(sections)
	}
	m := &Model{}
	if m.Pace(1e300); len(w.sections(m.atOnce)) != 1 {
		t.Errorf("%d multiply-accumulates at once on a device that is said to be very fast", m.atOnce)
	}
}

// What a mask leaves out is not computed, tile by tile.
func TestMasksSaveWork(t *testing.T) {
	n := Network{program.Lower(specs(t)["carn-x4"].Build(), program.Inference), archtest.RandomParams(specs(t)["carn-x4"].Build(), 1), 1}
	p := packing{quadBytes: exactBytes, tiling: chooseTiling}
	net := p.pack(n)
	window := image.Pt(640, 640)
	groups := func(parts []image.Rectangle) int {
		b := &builder{}
		b.run(net, piece{layout: newLayout(net, window, image.Rectangle{Max: window}), parts: parts, reads: image.Rectangle{Max: window}})
		count := 0
		for _, d := range b.dispatches {
			count += d.x * d.y * d.z
		}
		return count
	}
	whole, quarter := groups(nil), groups([]image.Rectangle{image.Rect(0, 0, 320, 320)})
	if share := float64(quarter) / float64(whole); share < 0.25 || share > 0.32 {
		t.Errorf("a quarter of the picture takes %.2f of the workgroups", share)
	}
	if all := groups([]image.Rectangle{{Max: window}}); all != whole {
		t.Errorf("a mask with all of the picture takes %d workgroups, without it is %d", all, whole)
	}
}

// Samples of 8 and 16 bits are those that picture.WritePlanes makes, bit by bit.
func TestSamples(t *testing.T) {
	r := newRouted(t, image.Pt(19, 13), "bicubic-x3")
	r.blend = nil
	for i, special := range []float32{float32(math.NaN()), -1, 2, 0.5 / 255, 1.5 / 255, 0.5 / 65535, 0.49999997, 1, 0} {
		r.picture.Data[7*i] = special
	}
	m := load(t, open(t, false), r.nets...)
	all := image.Rect(0, 0, r.picture.W, r.picture.H)
	size := zoomed(all, 3).Size()
	y := planes(r.run(t, m, all, Float32), size)
	for depth, format := range map[int]Format{8: Uint8, 16: Uint16} {
		want := picture.New(size.X, size.Y, 3, false, depth)
		want.WritePlanes([][]float32{y.Plane(0, 0), y.Plane(0, 1), y.Plane(0, 2)}, image.Rectangle{Max: size})
		got := r.run(t, m, all, format)
		for i := range want.Pix8 {
			if got[i] != want.Pix8[i] {
				t.Fatalf("8 bits: sample %d is %d, want %d", i, got[i], want.Pix8[i])
			}
		}
		for i := range want.Pix16 {
			if v := binary.NativeEndian.Uint16(got[2*i:]); v != want.Pix16[i] {
				t.Fatalf("16 bits: sample %d is %d, want %d", i, v, want.Pix16[i])
			}
		}
	}
}

// trained is a picture that the hardest network of a model in this repository enlarges.
func trained(t *testing.T, file string) *routed {
	t.Helper()
	model, err := weights.Open(filepath.Join("..", "..", "models", file), 0)
	if err != nil {
		t.Fatal(err)
	}
	n := model.Branches[len(model.Branches)-1]
	g := n.Spec.Build()
	r := &routed{
		picture: tensor.New(tensor.Shape{N: 1, C: 3, H: 21, W: 31}), specs: []arch.Spec{n.Spec},
		nets: []Network{{program.Lower(g, program.Inference), n.Params, 1 / float32(n.Spec.InputRange)}}, plans: []*engine.Plan{engine.Compile(g, n.Params)},
	}
	noise := rand.New(rand.NewPCG(1, 2))
	for i := range r.picture.Data { // smooth shapes, an edge and a little noise
		x, y, c := float64(i%r.picture.W), float64(i/r.picture.W%r.picture.H), float64(i/r.picture.W/r.picture.H)
		v := 0.5 + 0.3*math.Sin(x/(3+c))*math.Cos(y/5) + 0.04*noise.Float64()
		if x > 2*y {
			v = 0.9 - v/2
		}
		r.picture.Data[i] = float32(v) * float32(n.Spec.InputRange)
	}
	return r
}

// What float16 changes shows in hardly any sample: 99.9 % are at most a level away, and compared with a picture that is 35 dB away it is less
// than 0.01 dB.
func TestHalf(t *testing.T) { changesHardlyAnySample(t, open(t, true)) }

func changesHardlyAnySample(t *testing.T, d *Device) {
	t.Helper()
	for _, file := range []string{"fsrcnn-x4", "carn-x4", "srresnet-x4", "span-x4", "real-x4"} {
		t.Run(file, func(t *testing.T) {
			if file != "fsrcnn-x4" && file != "span-x4" {
				testref.Slow(t)
			}
			r := trained(t, file+".safetensors")
			m := load(t, d, r.nets...)
			got := r.run(t, m, image.Rect(0, 0, r.picture.W, r.picture.H), Uint8)
			y := r.want(t)
			want := picture.New(y.W, y.H, 3, false, 8)
			want.WritePlanes([][]float32{y.Plane(0, 0), y.Plane(0, 1), y.Plane(0, 2)}, want.Bounds())
			noise := rand.New(rand.NewPCG(3, 4))
			far, before, after := 0, 0.0, 0.0
			for i, v := range want.Pix8 {
				truth := 255*float64(y.Data[i%3*y.H*y.W+i/3]) + 4.5*noise.NormFloat64()
				wrong, now := float64(v)-truth, float64(got[i])-truth
				if math.Abs(now-wrong) > 1 {
					far++
				}
				before, after = before+wrong*wrong, after+now*now
			}
			loss := 10 * math.Log10(after/before)
			t.Logf("%d of %d samples are more than a level away; %.4f dB", far, len(want.Pix8), loss)
			if far > len(want.Pix8)/1000 || loss > 0.01 {
				t.Errorf("%d of %d samples are more than a level away, and it is %.4f dB worse", far, len(want.Pix8), loss)
			}
		})
	}
}

// Several bands on their way at a time do not get into each other's memory, which grows when a larger one comes.
func TestBandsAtOnce(t *testing.T) {
	r := newRouted(t, image.Pt(40, 34), "fsrcnn-x4", "fsrcnn-x4")
	alone := load(t, open(t, false), r.nets...)
	var cores []image.Rectangle
	var want, got [][]byte
	for i := range 8 {
		core := image.Rect(0, 4*(i%3), 12+4*i, 20+2*i)
		cores, want, got = append(cores, core), append(want, r.run(t, alone, core, Uint8)), append(got, nil)
	}
	m := load(t, open(t, false), r.nets...)
	err := par.Do(t.Context(), 4, len(cores), func(_, i int) error {
		b := r.band(m, cores[i], Uint8)
		got[i] = b.Out
		_, err := m.Run(t.Context(), b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range cores {
		if !bytes.Equal(got[i], want[i]) {
			t.Errorf("core %v is another one beside others", cores[i])
		}
	}
}

func TestBandsThatCannotBe(t *testing.T) {
	r := newRouted(t, image.Pt(20, 20), "fsrcnn-x4", "span-x4")
	m := load(t, open(t, false), r.nets...)
	good := func() *Band { return r.band(m, image.Rect(0, 0, 20, 20), Uint8) }
	for name, spoil := range map[string]func(*Band){
		"no part":       func(b *Band) { b.Parts = nil },
		"no blend":      func(b *Band) { b.Blend = nil },
		"core outside":  func(b *Band) { b.Parts[0].Core.Max.X++ },
		"other result":  func(b *Band) { b.Result.Max.X++ },
		"other network": func(b *Band) { b.Parts[0].Network = 2 },
		"twice one":     func(b *Band) { b.Parts[0].Network = 1 },
		"less is there": func(b *Band) { b.Parts[0].Reads.Max.X-- },
		"other scale":   func(b *Band) { b.Blend.Scale = 2 },
		"short input":   func(b *Band) { b.Parts[0].Input = b.Parts[0].Input[1:] },
		"short result":  func(b *Band) { b.Out = b.Out[1:] },
	} {
		b := good()
		spoil(b)
		if name == "other result" {
			b.Out = make([]byte, b.Bytes())
		}
		if _, err := m.Run(context.Background(), b); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := m.Run(context.Background(), good(), good()); err == nil {
		t.Error("two bands that are blended: no error")
	}
	if _, err := m.Run(context.Background()); err == nil {
		t.Error("no band: no error")
	}
	b := good()
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.Run(done, b); err == nil {
		t.Error("a context that is done: no error")
	}
}
