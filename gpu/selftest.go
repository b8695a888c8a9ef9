package gpu

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"slices"

	"classsr/arch"
	"classsr/engine"
	"classsr/gpu/link"
	"classsr/internal/stopwatch"
	"classsr/program"
	"classsr/weights"
)

// What a result of the test may differ from the processor's by, as a share of its largest number: rounding in another order, and with 16 bits.
const exactTolerance, halfTolerance = 1e-3, 3e-2

// remembered is what came of the device's test, if that is known and to be believed.
func (d *Device) remembered() (v Verdict, known bool) {
	if d.options.Again {
		return Verdict{}, false
	}
	return d.memoir.verdict(keyOf(d.info, d.options))
}

// test tests the device, unless it is remembered what came of that. It returns why the device is not to be used.
func (d *Device) test(ctx context.Context) error {
	v, known := d.remembered()
	if !known {
		if d.options.Testing != nil {
			d.options.Testing(d.info.Name)
		}
		var err error
		if v, err = d.judge(ctx); err != nil {
			return err
		}
		d.memoir.note(keyOf(d.info, d.options), v)
	}
	if !v.Passed {
		return fmt.Errorf("%w: %s is not used, since it has failed its test: %s (`classsr devices --test` tests it again)", link.ErrUnavailable, d.info.Name, v.Reason)
	}
	d.speed = v.Speed
	return nil
}

// judge tests the device. The error is ctx's, or that of a memory that is full now: neither says anything about the device.
func (d *Device) judge(ctx context.Context) (Verdict, error) {
	err := d.testNetworks(ctx)
	if err == nil {
		var s Speed
		if s, err = d.measure(ctx); err == nil {
			v := Verdict{Passed: true, Speed: s}
			if d.options.Half && d.info.Half && d.info.Matrix {
				err = d.judgeMatrices(ctx, &v)
			}
			if err == nil {
				return v, nil
			}
		}
	}
	if ctx.Err() != nil || errors.Is(err, link.ErrOutOfMemory) {
		return Verdict{}, err
	}
	return Verdict{Reason: err.Error()}, nil
}

// testNetworks computes all networks, and with them all operations, in windows with odd sides where they can have these.
func (d *Device) testNetworks(ctx context.Context) error {
	for i, name := range arch.SRNames() {
		n, err := small(name, uint64(i))
		if err != nil {
			return err
		}
		window, core := image.Pt(37, 29), image.Rect(4, 4, 33, 25)
		p := program.Lower(n.Spec.Build(), program.Inference)
		if p.Fold > 1 {
			window, core = image.Pt(40, 32), image.Rect(8, 8, 32, 24)
		}
		if err := d.compare(ctx, n, p, window, core); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// small is a shallow network of a kind with random parameters.
func small(name string, seed uint64) (weights.Network, error) {
	a, err := arch.ByName(name)
	if err != nil {
		return weights.Network{}, err
	}
	scale := a.Scales[0]
	if slices.Contains(a.Scales, 4) && seed%2 == 0 {
		scale = 4
	}
	spec, err := arch.Paper(name, scale, a.Widths[0])
	if err != nil {
		return weights.Network{}, err
	}
	shallow := spec
	shallow.Depth, shallow.Blocks = min(spec.Depth, 2), min(spec.Blocks, 2)
	if shallow.Check() == nil {
		spec = shallow
	}
	return weights.Network{Spec: spec, Params: spec.InitGain(seed, 1)}, nil
}

// compare computes a core with the device and with the processor.
func (d *Device) compare(ctx context.Context, n weights.Network, p *program.Program, window image.Point, core image.Rectangle) error {
	r := rand.New(rand.NewPCG(1, 2))
	planes := make([][]float32, p.Channels)
	for c := range planes {
		planes[c] = make([]float32, window.X*window.Y)
		for i := range planes[c] {
			planes[c][i] = r.Float32() * float32(n.Spec.InputRange)
		}
	}
	got, err := d.once(ctx, n, p, window, core, link.Float32, planes)
	if err != nil {
		return err
	}
	size, width := core.Size().Mul(n.Spec.Scale), core.Dx()*n.Spec.Scale
	want := make([]float32, 3*size.X*size.Y)
	fill := func(rows engine.Rows) {
		for y := rows.Min.Y; y < rows.Max.Y; y++ {
			for c, plane := range planes {
				copy(rows.Row(c, y), plane[y*window.X+rows.Min.X:][:rows.Dx()])
			}
		}
	}
	take := func(rows engine.Rows) {
		for y := rows.Min.Y; y < rows.Max.Y; y++ {
			for c := range 3 {
				copy(want[(c*size.Y+y)*width:][:width], rows.Row(c, y))
			}
		}
	}
	plan := engine.Compile(n.Spec.Build(), n.Params)
	if err := plan.Run(ctx, &engine.Arena{}, engine.Piece{Window: window, Core: core}, fill, take); err != nil {
		return err
	}
	return d.differ(link.Floats(got), want, float64(n.Spec.InputRange))
}

// differ returns an error if results differ by more than rounding. The processor's are in a range up to white.
func (d *Device) differ(got, want []float32, white float64) error {
	tolerance := exactTolerance
	if d.Precision() == Float16 {
		tolerance = halfTolerance
	}
	largest := 0.0
	for _, v := range want {
		largest = max(largest, math.Abs(float64(v))/white)
	}
	for i, v := range want {
		difference := math.Abs(float64(got[i]) - float64(v)/white)
		if !(difference <= tolerance*max(largest, 1e-3)) { // NaN is neither
			return fmt.Errorf("it computes %g where the processor computes %g", got[i], float64(v)/white)
		}
	}
	return nil
}

// once computes one core of a window with a network that is loaded for that, and gives the samples.
func (d *Device) once(ctx context.Context, n weights.Network, p *program.Program, window image.Point, core image.Rectangle, format link.Format, planes [][]float32) ([]byte, error) {
	m, err := d.Load(ctx, new(int), func() []weights.Network { return []weights.Network{n} })
	if err != nil {
		return nil, err
	}
	defer m.Release()
	reads := p.Reads(window, core)
	result := image.Rectangle{Max: core.Size().Mul(n.Spec.Scale)}
	b := link.Band{
		Parts:  []link.Part{{Window: [2]int{window.X, window.Y}, Core: link.RectangleOf(core), Reads: link.RectangleOf(reads)}},
		Result: link.RectangleOf(result), Format: format,
	}
	inputs := int64(4 * p.Channels * reads.Dx() * reads.Dy())
	b.Offset = inputs
	outputs := int64(result.Dx()*result.Dy()) * format.PixelBytes()
	slot, err := m.Slot(ctx, inputs+outputs)
	if err != nil {
		return nil, err
	}
	defer slot.Close()
	var out []byte
	err = slot.Guard(func() error {
		to := link.Floats(slot.Bytes[:inputs])
		for _, plane := range planes {
			for y := reads.Min.Y; y < reads.Max.Y; y++ {
				to = to[copy(to, plane[y*window.X+reads.Min.X:][:reads.Dx()]):]
			}
		}
		_, err := slot.Run(ctx, 0, b)
		out = slices.Clone(slot.Bytes[inputs:])
		return err
	})
	return out, err
}

// measure measures how fast the device is with a small network.
func (d *Device) measure(ctx context.Context) (Speed, error) {
	spec, err := arch.Paper("fsrcnn", 4, 56)
	if err != nil {
		return Speed{}, err
	}
	return d.measureNetwork(ctx, weights.Network{Spec: spec, Params: spec.Init(1)}, image.Pt(128, 96))
}

// measureNetwork measures it with any network, in windows that grow from the first one on until they take long enough to be measured.
func (d *Device) measureNetwork(ctx context.Context, n weights.Network, window image.Point) (Speed, error) {
	const enough, tries, largest = 0.02, 2, 1 << 20
	p := program.Lower(n.Spec.Build(), program.Inference)
	plan := engine.Compile(n.Spec.Build(), n.Params)
	for ; ; window = window.Mul(2) {
		planes := make([][]float32, p.Channels)
		for c := range planes {
			planes[c] = make([]float32, window.X*window.Y)
		}
		best := math.Inf(1)
		for range tries {
			watch := stopwatch.Start()
			if _, err := d.once(ctx, n, p, window, image.Rectangle{Max: window}, link.Uint8, planes); err != nil {
				return Speed{}, err
			}
			best = min(best, watch.Elapsed().Seconds())
		}
		if pixels := window.X * window.Y; best >= enough || pixels >= largest {
			macs := plan.MACs(window, image.Rectangle{Max: window})
			return Speed{MACs: float64(macs) / best, Pixels: float64(pixels) / best}, nil
		}
	}
}

// Seconds estimates how long the device takes for so many multiply-accumulates on so many pixels of a small picture, enlarged so many times, by what it took
// for a small network: it is faster with large ones.
func (d *Device) Seconds(macs int64, pixels, scale int) float64 {
	usual := float64(scale*scale) / 16
	return max(float64(macs)/d.speed.MACs, float64(pixels)*usual/d.speed.Pixels)
}
