package infer

import (
	"context"
	"fmt"
	"image"
	"math"

	"classsr/branch"
	"classsr/engine"
	"classsr/gpu/link"
	"classsr/tile"
)

// What a device makes is not believed. The means of all squares of a band are compared with those of the picture, which networks keep but for a few levels.
// A square that is far off, and the one with most contrast of the first band of each picture, is computed by the processor, too: what differs there is the device's
// fault, and not a network that does not keep means.
const (
	trustSquare = 32
	// farOff is how far a mean may be from the picture's, 0..1, and farOffContrast how much more for each unit of the standard deviation.
	farOff, farOffContrast = 0.04, 0.1
	// mostAsked is how many squares of a picture the processor computes, and mostCheckMACs what one may take: a few milliseconds.
	mostAsked     = 8
	mostCheckMACs = 4e8
	// wrongBy is the mean difference, 0..1, from which on it is no rounding.
	wrongBy = 2. / 255
)

// seenSquare is what is known of a square of the picture.
type seenSquare struct {
	image.Rectangle
	mean     [3]float64
	contrast float64 // the largest standard deviation of a colour
}

// check returns a *deviceError if samples of a piece are not what the networks make.
func (d *deviceRun) check(ctx context.Context, j *job, p *piece, format link.Format, samples []byte) error {
	r := image.Rectangle{Min: p.Core.Min.Mul(j.scale), Max: p.Core.Max.Mul(j.scale)}
	var sharpest seenSquare
	for _, s := range j.squares(p.Core) {
		if s.contrast > sharpest.contrast || sharpest.Empty() {
			sharpest = s
		}
		if d.isFarOff(j, s, format, r, samples) && d.asks() {
			if err := d.compare(ctx, j, p, s.Rectangle, format, r, samples); err != nil {
				return err
			}
		}
	}
	d.mu.Lock()
	first := !d.checked
	d.checked = true
	d.mu.Unlock()
	if !first || j.plan.branches[p.class].Spec.Pools() { // which would take a whole square of theirs
		return nil
	}
	return d.compare(ctx, j, p, sharpest.Rectangle, format, r, samples)
}

// isFarOff tells whether means of a square are not those of the picture.
func (d *deviceRun) isFarOff(j *job, s seenSquare, format link.Format, r image.Rectangle, samples []byte) bool {
	of := image.Rectangle{Min: s.Min.Mul(j.scale), Max: s.Max.Mul(j.scale)}
	for c, want := range s.mean {
		mean := 0.0
		for y := of.Min.Y + j.scale/2; y < of.Max.Y; y += j.scale { // one row of each pixel is enough
			mean += channelMean(samples, format, r, image.Rect(of.Min.X, y, of.Max.X, y+1), c)
		}
		if difference := math.Abs(mean/float64(s.Dy()) - want); !(difference <= farOff+farOffContrast*s.contrast) { // NaN is neither
			return true
		}
	}
	return false
}

// asks tells whether the processor is to compute another square.
func (d *deviceRun) asks() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked++
	return d.asked <= mostAsked
}

// squares gives the squares of a core and their means.
func (j *job) squares(core image.Rectangle) []seenSquare {
	xs, ys := tile.Cuts(core.Dx(), trustSquare), tile.Cuts(core.Dy(), trustSquare)
	var all []seenSquare
	var plane []float32
	for row := range len(ys) - 1 {
		strip := image.Rect(core.Min.X, core.Min.Y+ys[row], core.Max.X, core.Min.Y+ys[row+1])
		first := len(all)
		for x := range len(xs) - 1 {
			all = append(all, seenSquare{Rectangle: image.Rect(core.Min.X+xs[x], strip.Min.Y, core.Min.X+xs[x+1], strip.Max.Y)})
		}
		for c := range 3 {
			if c < j.in.Colors {
				plane = grow(plane, strip.Dx()*strip.Dy())
				j.view.source.ReadPlane(plane, c, strip)
			}
			for i := range all[first:] {
				all[first+i].add(c, plane, strip)
			}
		}
	}
	return all
}

// add adds what is known of a colour, from a plane of a strip.
func (s *seenSquare) add(c int, plane []float32, strip image.Rectangle) {
	sum, squares := 0.0, 0.0
	for y := range strip.Dy() {
		for _, v := range plane[y*strip.Dx()+s.Min.X-strip.Min.X:][:s.Dx()] {
			sum += float64(v)
			squares += float64(v) * float64(v)
		}
	}
	n := float64(s.Dx() * s.Dy())
	s.mean[c] = sum / n
	s.contrast = max(s.contrast, math.Sqrt(max(squares/n-s.mean[c]*s.mean[c], 0)))
}

// compare computes a square, or a part of it, with the processor.
func (d *deviceRun) compare(ctx context.Context, j *job, p *piece, square image.Rectangle, format link.Format, r image.Rectangle, samples []byte) error {
	class := p.class
	if j.plan.mixed != nil {
		b := j.plan.choice.blend
		core := b.At(square.Min.Add(square.Max).Div(2))
		class = b.Classes[core]
		square = square.Intersect(b.Cores()[core].Inset(b.Width))
	}
	by := j.plan.branches[class]
	var window image.Rectangle
	for {
		if square.Empty() {
			return nil
		}
		window = j.checkWindow(p, by, square)
		if by.Spec.Pools() || square.Dx() <= 4 || by.Plan.MACs(window.Size(), square.Sub(window.Min)) <= mostCheckMACs {
			break
		}
		middle := square.Min.Add(square.Max).Div(2)
		square = image.Rectangle{Min: square.Min.Add(middle).Div(2), Max: square.Max.Add(middle).Div(2)}
		square.Min.X, square.Min.Y = square.Min.X-square.Min.X%2, square.Min.Y-square.Min.Y%2
	}
	sum, n := 0.0, 0
	fill := func(rows engine.Rows) { by.Fill(rows, j.view.source, window.Min) }
	take := func(rows engine.Rows) {
		for y := rows.Min.Y; y < rows.Max.Y; y++ {
			for c := range 3 {
				row := rows.Row(c, y)
				by.ToUnit(row)
				at := image.Pt(square.Min.X*j.scale-r.Min.X, square.Min.Y*j.scale-r.Min.Y+y)
				for x, v := range row {
					sum += math.Abs(sampleAt(samples, format, r.Size(), at.X+x, at.Y, c) - float64(min(max(v, 0), 1)))
					n++
				}
			}
		}
	}
	plan := by.PlanFor(j.plan.size)
	if err := plan.Run(ctx, &engine.Arena{}, engine.Piece{Window: window.Size(), Core: square.Sub(window.Min)}, fill, take); err != nil {
		return err
	}
	if mean := sum / float64(n); !(mean <= wrongBy) {
		return &deviceError{wrong: true, error: fmt.Errorf("%s computed something wrong: at %v of a picture it differs by %.1f levels from the processor",
			d.device.Name(), square.Min, 255*mean)}
	}
	return nil
}

// checkWindow is the window in which the processor computes a square of a piece: no higher than it must be.
func (j *job) checkWindow(p *piece, by *branch.Branch, square image.Rectangle) image.Rectangle {
	if by.Spec.Pools() {
		return p.Window
	}
	window := by.Window(j.plan.size, square)
	unit, fold := by.Plan.Alignment(), by.Plan.Fold()
	if above := square.Min.Y - by.Context() - window.Min.Y; above > 0 {
		window.Min.Y += above / unit * unit
	}
	if below := window.Max.Y - square.Max.Y - by.Context(); below > 0 {
		window.Max.Y -= below / fold * fold
	}
	return window
}

// sampleAt is a sample of a result of that size, clamped to 0..1; NaN stays.
func sampleAt(samples []byte, format link.Format, size image.Point, x, y, c int) float64 {
	switch format {
	case link.Float32:
		return float64(min(max(link.Floats(samples)[(c*size.Y+y)*size.X+x], 0), 1))
	case link.Uint16:
		return float64(link.Words(samples)[3*(y*size.X+x)+c]) / 65535
	}
	return float64(samples[3*(y*size.X+x)+c]) / 255
}
