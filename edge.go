package classsr

import (
	"context"
	"image"
	"math"

	"classsr/imageio"
	"classsr/internal/par"
)

// edgeDifficulty tells how much goes on in each core without a network: the logarithm (base 2) of the mean absolute Laplacian of its
// luma, in steps of 1/255 (ARM, ECCV 2022, tells classes apart by such a figure). A flat core has -10.
func edgeDifficulty(ctx context.Context, in *imageio.Picture, cores []image.Rectangle, threads int) ([]float64, error) {
	difficulties := make([]float64, len(cores))
	workers := make([]laplacian, min(threads, len(cores)))
	err := par.Do(ctx, len(workers), len(cores), func(worker, i int) error {
		difficulties[i] = workers[worker].difficulty(in, cores[i])
		return nil
	})
	return difficulties, err
}

// laplacian is a worker's memory.
type laplacian struct{ luma, plane []float32 }

// flattest is the least mean that is told from nothing.
const flattest = 1. / 1024

func (l *laplacian) difficulty(in *imageio.Picture, core image.Rectangle) float64 {
	r := core.Inset(-1).Intersect(in.Bounds())
	l.read(in, r)
	w := r.Dx()
	sum, n := float32(0), 0
	at := func(x, y int) float32 { return l.luma[(y-r.Min.Y)*w+x-r.Min.X] }
	for y := max(core.Min.Y, 1); y < min(core.Max.Y, in.Height-1); y++ {
		for x := max(core.Min.X, 1); x < min(core.Max.X, in.Width-1); x++ {
			d := 4*at(x, y) - at(x-1, y) - at(x+1, y) - at(x, y-1) - at(x, y+1)
			if d < 0 {
				d = -d
			}
			sum += d
			n++
		}
	}
	mean := 0.0
	if n > 0 {
		mean = 255 * float64(sum) / float64(n)
	}
	return math.Log2(max(mean, flattest))
}

// read fills luma (BT.601) with a rectangle of the picture.
func (l *laplacian) read(in *imageio.Picture, r image.Rectangle) {
	n := r.Dx() * r.Dy()
	l.luma, l.plane = resize(l.luma, n), resize(l.plane, n)
	if in.Colors == 1 {
		in.ReadPlane(l.luma, 0, r)
		return
	}
	clear(l.luma)
	for c, weight := range []float32{0.299, 0.587, 0.114} {
		in.ReadPlane(l.plane, c, r)
		for i, v := range l.plane {
			l.luma[i] += weight * v
		}
	}
}
