package infer

import (
	"image"
	"math"
	"sync"

	"classsr/branch"
	"classsr/picture"
)

// mean is the canvas that averages the results of sub-images, which are rounded to 8 bits first.
type mean struct {
	*job
	direct *direct // the bands of the mean
	size   image.Point
	edge   int // how far sub-images overlap in the result
	period int // how far they are apart

	brush  brush
	planes [][]float32 // a band of the mean
	exact  [][]float32 // all of the mean, if it is wanted

	mu   sync.Mutex
	ring int         // rows that there are sums for
	sums [3][]uint16 // of samples of 0..255
}

// newMean makes a canvas, with room for all bands in whole if that is not nil. exact asks for all of the mean before rounding.
func newMean(j *job, whole *picture.Picture, exact bool) *mean {
	m := &mean{
		job: j, direct: newDirect(j, whole, 1), size: image.Pt(j.out.Width, j.out.Height),
		edge: (branch.SubImage - subImageStep) * j.scale, period: subImageStep * j.scale,
		ring: min(ringOfMean(j.scale), j.out.Height),
	}
	for c := range m.sums {
		m.sums[c] = make([]uint16, m.size.X*m.ring)
	}
	m.planes = newPlanes(m.size.X * min(m.period+m.edge, m.size.Y))
	if exact {
		m.exact = newPlanes(m.size.X * m.size.Y)[:j.in.Colors]
	}
	return m
}

// ringOfMean is how many rows of the result are being summed at a time.
func ringOfMean(scale int) int {
	return (paperAhead*subImageStep + 2*(branch.SubImage-subImageStep)) * scale
}

// meanBytes is what the sums and the mean of a band take for a result of this size.
func meanBytes(size image.Point, scale int) int64 {
	const sumBytes, floatBytes = 2, 4
	return 3 * int64(size.X) * (sumBytes*int64(min(ringOfMean(scale), size.Y)) + floatBytes*int64(branch.SubImage*scale))
}

func (m *mean) painter(*brush, int, image.Rectangle) painter { return m }

// row adds a row of a sub-image.
func (m *mean) row(colours [][]float32, x, y int) {
	for _, plane := range colours {
		for i, v := range plane {
			plane[i] = float32(math.RoundToEven(float64(min(max(v, 0), 1) * 255)))
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for c, plane := range colours {
		sums := m.sumsOf(c, y)[x:]
		for i, v := range plane {
			sums[i] += uint16(v) // in any order, since the sums are exact
		}
	}
}

func (m *mean) sumsOf(c, y int) []uint16 { return m.sums[c][y%m.ring*m.size.X:][:m.size.X] }

// times is how many sub-images lie over each other at this place of a side: two where one begins before the last one has ended.
func (m *mean) times(at, length int) float32 {
	begin := at - at%m.period
	if begin > 0 && at-begin < m.edge && begin+m.period+m.edge <= length {
		return 2
	}
	return 1
}

// band makes a band of the mean and clears its sums.
func (m *mean) band(i int) *picture.Picture {
	top, end := m.plan.band(i)
	r := image.Rect(0, top*m.scale, m.size.X, end*m.scale)
	for c := range m.planes {
		m.planes[c] = m.planes[c][:r.Dx()*r.Dy()]
		for y := r.Min.Y; y < r.Max.Y; y++ {
			row, sums := m.planes[c][(y-r.Min.Y)*m.size.X:][:m.size.X], m.sumsOf(c, y)
			for x, sum := range sums {
				row[x] = float32(sum) / (m.times(x, m.size.X) * m.times(y, m.size.Y))
			}
			clear(sums)
		}
	}
	if m.exact != nil {
		m.keepExact(r)
	}
	band := m.direct.band(i)
	m.brush.begin(m.job, band, r.Min.Y, r)
	m.round(r)
	return band
}

// keepExact keeps a band of the mean, in 0..255.
func (m *mean) keepExact(r image.Rectangle) {
	at := r.Min.Y * m.size.X
	if len(m.exact) == 1 {
		toGray(m.exact[0][at:][:r.Dx()*r.Dy()], m.planes)
		return
	}
	for c, plane := range m.exact {
		copy(plane[at:], m.planes[c])
	}
}

// round rounds a band of the mean into the picture.
func (m *mean) round(r image.Rectangle) {
	for _, plane := range m.planes {
		if m.in.Depth == 8 && m.in.Colors == 3 {
			roundHalfUp(plane) // halves are frequent, and would be lost on the way through 0..1
		}
		for i := range plane {
			plane[i] *= 1. / 255
		}
	}
	row := make([][]float32, len(m.planes))
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for c, plane := range m.planes {
			row[c] = plane[(y-r.Min.Y)*m.size.X:][:m.size.X]
		}
		m.brush.row(row, 0, y)
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
