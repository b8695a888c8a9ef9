package main

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// page is a picture to draw on.
type page struct {
	*rand.Rand
	to    *image.RGBA
	fonts []*opentype.Font
}

func newPage(width, height int, r *rand.Rand, fonts []*opentype.Font) *page {
	return &page{r, image.NewRGBA(image.Rect(0, 0, width, height)), fonts}
}

// Image is the page.
func (p *page) Image() image.Image { return p.to }

// between is a random number of a range, both ends included.
func (p *page) between(low, high int) int { return low + p.IntN(high-low+1) }

// colour is a random colour whose channels lie in a range.
func (p *page) colour(low, high int) color.RGBA {
	return color.RGBA{uint8(p.between(low, high)), uint8(p.between(low, high)), uint8(p.between(low, high)), 255}
}

func (p *page) fill(r image.Rectangle, c color.Color) {
	draw.Draw(p.to, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// frame draws lines a pixel wide around a rectangle.
func (p *page) frame(r image.Rectangle, c color.Color) {
	p.fill(image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+1), c)
	p.fill(image.Rect(r.Min.X, r.Max.Y-1, r.Max.X, r.Max.Y), c)
	p.fill(image.Rect(r.Min.X, r.Min.Y, r.Min.X+1, r.Max.Y), c)
	p.fill(image.Rect(r.Max.X-1, r.Min.Y, r.Max.X, r.Max.Y), c)
}

// face is a font in a size in pixels.
func (p *page) face(size float64) font.Face {
	f, err := opentype.NewFace(p.fonts[p.IntN(len(p.fonts))], &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.Hinting(p.IntN(3))})
	if err != nil {
		panic(err) // the options are ours
	}
	return f
}

// text draws a line of text with its base line at a point, as far as a column.
func (p *page) text(f font.Face, s string, x, y, right int, c color.Color) {
	d := font.Drawer{Dst: p.to, Src: image.NewUniform(c), Face: f, Dot: fixed.P(x, y)}
	for _, r := range s {
		if advance, ok := f.GlyphAdvance(r); !ok || (d.Dot.X+advance).Ceil() > right {
			return
		}
		d.DrawString(string(r))
	}
}

const letters = "eeeeettttaaaooiinnsshhrrdllucmwfgypbvkjxqz"

// words makes some random words, of the usual letters.
func (p *page) words(n int) string {
	var words []string
	for range n {
		var w strings.Builder
		for i := range p.between(1, 9) {
			r := rune(letters[p.IntN(len(letters))])
			if i == 0 && p.IntN(6) == 0 {
				r += 'A' - 'a'
			}
			w.WriteRune(r)
		}
		switch p.IntN(12) {
		case 0:
			w.WriteRune('.')
		case 1:
			w.WriteRune(',')
		case 2:
			w.WriteString(string(rune('0'+p.IntN(10))) + string(rune('0'+p.IntN(10))))
		}
		words = append(words, w.String())
	}
	return strings.Join(words, " ")
}

// polygon fills a shape.
func (p *page) polygon(points [][2]float64, c color.Color) {
	b := p.to.Bounds()
	r := vector.NewRasterizer(b.Dx(), b.Dy())
	for i, q := range points {
		if x, y := float32(q[0]), float32(q[1]); i == 0 {
			r.MoveTo(x, y)
		} else {
			r.LineTo(x, y)
		}
	}
	r.ClosePath()
	r.Draw(p.to, b, image.NewUniform(c), image.Point{})
}

// line draws lines of a width from point to point.
func (p *page) line(points [][2]float64, width float64, c color.Color) {
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		dx, dy := b[0]-a[0], b[1]-a[1]
		length := max(math.Hypot(dx, dy), 1e-9)
		dx, dy = dx/length*width/2, dy/length*width/2
		p.polygon([][2]float64{{a[0] - dy, a[1] + dx}, {b[0] - dy, b[1] + dx}, {b[0] + dy, b[1] - dx}, {a[0] + dy, a[1] - dx}}, c)
	}
}

// circle gives the points of a circle.
func circle(x, y, radius float64) [][2]float64 {
	const corners = 48
	var points [][2]float64
	for i := range corners + 1 {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / corners)
		points = append(points, [2]float64{x + radius*cos, y + radius*sin})
	}
	return points
}
