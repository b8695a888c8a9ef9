package infer

import (
	"context"
	"errors"
	"image"
	"io"
	"sync"
	"time"

	"classsr/branch"
	"classsr/cost"
	"classsr/picture"
	"classsr/route"
)

// A trial takes so long at most, and what is done in the beginning, when memory is used for the first time, does not count.
const trialTime, trialStart = 1500 * time.Millisecond, 400 * time.Millisecond

// trial is what was done of a picture, and when.
type trial struct {
	mu          sync.Mutex
	start       time.Time
	first, last mark // of those that count
}

// mark is what was done until some time after the start.
type mark struct {
	after  time.Duration
	pixels int
	macs   int64
}

// done is told of each band of a piece.
func (t *trial) done(pixels int, macs int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last.pixels += pixels
	t.last.macs += macs
	if t.last.after = time.Since(t.start); t.last.after < trialStart {
		t.first = t.last
	}
}

// share is the share of a plan that was done in a second, by what its classes cost. known is false if it is not to be told, since what was done
// is much easier than the rest, or harder.
func (t *trial) share(p *plan) (share float64, known bool) {
	pixels := float64(t.last.pixels-t.first.pixels) / float64(p.pixels())
	macs := pixels
	if all := p.macs() - p.routerMACs(); all > 0 {
		macs = float64(t.last.macs-t.first.macs) / float64(all)
	}
	const unlike = 2
	return macs / (t.last.after - t.first.after).Seconds(), pixels > 0 && macs*unlike > pixels && macs < pixels*unlike
}

// try enlarges a part of a picture by a plan, for a moment, and gives how many seconds all of it takes; 0 if that cannot be told. Unlike the costs
// of classes it knows of caches, of cores that get in each other's way, and of how the picture is cut; these tell how much more the rest is.
func (u *Upscaler) try(ctx context.Context, v view, p *plan, k kept) (float64, error) {
	claim, err := u.claim(ctx, v.source.Config(), Beside{}, k)
	if err != nil {
		return 0, err
	}
	tried := p
	if r, ok := u.method.(*routed); ok && v.window == nil {
		if tried, v, err = r.below(ctx, p, v, u.threads); err != nil {
			claim.Release()
			return 0, err
		}
	}
	seconds, err := u.tryAll(ctx, v, tried, claim)
	if tried != p {
		costs := cost.NewClasses(p.branches, blendWidth).Measured()
		seconds *= costs.OfUsage(p.usage) / costs.OfUsage(tried.usage)
	}
	return seconds, err
}

// tryAll is try for what a plan is about. It releases the claim.
func (u *Upscaler) tryAll(ctx context.Context, v view, p *plan, claim *Claim) (float64, error) {
	if v.window != nil {
		v.window.Begin(p.windowRows())
	}
	j, err := newJob(v, p, u.Scale())
	if err != nil {
		claim.Release()
		return 0, err
	}
	limited, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	t := trial{start: time.Now()}
	e := u.newEnlargement(limited, claim, j, u.method.canvas(j, nil, false), 0, t.done)
	e.start()
	for err == nil {
		_, err = e.NextRows()
	}
	_ = e.Close() // which ends the work
	switch {
	case errors.Is(err, io.EOF):
		return e.took.Seconds(), nil
	case limited.Err() == nil || ctx.Err() != nil:
		return 0, err
	}
	if share, known := t.share(p); known {
		return 1 / share, nil
	}
	return 0, nil
}

// below is the plan of the lower part of a picture, without the rows that take the first quarter of the time: skies are above, and easy. The picture
// must be in memory.
func (r *routed) below(ctx context.Context, p *plan, v view, threads int) (*plan, view, error) {
	grid, columns := p.choice.blend.Grid, p.choice.blend.Columns()
	all, row := r.costs.Of(grid, p.choice.Classes), 0
	for done := 0.0; row+1 < grid.Rows() && done < all/4; row++ {
		for x := range columns {
			core := p.choice.Cores[row*columns+x]
			done += r.costs.Pixel[p.choice.Classes[row*columns+x]] * float64(core.Dx()*core.Dy())
		}
	}
	if row == 0 || isSmall(p.size) {
		return p, v, nil
	}
	top := grid.Ys[row]
	lower := route.Grid{Xs: grid.Xs}
	for _, y := range grid.Ys[row:] {
		lower.Ys = append(lower.Ys, y-top)
	}
	part := view{source: lowerPart{v.source, top}}
	if v.flat != nil {
		var err error
		if part.flat, err = newFlatCells(ctx, part.source, threads, 0, lower.Size().Y); err != nil {
			return nil, v, err
		}
	}
	q := r.planOf(lower.Size(), p.sizing, r.choice(lower, p.choice.Classes[row*columns:], 0, ""))
	q.sizeArenas()
	return q, part, nil
}

// lowerPart is a picture from row top on.
type lowerPart struct {
	branch.Source
	top int
}

// Config implements branch.Source.
func (l lowerPart) Config() picture.Config {
	c := l.Source.Config()
	c.Height -= l.top
	return c
}

// ReadPlane implements branch.Source.
func (l lowerPart) ReadPlane(dst []float32, channel int, r image.Rectangle) {
	l.Source.ReadPlane(dst, channel, r.Add(image.Pt(0, l.top)))
}
