package route

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// Color is the colour of a class: green for the simplest, red for the hardest and yellow halfway, as in the paper's figures.
func Color(class, classes int) color.RGBA {
	const full = 255
	at := 0
	if classes > 1 {
		at = 2 * full * class / (classes - 1)
	}
	return color.RGBA{uint8(min(at, full)), uint8(min(2*full-at, full)), 0, full}
}

// Paint lays the classes' colours half transparent over the picture that was routed, and a legend with the share of each class
// below it. The result is wider than the picture if the legend is. Where cores overlap, it shows the mean of their colours.
func (m *Map) Paint(under image.Image) *image.RGBA {
	const maxAcross = 800 // pixels, from which on letters are twice as large
	zoom := 1 + m.Size.X/maxAcross
	legend := m.legend(m.Size.X / zoom)
	size := legend.Bounds().Size().Mul(zoom)
	out := image.NewRGBA(image.Rect(0, 0, max(m.Size.X, size.X), m.Size.Y+size.Y))
	draw.Draw(out, out.Bounds(), image.NewUniform(background), image.Point{}, draw.Src)
	picture := image.Rectangle{Max: m.Size}
	draw.Draw(out, picture, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(out, picture, under, under.Bounds().Min, draw.Over)
	m.tint(out)
	for y := range size.Y {
		for x := range size.X {
			out.SetRGBA(x, m.Size.Y+y, legend.RGBAAt(x/zoom, y/zoom))
		}
	}
	return out
}

// tint lays the colours over the picture.
func (m *Map) tint(out *image.RGBA) {
	type mean struct{ red, green, cores int }
	tints := make([]mean, m.Size.X*m.Size.Y)
	for i, core := range m.Cores {
		c := Color(m.Classes[i], len(m.Names))
		for y := core.Min.Y; y < core.Max.Y; y++ {
			for x := core.Min.X; x < core.Max.X; x++ {
				t := &tints[y*m.Size.X+x]
				t.red, t.green, t.cores = t.red+int(c.R), t.green+int(c.G), t.cores+1
			}
		}
	}
	for i, t := range tints {
		if t.cores == 0 {
			continue // the paper leaves the right and lower edges out
		}
		pixel := out.Pix[out.PixOffset(i%m.Size.X, i/m.Size.X):]
		pixel[0] = uint8((int(pixel[0]) + t.red/t.cores) / 2)
		pixel[1] = uint8((int(pixel[1]) + t.green/t.cores) / 2)
		pixel[2] /= 2
	}
}

var background = color.RGBA{32, 32, 32, 255}

// legend is a strip with a line of text for each class, several beside each other as far as the width allows.
func (m *Map) legend(width int) *image.RGBA {
	const (
		margin = 4
		line   = 16 // height of a line
		swatch = 10 // side of the squares of colour
	)
	face := basicfont.Face7x13
	var texts []string
	widest := 0
	for class, share := range m.Shares() {
		texts = append(texts, fmt.Sprintf("%s %.1f %%", m.Names[class], 100*share))
		widest = max(widest, len([]rune(texts[class]))*face.Advance)
	}
	cell := margin + swatch + margin + widest + margin
	columns := min(max(width/cell, 1), max(len(texts), 1))
	rows := (len(texts) + columns - 1) / columns
	strip := image.NewRGBA(image.Rect(0, 0, columns*cell, rows*line+2*margin))
	draw.Draw(strip, strip.Bounds(), image.NewUniform(background), image.Point{}, draw.Src)
	for class, text := range texts {
		corner := image.Pt(class%columns*cell+margin, class/columns*line+margin)
		square := image.Rect(0, 0, swatch, swatch).Add(corner).Add(image.Pt(0, (line-swatch)/2))
		draw.Draw(strip, square, image.NewUniform(Color(class, len(texts))), image.Point{}, draw.Src)
		writer := font.Drawer{
			Dst: strip, Src: image.White, Face: face,
			Dot: fixed.P(corner.X+swatch+margin, corner.Y+(line-face.Height)/2+face.Ascent),
		}
		writer.DrawString(text)
	}
	return strip
}
