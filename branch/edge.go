package branch

import (
	"context"
	"image"

	"classsr/internal/kernel"
	"classsr/internal/par"
	"classsr/internal/portable"
	"classsr/picture"
)

// Edge is what is found of a core without a network.
type Edge struct {
	// Difficulty is the logarithm (base 2) of the mean absolute Laplacian of the core's luma, in steps of 1/255, in its hardest part (ARM,
	// ECCV 2022, separates classes by such a figure). A flat core has -10.
	Difficulty float64
	// Lone tells that much of the core is flat, as it is in text, drawings and screens, where every blur beside an edge is seen. In
	// photographs the texture around it hides more.
	Lone bool
}

// EdgeBlock is the side of the parts of a core that Edges looks at by default.
const EdgeBlock = 8

// Edges looks at the edges of cores. Their parts are squares of block x block pixels, in the core and edgeMargin pixels around it, since what
// lies just beyond is enlarged with it; with block 0 the core itself is its only part. The bits are the same on every machine, since classes
// follow from them. It returns ctx's error if ctx is done.
func Edges(ctx context.Context, in Source, cores []image.Rectangle, block, threads int) ([]Edge, error) {
	edges := make([]Edge, len(cores))
	workers := make([]laplacian, min(threads, len(cores)))
	err := par.Do(ctx, len(workers), len(cores), func(worker, i int) error {
		edges[i] = workers[worker].edge(in, cores[i], block)
		return nil
	})
	return edges, err
}

// laplacian is a worker's memory.
type laplacian struct {
	luma  []int32 // in steps of 1/65280
	plane []float32
	size  []int32 // absolute Laplacians
}

const (
	// edgeMargin is how far an edge beside a core reaches into its result.
	edgeMargin = 2
	// flattest is the least mean that is told from nothing, in steps of 1/255.
	flattest = 1. / 1024
	// lumaStep is how many steps of luma 1/255 is.
	lumaStep = 256
	// A core has a lone edge if one pixel of ten is exactly flat, or seven of ten are up to two steps of 1/255, which is noise.
	exactlyFlat, nearlyFlat = 0.1, 0.7
	noise                   = 2 * lumaStep
)

func (l *laplacian) edge(in Source, core image.Rectangle, block int) Edge {
	size := in.Config()
	if block > 0 {
		core = core.Inset(-edgeMargin)
	}
	area := core.Intersect(image.Rect(0, 0, size.Width, size.Height).Inset(1)) // of pixels that have all neighbours
	if area.Empty() {
		return Edge{Difficulty: portable.Log2(flattest)}
	}
	flat, quiet := l.measure(in, area)
	w, h := area.Dx(), area.Dy()
	across, down := w, h
	if block > 0 {
		across, down = min(block, w), min(block, h)
	}
	most := int64(0)
	for y := 0; y < h; y += down {
		for x := 0; x < w; x += across {
			most = max(most, l.sum(min(x, w-across), min(y, h-down), across, down, w))
		}
	}
	mean := float64(most) / lumaStep / float64(across*down)
	return Edge{
		Difficulty: portable.Log2(max(mean, flattest)),
		Lone:       float64(flat) >= float64(exactlyFlat*float64(w*h)) || float64(quiet) >= float64(nearlyFlat*float64(w*h)),
	}
}

// measure makes the absolute Laplacians of an area, and counts those that are zero and those that noise may have made.
func (l *laplacian) measure(in Source, area image.Rectangle) (flat, quiet int) {
	l.read(in, area.Inset(-1))
	w, h := area.Dx(), area.Dy()
	l.size = grow(l.size, w*h)
	row := func(y int) []int32 { return l.luma[y*(w+2):][:w+2] }
	for y := range h {
		f, q := kernel.Laplacian(l.size[y*w:][:w], row(y), row(y+1), row(y+2), noise)
		flat, quiet = flat+f, quiet+q
	}
	return flat, quiet
}

// sum adds up a part of them, of an area w pixels wide.
func (l *laplacian) sum(x, y, across, down, w int) int64 {
	sum := int64(0)
	for ; down > 0; down-- {
		for _, v := range l.size[y*w+x:][:across] {
			sum += int64(v)
		}
		y++
	}
	return sum
}

// farBeyond bounds samples, so that their Laplacians are numbers.
const farBeyond = 16

// Weights of the colours in luma (BT.601), in steps, as kernel.Luma has them.
const lumaRed, lumaGreen, lumaBlue = 77, 150, 29

// read fills luma with a rectangle of the picture.
func (l *laplacian) read(in Source, r image.Rectangle) {
	w, n := r.Dx(), r.Dx()*r.Dy()
	if cap(l.luma) < n {
		l.luma = make([]int32, n)
	}
	l.luma = l.luma[:n]
	if in, ok := in.(*picture.Picture); ok && in.Depth == 8 && in.Channels() == 3 {
		for y := range r.Dy() {
			pixels := in.Pix8[((r.Min.Y+y)*in.Width+r.Min.X)*3:]
			kernel.Luma(l.luma[y*w:][:w], pixels[:3*w])
		}
		return
	}
	clear(l.luma)
	l.plane = grow(l.plane, n)
	for c, weight := range []float32{lumaRed, lumaGreen, lumaBlue} {
		in.ReadPlane(l.plane, min(c, in.Config().Colors-1), r)
		for i, v := range l.plane {
			// Two roundings on every machine. Far beyond black and white, which floating point allows, all is the same to routing.
			l.luma[i] += int32(float32(255*weight*min(max(v, -farBeyond), farBeyond)) + 0.5)
		}
	}
}
