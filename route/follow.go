package route

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// staying is what a change of class has to gain, as a share of what the hardest class costs for the core: less is not worth that it is seen.
const staying = 0.1

// Follow gives each core a class in a picture that follows another one, as in a video, by the multiplier that was found for that (Goal.Choose), so that the
// same content has the same class. before is what cores had; one that is kept, since nothing in it has changed, has it again, and others change only if
// that gains something. A quality is kept but for a little (exceeds); costs may be missed, up or down (Meets).
func (g Goal) Follow(p *Problem, predicted Prediction, table *Table, before []int, kept []bool, lambda float64) []int {
	p = g.weighed(p, predicted)
	pixel := p.Costs.Pixel
	out := Problem{Grid: p.Grid, Costs: p.Costs, Losses: make([][]float64, len(p.Losses))}
	for i, core := range p.Cores() {
		change := float64(lambda * staying * float64(core.Dx()*core.Dy()) * pixel[len(pixel)-1])
		if kept[i] {
			change = math.Inf(1)
		}
		losses := make([]float64, len(p.Losses[i]))
		for class, loss := range p.Losses[i] {
			if losses[class] = loss; class != before[i] {
				losses[class] += change
			} else if kept[i] {
				losses[class] = 0
			}
		}
		out.Losses[i] = losses
	}
	classes := out.Minimise(lambda)
	if g.Kind != ByQuality {
		return classes
	}
	return p.keepQuality(before, classes, g.allowed(predicted, table))
}

// keepQuality changes as many cores from what they had as may be changed without losing more than allowed. A choice is often a mixture, which no multiplier gives: by its own
// multiplier much changes at once that loses more. Where what they had loses too much, some get the hardest class.
func (p *Problem) keepQuality(before, after []int, allowed float64) []int {
	fits := func(classes []int) bool { return p.Loss(classes) <= allowed }
	if fits(after) {
		return after
	}
	if p.Loss(before) > allowed*exceeds {
		return p.hardened(before, fits)
	}
	loss := func(i int) float64 { return p.Losses[i][after[i]] - p.Losses[i][before[i]] }
	return between(before, after, loss, fits, func(classes []int) float64 { return p.Costs.Of(p.Grid, classes) })
}

// hardened gives as few cores as possible the hardest class, those first that lose most, until a choice fits.
func (p *Problem) hardened(classes []int, fits func(classes []int) bool) []int {
	order := make([]int, len(classes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p.Losses[b][classes[b]], p.Losses[a][classes[a]]) })
	after := func(n int) []int {
		out := slices.Clone(classes)
		for _, i := range order[:n] {
			out[i] = len(p.Costs.Pixel) - 1
		}
		return out
	}
	return after(sort.Search(len(order), func(n int) bool { return fits(after(n)) }))
}
