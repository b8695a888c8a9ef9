package main

import (
	"image"
	"image/color"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
)

// kinds are the kinds of pages, drawn in turns.
var kinds = []struct {
	name string
	draw func(*page)
}{
	{"text", func(p *page) { p.paragraphs(p.to.Bounds(), color.White, p.colour(0, 40), 9, 18) }},
	{"screen", (*page).screen},
	{"map", (*page).chart},
	{"faint", func(p *page) { p.paragraphs(p.to.Bounds(), p.colour(190, 255), p.colour(120, 185), 9, 18) }},
	{"lines", (*page).lines},
	{"table", (*page).table},
	{"dark", func(p *page) { p.paragraphs(p.to.Bounds(), p.colour(0, 50), p.colour(150, 255), 9, 16) }},
	{"title", func(p *page) { p.paragraphs(p.to.Bounds(), p.colour(200, 255), p.colour(0, 120), 16, 60) }},
	{"pixels", (*page).pixels},
}

// paragraphs fills a part of the page with text of sizes between two, in lines that end anywhere, some of them empty.
func (p *page) paragraphs(r image.Rectangle, paper, ink color.Color, smallest, largest int) {
	p.fill(r, paper)
	margin := p.between(4, 30)
	for y := r.Min.Y + margin; y < r.Max.Y-margin; {
		size := float64(p.between(2*smallest, 2*largest)) / 2
		f := p.face(size)
		step := int(size * (1.1 + 0.4*p.Float64()))
		for range p.between(1, 6) {
			y += step
			if y > r.Max.Y-margin {
				break
			}
			left := r.Min.X + margin + p.IntN(2)*p.between(0, 40)
			right := r.Max.X - margin
			if p.IntN(3) == 0 {
				right -= p.IntN(r.Dx() / 2)
			}
			p.text(f, p.words(40), left, y, right, ink)
		}
		y += p.IntN(2) * step
	}
}

// screen draws a window with menus, buttons, a list and text.
func (p *page) screen() {
	b := p.to.Bounds()
	for y := range b.Dy() { // a desktop that passes over from one colour into another
		v := uint8(60 + 120*y/b.Dy())
		p.fill(image.Rect(0, y, b.Dx(), y+1), color.RGBA{v / 2, v, 200, 255})
	}
	w := image.Rect(p.between(5, 60), p.between(5, 40), b.Dx()-p.between(5, 60), b.Dy()-p.between(5, 40))
	paper, ink := p.colour(225, 250), p.colour(0, 60)
	p.fill(w, paper)
	p.frame(w, p.colour(60, 120))
	bar := image.Rect(w.Min.X+1, w.Min.Y+1, w.Max.X-1, w.Min.Y+26)
	p.fill(bar, p.colour(60, 160))
	p.text(p.face(13), p.words(4), bar.Min.X+8, bar.Min.Y+17, bar.Max.X-60, color.White)
	small := p.face(float64(p.between(20, 27)) / 2)
	for x := w.Min.X + 8; x < w.Max.X-60; x += p.between(45, 80) {
		p.text(small, p.words(1), x, bar.Max.Y+15, w.Max.X, ink)
	}
	list := image.Rect(w.Min.X+6, bar.Max.Y+24, w.Min.X+w.Dx()/3, w.Max.Y-8)
	p.fill(list, color.White)
	p.frame(list, p.colour(130, 180))
	for y := list.Min.Y + 15; y < list.Max.Y-4; y += 18 {
		p.icon(list.Min.X+4, y-11)
		p.text(small, p.words(2), list.Min.X+22, y, list.Max.X-4, ink)
	}
	body := image.Rect(list.Max.X+8, list.Min.Y, w.Max.X-8, w.Max.Y-40)
	p.paragraphs(body, color.White, ink, 10, 14)
	p.frame(body, p.colour(130, 180))
	for i := range 3 {
		button := image.Rect(body.Min.X+i*90, body.Max.Y+8, body.Min.X+i*90+80, body.Max.Y+30)
		p.fill(button, p.colour(200, 235))
		p.frame(button, p.colour(100, 160))
		p.text(small, p.words(1), button.Min.X+10, button.Min.Y+15, button.Max.X-4, ink)
	}
}

// icon draws a small picture of few pixels.
func (p *page) icon(x, y int) {
	colours := []color.RGBA{p.colour(0, 255), p.colour(0, 255)}
	for i := range 12 * 6 {
		if k := p.IntN(3); k < 2 {
			p.to.Set(x+i%6, y+i/6, colours[k])
			p.to.Set(x+11-i%6, y+i/6, colours[k])
		}
	}
}

// table draws cells with numbers, and bars.
func (p *page) table() {
	b := p.to.Bounds()
	p.fill(b, color.White)
	f, ink, grid := p.face(float64(p.between(18, 28))/2), p.colour(0, 80), p.colour(100, 220)
	row, column := p.between(18, 30), p.between(50, 110)
	for y := 10; y < b.Dy()*2/3; y += row {
		if (y-10)/row%2 == 1 {
			p.fill(image.Rect(10, y, b.Dx()-10, y+row), p.colour(225, 240))
		}
		p.fill(image.Rect(10, y, b.Dx()-10, y+1), grid)
		for x := 10; x < b.Dx()-column; x += column {
			p.fill(image.Rect(x, y, x+1, y+row), grid)
			if p.IntN(4) > 0 {
				p.text(f, p.words(1), x+6, y+row-6, x+column-4, ink)
			}
		}
	}
	for x := 20; x < b.Dx()-30; x += p.between(16, 40) {
		top := b.Dy() - p.between(12, b.Dy()/3-20)
		p.fill(image.Rect(x, top, x+p.between(3, 14), b.Dy()-10), p.colour(30, 220))
	}
	p.fill(image.Rect(10, b.Dy()-10, b.Dx()-10, b.Dy()-9), color.Black)
}

// lines draws thin lines, circles and hatches, with much paper between them.
func (p *page) lines() {
	b := p.to.Bounds()
	p.fill(b, p.colour(235, 255))
	ink := p.colour(0, 120)
	x := func() float64 { return p.Float64() * float64(b.Dx()) }
	y := func() float64 { return p.Float64() * float64(b.Dy()) }
	for range p.between(8, 16) {
		width := 0.5 + 2.5*p.Float64()
		switch p.IntN(3) {
		case 0:
			p.line([][2]float64{{x(), y()}, {x(), y()}, {x(), y()}}, width, ink)
		case 1:
			p.line(circle(x(), y(), 5+100*p.Float64()), width, ink)
		default:
			x0, y0, gap := x(), y(), 3+9*p.Float64()
			for i := range 12 {
				at := x0 + float64(i)*gap
				p.line([][2]float64{{at, y0}, {at + 40, y0 + 60}}, width/2, ink)
			}
		}
	}
}

// chart draws a map: land and water, roads, contours and names.
func (p *page) chart() {
	b := p.to.Bounds()
	p.fill(b, p.colour(225, 245))
	x := func() float64 { return p.Float64() * float64(b.Dx()) }
	y := func() float64 { return p.Float64() * float64(b.Dy()) }
	for range 5 {
		shape := circle(x(), y(), 30+90*p.Float64())
		for i := range shape {
			shape[i][0] += 30 * p.Float64()
			shape[i][1] += 20 * p.Float64()
		}
		p.polygon(shape, p.colour(150, 230))
		p.line(append(shape, shape[0]), 1, p.colour(80, 160))
	}
	for range 9 {
		var road [][2]float64
		x0, y0, turn := x(), y(), p.Float64()*6
		for i := range 40 {
			sin, cos := math.Sincos(turn + 0.4*math.Sin(float64(i)/5))
			road = append(road, [2]float64{x0 + 14*float64(i)*cos, y0 + 14*float64(i)*sin})
		}
		width := 1 + 5*p.Float64()
		p.line(road, width+1.6, p.colour(90, 150))
		p.line(road, width, p.colour(200, 255))
	}
	for range 22 {
		p.text(p.face(8+7*p.Float64()), p.words(2), int(x()), int(y()), b.Dx(), p.colour(0, 90))
	}
}

// pixels draws text without gray levels, as old screens show it, and boards of single pixels.
func (p *page) pixels() {
	b := p.to.Bounds()
	paper, ink := p.colour(160, 255), p.colour(0, 110)
	p.fill(b, paper)
	for y := 16; y < b.Dy()/2; y += p.between(14, 40) {
		var f font.Face = basicfont.Face7x13
		p.text(f, p.words(30), p.between(4, 40), y, b.Dx()-p.between(4, 300), ink)
	}
	for range 6 {
		r := image.Rect(0, 0, p.between(10, 90), p.between(10, 60)).Add(image.Pt(p.IntN(b.Dx()-90), b.Dy()/2+p.IntN(b.Dy()/2-60)))
		size := p.between(1, 4)
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				if (x/size+y/size)%2 == 0 {
					p.to.Set(x, y, ink)
				}
			}
		}
	}
}
