package imageio

import (
	"bytes"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/image/webp"
	"pgregory.net/rapid"

	"classsr/internal/testref"
	"classsr/picture"
)

// webpSamples are the samples of p as a WebP has them: red, green, blue and alpha, 8 bits.
func webpSamples(p *picture.Picture) []uint8 {
	var out []uint8
	n := p.Channels()
	for i := range p.Width * p.Height {
		pixel := [4]uint8{3: 255}
		for c := range n {
			var v uint8
			if p.Depth == 8 {
				v = p.Pix8[i*n+c]
			} else {
				v = uint8((int(p.Pix16[i*n+c])*255 + 32767) / 65535)
			}
			switch {
			case c == p.Colors:
				pixel[3] = v
			case p.Colors == 1:
				pixel[0], pixel[1], pixel[2] = v, v, v
			default:
				pixel[c] = v
			}
		}
		out = append(out, pixel[:]...)
	}
	return out
}

// testWebP encodes p, has golang.org/x/image/webp and Decode read it, and gives the file.
func testWebP(t interface{ Fatalf(string, ...any) }, p *picture.Picture, threads int) []byte {
	var b bytes.Buffer
	if err := Encode(&b, p, "webp", EncodeOptions{Threads: threads}); err != nil {
		t.Fatalf("%v", err)
	}
	img, err := webp.Decode(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatalf("%dx%d: %v", p.Width, p.Height, err)
	}
	if img.Bounds() != p.Bounds() || !bytes.Equal(img.(*image.NRGBA).Pix, webpSamples(p)) {
		t.Fatalf("%dx%d, %d channels: other samples", p.Width, p.Height, p.Channels())
	}
	d, err := Decode(b.Bytes(), Limits{})
	if err != nil {
		t.Fatalf("%v", err)
	}
	if d.Alpha != p.Alpha || d.Colors != 3 {
		t.Fatalf("%d colours and alpha %t are read as %d and %t", p.Colors, p.Alpha, d.Colors, d.Alpha)
	}
	return b.Bytes()
}

// TestWebPRoundTrip draws pictures of all sizes, channels and depths, smooth, flat, repeating and noisy; colours under transparent pixels, too.
func TestWebPRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.IntRange(1, 90)
		p := picture.New(side.Draw(t, "width"), side.Draw(t, "height"), rapid.SampledFrom([]int{1, 3}).Draw(t, "colors"),
			rapid.Bool().Draw(t, "alpha"), rapid.SampledFrom([]int{8, 16}).Draw(t, "depth"))
		seed, spread := rapid.Uint32().Draw(t, "seed"), rapid.Uint32Range(1, 1<<16).Draw(t, "spread")
		period := rapid.SampledFrom([]int{1, 12, 300, 7 * 4 * p.Width, 1 << 20}).Draw(t, "period")
		for i := range max(len(p.Pix8), len(p.Pix16)) {
			seed = seed*1664525 + 1013904223
			v := seed >> 8 % spread
			if p.Depth == 8 {
				if p.Pix8[i] = uint8(v); i >= period {
					p.Pix8[i] = p.Pix8[i-period]
				}
			} else if p.Pix16[i] = uint16(v); i >= period {
				p.Pix16[i] = p.Pix16[i-period]
			}
		}
		testWebP(t, p, 1+p.Width%3)
	})
}

// webpPictures have several strips, or sides as long as they may be.
func webpPictures() []*picture.Picture {
	return []*picture.Picture{
		patterned(1, 1, 3, false, 8), patterned(1, 5000, 3, true, 8), patterned(5000, 1, 1, false, 8), patterned(16383, 2, 1, true, 8), patterned(2, 16383, 3, false, 16),
		noise(picture.Config{Width: 600, Height: 500, Colors: 3, Alpha: true, Depth: 8}), picture.New(1000, 700, 3, true, 8),
	}
}

func TestWebPOfManyStrips(t *testing.T) {
	for _, p := range webpPictures() {
		testWebP(t, p, 3)
	}
}

// TestWebPAsOthersReadIt has libwebp decode.
func TestWebPAsOthersReadIt(t *testing.T) {
	testref.Slow(t)
	if _, err := exec.LookPath("dwebp"); err != nil {
		testref.Missing(t, "dwebp is not installed: apt-get install webp")
	}
	folder := t.TempDir()
	for i, p := range webpPictures() {
		in, out := filepath.Join(folder, fmt.Sprint(i, ".webp")), filepath.Join(folder, fmt.Sprint(i, ".pam"))
		if err := os.WriteFile(in, testWebP(t, p, 2), 0o600); err != nil {
			t.Fatal(err)
		}
		if said, err := exec.Command("dwebp", "-quiet", "-pam", in, "-o", out).CombinedOutput(); err != nil {
			t.Fatalf("%dx%d: %s", p.Width, p.Height, said)
		}
		d, err := DecodeFile(out, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(webpSamples(d.Picture), webpSamples(p)) {
			t.Errorf("%dx%d, %d channels: dwebp reads other samples", p.Width, p.Height, p.Channels())
		}
	}
}

// TestWebPIsSmall compares with PNG.
func TestWebPIsSmall(t *testing.T) {
	d, err := DecodeFile(testref.Path(t, "data", "test", "Set14", "HR", "monarch.png"), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if own, png := len(encoded(t, d.Picture, "webp")), len(encoded(t, d.Picture, "png")); own > png*4/5 {
		t.Errorf("a photograph takes %d bytes, as PNG %d", own, png)
	}
	if n := len(encoded(t, picture.New(2000, 2000, 3, true, 8), "webp")); n > 3000 {
		t.Errorf("black takes %d bytes", n)
	}
}
