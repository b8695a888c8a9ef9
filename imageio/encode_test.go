package imageio

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"classsr/internal/testref"
	"classsr/picture"
)

// stdSamples gives the samples of an image of image/png in the order of a Picture with these channels.
func stdSamples(img image.Image, p *picture.Picture) []int {
	q := stdPicture(img, p.Config())
	samples := make([]int, p.Width*p.Height*p.Channels())
	for i := range samples {
		samples[i] = at(q, i)
	}
	return samples
}

// TestPNGRoundTrip draws pictures of all sizes, channels and depths, smooth and noisy, and reads them with image/png.
func TestPNGRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.IntRange(1, 70)
		p := picture.New(side.Draw(t, "width"), side.Draw(t, "height"), rapid.SampledFrom([]int{1, 3}).Draw(t, "colors"),
			rapid.Bool().Draw(t, "alpha"), rapid.SampledFrom([]int{8, 16}).Draw(t, "depth"))
		seed, spread := rapid.Uint32().Draw(t, "seed"), rapid.Uint32Range(1, 1<<16).Draw(t, "spread")
		want := make([]int, p.Width*p.Height*p.Channels())
		for i := range want {
			seed = seed*1664525 + 1013904223
			v := seed >> 8 % spread
			if p.Depth == 8 {
				p.Pix8[i] = uint8(v)
			} else {
				p.Pix16[i] = uint16(v)
			}
			want[i] = at(p, i)
		}
		var file bytes.Buffer
		if err := Encode(&file, p, "png", EncodeOptions{Threads: 1 + p.Width%3}); err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(file.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if img.Bounds() != p.Bounds() || !slices.Equal(stdSamples(img, p), want) {
			t.Fatal("image/png reads other samples")
		}
		d, err := Decode(file.Bytes(), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if d.Colors != p.Colors || d.Alpha != p.Alpha || !bytes.Equal(d.Pix8, p.Pix8) || !slices.Equal(d.Pix16, p.Pix16) {
			t.Fatal("Decode reads another picture")
		}
	})
}

// TestPNGOfManyStrips has pictures of several strips, the last one lower, read by image/png.
func TestPNGOfManyStrips(t *testing.T) {
	for _, p := range []*picture.Picture{
		patterned(1000, 800, 3, true, 8), patterned(700, 901, 3, false, 16), patterned(300000, 3, 3, false, 8),
	} {
		if strips := outputs["png"].layout(p.Config(), EncodeOptions{}).Strips; strips < 3 {
			t.Fatalf("%dx%d is %d strips, want several", p.Width, p.Height, strips)
		}
		img, err := png.Decode(bytes.NewReader(encoded(t, p, "png")))
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range stdSamples(img, p) {
			if want := at(p, i); got != want {
				t.Fatalf("%dx%d: sample %d is %d, want %d", p.Width, p.Height, i, got, want)
			}
		}
	}
}

// TestPNGSize compares with image/png's fast compression on photographs and drawings, colour and gray.
func TestPNGSize(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(testref.Path(t, "data", "test", "Set14"), "HR", "*.png"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no pictures", err)
	}
	const allowance = 1.05
	for _, path := range paths {
		d, err := DecodeFile(path, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var std bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&std, opaqueStd(d.Picture)); err != nil {
			t.Fatal(err)
		}
		if own := len(encoded(t, d.Picture, "png")); float64(own) > allowance*float64(std.Len()) {
			t.Errorf("%s takes %d bytes, image/png's BestSpeed %d", filepath.Base(path), own, std.Len())
		}
	}
}

// opaqueStd is a picture without alpha, at 8 bits, as image/png would decode it.
func opaqueStd(p *picture.Picture) image.Image {
	sample := func(i int) uint8 {
		if p.Depth == 16 {
			return uint8(math.Round(float64(p.Pix16[i]) / 257))
		}
		return p.Pix8[i]
	}
	if p.Colors == 1 {
		gray := image.NewGray(p.Bounds())
		for i := range gray.Pix {
			gray.Pix[i] = sample(i * p.Channels())
		}
		return gray
	}
	rgba := image.NewRGBA(p.Bounds())
	for i := range p.Width * p.Height {
		for c := range 3 {
			rgba.Pix[4*i+c] = sample(i*p.Channels() + c)
		}
		rgba.Pix[4*i+3] = 0xff
	}
	return rgba
}

func TestJPEG(t *testing.T) {
	smooth := picture.New(40, 30, 3, true, 16)
	for i := range 40 * 30 {
		x, y := i%40, i/40
		copy(smooth.Pix16[4*i:], []uint16{uint16(x * 1600), uint16(y * 2000), 30000, 0})
	}
	var b bytes.Buffer
	if err := Encode(&b, smooth, "jpeg", EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	d := mustDecode(t, b.Bytes())
	for i := range 40 * 30 {
		for c := range 3 {
			got, want := int(d.Pix8[3*i+c]), int(smooth.Pix16[4*i+c])/257
			if got < want-8 || got > want+8 {
				t.Fatalf("pixel %d, channel %d: %d, want about %d", i, c, got, want)
			}
		}
	}
	gray := mustDecode(t, encoded(t, patterned(20, 9, 1, true, 8), "jpeg"))
	if gray.Colors != 1 || gray.Alpha {
		t.Error("gray does not stay gray")
	}
	var low, high bytes.Buffer
	lowErr := Encode(&low, patterned(64, 64, 3, false, 8), "jpeg", EncodeOptions{Quality: 10})
	highErr := Encode(&high, patterned(64, 64, 3, false, 8), "jpeg", EncodeOptions{Quality: 100})
	if lowErr != nil || highErr != nil || low.Len() >= high.Len() {
		t.Errorf("quality 10 takes %d bytes (%v), 100 takes %d (%v)", low.Len(), lowErr, high.Len(), highErr)
	}
}

func TestFormats(t *testing.T) {
	for path, want := range map[string]string{"a.png": "png", "b.PNG": "png", "c.jpg": "jpeg", "d/e.f.JPEG": "jpeg", "g.tif": "tiff", "h.TIFF": "tiff", "i.WebP": "webp"} {
		if got, err := FormatOf(path); got != want || err != nil {
			t.Errorf("FormatOf(%q) is %q, %v", path, got, err)
		}
	}
	for _, path := range []string{"a.gif", "a.heic", "a", "png"} {
		if got, err := FormatOf(path); err == nil || !strings.Contains(err.Error(), ".png, .jpg, .tif") {
			t.Errorf("FormatOf(%q) is %q, %v", path, got, err)
		}
	}
	p := patterned(2, 2, 3, false, 8)
	for _, test := range []struct {
		p       *picture.Picture
		format  string
		quality int
		want    string
	}{
		{p, "gif", 0, "use png, jpeg, tiff, webp, pnm or pam"},
		{p, "jpeg", 101, "quality"},
		{p, "jpeg", -1, "quality"},
		{picture.New(65536, 1, 1, false, 8), "jpeg", 0, "write PNG instead"},
	} {
		err := Encode(&bytes.Buffer{}, test.p, test.format, EncodeOptions{Quality: test.quality})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s at quality %d: error %v, want %q", test.format, test.quality, err, test.want)
		}
	}
}

// photo is a photograph of several megapixels.
func photo(t testing.TB) *picture.Picture {
	t.Helper()
	d, err := DecodeFile(testref.Path(t, "data", "train", "photos2k", "elementary_A_Moment_to_Breathe.jpg"), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return d.Picture
}

func BenchmarkPNG(b *testing.B) {
	p := photo(b)
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(p.Pix8)))
			var file bytes.Buffer
			for b.Loop() {
				file.Reset()
				if err := Encode(&file, p, "png", EncodeOptions{Threads: threads}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(file.Len()), "bytes")
		})
	}
	img := opaqueStd(p)
	for name, level := range map[string]png.CompressionLevel{"std-fast": png.BestSpeed, "std-default": png.DefaultCompression} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(p.Pix8)))
			var file bytes.Buffer
			for b.Loop() {
				file.Reset()
				if err := (&png.Encoder{CompressionLevel: level}).Encode(&file, img); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(file.Len()), "bytes")
		})
	}
}
