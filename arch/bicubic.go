package arch

import "classsr/nn"

// bicubic is interpolation, which has no parameters and, as counted here, costs nothing: a branch for what needs no network (the
// idea of ARM, ECCV 2022). No tensors tell of it; model files name it.
var bicubic = Arch{
	Name:         "bicubic",
	Title:        "bicubic interpolation",
	Scales:       []int{2, 3, 4, 8},
	Interpolates: true,
	limits:       []limit{{"channels", func(s Spec) int { return s.Width }, 1, 1}},
	build: func(s Spec) *nn.Graph {
		g := nn.NewGraph(3)
		g.Add("", nn.Bicubic{Scale: s.Scale}, nn.Input)
		return g
	},
	recognise: func(dims) (Spec, bool) { return Spec{}, false },
}

// Interpolation is the bicubic interpolation for all the enlargements of a network.
func Interpolation(network Spec) Spec {
	return Spec{Net: bicubic.Name, Scale: network.Scale, Scales: network.Scales, Width: 1, InputRange: 1}
}
