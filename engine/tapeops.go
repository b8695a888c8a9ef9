package engine

import (
	"context"

	"classsr/internal/kernel"
	"classsr/program"
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

func (a tapeActivation) forward(_ context.Context, t *Tape) error {
	slopes := a.op.Slopes(t.params)
	t.byPicture(func(_ *tapeWorker, i int) {
		x, y := t.values[a.x].padded[i], t.values[a.y].padded[i]
		for c := range x.C {
			kernel.Leak(y.Plane(c), x.Plane(c), slopes[c%len(slopes)])
		}
	})
	return nil
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

func (s tapeAdd) forward(_ context.Context, t *Tape) error {
	t.byPicture(func(_ *tapeWorker, i int) {
		kernel.Combine(t.values[s.y].padded[i].Data, t.values[s.a].padded[i].Data, t.values[s.b].padded[i].Data, 1, 1, 0)
	})
	return nil
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

// tapeMul is a product, element by element.
type tapeMul struct{ a, b, y program.Value }

func (m tapeMul) forward(_ context.Context, t *Tape) error {
	t.byPicture(func(_ *tapeWorker, i int) {
		y := t.values[m.y].padded[i].Data
		clear(y)
		kernel.MultiplyAdd(y, t.values[m.a].padded[i].Data, t.values[m.b].padded[i].Data)
	})
	return nil
}

// backward gives each factor the gradient times the other one.
func (m tapeMul) backward(ctx context.Context, t *Tape) error {
	grads := t.values[m.y].grads
	if grads == nil {
		return nil
	}
	defer t.release(m.y)
	for _, factors := range [][2]program.Value{{m.a, m.b}, {m.b, m.a}} {
		if !t.values[factors[0]].wanted {
			continue
		}
		to, add := t.gradient(factors[0])
		err := t.each(ctx, t.batch.N, func(_ *tapeWorker, i int) {
			if !add {
				clear(to[i].Data)
			}
			kernel.MultiplyAdd(to[i].Data, grads[i].Data, t.values[factors[1]].padded[i].Data)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tapeShuffle is a pixel shuffle.
type tapeShuffle struct {
	x, y   program.Value
	factor int
}

func (s tapeShuffle) forward(_ context.Context, t *Tape) error {
	t.byPicture(func(_ *tapeWorker, i int) {
		y := t.values[s.y].padded[i]
		kernel.PixelShuffle(y.Block(0, t.zeros), 0, y.H, 0, y.W, t.values[s.x].padded[i].Block(0, t.zeros), 0, s.factor)
	})
	return nil
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
	return t.each(ctx, t.batch.N, func(_ *tapeWorker, i int) { kernel.PixelUnshuffle(to[i], grads[i]) })
}
