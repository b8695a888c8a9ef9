package program

import (
	"slices"

	"classsr/nn"
)

// Mode says what a program is for.
type Mode int

const (
	// Inference fuses all that can be fused.
	Inference Mode = iota
	// Training keeps what gradients are computed from: a convolution has a skip connection and an activation that keeps signs at most.
	Training
)

// lowering turns nodes into steps one by one. What a convolution can do besides becomes part of it when its node comes, if nothing else
// reads what was there before.
type lowering struct {
	mode  Mode
	at    [][]Value // by value of the graph: where it is, several values side by side if it is a concatenation
	steps []Step
	users []int // by value: how many nodes of the graph read it
	made  int   // how many nodes read what the current node makes
}

// Lower lowers a graph. It panics if something else than convolutions reads a concatenation.
func Lower(g *nn.Graph, mode Mode) *Program {
	users := make([]int, len(g.Nodes)+1)
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			users[v]++
		}
	}
	l := lowering{mode: mode, at: [][]Value{{Input}}, users: users[:1:1]}
	for i, n := range g.Nodes {
		l.made = users[i+1]
		l.at = append(l.at, l.lower(n))
	}
	p := &Program{Channels: g.Channels, Steps: l.steps, Output: l.one(g.Output())}
	if mode == Inference && slices.ContainsFunc(p.Steps, Step.Pools) {
		p.Steps = slices.Clone(p.Steps)
		for i := range p.Steps {
			p.Steps[i].Inputs = cloned(p.Steps[i].Inputs) // the lists may be shared
		}
		p.attend()
		p.makeAgain()
	}
	p.findScale()
	return p
}

// lower gives the values of what a node makes. It is the one place that knows all operations of nn.
func (l *lowering) lower(n nn.Node) []Value {
	switch op := n.Op.(type) {
	case nn.Conv:
		return l.convolve(newConv(n, op), l.at[n.Inputs[0]])
	case nn.Linear: // a 1x1 convolution of a single pixel
		return l.add(newConv(n, nn.Conv{In: op.In, Out: op.Out, Kernel: 1}), l.at[n.Inputs[0]])
	case nn.Deconv: // Winograd's algorithm makes this faster than leaving out the dead taps would
		conv := l.add(newDeconv(n, op), l.at[n.Inputs[0]])
		l.users[conv[0]] = 1
		return l.shuffle(conv[0], nn.PixelShuffle{Factor: op.Stride})
	case nn.Concat:
		var parts []Value
		for _, v := range n.Inputs {
			parts = append(parts, l.at[v]...)
		}
		return parts
	case nn.ReLU:
		return l.activate(l.one(n.Inputs[0]), Activation{})
	case nn.LeakyReLU:
		return l.activate(l.one(n.Inputs[0]), Activation{Slope: op.Slope})
	case nn.PReLU:
		return l.activate(l.one(n.Inputs[0]), Activation{Learnt: &n, PerChannel: op.Slopes > 1})
	case nn.Sigmoid:
		return l.add(Sigmoid{Sigmoid: op}, l.each(n)...)
	case nn.BatchNorm:
		return l.normalise(l.one(n.Inputs[0]), Norm{Node: n})
	case nn.Add:
		return l.sum(l.one(n.Inputs[0]), l.one(n.Inputs[1]))
	case nn.Mul:
		return l.multiply(l.one(n.Inputs[0]), l.one(n.Inputs[1]))
	case nn.Scale:
		return l.scaled(l.one(n.Inputs[0]), Scale{Scale: op})
	case nn.ChannelMul:
		return l.add(ChannelMul{ChannelMul: op}, l.each(n)...)
	case nn.GlobalAvgPool:
		return l.add(Mean{GlobalAvgPool: op}, l.each(n)...)
	case nn.PixelShuffle:
		return l.shuffle(l.one(n.Inputs[0]), op)
	case nn.PixelUnshuffle:
		return l.add(Unshuffle{PixelUnshuffle: op}, l.each(n)...)
	case nn.Nearest:
		return l.add(Nearest{Nearest: op}, l.each(n)...)
	case nn.Bilinear:
		return l.add(Bilinear{Bilinear: op}, l.each(n)...)
	case nn.Bicubic:
		return l.add(Bicubic{Bicubic: op}, l.each(n)...)
	}
	panic("program: an operation that cannot be lowered")
}

// one is where a value of the graph is that is no concatenation.
func (l *lowering) one(v nn.Value) Value {
	if len(l.at[v]) > 1 {
		panic("program: only convolutions can read a concatenation")
	}
	return l.at[v][0]
}

// each gives the inputs of a node, none of them a concatenation.
func (l *lowering) each(n nn.Node) [][]Value {
	var inputs [][]Value
	for _, v := range n.Inputs {
		inputs = append(inputs, []Value{l.one(v)})
	}
	return inputs
}

// add adds a step for the current node.
func (l *lowering) add(op Operation, inputs ...[]Value) []Value {
	l.steps = append(l.steps, Step{op, inputs})
	l.users = append(l.users, l.made)
	return []Value{Value(len(l.steps))}
}

// amend makes the step that makes v do what the current node does, too.
func (l *lowering) amend(v Value, op Operation, more ...[]Value) []Value {
	s := &l.steps[v-1]
	s.Op, s.Inputs = op, append(s.Inputs, more...)
	l.users[v] = l.made
	return []Value{v}
}

// maker gives the operation that makes v, if the current node alone reads it.
func (l *lowering) maker(v Value) Operation {
	if v == Input || l.users[v] != 1 {
		return nil
	}
	return l.steps[v-1].Op
}

// convolve adds a convolution. One of channels that squares of pixels became reads the pixels.
func (l *lowering) convolve(c Conv, input []Value) []Value {
	if u, ok := l.maker(input[0]).(Unshuffle); ok && l.mode == Inference && len(input) == 1 {
		return l.add(c.unshuffled(u.Factor), l.steps[input[0]-1].Inputs[0])
	}
	return l.add(c, input)
}

func (l *lowering) normalise(v Value, n Norm) []Value {
	if c, ok := l.maker(v).(Conv); ok && l.mode == Inference && c.plain() && c.Factor == 1 {
		c.Norms = append(slices.Clip(c.Norms), n)
		return l.amend(v, c)
	}
	return l.add(n, []Value{v})
}

// shuffle turns channels into pixels.
func (l *lowering) shuffle(v Value, s nn.PixelShuffle) []Value {
	if c, ok := l.maker(v).(Conv); ok && l.mode == Inference && c.shuffles(s.Factor) {
		c.Shuffle = s.Factor
		return l.amend(v, c)
	}
	return l.add(Shuffle{PixelShuffle: s}, []Value{v})
}

// sum adds one value to another. The step that makes the later one can do it, since the other one is there by then.
func (l *lowering) sum(a, b Value) []Value {
	earlier, later := min(a, b), max(a, b)
	switch op := l.maker(later).(type) {
	case Conv:
		if op.plain() {
			op.Residual = true
			return l.amend(later, op, []Value{earlier})
		}
	case ChannelMul:
		if l.mode == Inference && !op.Residual {
			op.Residual = true
			return l.amend(later, op, []Value{earlier})
		}
	}
	factor := float32(1)
	if op, ok := l.maker(a).(Scale); ok && l.mode == Inference {
		a, factor = l.steps[a-1].Inputs[0][0], op.Factor
	}
	return l.add(Add{Factor: factor}, []Value{a}, []Value{b})
}

// multiply multiplies two values. A convolution can do that to its result, by a sum, too.
func (l *lowering) multiply(a, b Value) []Value {
	for _, v := range [][2]Value{{a, b}, {b, a}} {
		conv, ok := l.maker(v[1]).(Conv)
		sum, also := l.maker(v[0]).(Add)
		if !ok || !also || l.mode == Training || !conv.plain() || sum.Factor != 1 {
			continue
		}
		inputs := l.steps[v[0]-1].Inputs
		if max(inputs[0][0], inputs[1][0]) < v[1] { // they are there by then
			conv.Gated = true
			return l.amend(v[1], conv, inputs...)
		}
	}
	return l.add(Mul{}, []Value{a}, []Value{b})
}

// scaled multiplies a value by a constant.
func (l *lowering) scaled(v Value, s Scale) []Value {
	if c, ok := l.maker(v).(Conv); ok && l.mode == Inference && c.plain() {
		c.Factor *= s.Factor
		return l.amend(v, c)
	}
	return l.add(s, []Value{v})
}

// activate activates a value. An activation that treats all channels alike comes before a pixel shuffle, so that the convolution before
// that can do it.
func (l *lowering) activate(v Value, a Activation) []Value {
	switch op := l.maker(v).(type) {
	case Conv:
		shuffled := op.Shuffle > 1 && a.PerChannel // slopes are not of its own channels
		if op.Activation == nil && !op.Gated && !shuffled && (l.mode == Inference || a.KeepsSigns()) {
			op.Activation = &a
			return l.amend(v, op)
		}
	case Shuffle:
		if last := len(l.steps); int(v) == last && !a.PerChannel {
			source := l.steps[last-1].Inputs[0]
			l.steps, l.users = l.steps[:last-1], l.users[:last]
			activated := l.activate(source[0], a)
			l.users[activated[0]] = 1
			return l.add(op, activated)
		}
	}
	return l.add(Activate{Activation: a}, []Value{v})
}
