package engine

import (
	"image"

	"classsr/internal/kernel"
	"classsr/nn"
	"classsr/tensor"
)

// pointwise is embedded by operations that make a pixel from the pixels at the same place.
type pointwise struct{}

func (pointwise) need(_ int, r image.Rectangle, _ image.Point) image.Rectangle { return r }

// convOp is a convolution; its second input, if it has one, is added before the activation.
type convOp struct {
	conv              *kernel.Conv
	grid              kernel.Grid
	size, pad, stride int
	macsPerPixel      int64
}

// need takes in whole tiles, whose bits depend on all that they read.
func (c convOp) need(i int, r image.Rectangle, size image.Point) image.Rectangle {
	if i == 1 {
		return r
	}
	return c.reach(i, c.conv.Tiles(c.grid, r), size)
}

func (c convOp) reach(i int, r image.Rectangle, _ image.Point) image.Rectangle {
	if i == 1 {
		return r
	}
	return image.Rectangle{
		Min: r.Min.Mul(c.stride).Sub(image.Pt(c.pad, c.pad)),
		Max: r.Max.Sub(image.Pt(1, 1)).Mul(c.stride).Add(image.Pt(c.size-c.pad, c.size-c.pad)),
	}
}

func (c convOp) do(f *frame) {
	src := f.sources(0, c.need(0, f.r, image.Point{}).Min.X)
	var add *kernel.Block
	if len(f.step.in) == 2 {
		f.add = f.in(1, f.r.Min.X)
		add = &f.add
	}
	c.conv.Run(f.out, f.r, c.grid, src, add, &f.arena.scratch)
}

func (c convOp) macs(r image.Rectangle) int64 { return int64(r.Dx()*r.Dy()) * c.macsPerPixel }

// activateOp is an activation on its own.
type activateOp struct{ slope []float32 }

func (activateOp) need(_ int, r image.Rectangle, _ image.Point) image.Rectangle { return r }

func (a activateOp) do(f *frame) {
	kernel.Activate(f.out, f.r.Min.Y, f.r.Max.Y, f.r.Dx(), f.in(0, f.r.Min.X), a.slope)
}

type sigmoidOp struct{ pointwise }

func (sigmoidOp) do(f *frame) {
	kernel.Sigmoid(f.out, f.r.Min.Y, f.r.Max.Y, f.r.Dx(), f.in(0, f.r.Min.X))
}

// affineOp is a normalisation that could not be folded.
type affineOp struct {
	pointwise
	factor, offset []float32
}

func newAffineOp(op nn.BatchNorm, params []tensor.Array) affineOp {
	a := affineOp{factor: make([]float32, op.Channels), offset: make([]float32, op.Channels)}
	for c := range op.Channels {
		factor, offset := op.Affine(params, c)
		a.factor[c], a.offset[c] = float32(factor), float32(offset)
	}
	return a
}

func (a affineOp) do(f *frame) {
	kernel.Affine(f.out, f.r.Min.Y, f.r.Max.Y, f.r.Dx(), f.in(0, f.r.Min.X), a.factor, a.offset)
}

type addOp struct{ pointwise }

func (addOp) do(f *frame) {
	kernel.Add(f.out, f.r.Min.Y, f.r.Max.Y, f.r.Dx(), f.in(0, f.r.Min.X), f.in(1, f.r.Min.X))
}

// channelMulOp multiplies channels by numbers; its third input, if it has one, is added to the products.
type channelMulOp struct{}

func (channelMulOp) need(i int, r image.Rectangle, size image.Point) image.Rectangle {
	if i == 1 {
		return image.Rectangle{Max: size}
	}
	return r
}

func (channelMulOp) do(f *frame) {
	var add *kernel.Block
	if len(f.step.in) == 3 {
		f.add = f.in(2, f.r.Min.X)
		add = &f.add
	}
	kernel.ChannelMul(f.out, f.r.Min.Y, f.r.Max.Y, f.r.Dx(), f.in(0, f.r.Min.X), f.in(1, 0), add)
}

// meanOp pools over the whole window.
type meanOp struct{}

func (meanOp) need(_ int, _ image.Rectangle, size image.Point) image.Rectangle {
	return image.Rectangle{Max: size}
}

func (meanOp) do(f *frame) {
	size := f.size(0)
	kernel.Mean(f.out, size.Y, size.X, f.in(0, 0), &f.arena.scratch)
}

// shuffleOp is a pixel shuffle.
type shuffleOp struct{ factor int }

func (s shuffleOp) need(_ int, r image.Rectangle, _ image.Point) image.Rectangle {
	return image.Rectangle{Min: r.Min.Div(s.factor), Max: r.Max.Sub(image.Pt(1, 1)).Div(s.factor).Add(image.Pt(1, 1))}
}

func (s shuffleOp) do(f *frame) {
	x := f.r.Min.X / s.factor
	kernel.PixelShuffle(f.out, f.r.Min.Y, f.r.Max.Y, f.r.Min.X, f.r.Dx(), f.in(0, x), x, s.factor)
}

// bilinearOp is a bilinear enlargement.
type bilinearOp struct{ nn.Bilinear }

func (b bilinearOp) need(_ int, r image.Rectangle, size image.Point) image.Rectangle {
	x0, _, _ := b.Taps(r.Min.X, size.X)
	y0, _, _ := b.Taps(r.Min.Y, size.Y)
	_, x1, _ := b.Taps(r.Max.X-1, size.X)
	_, y1, _ := b.Taps(r.Max.Y-1, size.Y)
	return image.Rect(x0, y0, x1+1, y1+1)
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
