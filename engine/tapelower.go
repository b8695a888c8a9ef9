package engine

import "classsr/nn"

// tapeLowering turns the nodes of a graph into the steps of a tape.
type tapeLowering struct {
	*Tape
	network
	users []int
	fused []bool // by node: it is part of an earlier step
}

func (l tapeLowering) lower() {
	for i, n := range l.network.graph.Nodes {
		if l.fused[i] {
			continue
		}
		v := result(i)
		switch op := n.Op.(type) {
		case nn.Conv:
			step := op.StepSize()
			same, apart := step == 1 && op.Kernel == 2*op.Pad+1, step == op.Kernel && op.Pad == 0 && op.GroupCount() == 1
			if !same && !apart {
				panic("engine: a convolution that is neither padded to the same size nor of blocks that do not overlap")
			}
			l.addConv(v, n, op)
			continue
		case nn.Linear:
			l.addConv(v, n, nn.Conv{In: op.In, Out: op.Out, Kernel: 1})
			continue
		case nn.Concat:
			l.values[v].wanted = l.anyWanted(n.Inputs) // it is read where its parts lie
			continue
		case nn.ReLU, nn.LeakyReLU, nn.PReLU:
			l.addActivation(v, n)
			continue
		case nn.BatchNorm:
			l.make(v, n)
			l.steps = append(l.steps, &tapeNorm{node: n, x: n.Inputs[0], y: v, moments: make([]moments, op.Channels)})
			continue
		case nn.Add:
			l.make(v, n)
			l.steps = append(l.steps, tapeAdd{n.Inputs[0], n.Inputs[1], v})
			continue
		case nn.PixelShuffle:
			l.make(v, n)
			l.steps = append(l.steps, tapeShuffle{n.Inputs[0], v, op.Factor})
			continue
		}
		l.make(v, n)
		l.steps = append(l.steps, newTapeReference(l.Tape, n, v))
	}
}

// make gives a value memory, and notes whether its gradient is needed: to learn a parameter of its node, or for what it is made of.
func (l tapeLowering) make(v nn.Value, n nn.Node) {
	l.values[v].padded = l.newPadded(l.values[v].shape)
	l.values[v].wanted = l.anyWanted(n.Inputs) || l.learns(n)
}

func (l tapeLowering) anyWanted(values []nn.Value) bool {
	for _, v := range values {
		if l.values[v].wanted {
			return true
		}
	}
	return false
}

func (t *Tape) learns(n nn.Node) bool {
	for _, p := range n.Op.Params() {
		if t.grads[n.ParamName(p)].Data != nil {
			return true
		}
	}
	return false
}

// parts lists the values that v consists of: itself unless it is a concatenation.
func (l tapeLowering) parts(v nn.Value) []nn.Value {
	if v == nn.Input {
		return []nn.Value{v}
	}
	n := l.network.graph.Nodes[v-1]
	if _, ok := n.Op.(nn.Concat); !ok {
		return []nn.Value{v}
	}
	var parts []nn.Value
	for _, in := range n.Inputs {
		parts = append(parts, l.parts(in)...)
	}
	return parts
}

// next is the node that alone uses v, if there is one.
func (l tapeLowering) next(v nn.Value) (nn.Node, nn.Value, bool) {
	if l.users[v] != 1 {
		return nn.Node{}, 0, false
	}
	for i, n := range l.network.graph.Nodes {
		for _, in := range n.Inputs {
			if in == v {
				return n, result(i), true
			}
		}
	}
	return nn.Node{}, 0, false
}

// addConv adds a convolution with the skip connection and the activation that follow it, if its own result is needed for nothing else.
func (l tapeLowering) addConv(v nn.Value, n nn.Node, op nn.Conv) {
	c := &tapeConv{node: n, op: op, in: l.parts(n.Inputs[0]), residual: -1, out: v}
	if d, ok := l.deconvs[v]; ok {
		c.deconv, c.node.Op = &d, d
	}
	if next, value, ok := l.next(c.out); ok {
		other := nn.Value(-1)
		if _, isAdd := next.Op.(nn.Add); isAdd {
			other = next.Inputs[0] + next.Inputs[1] - c.out
		}
		if other >= 0 && other < v {
			c.residual, c.out = other, value
			l.fused[value-1] = true
		}
	}
	if next, value, ok := l.next(c.out); ok {
		if slope, ok := positiveSlope(next.Op); ok {
			c.slope, c.out = []float32{slope}, value
			l.fused[value-1] = true
		}
	}
	l.make(c.out, c.node)
	if c.residual >= 0 && l.values[c.residual].wanted {
		l.values[c.out].wanted = true
	}
	c.prepare(l.Tape)
	l.steps = append(l.steps, c)
}

// positiveSlope gives the slope of an activation whose result has the signs of its source, so that the source need not be kept.
func positiveSlope(op nn.Op) (float32, bool) {
	switch op := op.(type) {
	case nn.ReLU:
		return 0, true
	case nn.LeakyReLU:
		return op.Slope, op.Slope > 0
	}
	return 0, false
}

func (l tapeLowering) addActivation(v nn.Value, n nn.Node) {
	l.make(v, n)
	x := n.Inputs[0]
	a := tapeActivation{node: n, x: x, y: v, signs: x}
	if slope, ok := positiveSlope(n.Op); ok {
		a.slope, a.signs = slope, v
		if normalised := x != nn.Input && l.users[x] == 1; normalised {
			if _, ok := l.network.graph.Nodes[x-1].Op.(nn.BatchNorm); ok {
				l.values[v].padded = l.values[x].padded // BatchNorm does not need its result any more
			}
		}
	} else if leaky, ok := n.Op.(nn.LeakyReLU); ok {
		a.slope = leaky.Slope
	} else {
		a.partial = make([]float32, l.batch.N*l.values[v].shape.C)
	}
	l.steps = append(l.steps, a)
}
