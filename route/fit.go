package route

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"classsr/internal/portable"
)

// lambdaSteps is how often the interval is halved in which the multiplier is looked for: the steps that are left are of one or two percent.
const lambdaSteps = 10

// fewSteps is how often it is halved where choices are mixed anyway.
const fewSteps = 6

// lambdaRange gives the powers of 2 between which all multipliers lie that matter: at the lowest hardly any core goes to a cheaper class
// than the best, at the highest nearly all have gone to the cheapest. Borders can move both by some powers.
func lambdaRange(p *Problem) (low, high float64) {
	const margin = 3
	low, high = math.Inf(1), math.Inf(-1)
	pixel := p.Costs.Pixel
	for i, core := range p.Cores() {
		area := float64(core.Dx() * core.Dy())
		for class, loss := range p.Losses[i] {
			saved := area * (pixel[len(pixel)-1] - pixel[class])
			if loss > 0 && saved > 0 && !math.IsInf(loss, 0) {
				even := portable.Log2(loss / saved)
				low, high = min(low, even), max(high, even)
			}
		}
	}
	if low > high { // nothing loses anything
		return 0, 1
	}
	return low - margin, high + margin
}

// cheapestWithin is the choice at the highest multiplier at which the loss is no more than allowed, with as many cores as possible as at the next
// higher one: from one multiplier to the next much may change at once. It gives that multiplier, too.
func cheapestWithin(p *Problem, allowed float64) (classes []int, lambda float64) {
	fits := func(classes []int) bool { return p.Loss(classes) <= allowed }
	low, high := lambdaRange(p)
	under := p.MinimiseRoughly(portable.Exp2(low))
	var over []int
	for range fewSteps {
		middle := (low + high) / 2
		if classes := p.MinimiseRoughly(portable.Exp2(middle)); fits(classes) {
			under, low = classes, middle
		} else {
			over, high = classes, middle
		}
	}
	if classes := p.Minimise(portable.Exp2(low)); fits(classes) {
		under = classes
	}
	if over == nil {
		return under, portable.Exp2(low)
	}
	loss := func(i int) float64 { return p.Losses[i][over[i]] - p.Losses[i][under[i]] }
	return between(under, over, loss, fits, func(classes []int) float64 { return p.Costs.Of(p.Grid, classes) }), portable.Exp2(low)
}

// fitBudget is the choice at the lowest multiplier at which it costs no more than a limit, with as many cores as possible as at the next
// lower one: from one multiplier to the next much may change at once. What a choice costs is estimated; exact, which takes longer, puts
// that right. p is of what losses count (Goal.weighed). It gives that multiplier, too.
func fitBudget(p *Problem, limit float64, estimate, exact func(classes []int) float64) (classes []int, lambda float64) {
	const corrections = 4
	var under, over []int
	for target := limit; ; {
		under, over, lambda = bracket(p, target, estimate)
		cost := exact(under)
		if cost <= limit || target < limit/corrections {
			break
		}
		target *= min(limit/cost, 1-0.01)
	}
	if over == nil {
		return under, lambda
	}
	loss := func(i int) float64 { return p.Losses[i][over[i]] - p.Losses[i][under[i]] }
	return between(under, over, loss, func(classes []int) bool { return exact(classes) <= limit }, p.Loss), lambda
}

// between mixes two choices: it takes as many cores from the second as fit. Those that lose least, or gain most, come first, or the upper ones,
// which makes fewer borders; whichever costs less.
func between(under, over []int, loss func(i int) float64, fits func(classes []int) bool, cost func(classes []int) float64) []int {
	var rows []int
	for i := range under {
		if under[i] != over[i] {
			rows = append(rows, i)
		}
	}
	losses := slices.SortedStableFunc(slices.Values(rows), func(a, b int) int { return cmp.Compare(loss(a), loss(b)) })
	best, least := under, cost(under)
	for _, order := range [][]int{losses, rows} {
		mixed := func(n int) []int {
			classes := slices.Clone(under)
			for _, i := range order[:n] {
				classes[i] = over[i]
			}
			return classes
		}
		n := sort.Search(len(order), func(n int) bool { return !fits(mixed(n + 1)) })
		if classes := mixed(n); cost(classes) <= least {
			best, least = classes, cost(classes)
		}
	}
	return best
}

// bracket is the choice at the lowest multiplier, lambda, at which it is estimated to cost no more than a target, and the one at a multiplier a
// little lower, which costs more; nil if there is none.
func bracket(p *Problem, target float64, estimate func(classes []int) float64) (under, over []int, lambda float64) {
	low, high := lambdaRange(p)
	under = p.Minimise(portable.Exp2(high))
	hardest := p.Hardest()
	if estimate(hardest) <= target {
		return hardest, nil, 0
	}
	if dearest := p.Minimise(portable.Exp2(low)); estimate(dearest) <= target { // what loses nothing is cheap
		return dearest, hardest, portable.Exp2(low)
	}
	for range lambdaSteps {
		middle := (low + high) / 2
		if classes := p.Minimise(portable.Exp2(middle)); estimate(classes) <= target {
			under, high = classes, middle
		} else {
			over, low = classes, middle
		}
	}
	return under, over, portable.Exp2(high)
}

// withoutGains is the problem without classes that do better than the hardest: what was granted is spent on the full network first.
func withoutGains(p *Problem) *Problem {
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

// byScores is the problem of the Class-Module's scores: the loss of a class is how much less likely it is than the best, and simpler
// classes lose so much more that with a multiplier all costs can be reached, also those above what the best classes cost.
func byScores(p *Problem, scores [][]float64) *Problem {
	const pull = 8 // more than most scores differ by
	out := *p
	out.Losses = make([][]float64, len(scores))
	for i, s := range scores {
		last := len(s) - 1
		losses := make([]float64, len(s))
		for class := range s {
			losses[class] = max(s[last]-s[class]+float64(pull*(last-class)), 0)
		}
		out.Losses[i] = losses
	}
	return &out
}

// Upwards gives losses that allow each core's most likely class and the harder ones: without a goal, a core is never given to a simpler
// class than the Class-Module found, but to a harder one where that is cheaper, since it needs no border.
func Upwards(scores [][]float64) [][]float64 {
	losses := make([][]float64, len(scores))
	for i, s := range scores {
		losses[i] = make([]float64, len(s))
		for class := range Argmax(s) {
			losses[i][class] = math.Inf(1)
		}
	}
	return losses
}
