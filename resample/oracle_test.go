package resample

import (
	"image"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// oracle resizes a plane as the definition says: for every output sample a sum over every source sample that the kernel might
// reach, computed anew. round is applied after each pass. close tells that a value lay so near the middle between two integers
// that another order of summation may round it the other way.
type oracle struct {
	plan           *Plan
	scaleX, scaleY float64
	round          func(float64) float64
	close          bool
}

func (o *oracle) resize(src []float64) []float64 {
	srcW, srcH, dstW, dstH := o.plan.x.src, o.plan.y.src, o.plan.x.dst, o.plan.y.dst
	dst := make([]float64, 0, dstW*dstH)
	for y := range dstH {
		for x := range dstW {
			dst = append(dst, o.sum(x, srcW, o.scaleX, func(sx int) float64 {
				return o.sum(y, srcH, o.scaleY, func(sy int) float64 { return src[sy*srcW+sx] })
			}))
		}
	}
	return dst
}

func (o *oracle) sum(i, n int, scale float64, value func(int) float64) float64 {
	centre := (float64(i)+0.5)/scale - 0.5
	stretch := math.Min(scale, 1)
	total, weights := 0.0, 0.0
	for s := int(centre - 2/stretch - 2); s <= int(centre+2/stretch+2); s++ {
		w := keysKernel((float64(s) - centre) * stretch)
		if w == 0 {
			continue
		}
		inside := min(max(s, 0), n-1)
		if o.plan.variant == Original {
			for inside = s; inside < 0 || inside >= n; {
				if inside < 0 {
					inside = -1 - inside
				} else {
					inside = 2*n - 1 - inside
				}
			}
		}
		total += w * value(inside)
		weights += w
	}
	v := total / weights
	if fraction := v - math.Floor(v); math.Abs(fraction-0.5) < 1e-9 {
		o.close = true
	}
	return o.round(v)
}

// keysKernel is Keys' kernel in the general form, which has the parameter a.
func keysKernel(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x < 1:
		return (a+2)*x*x*x - (a+3)*x*x + 1
	case x < 2:
		return a*x*x*x - 5*a*x*x + 8*a*x - 4*a
	}
	return 0
}

var scales = []float64{2, 3, 4, 1. / 2, 1. / 3, 1. / 4, 0.6, 0.7, 0.8, 0.9, 1}

// drawPlan draws a plan by sizes or by scale, with the scales that it implies.
func drawPlan(t *rapid.T) (plan *Plan, scaleX, scaleY float64) {
	v := rapid.SampledFrom([]Variant{Published, Original}).Draw(t, "variant")
	side := rapid.IntRange(1, 21)
	srcW, srcH := side.Draw(t, "source width"), side.Draw(t, "source height")
	if rapid.Bool().Draw(t, "by sizes") {
		dstW, dstH := side.Draw(t, "width"), side.Draw(t, "height")
		plan, err := New(srcW, srcH, dstW, dstH, v)
		if err != nil {
			t.Fatal(err)
		}
		return plan, float64(dstW) / float64(srcW), float64(dstH) / float64(srcH)
	}
	scale := rapid.SampledFrom(scales).Draw(t, "scale")
	plan, err := NewScale(srcW, srcH, scale, v)
	if scale*float64(max(srcW, srcH)) < 1 {
		if err == nil {
			t.Fatal("no error though less than one sample is left")
		}
		t.Skip("too small")
	}
	if err != nil {
		t.Fatal(err)
	}
	if w, h := plan.Size(); w != int(math.Ceil(scale*float64(srcW))) || h != int(math.Ceil(scale*float64(srcH))) {
		t.Fatalf("%dx%d by %v: size is %dx%d", srcW, srcH, scale, w, h)
	}
	return plan, scale, scale
}

// drawBytes draws samples, many of them extreme, so that overshoot is clamped.
func drawBytes(t *rapid.T, n int) []uint8 {
	sample := rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]uint8{0, 255}))
	return rapid.SliceOfN(sample, n, n).Draw(t, "samples")
}

func TestFloatsFollowTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan, scaleX, scaleY := drawPlan(t)
		samples := drawBytes(t, plan.x.src*plan.y.src)
		src, reference := make([]float32, len(samples)), make([]float64, len(samples))
		for i, v := range samples {
			src[i], reference[i] = float32(v)/255, float64(float32(v)/255)
		}
		o := oracle{plan: plan, scaleX: scaleX, scaleY: scaleY, round: func(v float64) float64 { return v }}
		want := o.resize(reference)
		got := make([]float32, len(want))
		plan.Floats(got, src, 1)
		for i := range want {
			if d := math.Abs(float64(got[i]) - want[i]); !(d < 2e-7) {
				t.Fatalf("sample %d is %v, want %v", i, got[i], want[i])
			}
		}
	})
}

func TestBytesFollowTheDefinition(t *testing.T) {
	compared := 0
	rapid.Check(t, func(t *rapid.T) {
		plan, scaleX, scaleY := drawPlan(t)
		src := drawBytes(t, plan.x.src*plan.y.src)
		reference := make([]float64, len(src))
		for i, v := range src {
			reference[i] = float64(v)
		}
		round := func(v float64) float64 { return math.Min(math.Max(math.Floor(v+0.5), 0), 255) }
		o := oracle{plan: plan, scaleX: scaleX, scaleY: scaleY, round: round}
		if plan.variant == Original {
			o.round = func(v float64) float64 { return v }
		}
		want := o.resize(reference)
		// Halves come out exactly where the weights are binary fractions; elsewhere either neighbour is right.
		if o.close && !exact(scaleX, scaleY) {
			t.Skip("a value lies on the border between two integers")
		}
		got := make([]uint8, len(want))
		plan.Bytes(got, src, 1)
		for i := range want {
			if float64(got[i]) != round(want[i]) {
				t.Fatalf("sample %d is %d, want %v", i, got[i], round(want[i]))
			}
		}
		compared++
	})
	if compared < 20 {
		t.Errorf("only %d pictures were compared", compared)
	}
}

func exact(scales ...float64) bool {
	return !slices.ContainsFunc(scales, func(s float64) bool {
		fraction, _ := math.Frexp(s)
		return fraction != 0.5
	})
}

// TestWindowsAreThePicture: a window of the result, from no more than the source part it needs or from a larger one, has the
// samples that the whole has there.
func TestWindowsAreThePicture(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan, _, _ := drawPlan(t)
		channels := rapid.SampledFrom([]int{1, 3, 4}).Draw(t, "channels")
		src := drawBytes(t, plan.x.src*plan.y.src*channels)
		r := drawInside(t, plan.dstBounds(), image.Rectangle{})
		have := drawInside(t, plan.srcBounds(), plan.Source(r))

		whole := make([]uint8, plan.x.dst*plan.y.dst*channels)
		plan.Bytes(whole, src, channels)
		part := make([]uint8, r.Dx()*r.Dy()*channels)
		plan.BytesWindow(part, r, crop(src, plan.x.src, have, channels), have, channels)
		if !slices.Equal(part, crop(whole, plan.x.dst, r, channels)) {
			t.Fatalf("bytes of window %v from %v differ from the whole", r, have)
		}

		srcF := make([]float32, len(src))
		for i, v := range src {
			srcF[i] = float32(v) / 255
		}
		wholeF, partF := make([]float32, len(whole)), make([]float32, len(part))
		plan.Floats(wholeF, srcF, channels)
		plan.FloatsWindow(partF, r, crop(srcF, plan.x.src, have, channels), have, channels)
		if !slices.Equal(partF, crop(wholeF, plan.x.dst, r, channels)) {
			t.Fatalf("floats of window %v from %v differ from the whole", r, have)
		}
	})
}

// drawInside draws a rectangle that is not empty, lies in bounds and contains inner.
func drawInside(t *rapid.T, bounds, inner image.Rectangle) image.Rectangle {
	side := func(name string, lo, hi, from, to int) (int, int) {
		if from == to {
			from = rapid.IntRange(lo, hi-1).Draw(t, name+" first")
			to = from + 1
		}
		return rapid.IntRange(lo, from).Draw(t, name+" from"), rapid.IntRange(to, hi).Draw(t, name+" to")
	}
	x0, x1 := side("x", bounds.Min.X, bounds.Max.X, inner.Min.X, inner.Max.X)
	y0, y1 := side("y", bounds.Min.Y, bounds.Max.Y, inner.Min.Y, inner.Max.Y)
	return image.Rect(x0, y0, x1, y1)
}

func crop[S sample](pix []S, width int, r image.Rectangle, channels int) []S {
	var part []S
	for y := r.Min.Y; y < r.Max.Y; y++ {
		part = append(part, pix[(y*width+r.Min.X)*channels:(y*width+r.Max.X)*channels]...)
	}
	return part
}
