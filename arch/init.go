package arch

import (
	"math"
	"math/rand/v2"
	"strings"

	"classsr/nn"
	"classsr/tensor"
)

// PaperGain scales the initial weights of the layers that the paper's code initialises itself, so that residual networks begin
// near the identity. A FSRCNN, which has no skip connections, then takes thousands of steps before it does anything; 1 spares them.
const PaperGain = 0.1

// Init gives parameters to start training from, the same for the same seed, as the paper's code has them: weights of ordinary
// convolutions normal with standard deviation sqrt(2/fan in) times 0.1 and no bias; transposed convolutions, all of CARN, SPAN
// and SRVGGNetCompact and the Class-Module's last layer as PyTorch does by default, uniform in +-1/sqrt(fan in); slopes of PReLU 0.25; BatchNorm
// without effect; the mean shift as it is.
func (s Spec) Init(seed uint64) tensor.Set { return s.InitGain(seed, PaperGain) }

// InitGain is Init with another factor in place of PaperGain.
func (s Spec) InitGain(seed uint64, gain float64) tensor.Set {
	random := rand.New(rand.NewPCG(seed, 0))
	params := tensor.Set{}
	for _, scale := range s.ScaleList() {
		s.Scale = scale
		for _, n := range s.Build().Nodes {
			for _, p := range n.Op.Params() {
				name := n.ParamName(p)
				if _, made := params[name]; !made {
					params[name] = s.initial(n, p, random, gain)
				}
			}
		}
	}
	if start := s.arch().start; start != nil {
		start(s, params)
	}
	if fixed := s.arch().fixed; fixed != nil {
		params.Merge("", fixed(s))
	}
	return params
}

// initial makes one parameter.
func (s Spec) initial(n nn.Node, p nn.Param, random *rand.Rand, gain float64) tensor.Array {
	a := tensor.NewArray(p.Dims...)
	uniform := func(fanIn int) {
		for i := range a.Data {
			a.Data[i] = float32((2*random.Float64() - 1) / math.Sqrt(float64(fanIn)))
		}
	}
	switch op := n.Op.(type) {
	case nn.Conv:
		fanIn := op.In / op.GroupCount() * op.Kernel * op.Kernel
		switch {
		case s.arch().uniform:
			uniform(fanIn)
		case p.Suffix == "weight":
			for i := range a.Data {
				a.Data[i] = float32(random.NormFloat64() * math.Sqrt(2/float64(fanIn)) * gain)
			}
		}
	case nn.Deconv:
		uniform(op.Out * op.Kernel * op.Kernel) // what PyTorch takes for the fan in of a transposed convolution
	case nn.Linear:
		uniform(op.In)
	case nn.PReLU:
		fill(a, 0.25)
	case nn.BatchNorm:
		if strings.HasSuffix(p.Suffix, "weight") || p.Suffix == "running_var" {
			fill(a, 1)
		}
	default:
		panic("arch: an operation whose parameters have no initial values")
	}
	return a
}
