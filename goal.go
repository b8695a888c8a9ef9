package classsr

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"classsr/route"
)

// goalKind is what decides between quality and cost.
type goalKind int

const (
	// goalScores takes what the Class-Module finds most likely.
	goalScores goalKind = iota
	// goalQuality is the cheapest choice that loses no more than so many dB.
	goalQuality
	// goalBudget is the best choice that takes so many percent of the full network's multiply-accumulates.
	goalBudget
	// goalTime is the best choice that takes so many seconds.
	goalTime
)

// bounded tells whether the goal bounds the cost; then the full network is no way out.
func (k goalKind) bounded() bool { return k == goalBudget || k == goalTime }

// goal is what the user wants of routing.
type goal struct {
	kind  goalKind
	limit float64 // dB, percent or nanoseconds
}

// defaultQuality is how many dB routing may lose where nothing else is asked for, by the model's calibration.
const defaultQuality = 0.02

// mostQuality is the largest loss that makes sense; more is a mistake (a JPEG quality, for instance).
const mostQuality = 10

func newGoal(o Options, calibrated bool) (goal, error) {
	given := 0
	for _, set := range []bool{o.Budget != 0, o.MaxTime != 0, o.Quality != 0} {
		if set {
			given++
		}
	}
	switch {
	case given > 1:
		return goal{}, fmt.Errorf("a budget, a time and a quality exclude each other")
	case o.Budget < 0 || o.Budget > 100 || math.IsNaN(o.Budget):
		return goal{}, fmt.Errorf("a budget of %g %%: it is more than 0 and at most 100", o.Budget)
	case o.MaxTime < 0:
		return goal{}, fmt.Errorf("a time of %s: it is more than 0", o.MaxTime)
	case o.Quality < 0 || o.Quality > mostQuality || math.IsNaN(o.Quality):
		return goal{}, fmt.Errorf("a quality of %g dB: it is how much may be lost, more than 0 and at most %d", o.Quality, mostQuality)
	case o.Budget != 0:
		return goal{goalBudget, o.Budget}, nil
	case o.MaxTime != 0:
		return goal{goalTime, float64(o.MaxTime / time.Nanosecond)}, nil
	case !calibrated && o.Quality != 0:
		return goal{}, fmt.Errorf("what this model's classes lose is not known: run classsr calibrate on it, or give a budget")
	case !calibrated:
		return goal{kind: goalScores}, nil
	case o.Quality != 0:
		return goal{goalQuality, o.Quality}, nil
	}
	return goal{goalQuality, defaultQuality}, nil
}

// choose gives the cores classes.
func (g goal) choose(p *route.Problem, k known, f forecaster) []int {
	switch g.kind {
	case goalQuality:
		allowed := k.squares * (math.Pow(10, f.routed.table.AllowedFor(g.limit)/10) - 1)
		return cheapest(p, allowed)
	case goalBudget:
		full := float64(f.fullMACs())
		estimate := func(classes []int) float64 {
			return 100 * (float64(f.routerMACs) + f.routed.costs.macs.Of(p.Grid, classes)) / full
		}
		exact := func(classes []int) float64 { return 100 * float64(f.macs(p.Grid, classes)) / full }
		return within(p, k, g.limit, estimate, exact)
	case goalTime:
		estimate := func(classes []int) float64 { return f.nanoseconds(p.Grid, classes) }
		return within(p, k, g.limit, estimate, estimate)
	}
	return p.Choose(1)
}

// priceSteps is how often the interval is halved in which the price is looked for: the steps that are left are of one or two percent.
const priceSteps = 10

// priceRange gives the powers of 2 between which all prices lie that matter: at the lowest hardly any core goes to a cheaper class than the
// best, at the highest nearly all have gone to the cheapest. Borders can move both by some powers.
func priceRange(p *route.Problem) (low, high float64) {
	const margin = 3
	low, high = math.Inf(1), math.Inf(-1)
	pixel := p.Costs.Pixel
	for i, core := range p.Cores() {
		area := float64(core.Dx() * core.Dy())
		for class, loss := range p.Losses[i] {
			saved := area * (pixel[len(pixel)-1] - pixel[class])
			if loss > 0 && saved > 0 && !math.IsInf(loss, 0) {
				even := math.Log2(loss / saved)
				low, high = min(low, even), max(high, even)
			}
		}
	}
	if low > high { // nothing loses anything
		return 0, 1
	}
	return low - margin, high + margin
}

// cheapest is the choice at the highest price at which the loss is no more than allowed.
func cheapest(p *route.Problem, allowed float64) []int {
	low, high := priceRange(p)
	best := p.ChooseRoughly(math.Exp2(low))
	for range priceSteps {
		middle := (low + high) / 2
		if classes := p.ChooseRoughly(math.Exp2(middle)); p.Loss(classes) <= allowed {
			best, low = classes, middle
		} else {
			high = middle
		}
	}
	if classes := p.Choose(math.Exp2(low)); p.Loss(classes) <= allowed {
		return classes
	}
	return best
}

// within is the choice at the lowest price at which it costs no more than a limit, with as many cores as possible as at the next lower
// price: from one price to the next much may change at once. What a choice costs is estimated; exact, which takes longer, puts that right.
func within(p *route.Problem, k known, limit float64, estimate, exact func(classes []int) float64) []int {
	const corrections = 4
	if k.scores != nil {
		p = pulled(p, k.scores)
	} else {
		p = withoutGains(p)
	}
	var under, over []int
	for target := limit; ; {
		under, over = atMost(p, target, estimate)
		cost := exact(under)
		if cost <= limit || target < limit/corrections {
			break
		}
		target *= min(limit/cost, 1-0.01)
	}
	if over == nil {
		return under
	}
	return between(p, under, over, func(classes []int) bool { return exact(classes) <= limit })
}

// between mixes two choices: it takes as many cores from the dearer one as fit. Those that gain most come first, or the upper ones, which
// makes fewer borders; whichever loses less.
func between(p *route.Problem, under, over []int, fits func(classes []int) bool) []int {
	var rows []int
	for i := range under {
		if under[i] != over[i] {
			rows = append(rows, i)
		}
	}
	gain := func(i int) float64 { return p.Losses[i][under[i]] - p.Losses[i][over[i]] }
	gains := slices.SortedStableFunc(slices.Values(rows), func(a, b int) int { return cmp.Compare(gain(b), gain(a)) })
	best := under
	for _, order := range [][]int{gains, rows} {
		mixed := func(n int) []int {
			classes := slices.Clone(under)
			for _, i := range order[:n] {
				classes[i] = over[i]
			}
			return classes
		}
		n := sort.Search(len(order), func(n int) bool { return !fits(mixed(n + 1)) })
		if classes := mixed(n); p.Loss(classes) <= p.Loss(best) {
			best = classes
		}
	}
	return best
}

// atMost is the choice at the lowest price at which it is estimated to cost no more than a target, and the one at a price a little lower,
// which costs more; nil if there is none.
func atMost(p *route.Problem, target float64, estimate func(classes []int) float64) (under, over []int) {
	low, high := priceRange(p)
	under = p.Choose(math.Exp2(high))
	hardest := p.Hardest()
	if estimate(hardest) <= target {
		return hardest, nil
	}
	if most := p.Choose(math.Exp2(low)); estimate(most) <= target { // what loses nothing is cheap
		return most, hardest
	}
	for range priceSteps {
		middle := (low + high) / 2
		if classes := p.Choose(math.Exp2(middle)); estimate(classes) <= target {
			under, high = classes, middle
		} else {
			over, low = classes, middle
		}
	}
	return under, over
}

// withoutGains is the problem without classes that do better than the hardest: what was granted is spent on the full network first.
func withoutGains(p *route.Problem) *route.Problem {
	out := *p
	out.Losses = make([][]float64, len(p.Losses))
	for i, losses := range p.Losses {
		out.Losses[i] = make([]float64, len(losses))
		for class, loss := range losses {
			out.Losses[i][class] = max(loss, 0)
		}
	}
	return &out
}

// pulled is the problem of scores: the loss of a class is how much less likely it is than the best, and simpler classes lose so much more
// that with a price all costs can be reached, also those above what the best classes cost.
func pulled(p *route.Problem, scores [][]float64) *route.Problem {
	const pull = 8 // more than most scores differ by
	out := *p
	out.Losses = make([][]float64, len(scores))
	for i, s := range scores {
		last := len(s) - 1
		losses := make([]float64, len(s))
		for class := range s {
			losses[class] = max(s[last]-s[class]+pull*float64(last-class), 0)
		}
		out.Losses[i] = losses
	}
	return &out
}
