package device

import (
	"classsr/gpu/shaders"
	"classsr/program"
)

// mean is the mean of each channel over all its pixels.
type mean struct {
	quads int // of what it reads
}

func sumsKernel(pass uint32) kernel { return newKernel(shaders.Sums, 0, 0, 0, pass) }

func (mean) uses() []kernel { return []kernel{sumsKernel(shaders.OfRows), sumsKernel(shaders.OfAll)} }

func (m mean) sums(l *layout, s program.Step) int { return l.size[s.Inputs[0][0]].Y * m.quads }

func (m mean) emit(b *builder, i int) {
	v, from := program.Value(i+1), b.net.program.Steps[i].Inputs[0][0]
	base := b.at()
	b.value(v)
	b.value(from)
	b.add(b.sums, 0, m.quads, 0, 0)
	b.dispatchRows(sumsKernel(shaders.OfRows), base, b.layout.size[from].Y, m.quads)
	b.dispatch(sumsKernel(shaders.OfAll), base, 1, 1, m.quads)
}

// meanOf is the mean of what a convolution would give.
type meanOf struct {
	quads         int // of what it reads
	weights, bias int // where they begin, in quads
}

// shifts is how many taps a convolution has of which only the mean is made.
const shifts = 9

// meanOf packs weights by result quad, input quad, tap and input channel.
func (p *packing) meanOf(op program.MeanOf, from, v program.Value) operation {
	in, out := p.net.slots[from], p.net.slots[v]
	weight, bias := op.Conv.Weights(p.params)
	m := meanOf{quads: in.quads(), weights: len(p.weights) / quadSize, bias: p.addExact(bias...)}
	w := weighing{conv: &conv{Conv: op.Conv}, weight: weight}
	for oq := range out.quads() {
		for q := range in.quads() {
			for tap := range shifts {
				for k := range quadSize {
					for o := range quadSize {
						p.weights = append(p.weights, w.at(out[oq*quadSize+o], in[q*quadSize+k], tap/3, tap%3))
					}
				}
			}
		}
	}
	return m
}

func (meanOf) uses() []kernel {
	return []kernel{sumsKernel(shaders.OfRows), sumsKernel(shaders.OfTaps), sumsKernel(shaders.OfConvolution)}
}

func (m meanOf) sums(l *layout, s program.Step) int {
	return (l.size[s.Inputs[0][0]].Y + shifts) * m.quads
}

func (m meanOf) emit(b *builder, i int) {
	v, from := program.Value(i+1), b.net.program.Steps[i].Inputs[0][0]
	height := b.layout.size[from].Y
	base := b.at()
	b.value(v)
	b.value(from)
	b.add(b.sums, b.sums+height*m.quads, m.quads, m.weights, b.exact+m.bias)
	b.dispatchRows(sumsKernel(shaders.OfRows), base, height, m.quads)
	b.dispatch(sumsKernel(shaders.OfTaps), base, 1, 1, m.quads)
	b.dispatch(sumsKernel(shaders.OfConvolution), base, 1, 1, b.net.slots[v].quads())
}
