package main

import (
	"context"
	"image"
	"time"

	"classsr/arch"
	"classsr/engine"
	"classsr/internal/par"
	"classsr/tensor"
	"classsr/tile"
)

// The pieces that the program's Upscaler cuts pictures into.
const (
	smallPicture    = 40
	maxContext      = 40
	cutContextWidth = 128
	wholePooled     = 1 << 19
	poolingCore     = 160
	poolingContext  = 16
	workerMemory    = 96 << 20
)

var stripWidths = []int{256, 192, 160, 128, 96, 80, 64, 48, 32, 16, 8}

// ours runs this module's engine.
type ours struct {
	ctx           context.Context
	plan          *engine.Plan
	scale         int
	input, result *tensor.Tensor
	pieces        []tile.Piece
	arenas        []engine.Arena
	exact         bool
	threads       int // on one piece
}

func newOurs(ctx context.Context, spec arch.Spec, params tensor.Set, input *tensor.Tensor, threads int) *ours {
	g := spec.Build()
	o := &ours{
		ctx: ctx, plan: engine.Compile(g, params), scale: spec.Scale, input: input,
		result: tensor.New(g.Shapes(input.Shape)[g.Output()]), arenas: make([]engine.Arena, threads),
	}
	size := image.Pt(input.W, input.H)
	context := min(o.plan.Context(), maxContext)
	var core image.Point
	switch {
	case max(size.X, size.Y) <= smallPicture:
		o.plan = o.plan.ByLayer()
		core, o.exact = size, true
	case spec.Pools() && size.X*size.Y <= wholePooled:
		core, o.exact, o.threads = size, true, threads
	case spec.Pools():
		context, core = poolingContext, image.Pt(poolingCore, poolingCore)
	case o.plan.Context() > maxContext:
		core = image.Pt(cutContextWidth, size.Y)
	default:
		core, o.exact = o.strips(size, context, threads), true
	}
	o.pieces = tile.Cover(size, core, context)
	return o
}

// strips chooses strips as high as the picture, a multiple of threads, that take a reasonable memory.
func (o *ours) strips(size image.Point, context, threads int) image.Point {
	var core image.Point
	for _, width := range stripWidths {
		n := (size.X + width - 1) / width
		n = (n + threads - 1) / threads * threads
		core = image.Pt((size.X+n-1)/n, size.Y)
		core.X += core.X % 2
		window := image.Pt(min(core.X+2*context, size.X), size.Y)
		at := image.Pt(min(context, window.X-core.X), 0)
		if o.plan.Bytes(window, image.Rectangle{Min: at, Max: at.Add(core)}) <= workerMemory {
			break
		}
	}
	return core
}

func (o *ours) run(atLeast time.Duration) ([]time.Duration, error) { return repeat(atLeast, o.once) }

func (o *ours) once() error {
	return par.Do(o.ctx, len(o.arenas), len(o.pieces), func(worker, i int) error {
		p := o.pieces[i]
		piece := engine.Piece{Window: p.Window.Size(), Core: p.Core.Sub(p.Window.Min), Threads: o.threads}
		return o.plan.Run(o.ctx, &o.arenas[worker], piece,
			func(rows engine.Rows) { each(rows, o.input, p.Window.Min, func(row, own []float32) { copy(row, own) }) },
			func(rows engine.Rows) {
				each(rows, o.result, p.Core.Min.Mul(o.scale), func(row, own []float32) { copy(own, row) })
			})
	})
}

// each calls f for the rows, and for where they are in a tensor that they are a part of from a corner on.
func each(rows engine.Rows, of *tensor.Tensor, corner image.Point, f func(row, own []float32)) {
	for c := range rows.Channels {
		for y := rows.Min.Y; y < rows.Max.Y; y++ {
			f(rows.Row(c, y), of.Plane(0, c)[(corner.Y+y)*of.W+corner.X+rows.Min.X:])
		}
	}
}

func (o *ours) output() ([]float32, error) { return o.result.Data, nil }

func (o *ours) close() error { return nil }

// repeat calls once until the time is over, at least once, and gives the time of each call.
func repeat(atLeast time.Duration, once func() error) ([]time.Duration, error) {
	var times []time.Duration
	for begin := time.Now(); len(times) == 0 || time.Since(begin) < atLeast; {
		start := time.Now()
		if err := once(); err != nil {
			return nil, err
		}
		times = append(times, time.Since(start))
	}
	return times, nil
}
