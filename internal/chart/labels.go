package chart

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// entry is a line of the legend.
type entry struct {
	name   string
	color  color.NRGBA
	dashed bool
	box    bool // a filled square instead of a line
	glyph  draw.GlyphStyle
}

// drawLegend writes the entries along the upper edge of c, as many in a row as fit, and gives the height they take.
func drawLegend(c draw.Canvas, entries []entry) vg.Length {
	const sample, gap = vg.Length(16), vg.Length(12)
	if len(entries) == 0 {
		return 0
	}
	style := textStyle(fontSize)
	x, y := c.Min.X, c.Max.Y-rowSize
	for _, e := range entries {
		need := sample + 4 + style.Width(e.name)
		if x > c.Min.X && x+need > c.Max.X {
			x, y = c.Min.X, y-rowSize
		}
		switch {
		case e.box:
			c.FillPolygon(e.color, rectangle(x+4, y+1, x+sample-2, y+9))
		case e.glyph.Shape != nil && !e.dashed:
			c.DrawGlyph(e.glyph, vg.Point{X: x + sample/2, Y: y + 5})
		default:
			c.StrokeLine2(lineStyle(e.color, e.dashed), x, y+4, x+sample, y+4)
		}
		c.FillText(style, vg.Point{X: x + sample + 4, Y: y + 1}, e.name)
		x += need + gap
	}
	return c.Max.Y - y + 4
}

// label is text above the figure: from at on to the right or, centred, between at and to.
type label struct {
	text    string
	at, to  float64
	centred bool
}

// placed is a label with a place: x of its left end, and the row above the figure, from 0.
type placed struct {
	text string
	x    vg.Length
	row  int
}

// placeLabels gives each label the lowest row where it overlaps none before it, and says how many rows there are. At most
// three rows are used; labels that find no place in them are left out.
func placeLabels(labels []label, x func(float64) vg.Length, left, right vg.Length) (result []placed, rows int) {
	const most, gap = 3, vg.Length(6)
	style := textStyle(fontSize - 1)
	var ends [most]vg.Length
	for i := range ends {
		ends[i] = left - gap
	}
	for _, l := range labels {
		w := style.Width(l.text)
		at := x(l.at)
		if l.centred {
			at = (x(l.at)+x(l.to))/2 - w/2
		}
		at = max(left, min(at, right-w))
		for row := range ends {
			if at < ends[row]+gap {
				continue
			}
			ends[row] = at + w
			result = append(result, placed{text: l.text, x: at, row: row})
			rows = max(rows, row+1)
			break
		}
	}
	return result, rows
}

// mark adds vertical lines and their names.
func (f *Figure) mark(marks []Mark) {
	for _, m := range marks {
		if !drawable(m.X) {
			continue
		}
		f.verticals = append(f.verticals, m.X)
		if name := clean(m.Name); name != "" {
			f.labels = append(f.labels, label{text: name, at: m.X})
		}
	}
}

func lineStyle(c color.NRGBA, dashed bool) draw.LineStyle {
	style := draw.LineStyle{Color: c, Width: 1.4}
	if dashed {
		style.Dashes = []vg.Length{5, 3}
	}
	return style
}

func rectangle(x0, y0, x1, y1 vg.Length) []vg.Point {
	return []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
}
