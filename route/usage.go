package route

// Usage is how much a choice uses each class, from which its cost follows.
type Usage struct {
	Pixels  []float64 // of the small picture, by class
	Borders []float64 // length of the borders with other classes, in pixels, by class
}

// UsageOf gives the usage of a choice: classes, by core of the grid, out of kinds classes.
func UsageOf(g Grid, classes []int, kinds int) Usage {
	u := Usage{make([]float64, kinds), make([]float64, kinds)}
	border := func(a, b, pixels int) {
		if a != b {
			u.Borders[a] += float64(pixels)
			u.Borders[b] += float64(pixels)
		}
	}
	for y := range g.Rows() {
		for x := range g.Columns() {
			i := y*g.Columns() + x
			u.Pixels[classes[i]] += float64(g.width(x) * g.height(y))
			if x > 0 {
				border(classes[i], classes[i-1], g.height(y))
			}
			if y > 0 {
				border(classes[i], classes[i-g.Columns()], g.width(x))
			}
		}
	}
	return u
}

// OfUsage is the cost of a usage.
func (c Costs) OfUsage(u Usage) float64 {
	sum := 0.0
	for class, pixels := range u.Pixels {
		sum += float64(pixels*c.Pixel[class]) + float64(u.Borders[class]*c.Border[class])
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
	return Costs{times(c.Pixel), times(c.Border)}
}
