// Package program says what has to be computed for a network, as data: Lower turns an nn.Graph, once, into a Program, a list of steps
// whose typed operations hold all that can be done in one go. A convolution has the normalisation, the skip connection and the activation
// after it; a transposed convolution is a convolution and a pixel shuffle; a concatenation is never made.
//
// A Program has neither numbers nor code: operations name their parameters, and methods such as Conv.Weights fetch them from a set.
// Executors pack it for what they run on, as package engine does for the CPU. What any of them must know about an operation, it says
// itself: the shape of its result, what it reads of its inputs for a region of it, and what that costs.
//
// A new operation of nn has one case in Lower, which makes one of the types here, and that has one case in each packing.
package program

import (
	"image"

	"classsr/tensor"
)

// Value numbers what a program computes: 0 is its input, and i+1 is what step i makes.
type Value int

// Input is the program's input.
const Input Value = 0

// Program is a lowered network.
type Program struct {
	Channels int // of the input
	// Steps are in an order in which they can run. One whose value nobody reads need not run.
	Steps  []Step
	Output Value
	// Scale is the enlargement of the result, or 0 if it has a fixed size.
	Scale int
	// Fold is the side of the squares of input pixels that become one of the coarsest value; the sides of the input are multiples of it.
	Fold int
}

// Step is an operation and what it reads.
type Step struct {
	Op Operation
	// Inputs lists for each input of the operation the values that it consists of. The first input of a Conv may be several values side by
	// side, as if their channels were those of one; every other input is one value.
	Inputs [][]Value
}

// Operation is one kind of step. Regions are in pixels of the value that they are of.
type Operation interface {
	// Shape is the shape of the result for inputs of these shapes. It panics if the operation cannot take them.
	Shape(in []tensor.Shape) tensor.Shape
	// Reach is the region of input i that is read for region r of the result, which is not empty; size is the size of that input. The
	// region may reach beyond it: there zeros are read.
	Reach(i int, r image.Rectangle, size image.Point) image.Rectangle
	// MACs counts the multiply-accumulates of region r of the result, those with numbers that are always zero left out. All but those of
	// convolutions count as free.
	MACs(r image.Rectangle) int64
}

// Shapes gives the shape of every value (index 0 is the input) for an input of this shape.
func (p *Program) Shapes(in tensor.Shape) []tensor.Shape {
	if in.C != p.Channels {
		panic("program: the input has the wrong number of channels")
	}
	shapes := append(make([]tensor.Shape, 0, len(p.Steps)+1), in)
	var inputs []tensor.Shape
	for _, s := range p.Steps {
		inputs = inputs[:0]
		for _, values := range s.Inputs {
			joined := shapes[values[0]]
			for _, v := range values[1:] {
				joined.C += shapes[v].C
			}
			inputs = append(inputs, joined)
		}
		shapes = append(shapes, s.Op.Shape(inputs))
	}
	return shapes
}

// Uses counts how many inputs of steps each value is part of.
func (p *Program) Uses() []int {
	uses := make([]int, len(p.Steps)+1)
	for _, s := range p.Steps {
		for _, values := range s.Inputs {
			for _, v := range values {
				uses[v]++
			}
		}
	}
	return uses
}

// Pools tells whether any part of the step's result takes all of its first input, so that how a picture is cut decides what it gives.
func (s Step) Pools() bool {
	whole := image.Rect(0, 0, 1<<20, 1<<20)
	return s.Op.Reach(0, image.Rect(0, 0, 1, 1), whole.Max) == whole
}

// findScale finds the enlargement and the fold.
func (p *Program) findScale() {
	const probe = 16
	shapes := p.Shapes(tensor.Shape{N: 1, C: p.Channels, H: probe, W: probe})
	p.Fold = 1
	if shapes[p.Output].H <= 1 {
		return
	}
	p.Scale = shapes[p.Output].H / probe
	for _, s := range shapes {
		if s.H > 1 { // no mean of all pixels
			p.Fold = max(p.Fold, probe/s.H)
		}
	}
}

// pointwise is embedded by operations that make a pixel from those at the same place, and cost nothing.
type pointwise struct{}

// Reach implements Operation.
func (pointwise) Reach(_ int, r image.Rectangle, _ image.Point) image.Rectangle { return r }

// MACs implements Operation.
func (pointwise) MACs(image.Rectangle) int64 { return 0 }

// free is embedded by other operations that cost nothing.
type free struct{}

// MACs implements Operation.
func (free) MACs(image.Rectangle) int64 { return 0 }
