package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"classsr/imageio/y4m"
)

// drift tells how far the distance between two videos of 8 bits changes from frame to frame, in levels of luma on the mean. What they show moves to the left by so many pixels a
// frame, and is followed: what one shows otherwise than the other, but always in the same way, is no flicker.
func drift(path, reference string, moves int) (levels float64, err error) {
	a, closeA, err := open(path)
	if err != nil {
		return 0, err
	}
	defer closeA()
	b, closeB, err := open(reference)
	if err != nil {
		return 0, err
	}
	defer closeB()
	h := a.Header()
	if h != b.Header() || h.Format.Depth != 8 || moves >= h.Width {
		return 0, fmt.Errorf("%s and %s are not two videos of 8 bits and one form", path, reference)
	}
	one, other := h.NewFrame(), h.NewFrame()
	before, now := make([]int16, h.Width*h.Height), make([]int16, h.Width*h.Height)
	sum, count := 0.0, 0
	for n := 0; ; n++ {
		errA, errB := a.Read(one), b.Read(other)
		if errors.Is(errA, io.EOF) && errors.Is(errB, io.EOF) {
			return sum / math.Max(1, float64(count)), nil
		}
		if err := errors.Join(errA, errB); err != nil {
			return 0, err
		}
		for i, v := range one.Pix8[0] {
			now[i] = int16(v) - int16(other.Pix8[0][i])
		}
		if n > 0 {
			sum += change(before, now, h.Width, moves)
			count++
		}
		before, now = now, before
	}
}

// change is the mean absolute difference of two planes, of which the second shows what is so many pixels to the right in the first.
func change(before, now []int16, width, moves int) float64 {
	sum, count := 0, 0
	for row := 0; row < len(now); row += width {
		for x := range width - moves {
			d := int(now[row+x]) - int(before[row+x+moves])
			sum += max(d, -d)
			count++
		}
	}
	return float64(sum) / float64(count)
}

func open(path string) (r *y4m.Reader, end func(), err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	end = func() { _ = f.Close() } // only read
	if r, err = y4m.NewReader(f); err != nil {
		end()
	}
	return r, end, err
}
