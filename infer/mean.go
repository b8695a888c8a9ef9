package infer

import (
	"image"
	"math"
	"sync"

	"classsr/branch"
)

// bytesOfMean is what a mean takes for a pixel of the result.
const bytesOfMean = 3 * 2

// mean averages the results of sub-images, which are rounded to 8 bits first.
type mean struct {
	*job
	size   image.Point // of the result
	edge   int         // how far sub-images overlap in the result
	period int         // how far they are apart

	mu   sync.Mutex
	sums [3][]uint16 // of samples of 0..255
}

func newMean(j *job) *mean {
	m := &mean{
		job: j, size: image.Pt(j.out.Width, j.out.Height),
		edge: (branch.SubImage - subImageStep) * j.scale, period: subImageStep * j.scale,
	}
	for c := range m.sums {
		m.sums[c] = make([]uint16, m.size.X*m.size.Y)
	}
	return m
}

// add adds rows of a sub-image. It changes colours.
func (m *mean) add(_ *worker, colours [][]float32, r image.Rectangle) {
	for _, plane := range colours {
		for i, v := range plane {
			plane[i] = float32(math.RoundToEven(float64(min(max(v, 0), 1) * 255)))
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for c, plane := range colours {
		for y := range r.Dy() {
			sums := m.sums[c][(r.Min.Y+y)*m.size.X+r.Min.X:]
			for x, v := range plane[y*r.Dx():][:r.Dx()] {
				sums[x] += uint16(v) // in any order, since the sums are exact
			}
		}
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		m.progress(m.own(r.Min.X, r.Max.X, m.size.X) / int(m.times(y, m.size.Y)))
	}
}

// own is how much of a side is not reached by the next sub-image.
func (m *mean) own(from, to, length int) int {
	if to < length {
		to -= m.edge
	}
	return to - from
}

// rows fills planes with the mean of rows y0 to y1, in 0..255 and not rounded.
func (m *mean) rows(planes [][]float32, y0, y1 int) {
	for c, plane := range planes {
		for y := y0; y < y1; y++ {
			row := plane[(y-y0)*m.size.X:][:m.size.X]
			for x, sum := range m.sums[c][y*m.size.X:][:m.size.X] {
				row[x] = float32(sum) / (m.times(x, m.size.X) * m.times(y, m.size.Y))
			}
		}
	}
}

// times is how many sub-images lie over each other at this place of a side: two where one begins before the last one has ended.
func (m *mean) times(at, length int) float32 {
	begin := at - at%m.period
	if begin > 0 && at-begin < m.edge && begin+m.period+m.edge <= length {
		return 2
	}
	return 1
}

// finish rounds the mean to the picture, and gives the mean itself, of as many planes as the picture has, if it is wanted.
func (m *mean) finish(exact bool) [][]float32 {
	m.round()
	if !exact {
		return nil
	}
	planes := newPlanes(m.size.X * m.size.Y)
	m.rows(planes, 0, m.size.Y)
	if m.in.Colors == 1 {
		toGray(planes[0], planes)
		planes = planes[:1]
	}
	return planes
}

// round makes the picture of the mean.
func (m *mean) round() {
	const band = 64 // rows at a time
	planes := newPlanes(m.size.X * min(band, m.size.Y))
	var w worker
	for y := 0; y < m.size.Y; y += band {
		r := image.Rect(0, y, m.size.X, min(y+band, m.size.Y))
		m.rows(planes, r.Min.Y, r.Max.Y)
		for c := range planes {
			planes[c] = planes[c][:r.Dx()*r.Dy()]
			if m.in.Depth == 8 && m.in.Colors == 3 {
				roundHalfUp(planes[c]) // halves are frequent, and would be lost on the way through 0..1
			}
			for i := range planes[c] {
				planes[c][i] *= 1. / 255
			}
		}
		m.write(&w, planes, r)
	}
}

func roundHalfUp(values []float32) {
	for i, v := range values {
		values[i] = float32(math.Floor(float64(v) + 0.5))
	}
}

func newPlanes(pixels int) [][]float32 {
	planes := make([][]float32, 3)
	for c := range planes {
		planes[c] = make([]float32, pixels)
	}
	return planes
}
