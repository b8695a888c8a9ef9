package chart

import (
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// labelRoom finds places for labels beside their points: it knows what is taken already.
type labelRoom struct {
	inside vg.Rectangle
	taken  []vg.Rectangle
}

func around(at vg.Point, radius vg.Length) vg.Rectangle {
	return vg.Rectangle{Min: vg.Point{X: at.X - radius, Y: at.Y - radius}, Max: vg.Point{X: at.X + radius, Y: at.Y + radius}}
}

func (r *labelRoom) take(area vg.Rectangle) { r.taken = append(r.taken, area) }

// takeLine takes the places that a line passes.
func (r *labelRoom) takeLine(line []vg.Point) {
	const step = 4
	for i := 1; i < len(line); i++ {
		d := line[i].Sub(line[i-1])
		n := int(math.Hypot(float64(d.X), float64(d.Y))/step) + 1
		for k := range n {
			r.take(around(line[i-1].Add(d.Scale(vg.Length(k)/vg.Length(n))), 1))
		}
	}
}

// write writes text near a point, where it covers least; if that is not right beside it, with a thin line from the point.
func (r *labelRoom) write(c draw.Canvas, style draw.TextStyle, at vg.Point, text string) {
	w, h := style.Width(text), style.Font.Size
	var best vg.Rectangle
	least, far := math.Inf(1), false
	for ring, gap := range []vg.Length{5, 16, 28, 42} {
		for _, d := range []vg.Point{{X: 1}, {X: -1}, {Y: 1}, {Y: -1}, {X: 0.8, Y: 1}, {X: 0.8, Y: -1}, {X: -0.8, Y: 1}, {X: -0.8, Y: -1}} {
			centre := vg.Point{X: at.X + d.X*(gap+w/2), Y: at.Y + d.Y*(gap+h/2)}
			area := vg.Rectangle{Min: vg.Point{X: centre.X - w/2, Y: centre.Y - h/2}, Max: vg.Point{X: centre.X + w/2, Y: centre.Y + h/2}}
			if covered := r.covered(area) + float64(ring); covered < least {
				best, least, far = area, covered, ring > 0
			}
		}
	}
	if far {
		end := vg.Point{X: max(best.Min.X, min(at.X, best.Max.X)), Y: max(best.Min.Y, min(at.Y, best.Max.Y))}
		c.StrokeLine2(draw.LineStyle{Color: faint(0x70), Width: 0.4}, at.X, at.Y, end.X, end.Y)
	}
	r.take(best)
	style.YAlign = draw.YCenter
	c.FillText(style, vg.Point{X: best.Min.X, Y: (best.Min.Y + best.Max.Y) / 2}, text)
}

// covered is how much of what is taken an area would cover, in square points; what lies outside counts far more.
func (r *labelRoom) covered(area vg.Rectangle) (sum float64) {
	overlap := func(a, b vg.Rectangle) float64 {
		w, h := min(a.Max.X, b.Max.X)-max(a.Min.X, b.Min.X), min(a.Max.Y, b.Max.Y)-max(a.Min.Y, b.Min.Y)
		return float64(max(w, 0) * max(h, 0))
	}
	for _, t := range r.taken {
		sum += overlap(area, t)
	}
	size := area.Size()
	return sum + 1000*(float64(size.X*size.Y)-overlap(area, r.inside))
}
