package engine

import (
	"classsr/internal/kernel"
	"classsr/program"
	"classsr/tensor"
)

// maxKept is how many parameters may be kept transformed for Winograd's algorithm, which makes them three and a half times as many, if
// the network runs by layer and so transforms them for a whole layer at a time.
const maxKept = 4 << 20

// packSteps packs the steps of the plan's program.
func (p *Plan) packSteps(params tensor.Set) {
	fleeting := p.lastPool >= 0 && params.Len() > maxKept
	for i, s := range p.program.Steps {
		p.steps = append(p.steps, step{Step: s, out: program.Value(i + 1), run: pack(s.Op, params, fleeting)})
	}
}

// pack makes what computes an operation with the kernels. It is the one place that knows all operations.
func pack(op program.Operation, params tensor.Set, fleeting bool) operation {
	switch op := op.(type) {
	case program.Conv:
		return newConvOp(op, params, fleeting)
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
	return kernel.Shape{In: c.In, Out: c.Out, Size: c.Kernel, Stride: c.Stride, Pad: c.Pad, Groups: c.Groups}
}
