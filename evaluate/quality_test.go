package evaluate

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"classsr"
	"classsr/imageio"
	"classsr/infer"
	"classsr/internal/testref"
	"classsr/picture"
)

// The PSNR (Y, 4 pixels of border removed) that PyTorch reaches with these weights on the published LR pictures. The
// built-in models are always tested.
func TestPSNROfReleasedWeights(t *testing.T) {
	for _, c := range []struct {
		model       string
		set5, set14 float64
		slow        bool
	}{
		{classsr.DefaultModel, 31.89, 28.48, false},
		{classsr.FastModel, 30.81, 27.77, false},
		{"fsrcnn_x4_pcsr", 30.69, 27.69, true},
		{"fsrcnn_x4_armnet", 30.62, 27.66, true},
		{"carnm_multiscale_official", 31.88, 28.42, true},
		{"carnm_x4_armnet", 31.94, 28.46, true},
		{"carnm_bn_x4_pcsr", 31.82, 28.43, true},
	} {
		t.Run(c.model, func(t *testing.T) {
			if c.slow {
				testref.Slow(t)
			}
			path := c.model
			if strings.Contains(path, "_") {
				path = testref.Path(t, "data", "weights", c.model+".safetensors")
			}
			wantPSNR(t, path, "Set5", c.set5)
			wantPSNR(t, path, "Set14", c.set14)
		})
	}
}

func wantPSNR(t *testing.T, path, set string, want float64) {
	t.Helper()
	model, err := classsr.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	up, err := model.Upscaler(classsr.Options{Scale: 4, Mode: classsr.ModeFull, Border: infer.BorderZero}) // as PyTorch has it
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	hrs := pictures(t, set, "HR")
	for i, lr := range pictures(t, set, "LRx4") {
		out, _, err := up.Upscale(context.Background(), lr)
		if err != nil {
			t.Fatal(err)
		}
		scores, err := Compare(hrs[i], out, 4)
		if err != nil {
			t.Fatal(err)
		}
		sum += scores.PSNRY
	}
	if got := sum / float64(len(hrs)); math.Abs(got-want) > 0.02 {
		t.Errorf("%s: %.3f dB, want %.2f", set, got, want)
	} else {
		t.Logf("%s: %.3f dB", set, got)
	}
}

// pictures decodes all pictures of a folder of a test set, sorted by name.
func pictures(t *testing.T, set, kind string) []*picture.Picture {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(testref.Path(t, "data", "test", set, kind), "*.png"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no pictures in %s (%v)", set, err)
	}
	var all []*picture.Picture
	for _, p := range paths {
		d, err := imageio.DecodeFile(p, imageio.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d.Picture)
	}
	return all
}
