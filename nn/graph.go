// Package nn describes networks as data: a Graph is a list of operations with typed attributes and named parameters.
//
// Everything else is an interpreter of that list: its costs (Graph.Cost), the plain reference forward pass (Graph.Forward),
// the plain reference gradients (Graph.Record), and package program, which lowers it for what is fast. Each operation has one file as
// its home, which holds its shape rule, its parameters, its cost and its reference arithmetic: Forward, and below it Backward.
//
// The reference arithmetic is written to be obviously right: direct loops with float64 sums, no blocking, no goroutines. It
// is what the fast paths are tested against, not what users run.
//
// Activations overwrite, gradients accumulate: Forward does not look at what y held, Backward adds to what dx and dp hold. So
// the gradients of a value or a parameter with several uses sum up by themselves, and whoever wants them alone starts from
// zeros. The gradient of a loss to t is named dt and has the shape of t.
//
// Wrong shapes are programmer errors and panic with a constant message; anything that can come from a file is checked first
// with Graph.Check.
package nn

import (
	"fmt"

	"classsr/tensor"
)

// Op is one kind of operation with its attributes.
type Op interface {
	// Shape is the shape of the result for inputs of these shapes. It panics if the operation cannot take them.
	Shape(in []tensor.Shape) tensor.Shape
	// Params lists the parameters in the order in which Forward takes them.
	Params() []Param
	// MACs counts the multiply-accumulates of convolutions and linear layers; all other operations count as free.
	MACs(in []tensor.Shape) MACs
	// Forward overwrites y, which has the shape given by Shape, with the result for inputs x and parameters p.
	Forward(y *tensor.Tensor, x []*tensor.Tensor, p []tensor.Array)
	// Backward adds the gradient of a loss to dx (one for each input) and dp (one for each parameter, in the order of Params),
	// given dy, its gradient to the result that Forward gives for x and p. Entries of dx that are nil and entries of dp
	// without Data are not wanted; those of running statistics never get anything.
	Backward(dx []*tensor.Tensor, dp []tensor.Array, dy *tensor.Tensor, x []*tensor.Tensor, p []tensor.Array)
}

// Param is a parameter that an operation wants: the ending of its name, as in PyTorch, and its dimensions.
type Param struct {
	Suffix string
	Dims   []int
	// Statistic marks running statistics, which are stored with the parameters but are not learnt and not counted.
	Statistic bool
}

// MACs counts multiply-accumulates.
type MACs struct {
	// True is what has to be computed.
	True int64
	// Paper is half of the paper's FLOPs: like True, but a transposed convolution is charged at every pixel of its result
	// as if it were an ordinary convolution there (ClassSR's released counting).
	Paper int64
}

// Value names the result of a node; value 0 is the graph's input and node i gives value i+1.
type Value int

// Input is the graph's input.
const Input Value = 0

// Node is one operation of a graph. Nodes that share a Name share their parameters.
type Node struct {
	Op     Op
	Name   string // put before the parameters' names, with a dot; empty if the operation has none
	Inputs []Value
}

// Graph is a network: nodes in an order in which they can run, the last one giving the result.
type Graph struct {
	Channels int // of the input
	Nodes    []Node
}

// NewGraph returns a graph without nodes for inputs with this many channels.
func NewGraph(channels int) *Graph { return &Graph{Channels: channels} }

// Add appends a node and returns its result.
func (g *Graph) Add(name string, op Op, inputs ...Value) Value {
	for _, v := range inputs {
		if v < 0 || int(v) > len(g.Nodes) {
			panic("nn: a node uses a value that is not computed before it")
		}
	}
	g.Nodes = append(g.Nodes, Node{op, name, inputs})
	return Value(len(g.Nodes))
}

// Output is the graph's result.
func (g *Graph) Output() Value { return Value(len(g.Nodes)) }

// ParamName is the full name of a parameter of a node.
func (n Node) ParamName(p Param) string { return n.Name + "." + p.Suffix }

// Arrays picks the node's parameters from a set that Graph.Check has accepted.
func (n Node) Arrays(params tensor.Set) []tensor.Array {
	wanted := n.Op.Params()
	arrays := make([]tensor.Array, len(wanted))
	for i, p := range wanted {
		a, ok := params[n.ParamName(p)]
		if !ok {
			panic("nn: a parameter is missing; call Graph.Check first")
		}
		arrays[i] = a
	}
	return arrays
}

// NamedParam is a parameter with its full name.
type NamedParam struct {
	Name string
	Param
}

// Params lists the graph's parameters in the order of first use, shared ones once.
func (g *Graph) Params() []NamedParam {
	var list []NamedParam
	seen := map[string]bool{}
	for _, n := range g.Nodes {
		for _, p := range n.Op.Params() {
			name := n.ParamName(p)
			if !seen[name] {
				seen[name] = true
				list = append(list, NamedParam{name, p})
			}
		}
	}
	return list
}

// Shapes gives the shape of every value (index 0 is the input) for an input of this shape.
func (g *Graph) Shapes(in tensor.Shape) []tensor.Shape {
	if in.C != g.Channels {
		panic("nn: the input has the wrong number of channels")
	}
	shapes := make([]tensor.Shape, 1, len(g.Nodes)+1)
	shapes[0] = in
	for _, n := range g.Nodes {
		shapes = append(shapes, n.Op.Shape(pick(shapes, n.Inputs)))
	}
	return shapes
}

// Cost is what a graph costs for inputs of one shape.
type Cost struct {
	Params int // learnt numbers; running statistics are not among them
	MACs
}

// PaperFLOPs counts as the paper's tables do: two operations for each multiply-accumulate (section 4.1).
func (c Cost) PaperFLOPs() int64 { return 2 * c.Paper }

// Cost counts parameters and multiply-accumulates for an input of this shape.
func (g *Graph) Cost(in tensor.Shape) Cost {
	var c Cost
	for _, p := range g.Params() {
		if !p.Statistic {
			c.Params += tensor.DimsLen(p.Dims)
		}
	}
	shapes := g.Shapes(in)
	for _, n := range g.Nodes {
		m := n.Op.MACs(pick(shapes, n.Inputs))
		c.True += m.True
		c.Paper += m.Paper
	}
	return c
}

// Forward is the reference forward pass. The parameters must have passed Check.
func (g *Graph) Forward(params tensor.Set, x *tensor.Tensor) *tensor.Tensor {
	return g.Record(params, x, Evaluate).Output()
}

// Check returns an error unless params holds exactly the graph's parameters, with the right dimensions.
func (g *Graph) Check(params tensor.Set) error {
	return CheckParams(g.Params(), params)
}

// CheckParams returns an error unless params holds exactly the wanted parameters, with the right dimensions.
func CheckParams(wanted []NamedParam, params tensor.Set) error {
	known := map[string]bool{}
	for _, w := range wanted {
		known[w.Name] = true
		a, ok := params[w.Name]
		if !ok {
			return fmt.Errorf("tensor %q is missing", w.Name)
		}
		if tensor.FormatDims(a.Dims) != tensor.FormatDims(w.Dims) {
			return fmt.Errorf("tensor %q has dimensions %v, want %v", w.Name, a.Dims, w.Dims)
		}
	}
	for _, name := range params.Names() {
		if !known[name] {
			return fmt.Errorf("tensor %q does not belong to this network", name)
		}
	}
	return nil
}

func pick[T any](all []T, values []Value) []T {
	picked := make([]T, len(values))
	for i, v := range values {
		picked[i] = all[v]
	}
	return picked
}

// free is embedded by operations that have no parameters and count as free.
type free struct{}

func (free) Params() []Param          { return nil }
func (free) MACs([]tensor.Shape) MACs { return MACs{} }
