package branch

import (
	"context"
	"image"

	"classsr/internal/par"
	"classsr/internal/portable"
	"classsr/picture"
)

// EdgeDifficulty finds how difficult each core is without a network: the logarithm (base 2) of the mean absolute Laplacian of its luma, in
// steps of 1/255 (ARM, ECCV 2022, separates classes by such a figure). A flat core has -10. The bits are the same on every machine,
// since classes follow from them. It returns ctx's error if ctx is done.
func EdgeDifficulty(ctx context.Context, in *picture.Picture, cores []image.Rectangle, threads int) ([]float64, error) {
	difficulties := make([]float64, len(cores))
	workers := make([]laplacian, min(threads, len(cores)))
	err := par.Do(ctx, len(workers), len(cores), func(worker, i int) error {
		difficulties[i] = workers[worker].difficulty(in, cores[i])
		return nil
	})
	return difficulties, err
}

// laplacian is a worker's memory.
type laplacian struct {
	luma  []int32 // in steps of 1/65280
	plane []float32
}

const (
	// flattest is the least mean that is told from nothing, in steps of 1/255.
	flattest = 1. / 1024
	// lumaStep is how many steps of luma 1/255 is.
	lumaStep = 256
)

func (l *laplacian) difficulty(in *picture.Picture, core image.Rectangle) float64 {
	r := core.Inset(-1).Intersect(in.Bounds())
	l.read(in, r)
	w := r.Dx()
	sum, n := int64(0), 0
	left, right := max(core.Min.X, 1)-r.Min.X, min(core.Max.X, in.Width-1)-r.Min.X
	for y := max(core.Min.Y, 1) - r.Min.Y; y < min(core.Max.Y, in.Height-1)-r.Min.Y && left < right; y++ {
		row, above, below := l.luma[y*w:][:w], l.luma[(y-1)*w:][:w], l.luma[(y+1)*w:][:w]
		for x := left; x < right; x++ {
			d := 4*row[x] - row[x-1] - row[x+1] - above[x] - below[x]
			sum += int64(max(d, -d))
		}
		n += right - left
	}
	mean := 0.0
	if n > 0 {
		mean = float64(sum) / lumaStep / float64(n)
	}
	return portable.Log2(max(mean, flattest))
}

// Weights of the colours in luma (BT.601), in steps.
const lumaRed, lumaGreen, lumaBlue = 77, 150, 29

// read fills luma with a rectangle of the picture.
func (l *laplacian) read(in *picture.Picture, r image.Rectangle) {
	w, n := r.Dx(), r.Dx()*r.Dy()
	if cap(l.luma) < n {
		l.luma = make([]int32, n)
	}
	l.luma = l.luma[:n]
	if in.Depth == 8 && in.Colors == 3 {
		step := in.Channels()
		for y := range r.Dy() {
			pixels := in.Pix8[((r.Min.Y+y)*in.Width+r.Min.X)*step:]
			row := l.luma[y*w:][:w]
			for x := range row {
				p := pixels[x*step:][:3]
				row[x] = lumaRed*int32(p[0]) + lumaGreen*int32(p[1]) + lumaBlue*int32(p[2])
			}
		}
		return
	}
	clear(l.luma)
	l.plane = grow(l.plane, n)
	for c, weight := range []float32{lumaRed, lumaGreen, lumaBlue} {
		in.ReadPlane(l.plane, min(c, in.Colors-1), r)
		for i, v := range l.plane {
			l.luma[i] += int32(float32(255*weight*v) + 0.5) // two roundings on every machine
		}
	}
}
