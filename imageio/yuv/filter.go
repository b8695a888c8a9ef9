package yuv

import (
	"math"
	"slices"
)

// filter is how samples of one axis are made of those of another: sample i is the sum of weights[i*taps+k] times source sample
// at[i]+k. Positions beyond the ends stand for the sample at the end, whose weight has theirs.
type filter struct {
	taps    int
	at      []int
	lowest  []int // by sample: the first source sample that it or a later one reads
	weights []float32
}

// newFilter makes count samples of sources others, by the cubic of swscale (-sws_flags bicubic): sample i lies at i*step+offset of the source, where
// its samples lie at 0, 1 and so on. Where step is more than 1 the cubic is so many times as wide.
func newFilter(count, sources int, step, offset float64) *filter {
	wide := max(step, 1)
	reach := int(math.Ceil(2 * wide))
	f := &filter{taps: min(2*reach+1, sources)}
	for i := range count {
		centre := float64(i)*step + offset
		middle := int(math.Floor(centre + 0.5))
		first := max(min(middle-reach, sources-f.taps), 0)
		own := make([]float64, f.taps)
		sum := 0.0
		for k := middle - reach; k <= middle+reach; k++ {
			w := cubic(math.Abs(float64(k)-centre) / wide)
			own[min(max(k, 0), sources-1)-first] += w
			sum += w
		}
		f.at = append(f.at, first)
		for _, w := range own {
			f.weights = append(f.weights, float32(w/sum))
		}
	}
	return f.narrowed()
}

// cubic is the weight at a distance: 1 at 0, and 0 from 2 on. Its parameters are those of swscale, B = 0 and C = 0.6.
func cubic(d float64) float64 {
	const c = 0.6
	switch {
	case d < 1:
		return float64((12-6*c)*d*d*d) + float64((6*c-18)*d*d) + 6
	case d < 2:
		return float64(-6*c*d*d*d) + float64(30*c*d*d) - float64(48*c*d) + 24*c
	}
	return 0
}

// narrowed leaves out taps that have no weight in any sample.
func (f *filter) narrowed() *filter {
	lead, used := make([]int, len(f.at)), 1
	for i := range f.at {
		own := f.weights[i*f.taps:][:f.taps]
		for lead[i] < f.taps-1 && own[lead[i]] == 0 {
			lead[i]++
		}
		last := f.taps - 1
		for last > lead[i] && own[last] == 0 {
			last--
		}
		used = max(used, last-lead[i]+1)
	}
	out := &filter{taps: used}
	for i, at := range f.at {
		skip := min(lead[i], f.taps-used)
		out.at = append(out.at, at+skip)
		out.weights = append(out.weights, f.weights[i*f.taps+skip:][:used]...)
	}
	out.lowest = slices.Clone(out.at)
	for i := len(out.lowest) - 2; i >= 0; i-- {
		out.lowest[i] = min(out.lowest[i], out.lowest[i+1])
	}
	return out
}

// row makes samples along a row. The conversions forbid fused arithmetic, which would round otherwise on some machines.
func (f *filter) row(dst, src []float32) {
	switch f.taps {
	case 1:
		for i := range dst {
			dst[i] = src[f.at[i]]
		}
		return
	case 4:
		for i := range dst {
			w, s := f.weights[4*i:][:4], src[f.at[i]:][:4]
			dst[i] = float32(w[0]*s[0]) + float32(w[1]*s[1]) + float32(w[2]*s[2]) + float32(w[3]*s[3])
		}
		return
	}
	for i := range dst {
		sum := float32(0)
		s := src[f.at[i]:][:f.taps]
		for k, w := range f.weights[i*f.taps:][:f.taps] {
			sum += float32(w * s[k])
		}
		dst[i] = sum
	}
}

// column makes sample i of all columns, of rows that row gives.
func (f *filter) column(dst []float32, i int, row func(y int) []float32) {
	for k, w := range f.weights[i*f.taps:][:f.taps] {
		src := row(f.at[i] + k)[:len(dst)]
		if k == 0 {
			for x, v := range src {
				dst[x] = w * v
			}
			continue
		}
		if w == 0 {
			continue
		}
		for x, v := range src {
			dst[x] += float32(w * v)
		}
	}
}
