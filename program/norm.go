package program

import (
	"classsr/nn"
	"classsr/tensor"
)

// Norm is a normalisation, y = x*factor + offset with two numbers for each channel: a step of its own, or part of a convolution.
type Norm struct {
	pointwise
	Node nn.Node // an nn.BatchNorm, whose parameters it has
}

// Shape implements Operation.
func (n Norm) Shape(in []tensor.Shape) tensor.Shape { return n.Node.Op.Shape(in) }

// Affine gives factor and offset of each channel.
func (n Norm) Affine(params tensor.Set) (factor, offset []float64) {
	arrays := n.Node.Arrays(params)
	for c := range arrays[0].Data {
		f, o := nn.BatchNorm{}.Affine(arrays, c)
		factor, offset = append(factor, f), append(offset, o)
	}
	return factor, offset
}

// fold multiplies a normalisation into the convolution before it.
func (n Norm) fold(params tensor.Set, weight, bias []float32) (foldedWeight, foldedBias []float32) {
	factor, offset := n.Affine(params)
	foldedWeight, foldedBias = make([]float32, len(weight)), make([]float32, len(bias))
	perOut := len(weight) / len(bias)
	for o := range bias {
		for i := o * perOut; i < (o+1)*perOut; i++ {
			foldedWeight[i] = float32(float64(weight[i]) * factor[o])
		}
		foldedBias[o] = float32(float64(bias[o])*factor[o] + offset[o])
	}
	return foldedWeight, foldedBias
}
