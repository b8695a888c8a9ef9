package engine

import (
	"context"

	"classsr/internal/kernel"
	"classsr/nn"
	"classsr/tensor"
)

// tapeConv is a convolution with what follows it: y = activate(conv(x) + residual).
type tapeConv struct {
	node     nn.Node // with the parameters' names
	op       nn.Conv
	deconv   *nn.Deconv // what the convolution was made of, or nil
	in       []nn.Value // side by side
	residual nn.Value   // or -1
	slope    []float32  // positive or zero; nil without activation
	out      nn.Value

	shape   kernel.Shape
	conv    *kernel.Conv
	back    []*kernel.Conv    // to each of in; nil where no gradient is needed
	flipped [][]float32       // the weights of back
	blocks  [][]kernel.Padded // by picture, if the stride is not 1: what is convolved instead of in
	none    []float32         // biases of zero

	weightGradient, biasGradient tensor.Array
	parts                        []kernel.WeightPart
	learns                       bool
}

// prepare makes room for packed weights and for gradients.
func (c *tapeConv) prepare(t *Tape) {
	if step := c.op.StepSize(); step > 1 { // blocks of pixels that do not overlap become channels
		in := c.op.In * step * step
		c.op = nn.Conv{In: in, Out: c.op.Out, Kernel: 1, NoBias: c.op.NoBias}
		s := t.values[c.out].shape
		padded := t.newPadded(tensor.Shape{N: 1, C: in, H: s.H, W: s.W})
		for i := range padded {
			c.blocks = append(c.blocks, padded[i:i+1])
		}
	}
	c.shape = kernel.Shape{In: c.op.In, Out: c.op.Out, Size: c.op.Kernel, Stride: 1, Pad: c.op.Pad, Groups: c.op.GroupCount()}
	// Rounding decides on which side of zero an activation sees a number that is all but zero, which a gradient is sensitive to.
	c.shape.Exact = true
	c.none = make([]float32, max(c.op.In, c.op.Out))
	weight, bias := c.weights(t)
	c.conv = kernel.NewConv(c.shape, weight, bias, c.slope)
	c.learns = t.learns(c.node)
	if c.learns {
		c.parts = kernel.WeightParts(c.shape)
		params := c.node.Op.Params()
		c.weightGradient = t.grads[c.node.ParamName(params[0])]
		if len(params) > 1 {
			c.biasGradient = t.grads[c.node.ParamName(params[1])]
		}
		if c.deconv != nil {
			c.weightGradient = tensor.NewArray(c.op.Out, c.op.In, c.op.Kernel, c.op.Kernel)
			c.biasGradient = tensor.NewArray(c.op.Out)
		}
	}
	c.prepareBack(t)
}

func (c *tapeConv) prepareBack(t *Tape) {
	c.back, c.flipped = make([]*kernel.Conv, len(c.in)), make([][]float32, len(c.in))
	for i, v := range c.in {
		if !t.values[v].wanted {
			continue
		}
		planes := t.values[v].shape.C
		if c.blocks != nil {
			planes = c.op.In
		}
		if len(c.in) > 1 && c.shape.Groups > 1 {
			panic("engine: a grouped convolution of a concatenation cannot be learnt")
		}
		c.flipped[i] = make([]float32, planes*c.op.Out/c.shape.Groups*c.op.Kernel*c.op.Kernel)
		c.back[i] = kernel.NewConv(kernel.Shape{
			In: c.op.Out, Out: planes, Size: c.op.Kernel, Stride: 1, Pad: c.op.Kernel - 1 - c.op.Pad, Groups: c.shape.Groups,
		}, c.flipped[i], c.none[:planes], nil)
	}
}

// weights are those of the convolution, in the current parameters.
func (c *tapeConv) weights(t *Tape) (weight, bias []float32) {
	arrays := c.node.Arrays(t.params)
	if c.deconv != nil {
		arrays = c.deconv.ConvParams(arrays)
	}
	if len(arrays) == 1 {
		return arrays[0].Data, c.none[:c.op.Out]
	}
	return arrays[0].Data, arrays[1].Data
}

// pack takes over the current parameters, for the way there and back.
func (c *tapeConv) pack(t *Tape) {
	weight, bias := c.weights(t)
	c.conv.Pack(weight, bias, c.slope)
	first := 0
	for i, back := range c.back {
		if back == nil {
			first += t.values[c.in[i]].shape.C
			continue
		}
		c.flip(weight, first, i)
		back.Pack(c.flipped[i], c.none[:back.Out], nil)
		first += back.Out
	}
}

// flip makes the weights that lead back to input i, whose first plane is the given one: with planes exchanged and taps reversed.
func (c *tapeConv) flip(weight []float32, first, i int) {
	taps := c.op.Kernel * c.op.Kernel
	perIn, perOut := c.op.In/c.shape.Groups, c.op.Out/c.shape.Groups
	for plane := range c.back[i].Out {
		group, in := (first+plane)/perIn, (first+plane)%perIn
		for o := range perOut {
			from := weight[((group*perOut+o)*perIn+in)*taps:][:taps]
			to := c.flipped[i][(plane*perOut+o)*taps:][:taps]
			for k, v := range from {
				to[taps-1-k] = v
			}
		}
	}
}

// sources appends the padded planes that are convolved for one picture.
func (c *tapeConv) sources(padded []kernel.Padded, t *Tape, picture int) []kernel.Padded {
	if c.blocks != nil {
		return append(padded, c.blocks[picture]...)
	}
	for _, v := range c.in {
		padded = append(padded, t.values[v].padded[picture])
	}
	return padded
}

func (c *tapeConv) forward(ctx context.Context, t *Tape) error {
	return t.each(ctx, t.batch.N, func(w *tapeWorker, i int) {
		if c.blocks != nil {
			unshuffle(c.blocks[i][0], t.values[c.in[0]].padded[i])
		}
		var add *kernel.Padded
		if c.residual >= 0 {
			add = &t.values[c.residual].padded[i]
		}
		w.sources = c.sources(w.sources[:0], t, i)
		c.conv.RunPadded(t.values[c.out].padded[i], w.sources, add, t.zeros, &w.scratch)
	})
}

// pack packs the current parameters of all convolutions.
func (t *Tape) pack(ctx context.Context) error {
	return t.each(ctx, len(t.steps), func(_ *tapeWorker, i int) {
		if c, ok := t.steps[i].(*tapeConv); ok {
			c.pack(t)
		}
	})
}

func (c *tapeConv) backward(ctx context.Context, t *Tape) error {
	grads := t.values[c.out].grads
	if grads == nil {
		return nil
	}
	defer t.release(c.out)
	if c.slope != nil {
		if err := t.leakBack(ctx, grads, t.values[c.out].padded, c.slope[0]); err != nil {
			return err
		}
	}
	if c.learns {
		if err := c.learn(ctx, t, grads); err != nil {
			return err
		}
	}
	for i, back := range c.back {
		if back != nil {
			if err := c.backTo(ctx, t, i, grads); err != nil {
				return err
			}
		}
	}
	if c.residual >= 0 && t.values[c.residual].wanted {
		return t.hand(ctx, c.out, c.residual)
	}
	return nil
}

// learn adds to the gradients of weight and bias.
func (c *tapeConv) learn(ctx context.Context, t *Tape, grads []kernel.Padded) error {
	if c.deconv != nil {
		clear(c.weightGradient.Data)
		clear(c.biasGradient.Data)
	}
	// Each thread goes through the pictures with a share of the parts, so that a picture stays in its cache for all of them.
	shares := min(t.threads, len(c.parts))
	err := t.each(ctx, shares, func(w *tapeWorker, i int) {
		parts := c.parts[i*len(c.parts)/shares : (i+1)*len(c.parts)/shares]
		for picture, dy := range grads {
			w.sources = c.sources(w.sources[:0], t, picture)
			for _, part := range parts {
				c.learnPart(part, dy, w)
			}
		}
	})
	if err == nil && c.deconv != nil {
		params := c.deconv.Params()
		dp := []tensor.Array{t.grads[c.node.ParamName(params[0])], t.grads[c.node.ParamName(params[1])]}
		c.deconv.AddConvGradient(dp, []tensor.Array{c.weightGradient, c.biasGradient})
	}
	return err
}

// learnPart adds to a part of the gradients, for one picture.
func (c *tapeConv) learnPart(part kernel.WeightPart, dy kernel.Padded, w *tapeWorker) {
	if c.weightGradient.Data != nil {
		kernel.WeightGradient(c.weightGradient.Data, c.shape, part, dy, w.sources, &w.scratch)
	}
	if part.FirstIn == 0 && c.biasGradient.Data != nil {
		for o := part.FirstOut; o < part.EndOut; o++ {
			c.biasGradient.Data[o] += kernel.Sum(dy.Plane(o), &w.scratch)
		}
	}
}

// backTo adds to the gradients of input i.
func (c *tapeConv) backTo(ctx context.Context, t *Tape, i int, grads []kernel.Padded) error {
	to, adds := t.gradient(c.in[i])
	return t.each(ctx, t.batch.N, func(w *tapeWorker, picture int) {
		dy, dst := grads[picture], to[picture]
		if c.blocks != nil {
			dst = c.blocks[picture][0] // no longer needed
		}
		var add *kernel.Padded
		if adds && c.blocks == nil {
			add = &dst
		}
		w.sources = append(w.sources[:0], dy)
		c.back[i].RunPadded(dst, w.sources, add, t.zeros, &w.scratch)
		if c.blocks != nil {
			shuffleBack(to[picture], dst, adds)
		}
	})
}

// unshuffle makes blocks of pixels channels: plane (c*f+y)*f+x of dst is every f-th pixel of plane c of src from (x, y) on.
func unshuffle(dst, src kernel.Padded) {
	f := src.H / dst.H
	for plane := range dst.C {
		c, dy, dx := plane/(f*f), plane/f%f, plane%f
		for y := range dst.H {
			to, row := dst.Row(plane, y), src.Row(c, y*f+dy)[dx:]
			for x := range to {
				to[x] = row[x*f]
			}
		}
	}
}

// shuffleBack does the opposite; it overwrites dst, or adds to it.
func shuffleBack(dst, src kernel.Padded, add bool) {
	f := dst.H / src.H
	for plane := range src.C {
		c, dy, dx := plane/(f*f), plane/f%f, plane%f
		for y := range src.H {
			row := dst.Row(c, y*f+dy)[dx:]
			for x, v := range src.Row(plane, y) {
				if add {
					v += row[x*f]
				}
				row[x*f] = v
			}
		}
	}
}
