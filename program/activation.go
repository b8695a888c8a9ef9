package program

import (
	"classsr/nn"
	"classsr/tensor"
)

// Activation is y = x where x is positive, and slope*x elsewhere.
type Activation struct {
	Slope float32 // if it is not learnt
	// Learnt has the slope as a parameter: one, or one for each channel; nil if it is not learnt.
	Learnt     *nn.Node
	PerChannel bool
}

// KeepsSigns tells whether results have the signs of what they are made of, whatever is learnt.
func (a Activation) KeepsSigns() bool { return a.Learnt == nil && a.Slope >= 0 }

// Slopes gives the slope of all channels, or of each. Those that are learnt are the parameter itself.
func (a Activation) Slopes(params tensor.Set) []float32 {
	if a.Learnt == nil {
		return []float32{a.Slope}
	}
	return a.Learnt.Arrays(params)[0].Data
}

// Activate is an activation that is not part of a convolution.
type Activate struct {
	pointwise
	Activation
}

// Shape implements Operation.
func (Activate) Shape(in []tensor.Shape) tensor.Shape { return in[0] }

// Sigmoid is y = 1/(1+exp(-x)).
type Sigmoid struct {
	nn.Sigmoid
	pointwise
}
