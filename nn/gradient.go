package nn

import (
	"slices"

	"classsr/tensor"
)

// Mode says what a forward pass is for.
type Mode int

const (
	// Evaluate computes what the trained network gives.
	Evaluate Mode = iota
	// Train makes BatchNorm normalise by the batch and move its running statistics.
	Train
)

// forward is op.Forward, or what takes its place in this mode.
func (m Mode) forward(op Op, y *tensor.Tensor, x []*tensor.Tensor, p []tensor.Array) {
	if norm, ok := op.(BatchNorm); ok && m == Train {
		norm.ForwardTraining(y, x[0], p)
		return
	}
	op.Forward(y, x, p)
}

// backward is the gradient of forward.
func (m Mode) backward(op Op, dx []*tensor.Tensor, dp []tensor.Array, dy *tensor.Tensor, x []*tensor.Tensor, p []tensor.Array) {
	if norm, ok := op.(BatchNorm); ok && m == Train {
		norm.BackwardTraining(dx[0], dp, dy, x[0], p)
		return
	}
	op.Backward(dx, dp, dy, x, p)
}

// Record is a forward pass that can be taken back: every value that was computed, and what it was computed with.
type Record struct {
	graph  *Graph
	params tensor.Set
	mode   Mode
	values []*tensor.Tensor
}

// Record is the reference forward pass with all its values kept. The parameters must have passed Check; Train writes to the
// running statistics among them. Until Record.Backward is done, neither x nor the other parameters may change.
func (g *Graph) Record(params tensor.Set, x *tensor.Tensor, mode Mode) *Record {
	shapes := g.Shapes(x.Shape)
	r := &Record{g, params, mode, append(make([]*tensor.Tensor, 0, len(shapes)), x)}
	for i, n := range g.Nodes {
		y := tensor.New(shapes[i+1])
		mode.forward(n.Op, y, pick(r.values, n.Inputs), n.Arrays(params))
		r.values = append(r.values, y)
	}
	return r
}

// Output is the graph's result.
func (r *Record) Output() *tensor.Tensor { return r.values[r.graph.Output()] }

// Backward gives the gradient of a loss to the graph's input and, by their full names, to its parameters, running statistics
// left out; dy is its gradient to the result.
func (r *Record) Backward(dy *tensor.Tensor) (dx *tensor.Tensor, grads tensor.Set) {
	if dy.Shape != r.Output().Shape {
		panic("nn: the gradient does not have the shape of the result")
	}
	grads = tensor.Set{}
	for _, p := range r.graph.Params() {
		if !p.Statistic {
			grads[p.Name] = tensor.NewArray(p.Dims...)
		}
	}
	d := make([]*tensor.Tensor, len(r.values))
	for i, v := range r.values {
		d[i] = tensor.New(v.Shape)
	}
	copy(d[r.graph.Output()].Data, dy.Data)
	for i, n := range slices.Backward(r.graph.Nodes) {
		r.mode.backward(n.Op, pick(d, n.Inputs), n.wanted(grads), d[i+1], pick(r.values, n.Inputs), n.Arrays(r.params))
	}
	return d[Input], grads
}

// wanted picks the gradients of the node's parameters; those that are not in the set have no Data.
func (n Node) wanted(grads tensor.Set) []tensor.Array {
	params := n.Op.Params()
	arrays := make([]tensor.Array, len(params))
	for i, p := range params {
		arrays[i] = grads[n.ParamName(p)]
	}
	return arrays
}

// addSums adds sums to a gradient.
func addSums(gradient []float32, sums []float64) {
	for i, v := range sums {
		gradient[i] += float32(v)
	}
}

// addChannelSums adds to the gradient of a bias, unless it is nil, the sum of each channel of dy over all pictures and pixels.
func addChannelSums(dbias []float32, dy *tensor.Tensor) {
	for c := range dbias {
		var sum float64
		for n := range dy.N {
			for _, d := range dy.Plane(n, c) {
				sum += float64(d)
			}
		}
		dbias[c] += float32(sum)
	}
}
