package cost

import (
	"context"
	"image"

	"classsr/branch"
	"classsr/engine"
	"classsr/internal/par"
	"classsr/internal/stopwatch"
)

// Speed measures how many times as long this machine takes for a branch as the measured costs say, with so many threads working at once.
// It takes a moment, and returns ctx's error if ctx is done.
func Speed(ctx context.Context, b *branch.Branch, threads int) (float64, error) {
	const times, side = 3, 64
	window := image.Pt(side, side)
	piece := engine.Piece{Window: window, Core: image.Rectangle{Max: window}}
	work := engine.Work{MACs: b.Plan.MACs(window, piece.Core)}
	if !b.Spec.Pools() {
		work = b.Plan.Work(window, piece.Core, nil)
		work.Pixels = 0 // nothing is read or written
	}
	busy := min(threads, par.Threads(0)) // more than there are cores would take turns
	arenas := make([]engine.Arena, busy)
	best := 0.0
	for range times {
		watch := stopwatch.Start()
		err := par.Do(ctx, busy, busy, func(worker, _ int) error { return b.Plan.Run(ctx, &arenas[worker], piece, nil, nil) })
		if err != nil {
			return 0, err
		}
		if t := float64(watch.Elapsed()); best == 0 || t < best {
			best = t
		}
	}
	return best * float64(threads) / float64(busy) / Measured(b.Spec).Of(work), nil
}

// FreshMemory measures how many seconds the system takes to hand out a byte of memory that was not used before. An enlarged picture and the
// memory of a new worker are such memory, and with small networks that is a good part of the time.
func FreshMemory() float64 {
	const bytes, page = 16 << 20, 4096
	watch := stopwatch.Start()
	memory := make([]byte, bytes)
	for i := 0; i < len(memory); i += page {
		memory[i] = 1
	}
	return watch.Elapsed().Seconds() / bytes
}
