// Package chart draws curves, bars, histograms and points, as SVG for pages or as PNG files.
// Lines, Bars, Histogram and Scatter make a Figure, and Figure.SVG and Figure.WritePNG draw it. The same input gives the same bytes.
//
// It is a thin layer over gonum.org/v1/plot, which does axes, canvases and fonts; the legend, the names of marks and the tick
// labels are our own. It knows nothing of networks and reads no files.
package chart

import (
	"bytes"
	"fmt"
	"image/color"
	"io"
	"math"
	"regexp"
	"strings"
	"unicode"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Axes says what the axes of a figure mean.
type Axes struct {
	Title string // above the figure; none if empty
	X, Y  string // names of the axes, with units

	// Log draws Y on a logarithmic scale; values that are not positive are left out.
	Log bool

	// LogX draws the X of a scatter on a logarithmic scale.
	LogX bool

	// YMin and YMax are the range of Y that is shown at least; both 0 means the range of the values.
	YMin, YMax float64
}

// Mark is a vertical line over the height of a figure.
type Mark struct {
	X    float64
	Name string // written above the figure, from X on to the right; none if empty
}

// Size of a figure in points (1/72 inch) but of a scatter, and of what is written in it.
const (
	width    = vg.Length(480)
	height   = vg.Length(250)
	fontSize = vg.Length(10)
	rowSize  = vg.Length(14) // of a line of text above the figure
)

// largest is the largest number that is drawn; beyond it, differences and ratios overflow.
const largest = 1e30

// ink is the colour of text and axes. In SVG it becomes the text colour of the page, so that figures are readable on dark pages
// too; nothing else has this colour.
var ink = color.NRGBA{R: 1, G: 2, B: 3, A: 255}

// inkInSVG matches the ink as vgsvg writes it: of translucent colours it rounds the parts down.
var inkInSVG = regexp.MustCompile(`#0[01]0[0-2]0[0-3]\b`)

// palette has the colours of series in their order, readable on white and on black, and told apart by colour-blind people.
var palette = []color.NRGBA{
	{R: 0x2b, G: 0x83, B: 0xc4, A: 255},
	{R: 0xd9, G: 0x7b, B: 0x16, A: 255},
	{R: 0x1f, G: 0x9e, B: 0x77, A: 255},
	{R: 0xc0, G: 0x55, B: 0x9c, A: 255},
	{R: 0x93, G: 0x86, B: 0x1c, A: 255},
	{R: 0x7a, G: 0x6f, B: 0xc8, A: 255},
}

func seriesColor(i int) color.NRGBA { return palette[i%len(palette)] }

// Figure is a figure that can be drawn. It is not safe for use by several goroutines.
type Figure struct {
	plot      *plot.Plot
	width     vg.Length
	height    vg.Length
	legend    []entry
	labels    []label
	verticals []float64
}

// newFigure makes an empty figure that shows x from xmin to xmax and y from ymin to ymax.
func newFigure(axes Axes, xmin, xmax, ymin, ymax float64) *Figure {
	p := plot.New()
	p.BackgroundColor = nil
	p.Title.Text = clean(axes.Title)
	p.Title.Padding = 6
	p.X.Label.Text, p.Y.Label.Text = clean(axes.X), clean(axes.Y)
	p.X.Tick.Marker = plot.TickerFunc(linearTicks)
	p.Y.Tick.Marker = plot.TickerFunc(linearTicks)
	if axes.Log {
		p.Y.Scale = plot.LogScale{}
		p.Y.Tick.Marker = plot.TickerFunc(logTicks)
	}
	if axes.LogX {
		p.X.Scale = plot.LogScale{}
		p.X.Tick.Marker = plot.TickerFunc(logTicks)
	}
	p.X.Min, p.X.Max = xmin, xmax
	p.Y.Min, p.Y.Max = ymin, ymax
	p.Title.TextStyle.Font = face(fontSize + 2)
	p.Title.TextStyle.Color = ink
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Padding = 0
		axis.Color = ink
		axis.Label.TextStyle.Font, axis.Label.TextStyle.Color = face(fontSize), ink
		axis.Tick.Label.Font, axis.Tick.Label.Color = face(fontSize-1), ink
		axis.Tick.Color = ink
	}
	p.Add(grid{})
	return &Figure{plot: p, width: width, height: height}
}

// SVG draws the figure as an svg element, without an XML header, to be put into a page or a file as it is. All text in it is
// escaped, text and axes have the colour of the text around it, and it asks for nothing outside itself.
func (f *Figure) SVG() string {
	canvas := vgsvg.New(f.width, f.height)
	f.draw(draw.New(canvas))
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		panic("chart: memory cannot be written") // a bytes.Buffer takes everything
	}
	svg := out.String()
	svg = svg[strings.Index(svg, "<svg"):]
	svg = strings.Replace(svg, "\n\txmlns:xlink=\"http://www.w3.org/1999/xlink\"", "", 1)
	svg = inkInSVG.ReplaceAllString(svg, "currentColor")
	return strings.NewReplacer(
		"font-family:Liberation Sans;font-variant:normal;font-weight:normal;font-style:normal",
		"font-family:Liberation Sans,Arial,Helvetica,sans-serif",
	).Replace(svg)
}

// WritePNG draws the figure as a PNG picture of 960 x 500 pixels (a scatter: 1280 x 840) on white.
func (f *Figure) WritePNG(w io.Writer) error {
	canvas := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(f.width, f.height), vgimg.UseDPI(144))}
	f.draw(draw.New(canvas))
	if _, err := canvas.WriteTo(w); err != nil {
		return fmt.Errorf("cannot write the figure: %w", err)
	}
	return nil
}

// draw puts the title on top, below it the legend and the names of marks, and the plot into what is left.
func (f *Figure) draw(c draw.Canvas) {
	c = draw.Crop(c, 4, -8, 4, -4)
	title := f.plot.Title.TextStyle
	if text := f.plot.Title.Text; text != "" {
		c.FillText(title, vg.Point{X: c.Center().X, Y: c.Max.Y}, text)
		c.Max.Y -= rowSize + f.plot.Title.Padding
	}
	c.Max.Y -= drawLegend(c, f.legend)
	held := f.plot.Title.Text
	f.plot.Title.Text = "" // it is above the names of marks, where plot would not put it
	defer func() { f.plot.Title.Text = held }()

	data := f.plot.DataCanvas(c)
	x, _ := f.plot.Transforms(&data) // does not depend on the height that is left
	placed, rows := placeLabels(f.labels, x, c.Min.X, c.Max.X)
	body := draw.Crop(c, 0, 0, 0, -vg.Length(rows)*rowSize)
	f.plot.Draw(body)

	data = f.plot.DataCanvas(body)
	style := draw.LineStyle{Color: faint(0x90), Width: 0.8, Dashes: []vg.Length{3, 2}}
	for _, at := range f.verticals {
		data.StrokeLine2(style, x(at), data.Min.Y, x(at), data.Max.Y)
	}
	for _, l := range placed {
		c.FillText(textStyle(fontSize-1), vg.Point{X: l.x, Y: body.Max.Y + vg.Length(l.row)*rowSize + 3}, l.text)
	}
}

// grid draws faint lines at the ticks that have labels.
type grid struct{}

func (grid) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := draw.LineStyle{Color: faint(0x28), Width: 0.5}
	for _, tick := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if at := x(tick.Value); !tick.IsMinor() && c.ContainsX(at) {
			c.StrokeLine2(style, at, c.Min.Y, at, c.Max.Y)
		}
	}
	for _, tick := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if at := y(tick.Value); !tick.IsMinor() && c.ContainsY(at) {
			c.StrokeLine2(style, c.Min.X, at, c.Max.X, at)
		}
	}
}

// faint is the ink, let through the given share of 255.
func faint(alpha uint8) color.NRGBA {
	c := ink
	c.A = alpha
	return c
}

func face(size vg.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}

func textStyle(size vg.Length) draw.TextStyle {
	return draw.TextStyle{Color: ink, Font: face(size), Handler: plot.DefaultTextHandler}
}

// clean makes text from a log fit for one line of a figure: no control characters, and not too long.
func clean(text string) string {
	const most = 60
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// drawable says whether a number can be drawn.
func drawable(v float64) bool { return math.Abs(v) <= largest } // false for NaN
