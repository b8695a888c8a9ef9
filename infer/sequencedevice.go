package infer

import (
	"context"
	"image"
	"slices"

	"classsr/tile"
)

// maker is who has computed a result.
type maker int

const (
	byNobody maker = iota // or by several
	byProcessor
	byDevice
)

// sceneDevice is what a sequence knows of its device. Where both compute, samples differ by rounding: so what is kept of a picture must have been computed by whoever computes
// the next one, and it must not depend on what is kept who that is.
type sceneDevice struct {
	maker  maker
	chosen bool       // the device computes this scene
	slower *deviceRun // says that the processor is faster for this scene; nil if it is not, or nobody has asked yet
	since  int        // pictures that were computed since one was checked by the processor, too
}

// checkedEach says that of each so many pictures of a sequence that a device computes, one has a square computed by the processor, too: the first one of a scene, and the first one after a
// failure. Else that would take longer than the device takes for what little has changed. The means of all are compared.
const checkedEach = 16

// planned gives the plan by which the processor computes what is to be computed of a picture, and what a device does of it in its place, which is nil if there is none. All of it is
// computed if what would be kept was not computed by whoever computes now.
func (s *Sequence) planned(ctx context.Context, claim *Claim, v view, seen *seen) (p *plan, d *deviceRun, err error) {
	u, on := s.up, &s.on
	p, areas, err := s.plan(ctx, claim, v, seen, on.maker == byNobody)
	if err != nil || len(p.pieces) == 0 || !u.wantsDevice() {
		return p, nil, err
	}
	if seen.scene || seen.fresh {
		on.chosen, on.slower = false, nil
	}
	if on.slower == nil {
		whole := p
		if anew := !on.chosen || on.maker != byDevice; anew && areas != nil {
			if whole, _, err = s.plan(ctx, claim, v, seen, true); err != nil {
				return nil, nil, err
			}
			areas = nil
		}
		if d = s.tryDevice(ctx, claim, v, whole, areas); d.computes() {
			return whole, d, nil
		}
	} else {
		d = on.slower
	}
	if on.maker == byDevice {
		p, _, err = s.plan(ctx, claim, v, seen, true)
	}
	return p, d, err
}

// tryDevice plans how the device computes what plan p has: some areas of the picture, or all of it if there are none. Whether it is faster for a scene is asked once.
func (s *Sequence) tryDevice(ctx context.Context, claim *Claim, v view, p *plan, areas []image.Rectangle) *deviceRun {
	u, on := s.up, &s.on
	var err error
	if on.chosen {
		err = u.possible(u.options.Device, p)
	} else {
		err = u.suits(ctx, u.options.Device, p)
	}
	d := u.deviceRun(ctx, claim, v, p, areas, err)
	switch {
	case d.computes():
		if !on.chosen || on.maker != byDevice {
			on.since = 0
		}
		d.checked = on.since%checkedEach > 0
		on.since++
		on.chosen = true
	case d.report.slower:
		on.slower = d
	}
	return d
}

// maker tells who has computed the result, what was kept of the picture before included.
func (e *Enlargement) maker() maker {
	switch d := e.device; {
	case e.onDevice():
		return byDevice
	case d.computes() && (e.job.plan.from > 0 || d.plan.corePixels() < d.plan.size.X*d.plan.size.Y):
		return byNobody
	}
	return byProcessor
}

// areaSeconds is about what it takes, in seconds, until a device begins with an area and what it made is there, whatever the area's size.
const areaSeconds = 0.5e-3

// inAreas is a plan for a device that computes only some areas of a picture, which are joined and cut such that none has more pixels than so many rows of the picture. The device takes so many
// seconds for what plan p has.
func (u *Upscaler) inAreas(p *plan, areas []image.Rectangle, rows int, seconds float64) *plan {
	d := u.method.(divisible)
	planned := d.uncut(p.size, p.choice)
	planned.sizing = sizing{core: p.size, bandRows: p.size.Y, lanes: deviceLanes, workers: deviceLanes, ahead: 1, cost: 1}
	planned.bands = []int{p.size.Y}
	around := 2 * p.branches[len(p.branches)-1].Context()
	s := shape{around, around, int(areaSeconds * float64(p.pixels()) / max(seconds, areaSeconds))}
	complete := d.pieces(planned)
	for _, area := range joined(slices.Clone(areas), s) {
		tops := tile.Cuts(area.Dy(), roundUpToEven(max(rows*p.size.X/area.Dx(), lowestDeviceBand)))
		for i := range len(tops) - 1 {
			core := image.Rect(area.Min.X, area.Min.Y+tops[i], area.Max.X, area.Min.Y+tops[i+1])
			planned.pieces = append(planned.pieces, piece{Piece: tile.Piece{Core: core}, end: 1})
			complete(&planned.pieces[len(planned.pieces)-1])
		}
	}
	return planned
}
