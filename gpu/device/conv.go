package device

import (
	"image"
	"slices"

	"classsr/gpu/shaders"
	"classsr/program"
)

// What finish.glsl calls flags.
const (
	flagResidual = 1 << iota
	flagGated
	flagScaled
	flagScattered
)

// conv is a convolution. Its weights lie in the order in which they are read: block by block, and in a block by pass, input quad, tap,
// channel of that quad and result quad; for products of matrices as weighing.matrices says.
type conv struct {
	program.Conv
	kernel   kernel
	tile     image.Point
	blocks   []block
	weights  int // where they begin, in quads
	bias     int // in exact
	slopes   int // in exact
	perGroup int // quads of a group after the shuffle
	flags    int
	quads    []int // of each source
}

// block is what a workgroup makes of a convolution's channels: which quads of the input it reads, where its weights begin, and what quads
// it makes.
type block struct{ first, end, weights, out, quads int }

// connected says of a convolution with groups which quads of the input the quads of the result are made of.
type connected struct{ first, end, out, quads int }

// conv packs a convolution, and decides which channel lies where in its result.
func (p *packing) conv(op program.Conv, sources []program.Value, v program.Value) operation {
	var all []slots
	var channels, quads []int
	for _, s := range sources {
		all, channels, quads = append(all, p.net.slots[s]), append(channels, p.net.channels[s]), append(quads, p.net.slots[s].quads())
	}
	in := sideBySide(all, channels)
	c := conv{Conv: op, quads: quads}
	out, groups := p.arrange(&c, in, v)
	weight, bias := op.Weights(p.params)
	p.finish(&c, out, bias)
	c.weights = len(p.weights) / quadSize
	if c.depthwise(out, in) {
		c.kernel = newKernel(shaders.Depthwise)
		c.tile = image.Pt(shaders.TileColumns, shaders.TileRows)
		p.addDepthwise(op, weight, out)
		return c
	}
	p.addBlocks(&c, weight, in, out, groups)
	return c
}

// depthwise tells whether channels do not see each other, and lie where they lay before.
func (c *conv) depthwise(out, in slots) bool {
	return c.Groups == c.In && c.Groups == c.Out && c.Groups > 1 && c.Shuffle == 1 && slices.Equal(in, out)
}

// arrange decides in which order the convolution makes its channels, sets the slots of its value, and tells what of them is made of what.
func (p *packing) arrange(c *conv, in slots, v program.Value) (out slots, groups []connected) {
	f2 := c.Shuffle * c.Shuffle
	per := c.Out / c.Groups
	loose := p.loose[v] && !c.Residual && !c.Gated && !c.Scaled
	aligned := per%quadSize == 0 || c.Groups == 1
	c.perGroup = dense(c.Out / f2).quads()
	switch {
	case f2 > 1 && per/f2%quadSize == 0: // quads of pixels of the result
		c.perGroup = per / f2 / quadSize
		out = c.shuffled()
	case f2 > 1:
		c.flags |= flagScattered
		out = dense(c.Out)
	case c.Groups > 1 && c.Groups == c.In && c.Groups == c.Out && (loose || in.isDense(c.In)):
		out = in
		p.net.slots[v] = out
	case c.Groups > 1 && !aligned && loose:
		out, aligned = grouped(c.Out, c.Groups), true
		p.net.slots[v] = out
	default:
		out = dense(c.Out)
	}
	if !aligned {
		return out, []connected{{0, in.quads(), 0, out.quads()}} // what groups do not see has weights that are zeros
	}
	perIn, perOut := c.In/c.Groups, out.quads()/c.Groups
	for g := range c.Groups {
		first, end := in.span(g*perIn, (g+1)*perIn)
		groups = append(groups, connected{first, end, g * perOut, perOut})
	}
	return out, groups
}

// shuffled orders channels so that each quad has four of a pixel of the result: by group, by pixel of the square, by channel of the result.
func (c *conv) shuffled() slots {
	f2 := c.Shuffle * c.Shuffle
	per := c.Out / c.Groups / f2
	var out slots
	for g := range c.Groups {
		for phase := range f2 {
			for k := range per {
				out = append(out, (g*per+k)*f2+phase)
			}
		}
	}
	return out
}

// finish adds what is done to each channel of the result.
func (p *packing) finish(c *conv, out slots, bias []float32) {
	slopes := c.Slopes(p.params)
	biases, factors := make([]float32, len(out)), make([]float32, len(out))
	for i, o := range out {
		factors[i] = 1
		if o < 0 {
			continue
		}
		biases[i] = bias[o]
		if slopes != nil {
			factors[i] = slopes[min(o, len(slopes)-1)]
		}
	}
	c.bias, c.slopes = p.addExact(biases...), p.addExact(factors...)
	for flag, is := range map[int]bool{flagResidual: c.Residual, flagGated: c.Gated, flagScaled: c.Scaled} {
		if is {
			c.flags |= flag
		}
	}
}

// addDepthwise adds weights tap by tap of each quad.
func (p *packing) addDepthwise(op program.Conv, weight []float32, out slots) {
	taps := op.Kernel * op.Kernel
	for q := range out.quads() {
		for tap := range taps {
			for k := range quadSize {
				w := float32(0)
				if o := out[q*quadSize+k]; o >= 0 {
					w = weight[o*taps+tap]
				}
				p.weights = append(p.weights, w)
			}
		}
	}
}

// addBlocks cuts the result's quads into blocks and adds their weights.
func (p *packing) addBlocks(c *conv, weight []float32, in, out slots, groups []connected) {
	taps, side := 1, c.Kernel
	if c.Stride == 1 && (c.Kernel == 3 || c.Kernel == 5) {
		taps, side = c.Kernel, 1
	}
	w := weighing{conv: c, weight: weight, in: in, out: out, taps: taps, side: side}
	if p.matrices != nil && taps <= shaders.MatrixTaps && p.matrices.worthwhile(groups[0], c.quads) {
		p.addMatrices(c, w, groups)
		return
	}
	t := p.tiling(taps, groups[0].quads, p.quadBytes)
	c.tile = image.Pt(shaders.ConvColumns, shaders.ConvRows*t.rows)
	c.kernel = newKernel(shaders.ConvName(taps, t.quads), t.constants(taps)...)
	for _, g := range groups {
		for q := 0; q < g.quads; q += t.outQuads() {
			b := block{g.first, g.end, len(p.weights)/quadSize - c.weights, g.out + q, min(t.outQuads(), g.quads-q)}
			c.blocks = append(c.blocks, b)
			p.weights = w.block(p.weights, b, t.outQuads())
		}
	}
}

// weighing finds weights by slots.
type weighing struct {
	*conv
	weight     []float32
	in, out    slots
	taps, side int
}

// block appends the weights of a block, with zeros for quads that it does not have.
func (w *weighing) block(to []float32, b block, outQuads int) []float32 {
	for pass := range w.side * w.side {
		for q := b.first; q < b.end; q++ {
			for tap := range w.taps * w.taps { // column by column
				ky, kx := tap%w.taps+pass/w.side, tap/w.taps+pass%w.side
				for k := range quadSize {
					i := w.in[q*quadSize+k]
					for o := range outQuads * quadSize {
						value := float32(0)
						if o < b.quads*quadSize {
							value = w.at(w.out[b.out*quadSize+o], i, ky, kx)
						}
						to = append(to, value)
					}
				}
			}
		}
	}
	return to
}

// at is the weight of input channel i for channel o of the result, zero if the one does not see the other.
func (w *weighing) at(o, i, ky, kx int) float32 {
	perIn, perOut := w.In/w.Groups, w.Out/w.Groups
	if o < 0 || i < 0 || o/perOut != i/perIn {
		return 0
	}
	return w.weight[((o*perIn+i%perIn)*w.Kernel+ky)*w.Kernel+kx]
}

func (c conv) uses() []kernel { return []kernel{c.kernel} }

func (conv) sums(*layout, program.Step) int { return 0 }

func (c conv) emit(b *builder, i int) {
	v, inputs := program.Value(i+1), b.net.program.Steps[i].Inputs
	b.begin(c.kernel, v, c.Shuffle, c.tile)
	b.value(v)
	table := b.at()
	b.add(0, c.weights, b.exact+c.bias, b.exact+c.slopes, c.flags, c.Shuffle, c.perGroup, c.Out, c.Kernel, c.Stride, c.Pad)
	b.value(inputs[min(1, len(inputs)-1)][0]) // what is added, or a part of the factor
	b.value(inputs[min(2, len(inputs)-1)][0]) // the other part
	b.value(inputs[len(inputs)-1][0])         // the scale
	b.add(len(inputs[0]))
	for k, source := range inputs[0] {
		b.value(source)
		b.add(c.quads[k])
	}
	b.set(table, b.at())
	for _, block := range c.blocks {
		b.add(block.first, block.end, block.weights, block.out, block.quads)
	}
	if len(c.blocks) == 0 { // depthwise
		b.end(b.net.slots[v].quads())
		return
	}
	b.end(len(c.blocks))
}
