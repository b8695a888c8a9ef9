package infer

import (
	"context"
	"math"

	"classsr/branch"
	"classsr/cost"
	"classsr/fault"
	"classsr/internal/par"
	"classsr/internal/stopwatch"
	"classsr/picture"
	"classsr/route"
)

// Point is what enlarging a picture would take by one goal.
type Point struct {
	Forecast
	// LossDB is how many dB (PSNR) are expected to be lost against the full network, at least 0, as Options.Quality counts them. It is 0 where all is enlarged by the
	// full network, and for models without classes or calibration, of which nothing is known.
	LossDB float64 `json:"loss_db"`
}

// Curve forecasts what a picture would take by several goals, after one look at it. The first point is the Upscaler's own goal, exactly; one for each of goals follows. These may miss a
// budget by some percent: MACs says what came of it. Seconds are reckoned from measured costs and the speed of this machine, without the trial that Forecast makes and without the choice
// itself. A model without classes gives one point. It takes CurveBytes of memory, which the caller reserves, and waits for Options.Threads cores. It returns an error of kind
// fault.TooLarge if the picture cannot be enlarged within the memory of the Upscaler, or ctx's error if ctx is done.
func (u *Upscaler) Curve(ctx context.Context, in *picture.Picture, goals []route.Goal) ([]Point, error) {
	return u.curve(ctx, in, goals)
}

// CurveRows does the same for a picture of this form, of which open gives the rows from top to bottom as often as it is called; only a few of them are in memory at a time.
func (u *Upscaler) CurveRows(ctx context.Context, c picture.Config, open func() (picture.RowSource, error), goals []route.Goal) ([]Point, error) {
	if err := u.slides(c); err != nil {
		return nil, err
	}
	return u.curve(ctx, picture.NewWindow(c, open), goals)
}

// CurveBytes is the memory that Curve takes for a picture of this form, itself included, or CurveRows.
func (u *Upscaler) CurveBytes(c picture.Config, inRows bool) int64 {
	// What is taken besides: to measure how fast memory is, and the network of each thread.
	const fresh, network = 16 << 20, 4 << 20
	bytes := u.picturesBytes(c, kept{rows: inRows}) + fresh + network*int64(u.threads)
	if inRows {
		return bytes + c.Bytes()/int64(c.Height)*lookedAtRows
	}
	return bytes + u.coresBytes(c)
}

// Rough estimates how many seconds the full network takes for a picture of so many pixels, from measured costs and the speed of this machine.
func (u *Upscaler) Rough(ctx context.Context, width, height int) (float64, error) {
	if u.full == nil {
		return 0, nil
	}
	if err := u.budget.AcquireThreads(ctx, u.threads); err != nil {
		return 0, err
	}
	defer u.budget.ReleaseThreads(u.threads)
	speed, err := u.speed.of(ctx, u.full, u.threads)
	pixel := cost.NewClasses([]*branch.Branch{u.full}, 0).Measured().Pixel[0]
	return speed * pixel * float64(width) * float64(height) / 1e9 / float64(u.threads), err
}

func (u *Upscaler) curve(ctx context.Context, in branch.Source, goals []route.Goal) ([]Point, error) {
	c := in.Config()
	var k kept
	s, r, err := u.fit(c, 0, k)
	if fault.KindOf(err) == fault.TooLarge && u.slides(c) == nil {
		k.rows = true
		s, r, err = u.fit(c, 0, k)
	}
	if err != nil {
		return nil, err
	}
	if err := u.budget.AcquireThreads(ctx, u.threads); err != nil {
		return nil, err
	}
	defer u.budget.ReleaseThreads(u.threads)
	watch := stopwatch.Start()
	v, err := u.look(ctx, in)
	if err != nil {
		return nil, err
	}
	v.lookAgain()
	ways, err := u.ways(ctx, v.source, s, r, goals)
	if err == nil {
		err = v.err()
	}
	if err != nil {
		return nil, err
	}
	beside := watch.Elapsed().Seconds()
	if u.full != nil {
		beside += cost.FreshMemory() * float64(u.picturesBytes(c, k)+s.work(r)) / float64(s.busyThreads(u.threads))
		if _, err := u.speed.of(ctx, u.full, u.threads); err != nil {
			return nil, err
		}
	}
	points := make([]Point, len(ways))
	err = par.Do(ctx, u.threads, len(ways), func(_, i int) error {
		p, macs, loss, err := ways[i](ctx)
		if err != nil {
			return err
		}
		f, _ := u.outline(c, p, r, k)
		f.MACs = macs
		if u.full != nil {
			f.Seconds, err = u.estimate(ctx, p)
			f.Seconds += beside
		}
		points[i] = Point{f, loss}
		return err
	})
	return points, err
}

// way makes the plan of a picture for one goal, counts its multiply-accumulates, and tells how many dB it loses.
type way func(context.Context) (p *plan, macs int64, loss float64, err error)

// ways looks at a picture and gives its ways to be enlarged: by the Upscaler's own goal, and by others if it has classes.
func (u *Upscaler) ways(ctx context.Context, in branch.Source, s sizing, m room, goals []route.Goal) ([]way, error) {
	own, routes := u.method.(*routed)
	if !routes {
		p, err := u.method.plan(ctx, in, s, m)
		return []way{func(context.Context) (*plan, int64, float64, error) { return p, p.macs(), 0, nil }}, err
	}
	j, err := own.judge(ctx, in, m.threads)
	if err != nil {
		return nil, err
	}
	methods := []*routed{own}
	for _, goal := range goals {
		methods = append(methods, &routed{own.classNetworks, goal, true})
	}
	var ways []way
	for _, r := range methods {
		ways = append(ways, func(ctx context.Context) (*plan, int64, float64, error) {
			p, err := r.planFor(ctx, j, s, m)
			if err != nil {
				return nil, 0, 0, err
			}
			return p, r.countedMACs(p), r.lossDB(j, p.choice.Classes), nil
		})
	}
	return ways, nil
}

// countedMACs counts the multiply-accumulates of a plan. Of a large picture it estimates them, if roughly is enough: there the estimate is some percent too low at most,
// and to count takes seconds.
func (r *routed) countedMACs(p *plan) int64 {
	const large = 1 << 20 // pixels
	if !r.roughly || p.size.X*p.size.Y < large {
		return p.macs()
	}
	return p.routerMACs() + int64(r.classCosts.MACs().Of(p.choice.blend.Grid, p.choice.Classes))
}

// lossDB is how many dB a choice of classes loses, as the calibration predicts; 0 without one.
func (r *routed) lossDB(j *judged, classes []int) float64 {
	if r.table == nil || j.small {
		return 0
	}
	problem, predicted := r.problem(j, 0)
	loss := problem.Loss(classes)
	if loss <= 0 || predicted.Squares <= 0 {
		return 0
	}
	return r.table.LostFor(10 * math.Log10(1+loss/predicted.Squares))
}
