package program

import (
	"image"
	"slices"

	"classsr/nn"
	"classsr/tensor"
)

// Networks that pool are computed layer by layer, each value as large as the picture. Attention (RCAN, section 3.3 of its paper) multiplies the
// result of a convolution by numbers that are made of its own means. Here neither the result nor its means are made first: the means of what a
// convolution gives are sums over the means of what it reads, and the convolution itself multiplies, when they are there.

// MeanOf is the mean of each channel of a convolution's result, 3x3 with a border of one pixel, made of its source.
type MeanOf struct {
	free
	Conv Conv // without residual, gate, scale and activation
}

// Shape implements Operation.
func (m MeanOf) Shape(in []tensor.Shape) tensor.Shape {
	return nn.GlobalAvgPool{}.Shape([]tensor.Shape{m.Conv.Shape(in)})
}

// Reach implements Operation.
func (MeanOf) Reach(_ int, _ image.Rectangle, size image.Point) image.Rectangle {
	return image.Rectangle{Max: size}
}

// attend makes convolutions multiply, wherever nothing but a mean and a product reads what they give.
func (p *Program) attend() {
	for i := 0; i < len(p.Steps); i++ {
		mul, ok := p.Steps[i].Op.(ChannelMul)
		if !ok || p.Steps[i].Inputs[0][0] == Input {
			continue
		}
		product, result := p.Steps[i].Inputs, p.Steps[i].Inputs[0][0]
		made := p.Steps[result-1]
		conv, ok := made.Op.(Conv)
		mean := slices.IndexFunc(p.Steps, func(s Step) bool {
			_, ok := s.Op.(Mean)
			return ok && s.Inputs[0][0] == result
		})
		if !ok || mean < 0 || p.Uses()[result] != 2 || !conv.plain() || conv.Kernel != 3 || conv.Pad != 1 || conv.Stride != 1 || conv.Groups != 1 ||
			len(made.Inputs[0]) > 1 {
			continue
		}
		p.Steps[result-1] = Step{MeanOf{Conv: conv}, made.Inputs}
		conv.Scaled, conv.Residual = true, mul.Residual
		p.Steps[i] = Step{conv, cloned(append(append(slices.Clone(made.Inputs), product[2:]...), product[1]))}
		p.replace(Value(mean+1), result)
		i-- // the step after this one has its place now
	}
}

// replace makes all that read a value read another one, and takes the step away that made it.
func (p *Program) replace(v, by Value) {
	p.renumber(func(old Value) Value {
		switch {
		case old == v:
			return by
		case old > v:
			return old - 1
		}
		return old
	})
	p.Steps = slices.Delete(p.Steps, int(v)-1, int(v))
}

// renumber changes the values that steps read.
func (p *Program) renumber(change func(Value) Value) {
	for _, s := range p.Steps {
		for _, values := range s.Inputs {
			for i := range values {
				values[i] = change(values[i])
			}
		}
	}
	p.Output = change(p.Output)
}

// makeAgain makes values of few source channels again when they are read late, rather than have them in memory all the time.
func (p *Program) makeAgain() {
	const (
		few  = 4  // source channels
		late = 16 // steps after it was read before
	)
	for i := 0; i < len(p.Steps); i++ {
		conv, ok := p.Steps[i].Op.(Conv)
		if !ok || conv.In > few {
			continue
		}
		var readers []int
		for j, s := range p.Steps {
			if slices.ContainsFunc(s.Inputs, func(values []Value) bool { return slices.Contains(values, Value(i+1)) }) {
				readers = append(readers, j)
			}
		}
		if n := len(readers); n > 1 && readers[n-1]-readers[n-2] > late {
			p.repeat(i, readers[n-1])
		}
	}
}

// repeat makes the value of a step again right before another step, which then reads the new one.
func (p *Program) repeat(made, reader int) {
	old, again := Value(made+1), Value(reader+1)
	p.renumber(func(v Value) Value {
		if v >= again {
			return v + 1
		}
		return v
	})
	step := p.Steps[made]
	for _, values := range p.Steps[reader].Inputs {
		for i, v := range values {
			if v == old {
				values[i] = again
			}
		}
	}
	p.Steps = slices.Insert(p.Steps, reader, Step{step.Op, cloned(step.Inputs)})
}

// cloned is a copy of a step's inputs.
func cloned(inputs [][]Value) [][]Value {
	var out [][]Value
	for _, values := range inputs {
		out = append(out, slices.Clone(values))
	}
	return out
}
