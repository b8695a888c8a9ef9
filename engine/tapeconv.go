package engine

import (
	"context"

	"classsr/internal/kernel"
	"classsr/program"
	"classsr/tensor"
)

// tapeConv is a convolution with what follows it: y = activate(conv(x) + residual).
type tapeConv struct {
	op       program.Conv
	in       []program.Value // side by side
	residual program.Value   // or -1
	slopes   []float32       // a single one, positive or zero; nil without activation
	out      program.Value

	shape   kernel.Shape
	conv    *kernel.Conv
	back    []*kernel.Conv    // to each of in; nil where no gradient is needed
	from    []int             // the first plane of the result that back reads
	flipped [][]float32       // the weights of back
	blocks  [][]kernel.Padded // by picture, if the stride is not 1: what is convolved instead of in
	none    []float32         // biases of zero

	weightGradient, biasGradient tensor.Array
	sum                          *kernel.WeightSum // nil if parts are better
	parts                        []kernel.WeightPart
	learns                       bool
}

// newTapeConv makes a convolution, with room for packed weights and for gradients.
func newTapeConv(t *Tape, s program.Step, op program.Conv, out program.Value) *tapeConv {
	same, apart := op.Stride == 1 && op.Kernel == 2*op.Pad+1, op.Stride == op.Kernel && op.Pad == 0 && op.Groups == 1
	if !same && !apart {
		panic("engine: a convolution that is neither padded to the same size nor of blocks that do not overlap")
	}
	c := &tapeConv{op: op, in: s.Inputs[0], residual: -1, slopes: op.Slopes(t.params), out: out, shape: convShape(op)}
	if op.Residual {
		c.residual = s.Inputs[1][0]
	}
	if op.Stride > 1 { // blocks of pixels that do not overlap become channels
		c.shape = kernel.Shape{In: op.In * op.Stride * op.Stride, Out: op.Out, Size: 1, Stride: 1, Groups: 1}
		s := t.values[out].shape
		padded := t.newPadded(tensor.Shape{N: 1, C: c.shape.In, H: s.H, W: s.W})
		for i := range padded {
			c.blocks = append(c.blocks, padded[i:i+1])
		}
	}
	// Rounding decides on which side of zero an activation sees a number that is all but zero, which a gradient is sensitive to.
	c.shape.Exact = true
	c.none = make([]float32, max(c.shape.In, c.shape.Out))
	weight, bias := op.Weights(t.params)
	c.conv = kernel.NewConv(c.shape, weight, bias, c.slopes)
	c.prepareGradients(t)
	c.prepareBack(t)
	return c
}

func (c *tapeConv) prepareGradients(t *Tape) {
	if c.learns = t.learns(c.op.Node); !c.learns {
		return
	}
	out := t.values[c.out].shape
	c.sum, c.parts = kernel.NewWeightSum(c.shape, out.H, out.W, t.batch.N), kernel.WeightParts(c.shape)
	grads := t.gradients(c.op.Node)
	if c.op.Deconv != nil { // of the convolution that it became
		grads = []tensor.Array{tensor.NewArray(c.shape.Out, c.shape.In, c.shape.Size, c.shape.Size), tensor.NewArray(c.shape.Out)}
	}
	c.weightGradient = grads[0]
	if len(grads) > 1 {
		c.biasGradient = grads[1]
	}
}

func (c *tapeConv) prepareBack(t *Tape) {
	c.back, c.flipped, c.from = make([]*kernel.Conv, len(c.in)), make([][]float32, len(c.in)), make([]int, len(c.in))
	perIn, perOut := c.shape.In/c.shape.Groups, c.shape.Out/c.shape.Groups
	first := 0
	for i, v := range c.in {
		planes := t.values[v].shape.C
		if c.blocks != nil {
			planes = c.shape.In
		}
		groups, at := 1, 0
		if c.shape.Groups > 1 {
			if first%perIn != 0 || planes%perIn != 0 {
				panic("engine: a group of a convolution that reads parts of several values cannot be learnt")
			}
			groups, at = planes/perIn, first/perIn
		}
		first += planes
		if !t.values[v].wanted {
			continue
		}
		c.from[i] = at * perOut
		c.flipped[i] = make([]float32, planes*perOut*c.shape.Size*c.shape.Size)
		c.back[i] = kernel.NewConv(kernel.Shape{
			In: groups * perOut, Out: planes, Size: c.shape.Size, Stride: 1, Pad: c.shape.Size - 1 - c.shape.Pad, Groups: groups, Wide: true,
		}, c.flipped[i], c.none[:planes], nil)
	}
}

// pack takes over the current parameters, for the way there and back.
func (c *tapeConv) pack(t *Tape) {
	weight, bias := c.op.Weights(t.params)
	c.conv.Pack(weight, bias, c.slopes)
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
	taps := c.shape.Size * c.shape.Size
	perIn, perOut := c.shape.In/c.shape.Groups, c.shape.Out/c.shape.Groups
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

func (c *tapeConv) forward(_ context.Context, t *Tape) error {
	t.byPicture(func(w *tapeWorker, i int) {
		if c.blocks != nil {
			kernel.PixelUnshuffle(c.blocks[i][0], t.values[c.in[0]].padded[i])
		}
		var add *kernel.Padded
		if c.residual >= 0 {
			add = &t.values[c.residual].padded[i]
		}
		w.sources = c.sources(w.sources[:0], t, i)
		c.conv.RunPadded(t.values[c.out].padded[i], w.sources, add, t.zeros, &w.scratch)
	})
	return nil
}

// packWeights packs the current parameters of all convolutions.
func (t *Tape) packWeights(ctx context.Context) error {
	return t.each(ctx, len(t.convs), func(_ *tapeWorker, i int) { t.convs[i].pack(t) })
}

func (c *tapeConv) backward(ctx context.Context, t *Tape) error {
	grads := t.values[c.out].grads
	if grads == nil {
		return nil
	}
	defer t.release(c.out)
	if c.slopes != nil {
		if err := t.leakBack(ctx, grads, t.values[c.out].padded, c.slopes[0]); err != nil {
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
	if c.op.Deconv != nil {
		clear(c.weightGradient.Data)
		clear(c.biasGradient.Data)
	}
	learn := c.learnSum
	if c.sum == nil {
		learn = c.learnParts
	}
	err := learn(ctx, t, grads)
	if err == nil && c.op.Deconv != nil {
		c.op.Deconv.AddConvGradient(t.gradients(c.op.Node), []tensor.Array{c.weightGradient, c.biasGradient})
	}
	return err
}

// learnSum adds to the gradients by products of matrices.
func (c *tapeConv) learnSum(ctx context.Context, t *Tape, grads []kernel.Padded) error {
	if n := c.sum.Len(); len(t.sums) < n {
		t.sums = kernel.AlignedSlice(n)
	}
	err := t.each(ctx, c.sum.Pieces(), func(w *tapeWorker, piece int) {
		c.sum.Add(t.sums, piece, func(picture int) (kernel.Padded, []kernel.Padded) {
			w.sources = c.sources(w.sources[:0], t, picture)
			return grads[picture], w.sources
		}, &w.scratch)
	})
	if err != nil {
		return err
	}
	const rows = 8 // at a time, so that the gradients of two threads rarely share a line of the cache
	return t.each(ctx, (c.shape.Out+rows-1)/rows, func(w *tapeWorker, i int) {
		c.sum.Gather(c.weightGradient.Data, c.biasGradient.Data, t.sums, i*rows, min((i+1)*rows, c.shape.Out), &w.scratch)
	})
}

// learnParts adds to the gradients by inner products.
func (c *tapeConv) learnParts(ctx context.Context, t *Tape, grads []kernel.Padded) error {
	// Each thread goes through the pictures with a share of the parts, so that a picture stays in its cache for all of them.
	shares := min(t.threads, len(c.parts))
	return t.each(ctx, shares, func(w *tapeWorker, i int) {
		parts := c.parts[i*len(c.parts)/shares : (i+1)*len(c.parts)/shares]
		for picture, dy := range grads {
			w.sources = c.sources(w.sources[:0], t, picture)
			for _, part := range parts {
				c.learnPart(part, dy, w)
			}
		}
	})
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
		w.sources = append(w.sources[:0], dy.Planes(c.from[i], c.back[i].In))
		c.back[i].RunPadded(dst, w.sources, add, t.zeros, &w.scratch)
		if c.blocks != nil {
			shuffleBack(to[picture], dst, adds)
		}
	})
}

// shuffleBack does the opposite of kernel.PixelUnshuffle; it overwrites dst, or adds to it.
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
