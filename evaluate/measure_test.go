package evaluate

import (
	"context"
	"math"
	"slices"
	"testing"

	"classsr"
	"classsr/internal/testref"
	"classsr/picture"
)

// The PSNR that PyTorch measures of the same picture with the same weights by the paper's protocol.
func TestPaperModeIsMeasuredAsPyTorchDoes(t *testing.T) {
	archive := testref.OpenNPZ(t, "papermode.npz")
	read := func(key string) *picture.Picture {
		w, h, pix := archive.Picture(key)
		p := picture.New(w, h, 3, false, 8)
		copy(p.Pix8, pix)
		return p
	}
	lr, hr := read("lr_rgb"), read("hr_rgb")
	model, err := classsr.Open(testref.Path(t, "reference", "papermode.pth"))
	if err != nil {
		t.Fatal(err)
	}
	up, err := model.Upscaler(classsr.Options{Mode: classsr.ModePaper})
	if err != nil {
		t.Fatal(err)
	}
	out, scores, _, err := Measure(context.Background(), up, lr, hr)
	if err != nil {
		t.Fatal(err)
	}
	if want := archive.Number("psnr"); math.Abs(scores.PSNRRGB-want) > 0.001 {
		t.Errorf("PSNR %.5f dB, want %.5f", scores.PSNRRGB, want)
	}
	if upscaled, _, err := up.Upscale(context.Background(), lr); err != nil || !slices.Equal(out.Pix8, upscaled.Pix8) {
		t.Errorf("the picture that was measured differs from the enlarged one (error %v)", err)
	}
	if _, _, _, err := Measure(context.Background(), up, hr, lr); err == nil {
		t.Error("pictures of sizes that do not fit were compared")
	}
}
