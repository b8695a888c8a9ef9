package chart

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg/draw"
)

// Series is one set of bars.
type Series struct {
	Name   string
	Values []float64 // one for each group; missing ones are 0
}

// Bars draws groups of bars side by side, in each group one bar of each series; groups are named below the axis.
func Bars(axes Axes, groups []string, series ...Series) *Figure {
	top := 0.0
	for _, s := range series {
		for _, v := range s.Values {
			if drawable(v) {
				top = math.Max(top, v)
			}
		}
	}
	if top == 0 {
		top = 1
	}
	axes.Log = false // bars begin at zero
	f := newFigure(axes, -0.5, math.Max(0.5, float64(len(groups))-0.5), 0, math.Max(top*1.05, axes.YMax))
	f.plot.X.Tick.Marker = groupNames(groups)
	each := 0.8 / math.Max(1, float64(len(series)))
	for i, s := range series {
		var all boxes
		all.color = seriesColor(i)
		for g, v := range s.Values[:min(len(s.Values), len(groups))] {
			if drawable(v) && v > 0 {
				left := float64(g) - 0.4 + float64(i)*each
				all.list = append(all.list, box{x0: left, x1: left + each*0.92, y1: v})
			}
		}
		f.plot.Add(all)
		if len(series) > 1 {
			f.legend = append(f.legend, entry{name: clean(s.Name), color: all.color, box: true})
		}
	}
	return f
}

func groupNames(groups []string) plot.ConstantTicks {
	var ticks plot.ConstantTicks
	every := max(1, (len(groups)+19)/20) // more than twenty would run into each other
	for i, name := range groups {
		if i%every == 0 {
			ticks = append(ticks, plot.Tick{Value: float64(i), Label: clean(name)})
		}
	}
	return ticks
}

// Histogram draws how many of the values lie where, with a line at each threshold. The thresholds rise, and names has one name
// more than there are thresholds, for the regions from left to right; above each region stand its name and its share of the
// values. A value equal to a threshold belongs to the region on its right. Positive infinite values, as the PSNR of equal
// pictures is, are counted in the last bar, negative infinite ones in the first; NaN counts nowhere. Without values it is
// empty axes.
func Histogram(axes Axes, values, thresholds []float64, names []string) *Figure {
	if len(names) != len(thresholds)+1 || !slices.IsSorted(thresholds) {
		panic("chart: a histogram needs rising thresholds and one name more")
	}
	low, high, step := binRange(values, thresholds)
	counts := make([]float64, max(1, int(math.Round((high-low)/step))))
	shares := make([]float64, len(names))
	total := 0.0
	for _, v := range values {
		if math.IsNaN(v) {
			continue
		}
		bin := math.Floor((v-low)/step + 1e-9)
		counts[int(math.Max(0, math.Min(bin, float64(len(counts)-1))))]++
		region, found := slices.BinarySearch(thresholds, v)
		for found && region < len(thresholds) && thresholds[region] == v {
			region++
		}
		shares[region]++
		total++
	}
	axes.Log = false
	f := newFigure(axes, low, high, 0, math.Max(1, slices.Max(counts)*1.05))
	all := boxes{color: seriesColor(0)}
	for i, n := range counts {
		if n > 0 {
			left := low + float64(i)*step
			all.list = append(all.list, box{x0: left + step*0.04, x1: left + step*0.96, y1: n})
		}
	}
	f.plot.Add(all)
	edge := func(i int) float64 { return math.Max(low, math.Min(thresholds[i], high)) } // infinite ones are at the borders
	for i, name := range names {
		from, to := low, high
		if i > 0 {
			from = edge(i - 1)
			f.verticals = append(f.verticals, from)
		}
		if i < len(thresholds) {
			to = edge(i)
		}
		text := fmt.Sprintf("%s %.1f %%", clean(name), 100*shares[i]/math.Max(1, total))
		f.labels = append(f.labels, label{text: text, at: from, to: to, centred: true})
	}
	return f
}

// binRange gives the range of a histogram and the width of its bins: at most 80 bins, of a round width, that begin at
// multiples of it and hold the finite values and the thresholds.
func binRange(values, thresholds []float64) (low, high, step float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, list := range [][]float64{values, thresholds} {
		for _, v := range list {
			if drawable(v) {
				low, high = math.Min(low, v), math.Max(high, v)
			}
		}
	}
	if low > high {
		return 0, 1, 1
	}
	step = niceStep(math.Max((high-low)/78, math.Max(math.Abs(low), math.Abs(high))*1e-9))
	if low == high {
		step = niceStep(math.Max(1, math.Abs(low)*1e-6))
	}
	low = math.Floor(low/step+1e-9) * step
	return low, low + step*(math.Floor((high-low)/step+1e-9)+1), step
}

// box is a bar from zero to y1.
type box struct{ x0, x1, y1 float64 }

// boxes are bars of one colour as plot.Plot draws them.
type boxes struct {
	list  []box
	color color.NRGBA
}

func (b boxes) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, r := range b.list {
		c.FillPolygon(b.color, c.ClipPolygonXY(rectangle(x(r.x0), y(0), x(r.x1), y(r.y1))))
	}
}
