package route

// Usage is how much a choice uses each class, from which its cost follows.
type Usage struct {
	Pixels []float64 // of the small picture, by class
	// Beside and Below are the lengths of the upright and of the level borders with other classes, in pixels, by class.
	Beside, Below []float64
}

// NewUsage is the usage of nothing, of so many classes.
func NewUsage(kinds int) Usage {
	return Usage{make([]float64, kinds), make([]float64, kinds), make([]float64, kinds)}
}

// UsageOf gives the usage of a choice: classes, by core of the grid, out of kinds classes.
func UsageOf(g Grid, classes []int, kinds int) Usage {
	u := NewUsage(kinds)
	border := func(lengths []float64, a, b, pixels int) {
		if a != b {
			lengths[a] += float64(pixels)
			lengths[b] += float64(pixels)
		}
	}
	for y := range g.Rows() {
		for x := range g.Columns() {
			i := y*g.Columns() + x
			u.Pixels[classes[i]] += float64(g.width(x) * g.height(y))
			if x > 0 {
				border(u.Beside, classes[i], classes[i-1], g.height(y))
			}
			if y > 0 {
				border(u.Below, classes[i], classes[i-g.Columns()], g.width(x))
			}
		}
	}
	return u
}

// OfUsage is the cost of a usage.
func (c Costs) OfUsage(u Usage) float64 {
	sum := 0.0
	for class, pixels := range u.Pixels {
		sum += float64(pixels*c.Pixel[class]) + float64(u.Beside[class]*c.Beside[class]) + float64(u.Below[class]*c.Below[class])
	}
	return sum
}

// Times gives all costs so many times as high.
func (c Costs) Times(factor float64) Costs {
	times := func(costs []float64) []float64 {
		out := make([]float64, len(costs))
		for i, v := range costs {
			out[i] = v * factor
		}
		return out
	}
	return Costs{times(c.Pixel), times(c.Beside), times(c.Below)}
}
