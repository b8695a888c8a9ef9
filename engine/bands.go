package engine

import (
	"context"

	"classsr/internal/kernel"
	"classsr/internal/par"
)

// do runs the current step, on several threads if its rows are many. They share them in bands of at least two rows of tiles of convolutions,
// which lie in the same grid in all bands.
func (f *frame) do(ctx context.Context, threads int) error {
	if f.mask != nil {
		f.doMasked()
		return nil
	}
	f.work.add(f.plan, *f.step, f.r)
	unit := kernel.WinogradRows * f.step.run.zoom()
	bands := min(f.r.Dy()/(2*unit), threads)
	if bands < 2 {
		f.threads = threads
		f.step.run.do(f)
		return nil
	}
	f.arena.help(bands)
	tiles := (f.r.Dy() + unit - 1) / unit
	cut := func(i int) int { return min(i*tiles/bands*unit, f.r.Dy()) }
	return par.Do(ctx, bands, bands, func(_, i int) error {
		helper := f.arena.helpers[i]
		helper.memory = f.arena.memory
		band := &helper.frame
		band.plan, band.geo, band.arena, band.zeros, band.step = f.plan, f.geo, helper, f.zeros, f.step
		band.r, band.out = f.r, f.out
		band.r.Min.Y, band.r.Max.Y = f.r.Min.Y+cut(i), f.r.Min.Y+cut(i+1)
		band.threads = 1
		band.step.run.do(band)
		return nil
	})
}

// help makes room for so many helpers.
func (a *Arena) help(count int) {
	for len(a.helpers) < count {
		a.helpers = append(a.helpers, &Arena{})
	}
}

// share does n things, each with scratch memory that is nobody else's, on the threads that may work on the current step.
func (f *frame) share(n int, do func(i int, scratch *kernel.Scratch)) {
	f.arena.help(f.threads)
	_ = par.Do(context.Background(), f.threads, n, func(worker, i int) error { // they take a few milliseconds together, and do not fail
		do(i, &f.arena.helpers[worker].scratch)
		return nil
	})
}
