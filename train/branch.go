package train

import (
	"context"
	"image"

	"classsr/engine"
	"classsr/internal/par"
	"classsr/nn"
	"classsr/tensor"
	"classsr/weights"
)

// branch computes one branch of a model for batches of LR patches in 0..1; results are HR patches in 0..1.
type branch interface {
	// forward gives the results, which the next call overwrites.
	forward(ctx context.Context, x *tensor.Tensor) (*tensor.Tensor, error)
	// backward adds to the gradients of the branch, for the batch of the last forward; dy is the loss's gradient to the results, and is
	// spoilt.
	backward(ctx context.Context, dy *tensor.Tensor) error
}

// executor computes a network that learns, for batches of one shape: engine.Tape does it on the CPU.
type executor interface {
	// Forward gives the results for a batch by the parameters as they are now, until the next call overwrites them.
	Forward(ctx context.Context, x *tensor.Tensor, mode nn.Mode) (*tensor.Tensor, error)
	// Backward adds to Gradients, for the batch of the last Forward; dy is a loss's gradient to its results. dx is nil here, where nobody
	// asks for the gradient to a batch.
	Backward(ctx context.Context, dy, dx *tensor.Tensor) error
	// Gradients are always the same arrays, by the names of the parameters that learn.
	Gradients() tensor.Set
}

// newExecutor makes the executor of a network, whose parameters it reads where they are.
func newExecutor(n weights.Network, batch tensor.Shape, threads int) executor {
	return engine.NewTape(n.Spec.Build(), n.Params, batch, engine.TapeOptions{Threads: threads, Learns: n.Spec.Learns})
}

// learner is a branch that learns.
type learner struct {
	executor
	scale  float32 // what white is to the network
	mode   nn.Mode
	scaled *tensor.Tensor // the batch in the network's range; nil if that is 0..1
}

// newLearner makes a branch that learns on batches of this shape. In Train mode BatchNorm normalises by the batch.
func newLearner(n weights.Network, batch tensor.Shape, threads int, mode nn.Mode) *learner {
	l := &learner{
		executor: newExecutor(n, batch, threads),
		scale:    float32(n.Spec.InputRange), mode: mode,
	}
	if l.scale != 1 {
		l.scaled = tensor.New(batch)
	}
	return l
}

func (l *learner) forward(ctx context.Context, x *tensor.Tensor) (*tensor.Tensor, error) {
	if l.scaled == nil {
		return l.Forward(ctx, x, l.mode)
	}
	for i, v := range x.Data {
		l.scaled.Data[i] = v * l.scale
	}
	y, err := l.Forward(ctx, l.scaled, l.mode)
	if err == nil {
		divide(y.Data, l.scale)
	}
	return y, err
}

func (l *learner) backward(ctx context.Context, dy *tensor.Tensor) error {
	if l.scaled != nil {
		divide(dy.Data, l.scale)
	}
	return l.Backward(ctx, dy, nil)
}

func divide(s []float32, by float32) {
	for i := range s {
		s[i] /= by
	}
}

// frozen is a branch that does not learn. It keeps no values, and its running statistics do not move.
type frozen struct {
	plan    *engine.Plan
	scale   float32
	arenas  []engine.Arena
	results *tensor.Tensor
}

// newFrozen makes a branch of parameters as they are now.
func newFrozen(n weights.Network, batch tensor.Shape, threads int) *frozen {
	graph := n.Spec.Build()
	return &frozen{
		plan: engine.Compile(graph, n.Params).ByLayer(), scale: float32(n.Spec.InputRange),
		arenas:  make([]engine.Arena, min(par.Threads(threads), batch.N)),
		results: tensor.New(graph.Shapes(batch)[graph.Output()]),
	}
}

func (f *frozen) forward(ctx context.Context, x *tensor.Tensor) (*tensor.Tensor, error) {
	size := image.Pt(x.W, x.H)
	y := f.results
	err := par.Do(ctx, len(f.arenas), x.N, func(worker, k int) error {
		return f.plan.Run(ctx, &f.arenas[worker], engine.Piece{Window: size, Core: image.Rectangle{Max: size}},
			func(rows engine.Rows) {
				for c := range rows.Channels {
					for top := rows.Min.Y; top < rows.Max.Y; top++ {
						for i, v := range x.Plane(k, c)[top*x.W:][:x.W] {
							rows.Row(c, top)[i] = v * f.scale
						}
					}
				}
			},
			func(rows engine.Rows) {
				for c := range rows.Channels {
					for top := rows.Min.Y; top < rows.Max.Y; top++ {
						for i, v := range rows.Row(c, top) {
							y.Plane(k, c)[top*y.W+i] = v / f.scale
						}
					}
				}
			})
	})
	return y, err
}

func (f *frozen) backward(context.Context, *tensor.Tensor) error { return nil }
