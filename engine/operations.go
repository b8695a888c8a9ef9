package engine

import (
	"image"
	"slices"

	"classsr/internal/kernel"
	"classsr/program"
	"classsr/tensor"
)

// untiled is embedded by operations that make every pixel on its own.
type untiled struct{}

func (untiled) tiles(_ kernel.Grid, r image.Rectangle) image.Rectangle { return r }

func (untiled) zoom() int { return 1 }

func (untiled) scratchBytes() int64 { return 0 }

func (untiled) overwrites() int { return -1 }

// convOp is a convolution with what is done besides.
type convOp struct {
	conv                    *kernel.Conv
	residual, gated, scaled bool
}

func (p *packing) newConvOp(op program.Conv) convOp {
	conv := p.attended[op.Node.Name]
	if conv == nil || !op.Scaled {
		conv = p.conv(op)
	}
	return convOp{conv, op.Residual, op.Gated, op.Scaled}
}

func (p *packing) newMeanOfOp(op program.MeanOf) meanOfOp {
	conv := p.conv(op.Conv)
	p.attended[op.Conv.Node.Name] = conv
	return meanOfOp{conv: conv}
}

func (p *packing) conv(op program.Conv) *kernel.Conv {
	shape := convShape(op)
	shape.Fleeting, shape.Wide = p.fleeting, p.wide
	weight, bias := op.Weights(p.params)
	return kernel.NewConv(shape, weight, bias, op.Slopes(p.params))
}

func (c convOp) zoom() int { return c.conv.Shuffle }

func (c convOp) scratchBytes() int64 { return c.conv.ScratchBytes() }

func (c convOp) tiles(grid kernel.Grid, r image.Rectangle) image.Rectangle {
	return c.conv.Tiles(grid, r)
}

func (c convOp) do(f *frame) {
	src := f.sources(0, f.step.need(0, f.r, image.Point{}).Min.X)
	if c.gated {
		c.conv.Run(f.out, f.r, f.step.grid, src, kernel.After{}, &f.arena.scratch)
		kernel.Gate(f.out, f.r.Min.Y, f.r.Max.Y, f.r.Dx(), f.in(1, f.r.Min.X), f.in(2, f.r.Min.X))
		return
	}
	after := kernel.After{}
	if c.residual {
		after.Add = f.residual(1)
	}
	if c.scaled {
		after.Scale = f.numbers(len(f.step.Inputs) - 1)
	}
	c.conv.Run(f.out, f.r, f.step.grid, src, after, &f.arena.scratch)
}

// numbers gives the channels of input i, a single pixel each.
func (f *frame) numbers(i int) []float32 {
	numbers := f.arena.numbers[:0]
	b := f.in(i, 0)
	for c := range b.C {
		numbers = append(numbers, b.Row(c, 0, 0, 1)[0])
	}
	f.arena.numbers = numbers
	return numbers
}

func (c convOp) overwrites() int {
	if c.residual {
		return 1
	}
	return -1
}

// residual gives the planes of input i, which is added to the result, or nil if there is no such input.
func (f *frame) residual(i int) *kernel.Block {
	if len(f.step.Inputs) <= i {
		return nil
	}
	f.add = f.in(i, f.r.Min.X)
	return &f.add
}

// activateOp is an activation on its own.
type activateOp struct {
	untiled
	slopes []float32
}

func (a activateOp) do(f *frame) {
	kernel.Activate(f.out, f.r.Min.Y, f.r.Max.Y, f.r.Dx(), f.in(0, f.r.Min.X), a.slopes)
}

type sigmoidOp struct{ untiled }

func (sigmoidOp) do(f *frame) {
	kernel.Sigmoid(f.out, f.r.Min.Y, f.r.Max.Y, f.r.Dx(), f.in(0, f.r.Min.X))
}

// affineOp is a normalisation that is not part of a convolution.
type affineOp struct {
	untiled
	factor, offset []float32
}

func newAffineOp(op program.Norm, params tensor.Set) affineOp {
	factor, offset := op.Affine(params)
	a := affineOp{factor: make([]float32, len(factor)), offset: make([]float32, len(offset))}
	for c := range factor {
		a.factor[c], a.offset[c] = float32(factor[c]), float32(offset[c])
	}
	return a
}

func (a affineOp) do(f *frame) {
	kernel.Affine(f.out, f.r.Min.Y, f.r.Max.Y, f.r.Dx(), f.in(0, f.r.Min.X), a.factor, a.offset)
}

type addOp struct {
	untiled
	factor float32 // of input 0
}

func (a addOp) do(f *frame) {
	kernel.Add(f.out, f.r.Min.Y, f.r.Max.Y, f.r.Dx(), f.in(0, f.r.Min.X), f.in(1, f.r.Min.X), a.factor, 1)
}

type mulOp struct{ untiled }

func (mulOp) do(f *frame) {
	kernel.Mul(f.out, f.r.Min.Y, f.r.Max.Y, f.r.Dx(), f.in(0, f.r.Min.X), f.in(1, f.r.Min.X))
}

type scaleOp struct {
	untiled
	factor float32
}

func (s scaleOp) do(f *frame) {
	x := f.in(0, f.r.Min.X)
	kernel.Add(f.out, f.r.Min.Y, f.r.Max.Y, f.r.Dx(), x, x, s.factor, 0)
}

// channelMulOp multiplies channels by numbers.
type channelMulOp struct{ untiled }

func (channelMulOp) do(f *frame) {
	kernel.ChannelMul(f.out, f.r.Min.Y, f.r.Max.Y, f.r.Dx(), f.in(0, f.r.Min.X), f.in(1, 0), f.residual(2))
}

// meanOp pools over the whole window.
type meanOp struct{ untiled }

func (meanOp) do(f *frame) {
	size := f.size(0)
	kernel.Mean(f.out, size.Y, size.X, f.in(0, 0), &f.arena.scratch)
}

// meanOfOp is the mean of what a convolution would give.
type meanOfOp struct {
	untiled
	conv *kernel.Conv
}

func (m meanOfOp) do(f *frame) {
	src, size := f.in(0, 0), f.size(0)
	const taps = 9
	means := f.arena.means(taps * src.C)
	if f.threads > 1 {
		f.share(src.C, func(c int, scratch *kernel.Scratch) {
			kernel.ShiftedMeans((*[taps]float32)(means[taps*c:]), c, size.Y, size.X, src, scratch)
		})
	} else {
		for c := range src.C { // without a function, which would be allocated
			kernel.ShiftedMeans((*[taps]float32)(means[taps*c:]), c, size.Y, size.X, src, &f.arena.scratch)
		}
	}
	f.arena.numbers = slices.Grow(f.arena.numbers[:0], m.conv.Out)[:m.conv.Out]
	m.conv.Means(f.arena.numbers, means, &f.arena.scratch)
	for c, v := range f.arena.numbers {
		f.out.Row(c, 0, 0, 1)[0] = v
	}
}

// shuffleOp is a pixel shuffle.
type shuffleOp struct {
	untiled
	factor int
}

func (s shuffleOp) do(f *frame) {
	x := f.r.Min.X / s.factor
	kernel.PixelShuffle(f.out, f.r.Min.Y, f.r.Max.Y, f.r.Min.X, f.r.Dx(), f.in(0, x), x, s.factor)
}

// unshuffleOp turns pixels into channels, for whatever is no convolution.
type unshuffleOp struct {
	untiled
	factor int
}

func (u unshuffleOp) do(f *frame) {
	src := f.in(0, f.r.Min.X*u.factor)
	for c := range f.out.C {
		plane, dy, dx := c/(u.factor*u.factor), c/u.factor%u.factor, c%u.factor
		for y := f.r.Min.Y; y < f.r.Max.Y; y++ {
			row := f.out.Row(c, y, 0, f.r.Dx())
			from := src.Row(plane, y*u.factor+dy, dx, (len(row)-1)*u.factor+1)
			for x := range row {
				row[x] = from[x*u.factor]
			}
		}
	}
}

// nearestOp repeats pixels.
type nearestOp struct {
	untiled
	factor int
}

func (n nearestOp) do(f *frame) {
	x := f.r.Min.X / n.factor
	kernel.Nearest(f.out, f.r.Min.Y, f.r.Max.Y, f.r.Min.X, f.r.Dx(), f.in(0, x), x, n.factor)
}

// bilinearOp is a bilinear enlargement.
type bilinearOp struct {
	untiled
	program.Bilinear
}

func (b bilinearOp) do(f *frame) {
	size := f.size(0)
	first, _, _ := b.Taps(f.r.Min.X, size.X)
	_, last, _ := b.Taps(f.r.Max.X-1, size.X)
	src := f.in(0, first)
	for c := range src.C {
		for y := f.r.Min.Y; y < f.r.Max.Y; y++ {
			y0, y1, fy := b.Taps(y, size.Y)
			row := f.out.Row(c, y, 0, f.r.Dx())
			top, bottom := src.Row(c, y0, 0, last+1-first), src.Row(c, y1, 0, last+1-first)
			for x := range row {
				x0, x1, fx := b.Taps(f.r.Min.X+x, size.X)
				x0, x1 = x0-first, x1-first
				row[x] = (top[x0]*(1-fx)+top[x1]*fx)*(1-fy) + (bottom[x0]*(1-fx)+bottom[x1]*fx)*fy
			}
		}
	}
}
