package resample

import "math"

// kernelShape is a symmetric interpolation kernel that is 0 from its radius on, in samples.
type kernelShape struct {
	radius float64
	at     func(x float64) float64
}

var (
	// keys is the bicubic kernel of the Plan, a = -0.5.
	keys = kernelShape{2, cubic}
	// lanczos3 is the sinc windowed by the main lobe of a sinc three times as wide.
	lanczos3 = kernelShape{3, lanczos}
)

func lanczos(x float64) float64 {
	switch x = math.Abs(x); {
	case x == 0:
		return 1
	case x >= 3:
		return 0
	}
	px := math.Pi * x
	return 3 * math.Sin(px) * math.Sin(px/3) / (px * px)
}

// taps says which samples of one axis each sample of the result is a weighted sum of. Beyond the picture it is mirrored, edge samples
// included; what falls there is added to the weights of the samples that stand for it, so that the samples of each sum lie side by side.
// Neither first nor end ever falls from one sample of the result to the next.
type taps struct {
	src, dst   int
	first, end []int     // of each sample of the result: half-open ranges of the source
	start      []int     // where its weights begin
	weight     []float32 // the sum of each range is 1
}

// newTaps makes the weights for resizing src samples to dst. The kernel is widened by the ratio where that reduces.
func newTaps(src, dst int, kernel kernelShape) *taps {
	ratio := float64(src) / float64(dst)
	stretch := max(ratio, 1)
	reach := kernel.radius * stretch
	t := &taps{src: src, dst: dst, first: make([]int, dst), end: make([]int, dst), start: make([]int, dst+1)}
	window := func(i int) (centre float64, from, to int) {
		centre = (float64(i)+0.5)*ratio - 0.5
		return centre, int(math.Ceil(centre - reach)), int(math.Floor(centre+reach)) + 1
	}
	for i := range dst {
		_, from, to := window(i)
		t.first[i], t.end[i] = max(from, 0), min(to, src)
		if from < 0 && -from > t.end[i] || to > src && 2*src-to < t.first[i] { // mirrored farther than the window itself reaches
			t.first[i], t.end[i] = 0, src
		}
	}
	t.makeMonotone()
	t.weight = make([]float32, t.start[dst])
	var exact []float64
	for i := range dst {
		centre, from, to := window(i)
		exact = append(exact[:0], make([]float64, t.end[i]-t.first[i])...)
		sum := 0.0
		for s := from; s < to; s++ {
			w := kernel.at((float64(s) - centre) / stretch)
			exact[Original.inside(s, src)-t.first[i]] += w
			sum += w
		}
		for k, w := range exact {
			t.weight[t.start[i]+k] = float32(w / sum)
		}
	}
	return t
}

// makeMonotone widens ranges, by samples whose weight is 0, until none begins or ends before the one before it, and finds where weights begin.
func (t *taps) makeMonotone() {
	for i := t.dst - 2; i >= 0; i-- {
		t.first[i] = min(t.first[i], t.first[i+1])
	}
	for i := range t.dst {
		if i > 0 {
			t.end[i] = max(t.end[i], t.end[i-1])
		}
		t.start[i+1] = t.start[i] + t.end[i] - t.first[i]
	}
}

// at gives the weights of sample i of the result, for the source from first[i] on.
func (t *taps) at(i int) []float32 { return t.weight[t.start[i]:t.start[i+1]] }

// open is the largest number of sums that have begun and not ended after any sample of the source.
func (t *taps) open() int {
	most, done := 0, 0
	for i, first := range t.first {
		for t.end[done] <= first {
			done++
		}
		most = max(most, i+1-done)
	}
	return most
}

// tapsBytes is about what taps take, in bytes.
func tapsBytes(src, dst int, radius float64) int64 {
	width := 2*radius*max(float64(src)/float64(dst), 1) + 2
	return int64(float64(dst) * (3*8 + 4*min(width, float64(src))))
}
