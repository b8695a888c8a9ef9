package metric

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"classsr/internal/testref"
	"classsr/resample"
)

// TestFiguresOfAnotherImplementation measures HR against LR enlarged by repeating pixels, as metrics.json was made.
func TestFiguresOfAnotherImplementation(t *testing.T) {
	file, err := os.ReadFile(testref.Path(t, "reference", "metrics.json"))
	if err != nil {
		t.Fatal(err)
	}
	var reference struct{ Images map[string]map[string]float64 }
	if err := json.Unmarshal(file, &reference); err != nil {
		t.Fatal(err)
	}
	if len(reference.Images) != 5 {
		t.Fatalf("reference has %d pictures, want 5", len(reference.Images))
	}
	set := testref.Path(t, "data", "test", "Set5")
	for name, want := range reference.Images {
		hr := readPNG(t, filepath.Join(set, "HR", name+".png"))
		sr := repeatPixels(readPNG(t, filepath.Join(set, "LRx4", name+".png")), 4)
		for key, got := range figures(t, hr.image(), sr.image(), 4) {
			tolerance := 0.001
			if key == "ssim_rgb" || key == "ssim_y" {
				tolerance = 0.0001
			}
			if d := math.Abs(got - want[key]); !(d < tolerance) {
				t.Errorf("%s: %s is %v, want %v", name, key, got, want[key])
			}
		}
	}
}

// TestPublishedBicubicFigures measures the first row of the papers' tables for x4: the Y of HR, rounded, is shrunk and enlarged
// by the bicubic filter and rounded; a gray picture is its own Y.
func TestPublishedBicubicFigures(t *testing.T) {
	for set, want := range map[string]struct{ psnr, ssim, tolerance float64 }{
		"Set5":  {28.42, 0.8104, 0.00005},
		"Set14": {26.00, 0.7027, 0.001}, // papers give 0.7019 to 0.7027
	} {
		names, err := filepath.Glob(filepath.Join(testref.Path(t, "data", "test", set, "HR"), "*.png"))
		if err != nil || len(names) == 0 {
			t.Fatalf("no pictures of %s (error %v)", set, err)
		}
		psnr, ssim := 0.0, 0.0
		for _, name := range names {
			hr := readPNG(t, name)
			y := roundedLuma(hr)
			lr := bicubic(t, y, hr.w, hr.h, hr.w/4, hr.h/4)
			sr := round8(bicubic(t, lr, hr.w/4, hr.h/4, hr.w, hr.h))
			p, errP := PSNR(Planes(hr.w, hr.h, y), Planes(hr.w, hr.h, sr), 4)
			s, errS := SSIM(Planes(hr.w, hr.h, y), Planes(hr.w, hr.h, sr), 4)
			if errP != nil || errS != nil {
				t.Fatal(errP, errS)
			}
			psnr += p / float64(len(names))
			ssim += s / float64(len(names))
		}
		if math.Abs(psnr-want.psnr) > 0.005 || math.Abs(ssim-want.ssim) > want.tolerance {
			t.Errorf("%s: bicubic has %.4f dB and SSIM %.5f, published are %v and %v", set, psnr, ssim, want.psnr, want.ssim)
		}
	}
}

func roundedLuma(p picture) []float32 {
	m := p.image()
	if p.channels == 3 {
		m = m.Luma()
	}
	row, y := make([]float64, p.w), []float32{}
	for i := range p.h {
		m.row(row, 0, i, 0)
		for _, v := range row {
			y = append(y, float32(v))
		}
	}
	return round8(y)
}

func round8(s []float32) []float32 {
	for i, v := range s {
		s[i] = float32(math.Floor(math.Min(math.Max(float64(v), 0), 255) + 0.5))
	}
	return s
}

func bicubic(t *testing.T, src []float32, srcW, srcH, dstW, dstH int) []float32 {
	t.Helper()
	plan, err := resample.New(srcW, srcH, dstW, dstH, resample.Original)
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, dstW*dstH)
	plan.Floats(dst, src, 1)
	return dst
}

func figures(t *testing.T, hr, sr Image, border int) map[string]float64 {
	t.Helper()
	got := map[string]float64{}
	for key, call := range map[string]func() (float64, error){
		"psnr_rgb": func() (float64, error) { return PSNR(hr, sr, border) },
		"ssim_rgb": func() (float64, error) { return SSIM(hr, sr, border) },
		"psnr_y":   func() (float64, error) { return PSNR(hr.Luma(), sr.Luma(), border) },
		"ssim_y":   func() (float64, error) { return SSIM(hr.Luma(), sr.Luma(), border) },
	} {
		v, err := call()
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		got[key] = v
	}
	return got
}

// picture is a picture as a decoder gives it.
type picture struct {
	pix            []uint8
	w, h, channels int
}

func (p picture) image() Image { return Bytes(p.w, p.h, p.channels, p.pix) }

// readPNG gives the samples of an 8-bit gray (one channel) or RGB picture.
func readPNG(t *testing.T, path string) picture {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	p := picture{nil, decoded.Bounds().Dx(), decoded.Bounds().Dy(), 3}
	if gray, ok := decoded.(*image.Gray); ok {
		p.pix, p.channels = gray.Pix, 1
		return p
	}
	for y := range p.h {
		for x := range p.w {
			c := color.NRGBAModel.Convert(decoded.At(x, y)).(color.NRGBA)
			p.pix = append(p.pix, c.R, c.G, c.B)
		}
	}
	return p
}

func repeatPixels(p picture, scale int) picture {
	big := picture{nil, p.w * scale, p.h * scale, p.channels}
	for y := range big.h {
		for x := range big.w {
			from := (y/scale*p.w + x/scale) * p.channels
			big.pix = append(big.pix, p.pix[from:from+p.channels]...)
		}
	}
	return big
}
