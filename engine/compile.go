package engine

import (
	"classsr/internal/kernel"
	"classsr/nn"
	"classsr/tensor"
)

// compiler turns nodes into steps, several nodes into one where the kernels can do it: BatchNorm is folded into the
// convolution before it, a skip connection and an activation after a convolution become its last touch on a row, and a
// concatenation is never made: whoever reads it reads its parts where they lie.
type compiler struct {
	network
	users   [][]nn.Value // by value: the values made from it, one entry for each use
	fused   []bool       // by node: it is part of an earlier step
	sources map[nn.Value][]nn.Value
	steps   []step
	pools   bool // some node needs all of its input
}

// maxKept is how many parameters may be kept transformed for Winograd's algorithm, which makes them three and a half times as many, if
// the network runs by layer and so transforms them for a whole layer at a time.
const maxKept = 4 << 20

func newCompiler(n network) *compiler {
	g := n.graph
	c := &compiler{
		network: n,
		users:   make([][]nn.Value, len(g.Nodes)+1), fused: make([]bool, len(g.Nodes)),
		sources: map[nn.Value][]nn.Value{},
	}
	for i, n := range g.Nodes {
		if _, ok := n.Op.(nn.GlobalAvgPool); ok {
			c.pools = true
		}
		for _, v := range n.Inputs {
			c.users[v] = append(c.users[v], result(i))
		}
	}
	return c
}

// result is the value that node i makes.
func result(i int) nn.Value { return nn.Value(i + 1) }

func (c *compiler) node(v nn.Value) nn.Node { return c.graph.Nodes[v-1] }

func (c *compiler) compile() *Plan {
	for i, n := range c.graph.Nodes {
		if !c.fused[i] {
			c.lower(result(i), n)
		}
	}
	p := &Plan{graph: c.graph, steps: c.steps, sources: c.sources, byLayer: c.pools, lastPool: -1}
	for i, s := range p.steps {
		if _, ok := s.run.(meanOp); ok {
			p.lastPool = i
		}
	}
	return p
}

// lower adds the step for a node.
func (c *compiler) lower(out nn.Value, n nn.Node) {
	params := n.Arrays(c.params)
	add := func(op operation) { c.steps = append(c.steps, step{run: op, in: n.Inputs, out: out, self: out}) }
	switch op := n.Op.(type) {
	case nn.Conv:
		c.lowerConv(out, n, op, params)
	case nn.Linear: // a 1x1 convolution of a single pixel
		conv := nn.Conv{In: op.In, Out: op.Out, Kernel: 1}
		c.lowerConv(out, n, conv, params)
	case nn.Concat:
		if !c.feedsOnlyConvs(out) {
			panic("engine: only convolutions can read a concatenation")
		}
		c.sources[out] = n.Inputs
	case nn.ReLU, nn.LeakyReLU, nn.PReLU:
		add(activateOp{slopeOf(op, params)})
	case nn.Sigmoid:
		add(sigmoidOp{})
	case nn.BatchNorm:
		add(newAffineOp(op, params))
	case nn.Add:
		add(addOp{})
	case nn.ChannelMul:
		c.lowerChannelMul(out, n)
	case nn.GlobalAvgPool:
		add(meanOp{})
	case nn.PixelShuffle:
		add(shuffleOp{op.Factor})
	case nn.Bilinear:
		add(bilinearOp{op})
	case nn.Bicubic:
		add(newBicubicOp(op))
	default:
		panic("engine: an operation that cannot be compiled")
	}
}

// lowerChannelMul adds a multiplication with the skip connection that follows it.
func (c *compiler) lowerChannelMul(out nn.Value, n nn.Node) {
	s := step{run: channelMulOp{}, in: n.Inputs, out: out, self: out}
	if other, sum, ok := c.skip(out, out); ok {
		s.in, s.out = []nn.Value{n.Inputs[0], n.Inputs[1], other}, sum
		c.fused[sum-1] = true
	}
	c.steps = append(c.steps, s)
}

// skip finds what is added to a value by the only node that uses it, if that is made before the value self, and the sum.
func (c *compiler) skip(out, self nn.Value) (other, sum nn.Value, ok bool) {
	if len(c.users[out]) != 1 {
		return 0, 0, false
	}
	sum = c.users[out][0]
	n := c.node(sum)
	if _, isAdd := n.Op.(nn.Add); !isAdd {
		return 0, 0, false
	}
	other = n.Inputs[0] + n.Inputs[1] - out
	return other, sum, other < self
}

func (c *compiler) feedsOnlyConvs(v nn.Value) bool {
	for _, user := range c.users[v] {
		switch c.node(user).Op.(type) {
		case nn.Conv, nn.Concat:
		default:
			return false
		}
	}
	return v != c.graph.Output()
}

// lowerConv adds a convolution with what follows it, as far as nothing else uses the results in between.
func (c *compiler) lowerConv(out nn.Value, n nn.Node, op nn.Conv, params []tensor.Array) {
	f := fusion{self: out, weight: params[0].Data, bias: make([]float32, op.Out)}
	if !op.NoBias {
		copy(f.bias, params[1].Data)
	}
	for len(c.users[out]) == 1 && c.fuse(&f, out, c.users[out][0]) {
		out = c.users[out][0]
		c.fused[out-1] = true
	}
	inputs := n.Inputs
	if f.residual != nil {
		inputs = append(append([]nn.Value{}, inputs...), *f.residual)
	}
	conv := kernel.NewConv(kernel.Shape{
		In: op.In, Out: op.Out, Size: op.Kernel, Stride: op.StepSize(), Pad: op.Pad, Groups: op.GroupCount(),
		Fleeting: c.pools && c.params.Len() > maxKept,
	}, f.weight, f.bias, f.slope)
	macs := int64(op.Out) * int64(op.In/op.GroupCount()*op.Kernel*op.Kernel)
	if d, ok := c.deconvs[f.self]; ok {
		macs = int64(d.In * d.Out * d.Kernel * d.Kernel) // without the dead taps
	}
	run := convOp{conv: conv, size: op.Kernel, pad: op.Pad, stride: op.StepSize(), macsPerPixel: macs}
	c.steps = append(c.steps, step{run, inputs, out, f.self})
}

// fusion is a convolution and what was fused to it.
type fusion struct {
	self         nn.Value
	weight, bias []float32
	residual     *nn.Value
	slope        []float32
}

// fuse adds the node that makes user from out to the convolution, or returns false if that cannot be done. The kernels add a
// skip connection first and activate last.
func (c *compiler) fuse(f *fusion, out, user nn.Value) bool {
	n := c.node(user)
	params := n.Arrays(c.params)
	switch op := n.Op.(type) {
	case nn.BatchNorm:
		if f.residual != nil || f.slope != nil {
			return false
		}
		f.weight, f.bias = fold(op, params, f.weight, f.bias)
	case nn.Add:
		other, _, ok := c.skip(out, f.self)
		if f.residual != nil || f.slope != nil || !ok {
			return false // or the other side is computed only after this convolution
		}
		f.residual = &other
	case nn.ReLU, nn.LeakyReLU, nn.PReLU:
		if f.slope != nil {
			return false
		}
		f.slope = slopeOf(op, params)
	default:
		return false
	}
	return true
}

// fold multiplies a normalisation into the convolution before it.
func fold(op nn.BatchNorm, params []tensor.Array, weight, bias []float32) (foldedWeight, foldedBias []float32) {
	foldedWeight, foldedBias = make([]float32, len(weight)), make([]float32, len(bias))
	perOut := len(weight) / len(bias)
	for o := range bias {
		factor, offset := op.Affine(params, o)
		for i := o * perOut; i < (o+1)*perOut; i++ {
			foldedWeight[i] = float32(float64(weight[i]) * factor)
		}
		foldedBias[o] = float32(float64(bias[o])*factor + offset)
	}
	return foldedWeight, foldedBias
}

// slopeOf gives what an activation multiplies negative numbers with: for all channels, or for each.
func slopeOf(op nn.Op, params []tensor.Array) []float32 {
	switch op := op.(type) {
	case nn.ReLU:
		return []float32{0}
	case nn.LeakyReLU:
		return []float32{op.Slope}
	case nn.PReLU:
		return params[0].Data
	}
	panic("engine: an activation without a slope")
}
