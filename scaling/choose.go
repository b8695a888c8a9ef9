package scaling

import (
	"image"
	"slices"
)

// stretchable is how many times the result of a pass may be enlarged by interpolation before two passes are better; docs/decisions.md tells
// what was measured.
const stretchable = 1.25

// Choose gives the enlargements, at most two, by which a picture of one size reaches another: it is enlarged so many times by each in turn,
// and resized then if it is not as large as wanted. scales lists those on offer, in any order, and then those on offer for a second pass.
//
//   - None if the wanted size is not larger on either side, or nothing is on offer.
//   - One that gives the wanted size or, if none does, the smallest that gives more.
//   - The largest on offer where little is missing to the wanted size.
//   - Else the two that together give the least which is enough, the smaller one first, since the second has all that the first one made
//     to compute; or the largest ones where nothing is enough.
func Choose(scales, then []int, have, want image.Point) []int {
	if want.X <= have.X && want.Y <= have.Y || len(scales) == 0 {
		return nil
	}
	enough := func(scale int, stretch float64) bool {
		return float64(scale*have.X)*stretch >= float64(want.X) && float64(scale*have.Y)*stretch >= float64(want.Y)
	}
	one, largest := 0, 0
	for _, s := range scales {
		largest = max(largest, s)
		if enough(s, 1) && (one == 0 || s < one) {
			one = s
		}
	}
	switch {
	case one > 0:
		return []int{one}
	case enough(largest, stretchable):
		return []int{largest}
	}
	if len(then) == 0 {
		return []int{largest}
	}
	best := []int{largest, slices.Max(then)}
	for _, a := range scales {
		for _, b := range then {
			product, least := a*b, best[0]*best[1]
			if enough(product, 1) && (product < least || product == least && a < best[0]) {
				best = []int{a, b}
			}
		}
	}
	return best
}
