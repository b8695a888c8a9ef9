package engine

import (
	"image"

	"classsr/internal/kernel"
	"classsr/program"
	"classsr/tensor"
)

// fewTiled is how many convolutions of 3x3 networks have at most that have wide tiles although their rows slide: beyond the end of a strip, and of a
// masked span, each computes two columns more of what the next one reads.
const fewTiled = 8

// packSteps packs the steps of the plan's program, with wide tiles or narrow ones.
func (p *Plan) packSteps(params tensor.Set, wide bool) {
	p.wide = wide
	// Networks that pool run by layer, and so transform weights for a whole layer at a time. That is faster than reading transformed ones,
	// which are five times as many, if there are as many as in RCAN.
	packing := packing{params: params, fleeting: p.lastPool >= 0, wide: wide, attended: map[string]*kernel.Conv{}}
	for i, s := range p.program.Steps {
		p.steps = append(p.steps, step{Step: s, out: program.Value(i + 1), run: packing.pack(s.Op)})
	}
}

// packing is how operations are packed.
type packing struct {
	params         tensor.Set
	fleeting, wide bool
	// attended is the convolutions, by their names, whose means were asked for: they are scaled by what is made of these.
	attended map[string]*kernel.Conv
}

// widePays tells whether wide tiles are worth it although rows slide.
func (p *Plan) widePays() bool {
	count := 0
	pixel := image.Rect(0, 0, 1, 1)
	for _, s := range p.program.Steps {
		if s.Op.MACs(pixel) > 0 && s.Op.Reach(0, pixel, image.Point{}).Dx() == 3 {
			count++
		}
	}
	return count > 0 && count <= fewTiled
}

// pack makes what computes an operation with the kernels. It is the one place that knows all operations.
func (p *packing) pack(op program.Operation) operation {
	params := p.params
	switch op := op.(type) {
	case program.Conv:
		return p.newConvOp(op)
	case program.Activate:
		return activateOp{slopes: op.Slopes(params)}
	case program.Sigmoid:
		return sigmoidOp{}
	case program.Norm:
		return newAffineOp(op, params)
	case program.Add:
		return addOp{factor: op.Factor}
	case program.Mul:
		return mulOp{}
	case program.Scale:
		return scaleOp{factor: op.Factor}
	case program.ChannelMul:
		return channelMulOp{}
	case program.Mean:
		return meanOp{}
	case program.MeanOf:
		return p.newMeanOfOp(op)
	case program.Shuffle:
		return shuffleOp{factor: op.Factor}
	case program.Unshuffle:
		return unshuffleOp{factor: op.Factor}
	case program.Nearest:
		return nearestOp{factor: op.Factor}
	case program.Bilinear:
		return bilinearOp{Bilinear: op}
	case program.Bicubic:
		return newBicubicOp(op)
	}
	panic("engine: an operation that cannot be packed")
}

// convShape is what the kernels must know of a convolution.
func convShape(c program.Conv) kernel.Shape {
	return kernel.Shape{In: c.In, Out: c.Out, Size: c.Kernel, Stride: c.Stride, Pad: c.Pad, Groups: c.Groups, Shuffle: c.Shuffle}
}
