package chart

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Point is one point of a scatter; Label is written beside it, if it is not empty.
type Point struct {
	X, Y  float64
	Label string
}

// Points is one set of points of a scatter.
type Points struct {
	Name   string // in the legend; none if empty
	Points []Point
	Joined bool // by a line, in their order, with small points
	Hollow bool // rings in place of filled points
	Plain  bool // in the colour of the text, and hollow: what is there for comparison only
	// Like is the number, from 1, of the earlier set that has the colour of this one; 0 gives it a colour of its own.
	Like int
}

// scatterWidth and scatterHeight are larger than other figures, for the labels.
const (
	scatterWidth  = vg.Length(640)
	scatterHeight = vg.Length(420)
)

// Scatter draws sets of points over common axes, with their labels where they overlap as little as can be. What cannot be drawn (on
// logarithmic axes, what is not positive) is left out.
func Scatter(axes Axes, sets ...Points) *Figure {
	low, high := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	all := scatter{}
	own := 0
	for i, set := range sets {
		style := setStyle{color: ink, glyph: draw.RingGlyph{}}
		switch {
		case set.Plain:
		case set.Like > 0 && set.Like <= i:
			style = all.styles[set.Like-1]
		default:
			style = setStyle{color: seriesColor(own), glyph: glyphs[own%len(glyphs)]}
			own++
		}
		set.Points = usablePoints(set.Points, axes)
		for _, p := range set.Points {
			for k, v := range []float64{p.X, p.Y} {
				low[k], high[k] = math.Min(low[k], v), math.Max(high[k], v)
			}
		}
		all.sets, all.styles = append(all.sets, set), append(all.styles, style)
	}
	xmin, xmax := yRange(Axes{Log: axes.LogX}, low[0], high[0])
	ymin, ymax := yRange(axes, low[1], high[1])
	f := newFigure(axes, xmin, xmax, ymin, ymax)
	f.width, f.height = scatterWidth, scatterHeight
	f.plot.Add(all)
	for i, set := range all.sets {
		if set.Name != "" {
			f.legend = append(f.legend, entry{name: clean(set.Name), color: all.styles[i].color, dashed: set.Joined, glyph: all.glyph(i)})
		}
	}
	return f
}

func usablePoints(points []Point, axes Axes) []Point {
	var kept []Point
	for _, p := range points {
		if drawable(p.X) && drawable(p.Y) && !(axes.LogX && p.X < 1/largest) && !(axes.Log && p.Y < 1/largest) {
			p.Label = clean(p.Label)
			kept = append(kept, p)
		}
	}
	return kept
}

// glyphs tell sets apart where colours do not.
var glyphs = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}}

type setStyle struct {
	color color.NRGBA
	glyph draw.GlyphDrawer
}

// scatter is sets of points as plot.Plot draws them.
type scatter struct {
	sets   []Points
	styles []setStyle
}

// glyph is how the points of a set look; those of a line are small.
func (s scatter) glyph(i int) draw.GlyphStyle {
	g := draw.GlyphStyle{Color: s.styles[i].color, Shape: s.styles[i].glyph, Radius: 3.5}
	switch {
	case s.sets[i].Joined:
		g.Shape, g.Radius = draw.CircleGlyph{}, 1.5
	case s.sets[i].Hollow:
		g.Shape, g.Radius = draw.RingGlyph{}, 5
	}
	return g
}

func (s scatter) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	at := func(q Point) vg.Point { return vg.Point{X: x(q.X), Y: y(q.Y)} }
	room := labelRoom{inside: c.Rectangle}
	for i, set := range s.sets {
		var line []vg.Point
		for _, q := range set.Points {
			line = append(line, at(q))
			room.take(around(at(q), s.glyph(i).Radius+1))
		}
		if set.Joined && len(line) > 1 {
			c.StrokeLines(lineStyle(s.styles[i].color, true), line)
			room.takeLine(line)
		}
		for _, q := range line {
			c.DrawGlyph(s.glyph(i), q)
		}
	}
	for i, set := range s.sets {
		style := textStyle(fontSize - 2)
		style.Color = s.styles[i].color
		for _, q := range set.Points {
			if q.Label != "" {
				room.write(c, style, at(q), q.Label)
			}
		}
	}
}
