package classsr

import (
	"context"
	"fmt"
	"image"
	"math"
	"sync"

	"classsr/metric"
	"classsr/picture"
	"classsr/route"
	"classsr/tile"
)

// paper is the method of ModePaper: sub-images that overlap, each computed as a picture of its own.
type paper struct{ *router }

// subImageStep is the distance between the paper's sub-images.
const subImageStep = 28

func (p paper) covered(picture image.Point) image.Point {
	side := func(length int) int {
		if length < subImage {
			return 0
		}
		return (length-subImage)/subImageStep*subImageStep + subImage
	}
	return image.Pt(side(picture.X), side(picture.Y))
}

func (p paper) route(ctx context.Context, in *picture.Picture, threads int, _ sizing) (*choice, error) {
	size := image.Pt(in.Width, in.Height)
	m := route.NewMap(size, tile.SubImages(size, subImage, subImageStep), p.classes)
	scores, err := p.classify(ctx, in, m.Cores, threads)
	for i, s := range scores {
		m.Classes[i] = route.Argmax(s)
	}
	return &choice{Map: m, routerMACs: p.routeMACs(size, len(m.Cores))}, err
}

func (p paper) sizing(picture image.Point, threads int, bytes int64) (sizing, error) {
	if min(picture.X, picture.Y) < subImage {
		return sizing{}, fmt.Errorf("mode %s needs pictures of at least %dx%d pixels, not %dx%d: use mode %s",
			ModePaper, subImage, subImage, picture.X, picture.Y, ModeRouted)
	}
	one := whole(image.Pt(subImage, subImage))
	s := sizing{core: one.Core.Size()}
	s.bytes = p.largest(func(n *network) int64 { return n.plan.ByLayer().Bytes(one.Window.Size(), one.Core) })
	covered, scale := p.covered(picture), p.branches[0].spec.Scale
	left := bytes - int64(covered.X*covered.Y*scale*scale)*bytesOfMean
	if s.workers = int(min(int64(threads), left/s.bytes)); s.workers < 1 || left < 0 {
		return s, tooLittle(s.bytes+bytes-left, bytes)
	}
	return s, nil
}

func (p paper) cut(_ image.Point, _ sizing, c *choice) []piece {
	var pieces []piece
	for i, r := range c.Cores {
		pieces = append(pieces, piece{Piece: tile.Piece{Core: r, Window: r}, class: c.Classes[i]})
	}
	return pieces
}

func (p paper) macs(of piece) int64 { return p.branches[of.class].macs(of) }

func (p paper) worker() enlarger { return &paperWorker{networkWorker{branches: p.branches}} }

// paperWorker is a worker's memory for sub-images.
type paperWorker struct{ networkWorker }

func (w *paperWorker) enlarge(ctx context.Context, j *job, p *piece, write func([][]float32, image.Rectangle)) error {
	w.arena.Reserve(j.bytes)
	n := w.branches[p.class]
	return w.run(ctx, n, n.plan.ByLayer(), j, p, write)
}

// bytesOfMean is what a mean takes for a pixel of the result.
const bytesOfMean = 3 * 2

// mean averages the results of sub-images, which are rounded to 8 bits first.
type mean struct {
	size     image.Point // of the result
	edge     int         // how far sub-images overlap in the result
	period   int         // how far they are apart
	progress func(resultPixels int)

	mu   sync.Mutex
	sums [3][]uint16 // of samples of 0..255
}

func newMean(j *job) *mean {
	m := &mean{
		size: image.Pt(j.out.Width, j.out.Height), edge: (subImage - subImageStep) * j.scale, period: subImageStep * j.scale,
		progress: j.progress,
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
	m.progress(m.own(r.Min.X, r.Max.X, m.size.X) * m.own(r.Min.Y, r.Max.Y, m.size.Y))
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

// meanOf enlarges a picture as far as the mean of the sub-images.
func (u *Upscaler) meanOf(ctx context.Context, in *picture.Picture) (*mean, *job, Report, error) {
	sizing, err := u.plan(in.Config())
	if err != nil {
		return nil, nil, Report{}, err
	}
	j, err := u.newJob(in)
	if err != nil {
		return nil, nil, Report{}, err
	}
	m := newMean(j)
	report, err := u.compute(ctx, j, sizing, m.add)
	return m, j, report, err
}

func (u *Upscaler) upscaleAsPaper(ctx context.Context, in *picture.Picture) (*picture.Picture, Report, error) {
	m, j, report, err := u.meanOf(ctx, in)
	if err != nil {
		return nil, Report{}, err
	}
	m.round(j)
	return j.out, report, nil
}

// round makes the job's picture of the mean.
func (m *mean) round(j *job) {
	const band = 64 // rows at a time
	planes := newPlanes(m.size.X * min(band, m.size.Y))
	var w worker
	for y := 0; y < m.size.Y; y += band {
		r := image.Rect(0, y, m.size.X, min(y+band, m.size.Y))
		m.rows(planes, r.Min.Y, r.Max.Y)
		for c := range planes {
			planes[c] = planes[c][:r.Dx()*r.Dy()]
			if j.in.Depth == 8 && j.in.Colors == 3 {
				roundHalfUp(planes[c]) // halves are frequent, and would be lost on the way through 0..1
			}
			multiply(planes[c], 1./255)
		}
		j.write(&w, planes, r)
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

func (u *Upscaler) measureAsPaper(ctx context.Context, lr, hr *picture.Picture) (*picture.Picture, Scores, Report, error) {
	m, j, report, err := u.meanOf(ctx, lr)
	if err != nil {
		return nil, Scores{}, Report{}, err
	}
	m.round(j)
	planes := newPlanes(m.size.X * m.size.Y)
	m.rows(planes, 0, m.size.Y)
	if lr.Colors == 1 {
		toGray(planes[0], planes)
		planes = planes[:1]
	}
	scores, err := compare(metricImage(cropTo(hr, m.size.X, m.size.Y)), metric.Planes(m.size.X, m.size.Y, planes...), u.scale)
	return j.out, scores, report, err
}
