package engine

import (
	"context"

	"classsr/internal/kernel"
	"classsr/nn"
	"classsr/program"
	"classsr/tensor"
)

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

func (r *tapeReference) forward(_ context.Context, t *Tape) error {
	t.byPicture(func(_ *tapeWorker, i int) {
		for j, in := range r.in {
			copyFromPadded(r.x[i][j], t.values[in[0]].padded[i], 0)
		}
		r.op.Forward(r.out[i], r.x[i], nil)
		copyToPadded(t.values[r.y].padded[i], r.out[i], 0)
	})
	return nil
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
