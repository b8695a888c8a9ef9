package work

import (
	"context"
	"slices"
	"sync"
	"time"

	"classsr/budget"
	"classsr/fault"
	"classsr/infer"
	"classsr/pipeline"
	"classsr/pipeline/order"
	"classsr/route"
	"classsr/server/tokens"
)

const (
	// lookPixels is the size of pictures that are looked at for a plan: what a look at more takes of all cores would keep others waiting for more than a second or two.
	lookPixels = 25e6
	// lookPixelsASecond is about how many pixels are looked at in a second.
	lookPixelsASecond = 8e6
	// lookWait is how long a look may take, its wait for a turn, for memory and for cores included. A step of it that has begun is finished.
	lookWait = 5 * time.Second
)

// goals are the budgets, in percent, that plans have besides what was asked for.
var goals = []route.Goal{
	{Kind: route.ByBudget, Limit: 20}, {Kind: route.ByBudget, Limit: 40}, {Kind: route.ByBudget, Limit: 60}, {Kind: route.ByBudget, Limit: 80},
	{Kind: route.ByBudget, Limit: 100},
}

// look looks at a picture when it has a turn, or remembers what it saw before. It gives no points if the model has no classes to choose from, or a look would take too
// much time or memory. Errors are those of pictures that cannot be read.
func (w *Works) look(ctx context.Context, t tokens.Token, path, name string, o order.Order, j *Judged) (points []infer.Point, err error) {
	defer w.survive(&err, "plan")
	if !j.routes || j.Width*j.Height > lookPixels {
		return nil, nil
	}
	key := lookKey(path, o)
	if points := w.curves.get(key); points != nil {
		return points, nil
	}
	limited, cancel := context.WithTimeout(ctx, w.lookWait)
	defer cancel()
	err = w.inTurn(limited, t, float64(j.Width*j.Height)/lookPixelsASecond, func(part *budget.Budget) error {
		if points = w.curves.get(key); points != nil { // somebody else looked while this one waited
			return nil
		}
		p, err := w.pipeline(o, w.Budget)
		if err != nil {
			return err
		}
		if points, err = p.Curve(limited, path, shown(name), part, goals); err == nil {
			w.curves.put(key, points)
		}
		return err
	})
	switch kind := fault.KindOf(err); {
	case err == nil:
		return points, nil
	case ctx.Err() != nil:
		return nil, fault.As(fault.Usage, ctx.Err()) // whoever asked is gone
	case limited.Err() != nil || kind == fault.Busy || kind == fault.TooLarge:
		return nil, nil
	}
	return nil, pipeline.Nameless(err, path, "")
}

// remembered is what an order takes of a picture that was looked at before, for the same order or one that differs in its budget.
func (w *Works) remembered(path string, o order.Order) (infer.Point, bool) {
	if points := w.curves.get(lookKey(path, o)); points != nil {
		return points[0], true
	}
	points := w.curves.get(lookKey(path, o, "budget"))
	if points == nil || o.Budget == 0 {
		return infer.Point{}, false
	}
	return at(points[1:], o.Budget), true
}

// at is about what a budget takes, by points with rising ones.
func at(points []infer.Point, budget float64) infer.Point {
	i := slices.IndexFunc(points, func(p infer.Point) bool { return percent(p) >= budget })
	switch {
	case i < 0:
		return points[len(points)-1]
	case i == 0:
		return points[0]
	}
	low, high := points[i-1], points[i]
	share := (budget - percent(low)) / (percent(high) - percent(low))
	high.Seconds = low.Seconds + share*(high.Seconds-low.Seconds)
	return high
}

// lookKey names what a look depends on: the picture, and what is said of it, without what concerns the result's file only and some names.
func lookKey(path string, o order.Order, without ...string) string {
	return path + " " + o.Without(append(without, "format", "jpeg-quality", "jpeg-444", "png-level", "strip", "background", "linear")...)
}

// curves remembers looks. It is safe for concurrent use.
type curves struct {
	mu    sync.Mutex
	kept  map[string][]infer.Point
	order []string // keys, what was used longest ago first
}

// mostCurves is how many are remembered; each takes some kilobytes.
const mostCurves = 256

// get gives what has a key, or nil.
func (c *curves) get(key string) []infer.Point {
	c.mu.Lock()
	defer c.mu.Unlock()
	points := c.kept[key]
	if points != nil {
		c.touch(key)
	}
	return points
}

func (c *curves) put(key string, points []infer.Point) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept = map[string][]infer.Point{}
	}
	c.kept[key] = points
	c.touch(key)
	if len(c.order) > mostCurves {
		delete(c.kept, c.order[0])
		c.order = slices.Delete(c.order, 0, 1)
	}
}

// touch puts a key last.
func (c *curves) touch(key string) {
	if i := slices.Index(c.order, key); i >= 0 {
		c.order = slices.Delete(c.order, i, i+1)
	}
	c.order = append(c.order, key)
}
