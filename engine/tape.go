package engine

import (
	"context"
	"image"

	"classsr/internal/kernel"
	"classsr/internal/par"
	"classsr/nn"
	"classsr/program"
	"classsr/tensor"
)

// Tape runs a network forward over a batch and back again: the arithmetic of a training step. All values of a batch are kept, in
// padded planes with zeros around every plane; forward passes and gradients to the input go picture by picture, gradients to weights part
// by part over all pictures or over a fixed share of them, so that the bits do not depend on the number of threads. The plain reference is nn.Record.
//
// A Tape is for one size of batches, and for one caller at a time.
type Tape struct {
	program *program.Program
	params  tensor.Set
	grads   tensor.Set
	batch   tensor.Shape
	threads int
	border  int
	steps   []tapeStep
	convs   []*tapeConv // among the steps
	values  []tapeValue
	result  *tensor.Tensor
	free    map[paddedShape][][]kernel.Padded // gradients that nobody needs any more
	workers []tapeWorker
	zeros   []float32
	sums    []float32     // of the gradient of a weight
	pending []pictureWork // of a forward pass
	mode    nn.Mode
}

// TapeOptions are what a Tape is made for.
type TapeOptions struct {
	// Threads is how many cores it uses; 0 stands for all.
	Threads int
	// Learns tells whether the gradient to a parameter is wanted; nil stands for all of them.
	Learns func(name string) bool
	// InputGradient asks for the gradient to the input too.
	InputGradient bool
}

// tapeStep is an operation, or several that are done together.
type tapeStep interface {
	// forward notes what is to be done for each picture (byPicture), or does what needs all pictures, when what was noted is done (through).
	forward(ctx context.Context, t *Tape) error
	// backward takes the gradient of what forward made, and adds to those of what it was made from.
	backward(ctx context.Context, t *Tape) error
}

// pictureWork is work for one picture.
type pictureWork func(w *tapeWorker, picture int)

// tapeValue is a value for all pictures of the batch.
type tapeValue struct {
	shape  tensor.Shape // of one picture
	padded []kernel.Padded
	grads  []kernel.Padded // nil until somebody adds to them
	wanted bool            // somebody needs its gradient
	spare  bool            // once it has been read nobody needs it, not even for gradients
}

type paddedShape struct{ c, h, w int }

// tapeWorker is a worker's memory.
type tapeWorker struct {
	scratch kernel.Scratch
	sources []kernel.Padded
}

// NewTape makes a tape for batches of a shape. The parameters must have passed the graph's Check. They are read at every Forward,
// whose results follow them; training writes to the running statistics among them.
func NewTape(g *nn.Graph, params tensor.Set, batch tensor.Shape, o TapeOptions) *Tape {
	p := program.Lower(g, program.Training)
	t := &Tape{
		program: p, params: params, grads: tensor.Set{}, batch: batch, threads: par.Threads(o.Threads), border: 1,
		free: map[paddedShape][][]kernel.Padded{},
	}
	for _, p := range g.Params() {
		if !p.Statistic && (o.Learns == nil || o.Learns(p.Name)) {
			t.grads[p.Name] = tensor.NewArray(p.Dims...)
		}
	}
	t.workers = make([]tapeWorker, t.threads)
	one := batch
	one.N = 1
	widest := 0
	for _, s := range p.Shapes(one) {
		t.values = append(t.values, tapeValue{shape: s})
		widest = max(widest, s.W)
	}
	for _, s := range p.Steps {
		first := s.Op.Reach(0, image.Rect(0, 0, 1, 1), image.Pt(one.W, one.H)).Min
		t.border = max(t.border, -first.X)
	}
	const beyondTiles = 8
	t.zeros = make([]float32, widest+2*t.border+beyondTiles)
	t.values[program.Input].wanted = o.InputGradient
	t.values[program.Input].padded = t.newPadded(t.values[program.Input].shape)
	t.packSteps()
	s := t.values[p.Output].shape
	s.N = batch.N
	t.result = tensor.New(s)
	return t
}

func (t *Tape) newPadded(s tensor.Shape) []kernel.Padded {
	length := kernel.PaddedLen(s.C, s.H, s.W, t.border)
	memory := kernel.AlignedSlice(length * t.batch.N)
	padded := make([]kernel.Padded, t.batch.N)
	for i := range padded {
		padded[i] = kernel.Padded{Data: memory[i*length : (i+1)*length], C: s.C, H: s.H, W: s.W, Border: t.border}
	}
	return padded
}

// Gradients are the sums of the gradients of all Backward calls since they were last cleared, by the parameters' names.
func (t *Tape) Gradients() tensor.Set { return t.grads }

// ClearGradients sets the gradients to zero.
func (t *Tape) ClearGradients() {
	for _, a := range t.grads {
		clear(a.Data)
	}
}

// Forward computes the result for a batch of the tape's shape. The result is reused by the next call. Only ctx's error is
// returned.
func (t *Tape) Forward(ctx context.Context, x *tensor.Tensor, mode nn.Mode) (*tensor.Tensor, error) {
	if x.Shape != t.batch {
		panic("engine: a batch of another shape than the tape's")
	}
	t.mode = mode
	if err := t.packWeights(ctx); err != nil {
		return nil, err
	}
	t.pending = t.pending[:0] // of a Forward that was broken off
	t.byPicture(func(_ *tapeWorker, i int) { copyToPadded(t.values[program.Input].padded[i], x, i) })
	for _, s := range t.steps {
		if err := s.forward(ctx, t); err != nil {
			return nil, err
		}
	}
	t.byPicture(func(_ *tapeWorker, i int) { copyFromPadded(t.result, t.values[t.program.Output].padded[i], i) })
	return t.result, t.through(ctx)
}

// byPicture notes what is to be done for each picture.
func (t *Tape) byPicture(work pictureWork) { t.pending = append(t.pending, work) }

// through does what was noted. Each picture goes through all of it in a row: threads then wait for each other less often.
func (t *Tape) through(ctx context.Context) error {
	err := t.each(ctx, t.batch.N, func(w *tapeWorker, i int) {
		for _, work := range t.pending {
			work(w, i)
		}
	})
	t.pending = t.pending[:0]
	return err
}

// Backward adds the gradients of a loss to Gradients, for the batch of the last Forward; dy is the loss's gradient to the result. If
// the tape was made for it, dx is overwritten with the gradient to the input; otherwise it is nil.
func (t *Tape) Backward(ctx context.Context, dy, dx *tensor.Tensor) error {
	if dy.Shape != t.result.Shape || (dx != nil) != t.values[program.Input].wanted || dx != nil && dx.Shape != t.batch {
		panic("engine: gradients of other shapes than the tape's")
	}
	for v := range t.values {
		t.release(program.Value(v)) // of a Backward that was broken off
	}
	if !t.values[t.program.Output].wanted {
		return nil // nothing learns
	}
	grads, _ := t.gradient(t.program.Output)
	if err := t.each(ctx, t.batch.N, func(_ *tapeWorker, i int) { copyToPadded(grads[i], dy, i) }); err != nil {
		return err
	}
	for i := len(t.steps) - 1; i >= 0; i-- {
		if err := t.steps[i].backward(ctx, t); err != nil {
			return err
		}
	}
	if dx == nil {
		return nil
	}
	return t.each(ctx, t.batch.N, func(_ *tapeWorker, i int) {
		if grads := t.values[program.Input].grads; grads != nil {
			copyFromPadded(dx, grads[i], i)
		}
	})
}

// each calls work for 0 to n-1 on the tape's threads.
func (t *Tape) each(ctx context.Context, n int, work func(w *tapeWorker, i int)) error {
	return par.Do(ctx, t.threads, n, func(worker, i int) error {
		work(&t.workers[worker], i)
		return nil
	})
}

// gradient gives the gradients of a value, and whether they hold something that is to be added to. Borders are zeros.
func (t *Tape) gradient(v program.Value) (padded []kernel.Padded, add bool) {
	value := &t.values[v]
	if value.grads != nil {
		return value.grads, true
	}
	shape := paddedShape{value.shape.C, value.shape.H, value.shape.W}
	if free := t.free[shape]; len(free) > 0 {
		value.grads, t.free[shape] = free[len(free)-1], free[:len(free)-1]
	} else {
		value.grads = t.newPadded(value.shape)
	}
	return value.grads, false
}

// release gives the gradients of a value back.
func (t *Tape) release(v program.Value) {
	value := &t.values[v]
	if value.grads != nil {
		shape := paddedShape{value.shape.C, value.shape.H, value.shape.W}
		t.free[shape] = append(t.free[shape], value.grads)
		value.grads = nil
	}
}

// hand makes the gradients of one value those of another of the same shape, or adds them.
func (t *Tape) hand(ctx context.Context, from, to program.Value) error {
	defer t.release(from)
	if !t.values[to].wanted {
		return nil
	}
	if t.values[to].grads == nil {
		t.values[to].grads, t.values[from].grads = t.values[from].grads, nil
		return nil
	}
	return t.addTo(ctx, from, to)
}

// addTo adds the gradients of one value to those of another of the same shape.
func (t *Tape) addTo(ctx context.Context, from, to program.Value) error {
	grads, add := t.gradient(to)
	return t.each(ctx, t.batch.N, func(_ *tapeWorker, i int) {
		d, s := grads[i].Data, t.values[from].grads[i].Data
		if !add {
			copy(d, s)
			return
		}
		kernel.Combine(d, d, s, 1, 1, 0)
	})
}

func copyToPadded(s kernel.Padded, x *tensor.Tensor, n int) {
	for c := range s.C {
		plane := x.Plane(n, c)
		for y := range s.H {
			copy(s.Row(c, y), plane[y*s.W:])
		}
	}
}

func copyFromPadded(x *tensor.Tensor, s kernel.Padded, n int) {
	for c := range s.C {
		plane := x.Plane(n, c)
		for y := range s.H {
			copy(plane[y*s.W:], s.Row(c, y))
		}
	}
}
