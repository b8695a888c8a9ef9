package engine

import (
	"slices"

	"classsr/nn"
	"classsr/program"
	"classsr/tensor"
)

// packSteps makes what the tape does of the steps of its program, and the values that they make.
func (t *Tape) packSteps() {
	uses := t.program.Uses()
	for i, s := range t.program.Steps {
		v := program.Value(i + 1)
		t.values[v].wanted = slices.ContainsFunc(s.Inputs, t.anyWanted)
		t.steps = append(t.steps, t.pack(s, v, uses[v]))
		if t.values[v].padded == nil {
			t.values[v].padded = t.newPadded(t.values[v].shape)
		}
	}
}

// pack makes what computes an operation, there and back. It is the one place that knows all operations that do not leave that to nn.
func (t *Tape) pack(s program.Step, v program.Value, uses int) tapeStep {
	switch op := s.Op.(type) {
	case program.Conv:
		t.want(v, op.Node)
		c := newTapeConv(t, s, op, v)
		t.convs = append(t.convs, c)
		return c
	case program.Activate:
		if op.Learnt != nil {
			t.want(v, *op.Learnt)
		}
		return newTapeActivation(t, op.Activation, s.Inputs[0][0], v)
	case program.Norm:
		t.want(v, op.Node)
		t.values[v].spare = uses == 1
		return &tapeNorm{node: op.Node, x: s.Inputs[0][0], y: v, moments: make([]moments, t.values[v].shape.C)}
	case program.Add:
		return tapeAdd{s.Inputs[0][0], s.Inputs[1][0], v}
	case program.Mul:
		return tapeMul{s.Inputs[0][0], s.Inputs[1][0], v}
	case program.Shuffle:
		return tapeShuffle{s.Inputs[0][0], v, op.Factor}
	}
	return newTapeReference(t, s, v)
}

func (t *Tape) anyWanted(values []program.Value) bool {
	return slices.ContainsFunc(values, func(v program.Value) bool { return t.values[v].wanted })
}

// want notes that the gradient of a value is needed if a parameter of the node that makes it learns.
func (t *Tape) want(v program.Value, n nn.Node) {
	t.values[v].wanted = t.values[v].wanted || t.learns(n)
}

func (t *Tape) learns(n nn.Node) bool {
	return slices.ContainsFunc(t.gradients(n), func(a tensor.Array) bool { return a.Data != nil })
}

// gradients picks those of a node's parameters. Those that do not learn have no Data.
func (t *Tape) gradients(n nn.Node) []tensor.Array {
	var grads []tensor.Array
	for _, p := range n.Op.Params() {
		grads = append(grads, t.grads[n.ParamName(p)])
	}
	return grads
}
