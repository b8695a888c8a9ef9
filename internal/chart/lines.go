package chart

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Line is one curve.
type Line struct {
	Name   string    // in the legend; a figure with a single line has none
	X, Y   []float64 // as many of one as of the other, X rising; a NaN in Y interrupts the line
	Dashed bool
}

// Lines draws curves over a common x axis, with marks. A figure without any point is empty axes. Of lines with far more points
// than the figure has columns, the lowest and the highest point of each column are drawn, so that no outlier is lost.
func Lines(axes Axes, marks []Mark, lines ...Line) *Figure {
	var all []Line
	xmin, xmax := math.Inf(1), math.Inf(-1)
	ymin, ymax := math.Inf(1), math.Inf(-1)
	for _, line := range lines {
		if len(line.X) != len(line.Y) {
			panic("chart: a line has not as many x as y")
		}
		line = usable(line, axes.Log)
		for i, y := range line.Y {
			if !math.IsNaN(y) {
				xmin, xmax = math.Min(xmin, line.X[i]), math.Max(xmax, line.X[i])
				ymin, ymax = math.Min(ymin, y), math.Max(ymax, y)
			}
		}
		all = append(all, line)
	}
	for _, m := range marks {
		if drawable(m.X) {
			xmin, xmax = math.Min(xmin, m.X), math.Max(xmax, m.X)
		}
	}
	if xmin > xmax {
		xmin, xmax = 0, 1
	}
	if xmin == xmax {
		xmax++
	}
	ymin, ymax = yRange(axes, ymin, ymax)
	f := newFigure(axes, xmin, xmax, ymin, ymax)
	f.mark(marks)
	for i, line := range all {
		style := lineStyle(seriesColor(i), line.Dashed)
		f.plot.Add(curve{line: thin(line, xmin, xmax), style: style})
		if len(all) > 1 {
			f.legend = append(f.legend, entry{name: clean(line.Name), color: seriesColor(i), dashed: line.Dashed})
		}
	}
	return f
}

// yRange widens the range of values for the eye, and to what the axes ask for.
func yRange(axes Axes, low, high float64) (float64, float64) {
	switch {
	case low > high && axes.Log:
		return 0.1, 1
	case low > high:
		low, high = 0, 1
	case axes.Log:
		room := math.Max(math.Pow(high/low, 0.04), 1.05)
		return low / room, high * room
	case low == high:
		room := math.Max(math.Abs(low)*0.05, 1e-9)
		low, high = low-room, high+room
	default:
		room := (high - low) * 0.05
		low, high = low-room, high+room
	}
	if axes.YMin != 0 || axes.YMax != 0 {
		low, high = math.Min(axes.YMin, low), math.Max(axes.YMax, high)
		if low >= axes.YMin-(axes.YMax-axes.YMin)*0.06 {
			low = axes.YMin // the room for the eye is not needed where the range is known
		}
		if high <= axes.YMax+(axes.YMax-axes.YMin)*0.06 {
			high = axes.YMax
		}
	}
	return low, high
}

// usable gives the line with NaN for what cannot be drawn.
func usable(line Line, log bool) Line {
	x, y := make([]float64, 0, len(line.X)), make([]float64, 0, len(line.Y))
	for i := range line.X {
		if !drawable(line.X[i]) {
			continue
		}
		v := line.Y[i]
		if !drawable(v) || log && v < 1/largest {
			v = math.NaN()
		}
		x, y = append(x, line.X[i]), append(y, v)
	}
	line.X, line.Y = x, y
	return line
}

// thin keeps the lowest and the highest point of each of some 500 columns, in their order, and all interruptions.
func thin(line Line, xmin, xmax float64) Line {
	const columns = 500
	if len(line.X) <= 2*columns {
		return line
	}
	column := func(i int) int { return int((line.X[i] - xmin) / (xmax - xmin) * columns) }
	out := line
	out.X, out.Y = nil, nil
	for i := 0; i < len(line.X); {
		low, high := i, i
		end := i + 1
		for ; end < len(line.X) && column(end) == column(i) && math.IsNaN(line.Y[end]) == math.IsNaN(line.Y[i]); end++ {
			if line.Y[end] < line.Y[low] {
				low = end
			}
			if line.Y[end] > line.Y[high] {
				high = end
			}
		}
		for _, k := range []int{min(low, high), max(low, high)} {
			out.X, out.Y = append(out.X, line.X[k]), append(out.Y, line.Y[k])
		}
		i = end
	}
	return out
}

// curve is a line as plot.Plot draws it.
type curve struct {
	line  Line
	style draw.LineStyle
}

func (l curve) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var run []vg.Point
	flush := func() {
		switch {
		case len(run) == 1: // a point alone would not be seen as a line
			dot := draw.GlyphStyle{Color: l.style.Color, Radius: 2, Shape: draw.CircleGlyph{}}
			c.DrawGlyph(dot, run[0])
		case len(run) > 1:
			c.StrokeLines(l.style, c.ClipLinesXY(run)...)
		}
		run = nil
	}
	for i, v := range l.line.Y {
		if math.IsNaN(v) {
			flush()
			continue
		}
		run = append(run, vg.Point{X: x(l.line.X[i]), Y: y(v)})
	}
	flush()
}
