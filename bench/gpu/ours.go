package main

import (
	"context"
	"errors"
	"image"
	"math"
	"slices"
	"sync"
	"time"

	"classsr/arch"
	"classsr/engine"
	"classsr/gpu"
	"classsr/gpu/link"
	"classsr/internal/par"
	"classsr/internal/stopwatch"
	"classsr/tensor"
	"classsr/tile"
	"classsr/weights"
)

// How the program cuts pictures for a device (package infer).
const (
	bandPixels     = 1 << 20
	lowestBand     = 16
	wholePooled    = 1 << 19
	poolingCore    = 160
	poolingContext = 16
	bandsAtOnce    = 2
)

// ours is a network on a device, and the picture that it enlarges. It computes in bands as the program does.
type ours struct {
	device *gpu.Device
	model  *gpu.Model
	plan   *engine.Plan
	spec   arch.Spec
	input  *tensor.Tensor
	pieces []tile.Piece
	bands  [][]tile.Piece // pieces that are computed together: one, or several squares
	slots  []*gpu.Slot
	pixels []byte    // the result in 8 bits
	floats []float32 // the result as planes, once compute was asked for them

	mu   sync.Mutex // guards what follows
	work link.Work  // of the last run: sums of its times
}

// newOurs opens the device anew, so that what it says of its memory is of this network alone.
func (b *bench) newOurs(ctx context.Context, spec arch.Spec, params tensor.Set, input *tensor.Tensor, half bool) (*ours, error) {
	d, err := gpu.Open(ctx, b.gpuOptions(half))
	if err != nil {
		return nil, err
	}
	o := &ours{device: d, plan: engine.Compile(spec.Build(), params), spec: spec, input: input}
	o.model, err = d.Load(ctx, o, func() []weights.Network { return []weights.Network{{Spec: spec, Params: params}} })
	if err == nil {
		err = o.prepare(ctx)
	}
	if err != nil {
		o.close()
		return nil, err
	}
	return o, nil
}

func (o *ours) close() {
	for _, s := range o.slots {
		s.Close()
	}
	o.device.Close()
}

func (o *ours) size() image.Point { return image.Pt(o.input.W, o.input.H) }

// result is the size of the enlarged picture.
func (o *ours) result() image.Point { return o.size().Mul(o.spec.Scale) }

// prepare cuts the picture into bands that the device has memory for, and computes them once.
func (o *ours) prepare(ctx context.Context) error {
	o.pixels = make([]byte, 3*o.result().X*o.result().Y)
	most, least := o.limits()
	for {
		o.cut(most)
		err := o.makeSlots(ctx)
		if err == nil {
			_, err = o.run(ctx)
		}
		if !errors.Is(err, link.ErrOutOfMemory) || most <= least {
			return err
		}
		most = max(most/2, least)
	}
}

// limits are how many rows of the picture a band has, or squares of a network that pools, if there is memory for them, and at least.
func (o *ours) limits() (most, least int) {
	size := o.size()
	all, pixels, least := size.Y, size.X, lowestBand
	if o.spec.Pools() {
		squares := o.squares()
		all, pixels, least = len(squares), squares[0].Core.Dx()*squares[0].Core.Dy(), 1
	}
	most = max(bandPixels/pixels, least)
	if size.X*size.Y > bandPixels/2 {
		most = min(most, (all+1)/2)
	}
	return most, least
}

// squares are the pieces of a network that pools over its input: all of the picture, if it is not large.
func (o *ours) squares() []tile.Piece {
	if size := o.size(); size.X*size.Y <= wholePooled {
		return tile.Cover(size, size, 0)
	}
	return tile.Cover(o.size(), image.Pt(poolingCore, poolingCore), poolingContext)
}

// cut cuts the picture into bands of so many rows, or squares if the network pools over its input.
func (o *ours) cut(most int) {
	size := o.size()
	if o.spec.Pools() {
		o.pieces = o.squares()
		bands := (len(o.pieces) + most - 1) / most
		o.bands = slices.Collect(slices.Chunk(o.pieces, (len(o.pieces)+bands-1)/bands)) // as many squares in each
		return
	}
	// As much around a band as the network sees, an even number.
	o.pieces = tile.Cover(size, image.Pt(size.X, min(most+most%2, size.Y)), (o.plan.Context()+1)/2*2)
	o.bands = slices.Collect(slices.Chunk(o.pieces, 1))
}

// makeSlots makes slots for the largest band, in planes of numbers.
func (o *ours) makeSlots(ctx context.Context) error {
	for _, s := range o.slots {
		s.Close()
	}
	o.slots = nil
	var most int64
	for _, pieces := range o.bands {
		_, bytes := o.ask(pieces, link.Float32)
		most = max(most, bytes)
	}
	for range min(bandsAtOnce, len(o.bands)) {
		s, err := o.model.Slot(ctx, most)
		if err != nil {
			return err
		}
		o.slots = append(o.slots, s)
	}
	return nil
}

// ask is what the device is asked for pieces that are computed together, and the bytes that it takes of a slot.
func (o *ours) ask(pieces []tile.Piece, format link.Format) (bands []link.Band, bytes int64) {
	const floatBytes = 4
	for _, p := range pieces {
		core := p.Core.Sub(p.Window.Min)
		reads := o.plan.Depends(p.Window.Size(), core)
		result := image.Rectangle{Min: p.Core.Min.Mul(o.spec.Scale), Max: p.Core.Max.Mul(o.spec.Scale)}
		b := link.Band{
			Parts:  []link.Part{{Window: [2]int{p.Window.Dx(), p.Window.Dy()}, Core: link.RectangleOf(core), Reads: link.RectangleOf(reads), Offset: bytes}},
			Result: link.RectangleOf(result), Format: format, Offset: bytes + floatBytes*int64(o.plan.Channels())*int64(reads.Dx())*int64(reads.Dy()),
		}
		bytes = b.Offset + int64(result.Dx())*int64(result.Dy())*format.PixelBytes()
		bytes = (bytes + floatBytes - 1) / floatBytes * floatBytes
		bands = append(bands, b)
	}
	return bands, bytes
}

// run enlarges the picture to pixels of three bytes.
func (o *ours) run(ctx context.Context) (wall time.Duration, err error) {
	watch := stopwatch.Start()
	err = o.all(ctx, link.Uint8, o.takePixels)
	return watch.Elapsed(), err
}

// compute gives the result as planes of numbers, 0..1, which the next call changes.
func (o *ours) compute(ctx context.Context) ([]float32, error) {
	o.floats = make([]float32, 3*o.result().X*o.result().Y)
	return o.floats, o.all(ctx, link.Float32, o.takeFloats)
}

// all computes all bands, two at a time.
func (o *ours) all(ctx context.Context, format link.Format, take func(samples []byte, r image.Rectangle)) error {
	o.work = link.Work{}
	return par.Do(ctx, len(o.slots), len(o.bands), func(worker, i int) error {
		s, pieces := o.slots[worker], o.bands[i]
		bands, _ := o.ask(pieces, format)
		return s.Guard(func() error {
			for k, b := range bands {
				part := b.Parts[0]
				o.fill(link.Floats(s.Bytes[part.Offset:]), part.Reads.Image().Add(pieces[k].Window.Min))
			}
			work, err := s.Run(ctx, 0, bands...)
			if err != nil {
				return err
			}
			o.add(work)
			for _, b := range bands {
				take(s.Bytes[b.Offset:], b.Result.Image())
			}
			return nil
		})
	})
}

func (o *ours) add(w link.Work) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.work.Upload += w.Upload
	o.work.Compute += w.Compute
	o.work.Download += w.Download
	o.work.Memory = max(o.work.Memory, w.Memory)
}

// fill writes planes of a rectangle of the picture.
func (o *ours) fill(to []float32, r image.Rectangle) {
	for c := range o.input.C {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			to = to[copy(to, o.input.Plane(0, c)[y*o.input.W+r.Min.X:][:r.Dx()]):]
		}
	}
}

func (o *ours) takePixels(samples []byte, r image.Rectangle) {
	n := 3 * r.Dx()
	for y := range r.Dy() {
		copy(o.pixels[3*((r.Min.Y+y)*o.result().X+r.Min.X):], samples[y*n:][:n])
	}
}

func (o *ours) takeFloats(samples []byte, r image.Rectangle) {
	floats, whole := link.Floats(samples), o.result()
	for c := range 3 {
		for y := range r.Dy() {
			copy(o.floats[(c*whole.Y+r.Min.Y+y)*whole.X+r.Min.X:], floats[(c*r.Dy()+y)*r.Dx():][:r.Dx()])
		}
	}
}

// checkSide is about the side of the places that the processor computes, too.
const checkSide = 48

// fromCPU compares a result with the processor's: at corners, in the middle, and where bands meet; all of it for networks that pool over all of it.
func (o *ours) fromCPU(ctx context.Context, got []float32) (*apart, error) {
	c := comparison{low: math.Inf(1), high: math.Inf(-1)}
	for _, p := range o.pieces {
		for _, core := range o.places(p) {
			want := make([]float32, 3*core.Dx()*core.Dy()*o.spec.Scale*o.spec.Scale)
			if err := o.byCPU(ctx, p, core, want); err != nil {
				return nil, err
			}
			o.compareAt(&c, got, want, core)
		}
	}
	return c.apart(), nil
}

// places are what the processor computes of a piece, in the picture's pixels.
func (o *ours) places(p tile.Piece) []image.Rectangle {
	if o.spec.Pools() {
		if i := p.Core.Min; i != (image.Point{}) && p.Core.Max != o.size() { // a square at two corners
			return nil
		}
		return []image.Rectangle{p.Core}
	}
	var all []image.Rectangle
	side := image.Pt(min(checkSide, p.Core.Dx()), min(checkSide, p.Core.Dy()))
	for _, at := range []image.Point{p.Core.Min, p.Core.Max.Sub(side), p.Core.Min.Add(p.Core.Size().Sub(side).Div(2))} {
		fold := o.plan.Fold()
		at = image.Pt(at.X/fold*fold, at.Y/fold*fold)
		all = append(all, image.Rectangle{Min: at, Max: at.Add(side)})
	}
	return all
}

// byCPU has the processor compute a part of a piece's core.
func (o *ours) byCPU(ctx context.Context, p tile.Piece, core image.Rectangle, want []float32) error {
	piece := engine.Piece{Window: p.Window.Size(), Core: core.Sub(p.Window.Min), Threads: par.Threads(0)}
	size := core.Size().Mul(o.spec.Scale)
	fill := func(rows engine.Rows) {
		for y := rows.Min.Y; y < rows.Max.Y; y++ {
			for c := range rows.Channels {
				copy(rows.Row(c, y), o.input.Plane(0, c)[(p.Window.Min.Y+y)*o.input.W+p.Window.Min.X+rows.Min.X:])
			}
		}
	}
	take := func(rows engine.Rows) {
		for y := rows.Min.Y; y < rows.Max.Y; y++ {
			for c := range 3 {
				copy(want[(c*size.Y+y)*size.X+rows.Min.X:], rows.Row(c, y))
			}
		}
	}
	return o.plan.Run(ctx, &engine.Arena{}, piece, fill, take)
}

// compareAt compares a part of the result with the processor's, which is in the range of the input.
func (o *ours) compareAt(c *comparison, got, want []float32, core image.Rectangle) {
	whole, r := o.result(), image.Rectangle{Min: core.Min.Mul(o.spec.Scale), Max: core.Max.Mul(o.spec.Scale)}
	unit := float32(1) / float32(max(o.spec.InputRange, 1))
	for channel := range 3 {
		for y := range r.Dy() {
			row := want[(channel*r.Dy()+y)*r.Dx():][:r.Dx()]
			for x := range row {
				row[x] *= unit
			}
			c.add(got[(channel*whole.Y+r.Min.Y+y)*whole.X+r.Min.X:][:r.Dx()], row)
		}
	}
}
