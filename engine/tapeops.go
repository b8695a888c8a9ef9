package engine

import (
	"context"
	"math"

	"classsr/internal/kernel"
	"classsr/nn"
	"classsr/program"
	"classsr/tensor"
)

// tapeActivation is an activation on its own.
type tapeActivation struct {
	op      program.Activation
	x, y    program.Value
	signs   program.Value // x, or y where it has the same signs
	partial []float32     // gradients of the slope by picture and plane, if it is learnt
}

func newTapeActivation(t *Tape, op program.Activation, x, y program.Value) tapeActivation {
	a := tapeActivation{op: op, x: x, y: y, signs: x}
	if op.KeepsSigns() {
		a.signs = y
		if t.values[x].spare {
			t.values[y].padded = t.values[x].padded
		}
	}
	if op.Learnt != nil {
		a.partial = make([]float32, t.batch.N*t.values[y].shape.C)
	}
	return a
}

func (a tapeActivation) forward(ctx context.Context, t *Tape) error {
	slopes := a.op.Slopes(t.params)
	return t.each(ctx, t.batch.N, func(_ *tapeWorker, i int) {
		x, y := t.values[a.x].padded[i], t.values[a.y].padded[i]
		for c := range x.C {
			kernel.Leak(y.Plane(c), x.Plane(c), slopes[c%len(slopes)])
		}
	})
}

func (a tapeActivation) backward(ctx context.Context, t *Tape) error {
	grads := t.values[a.y].grads
	if grads == nil {
		return nil
	}
	slopes := a.op.Slopes(t.params)
	err := t.each(ctx, t.batch.N, func(_ *tapeWorker, i int) {
		for c := range grads[i].C {
			d := kernel.LeakBack(grads[i].Plane(c), t.values[a.signs].padded[i].Plane(c), slopes[c%len(slopes)])
			if a.partial != nil {
				a.partial[i*grads[i].C+c] = d
			}
		}
	})
	if err != nil {
		return err
	}
	if a.op.Learnt != nil {
		if slopes := t.gradients(*a.op.Learnt)[0].Data; slopes != nil {
			planes := t.values[a.y].shape.C
			for i, d := range a.partial {
				slopes[i%planes%len(slopes)] += d
			}
		}
	}
	return t.hand(ctx, a.y, a.x)
}

// leakBack turns gradients of an activation's result, which is y, into those of its source.
func (t *Tape) leakBack(ctx context.Context, grads, y []kernel.Padded, slope float32) error {
	return t.each(ctx, t.batch.N, func(_ *tapeWorker, i int) {
		for c := range grads[i].C {
			kernel.LeakBack(grads[i].Plane(c), y[i].Plane(c), slope)
		}
	})
}

// tapeAdd is a skip connection on its own.
type tapeAdd struct{ a, b, y program.Value }

func (s tapeAdd) forward(ctx context.Context, t *Tape) error {
	return t.each(ctx, t.batch.N, func(_ *tapeWorker, i int) {
		kernel.Combine(t.values[s.y].padded[i].Data, t.values[s.a].padded[i].Data, t.values[s.b].padded[i].Data, 1, 1, 0)
	})
}

func (s tapeAdd) backward(ctx context.Context, t *Tape) error {
	if t.values[s.y].grads == nil {
		return nil
	}
	if t.values[s.a].wanted {
		if err := t.addTo(ctx, s.y, s.a); err != nil {
			return err
		}
	}
	return t.hand(ctx, s.y, s.b)
}

// tapeShuffle is a pixel shuffle.
type tapeShuffle struct {
	x, y   program.Value
	factor int
}

func (s tapeShuffle) forward(ctx context.Context, t *Tape) error {
	return t.each(ctx, t.batch.N, func(_ *tapeWorker, i int) {
		y := t.values[s.y].padded[i]
		kernel.PixelShuffle(y.Block(0, t.zeros), 0, y.H, 0, y.W, t.values[s.x].padded[i].Block(0, t.zeros), 0, s.factor)
	})
}

func (s tapeShuffle) backward(ctx context.Context, t *Tape) error {
	grads := t.values[s.y].grads
	if grads == nil {
		return nil
	}
	defer t.release(s.y)
	if !t.values[s.x].wanted {
		return nil
	}
	to, add := t.gradient(s.x)
	if add {
		panic("engine: what is shuffled is used otherwise too")
	}
	return t.each(ctx, t.batch.N, func(_ *tapeWorker, i int) { unshuffle(to[i], grads[i]) })
}

// tapeNorm is a BatchNorm.
type tapeNorm struct {
	node    nn.Node
	x, y    program.Value
	moments []moments
}

// moments are the mean of a channel and the deviation that it was divided by.
type moments struct{ mean, deviation float64 }

func (s *tapeNorm) forward(ctx context.Context, t *Tape) error {
	p := s.node.Arrays(t.params)
	return t.each(ctx, len(s.moments), func(w *tapeWorker, c int) {
		m := moments{float64(p[2].Data[c]), math.Sqrt(float64(p[3].Data[c]) + nn.BatchNormEpsilon)}
		if t.mode == nn.Train {
			m = s.batchMoments(t, p, c, w)
		}
		s.moments[c] = m
		factor, bias := float64(p[0].Data[c])/m.deviation, float64(p[1].Data[c])
		for i, x := range t.values[s.x].padded {
			y := t.values[s.y].padded[i]
			if t.mode == nn.Train { // the mean has been subtracted, which is more exact than doing all at once
				s.combine(y, y, c, float32(factor), 0, float32(bias))
				continue
			}
			s.combine(y, x, c, float32(factor), 0, float32(bias-m.mean*factor))
		}
	})
}

// combine does y = fy*y + fx*x + offset for a plane.
func (s *tapeNorm) combine(y, x kernel.Padded, c int, fx, fy, offset float32) {
	kernel.Combine(y.Plane(c), y.Plane(c), x.Plane(c), fy, fx, offset)
	y.ClearBorders(c)
}

// batchMoments computes the moments of a channel over the batch and moves the running statistics.
func (s *tapeNorm) batchMoments(t *Tape, p []tensor.Array, c int, w *tapeWorker) moments {
	x := t.values[s.x].padded
	count := float64(len(x) * x[0].H * x[0].W)
	if count < 2 {
		panic("engine: BatchNorm has a single number in a channel, which has no variance to train with")
	}
	var mean, variance float64
	for i := range x {
		mean += float64(kernel.Sum(x[i].Plane(c), &w.scratch)) / count
	}
	for i := range x {
		y := t.values[s.y].padded[i] // without the mean, for the time being
		s.combine(y, x[i], c, 1, 0, float32(-mean))
		for row := range y.H { // short sums, since an error here moves all numbers of the channel
			variance += float64(kernel.Dot(y.Row(c, row), y.Row(c, row), &w.scratch)) / count
		}
	}
	move := func(running *float32, batch float64) {
		*running = float32((1-nn.BatchNormMomentum)*float64(*running) + nn.BatchNormMomentum*batch)
	}
	move(&p[2].Data[c], mean)
	move(&p[3].Data[c], variance*count/(count-1))
	return moments{mean, math.Sqrt(variance + nn.BatchNormEpsilon)}
}

// backward computes with z = (x-mean)/deviation what nn.BatchNorm does:
//
//	dx = weight/deviation * (dy - mean of dy - z * mean of dy*z)    dweight += sum of dy*z    dbias += sum of dy
//
// without the means for running statistics, which are constants.
func (s *tapeNorm) backward(ctx context.Context, t *Tape) error {
	grads := t.values[s.y].grads
	if grads == nil {
		return nil
	}
	p, dp := s.node.Arrays(t.params), t.gradients(s.node)
	dWeight, dBias := dp[0].Data, dp[1].Data
	x := t.values[s.x].padded
	count := float64(len(x) * x[0].H * x[0].W)
	err := t.each(ctx, len(s.moments), func(w *tapeWorker, c int) {
		m := s.moments[c]
		var sum, products float64 // of dy and dy*z
		for i, dy := range grads {
			d := float64(kernel.Sum(dy.Plane(c), &w.scratch))
			sum += d
			products += (float64(kernel.Dot(dy.Plane(c), x[i].Plane(c), &w.scratch)) - m.mean*d) / m.deviation
		}
		if dWeight != nil {
			dWeight[c] += float32(products)
		}
		if dBias != nil {
			dBias[c] += float32(sum)
		}
		factor := float64(p[0].Data[c]) / m.deviation
		var perX, constant float64
		if t.mode == nn.Train {
			perX = -factor * products / count / m.deviation
			constant = -factor*sum/count - perX*m.mean
		}
		for i, dy := range grads {
			s.combine(dy, x[i], c, float32(perX), float32(factor), float32(constant))
		}
	})
	if err != nil {
		return err
	}
	return t.hand(ctx, s.y, s.x)
}

// reference is an operation that nn computes.
type reference interface {
	Forward(y *tensor.Tensor, x []*tensor.Tensor, p []tensor.Array)
	Backward(dx []*tensor.Tensor, dp []tensor.Array, dy *tensor.Tensor, x []*tensor.Tensor, p []tensor.Array)
	Params() []nn.Param
}

// tapeReference is an operation that is rare enough for the reference arithmetic.
type tapeReference struct {
	op reference
	in [][]program.Value
	y  program.Value
	// by picture: the inputs, the result and their gradients
	x, dx [][]*tensor.Tensor
	out   []*tensor.Tensor
}

func newTapeReference(t *Tape, s program.Step, v program.Value) *tapeReference {
	op, ok := s.Op.(reference)
	if !ok || len(op.Params()) > 0 {
		panic("engine: an operation that no tape can learn")
	}
	r := &tapeReference{op: op, in: s.Inputs, y: v}
	for range t.batch.N {
		var x, dx []*tensor.Tensor
		for _, in := range s.Inputs {
			value := t.values[in[0]]
			x, dx = append(x, tensor.New(value.shape)), append(dx, nil)
			if value.wanted {
				dx[len(dx)-1] = tensor.New(value.shape)
			}
		}
		r.x, r.dx, r.out = append(r.x, x), append(r.dx, dx), append(r.out, tensor.New(t.values[v].shape))
	}
	return r
}

func (r *tapeReference) forward(ctx context.Context, t *Tape) error {
	return t.each(ctx, t.batch.N, func(_ *tapeWorker, i int) {
		for j, in := range r.in {
			copyFromPadded(r.x[i][j], t.values[in[0]].padded[i], 0)
		}
		r.op.Forward(r.out[i], r.x[i], nil)
		copyToPadded(t.values[r.y].padded[i], r.out[i], 0)
	})
}

func (r *tapeReference) backward(ctx context.Context, t *Tape) error {
	grads := t.values[r.y].grads
	if grads == nil {
		return nil
	}
	defer t.release(r.y)
	err := t.each(ctx, t.batch.N, func(_ *tapeWorker, i int) {
		copyFromPadded(r.out[i], grads[i], 0)
		for _, d := range r.dx[i] {
			if d != nil {
				clear(d.Data)
			}
		}
		r.op.Backward(r.dx[i], nil, r.out[i], r.x[i], nil)
	})
	if err != nil {
		return err
	}
	for j, in := range r.in {
		v := in[0]
		if !t.values[v].wanted {
			continue
		}
		to, add := t.gradient(v)
		err := t.each(ctx, t.batch.N, func(_ *tapeWorker, i int) { addToPadded(to[i], r.dx[i][j], add) })
		if err != nil {
			return err
		}
	}
	return nil
}

// addToPadded adds a tensor's first picture to padded planes, or overwrites it.
func addToPadded(s kernel.Padded, x *tensor.Tensor, add bool) {
	for c := range s.C {
		plane := x.Plane(0, c)
		for y := range s.H {
			row, from := s.Row(c, y), plane[y*s.W:(y+1)*s.W]
			if add {
				kernel.Combine(row, row, from, 1, 1, 0)
				continue
			}
			copy(row, from)
		}
	}
}
