package classsr_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"classsr"
	"classsr/fault"
	"classsr/models"
	"classsr/picture"
)

// TestDenoised enlarges a noisy gray picture: the stronger the removal, the less noise is left.
func TestDenoised(t *testing.T) {
	model, err := classsr.Open("real-x4")
	if err != nil {
		t.Fatal(err)
	}
	if model.Kind() != models.Real || model.Info().Note == "" || !model.Info().Denoise {
		t.Errorf("it is described as %+v", model.Info())
	}
	in := picture.New(24, 24, 1, false, 8)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range in.Pix8 {
		in.Pix8[i] = uint8(min(max(128+12*random.NormFloat64(), 0), 255))
	}
	last := math.Inf(1)
	for _, strength := range []float64{0, 0.5, 1} {
		m, err := model.Denoised(strength)
		if err != nil {
			t.Fatal(err)
		}
		up, err := m.Upscaler(classsr.Options{})
		if err != nil {
			t.Fatal(err)
		}
		out, report, err := up.Upscale(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		noise := deviation(out.Pix8)
		t.Logf("at %g: a deviation of %.2f", strength, noise)
		if noise >= last || report.Model != "real-x4" {
			t.Errorf("at %g: a deviation of %.2f, and %.2f at less strength, by %s", strength, noise, last, report.Model)
		}
		last = noise
	}
	if _, err := model.Denoised(2); fault.KindOf(err) != fault.Usage {
		t.Error(err)
	}
	for _, name := range []string{"carn-m-x2", classsr.Bicubic} {
		other, err := classsr.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.Denoised(1); fault.KindOf(err) != fault.Usage {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// deviation is the standard deviation of samples.
func deviation(samples []uint8) float64 {
	var sum, squares float64
	for _, v := range samples {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	n := float64(len(samples))
	return math.Sqrt(squares/n - sum/n*sum/n)
}
