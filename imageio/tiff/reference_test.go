package tiff

import (
	"bufio"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"classsr/imageio/codec"
	"classsr/picture"
)

// opened reads the headers of a file.
func opened(data []byte, o codec.Options) (*codec.File, error) {
	f, err := codec.Open(codec.MemorySource(data), &Format, o)
	if err != nil {
		return nil, err
	}
	return f, f.Finish()
}

// decoded reads a file.
func decoded(data []byte, o codec.Options) (*picture.Picture, *codec.File, error) {
	f, err := opened(data, o)
	if err != nil {
		return nil, nil, err
	}
	p, err := f.Pixels()
	return p, f, err
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// difference is how far a picture is from a reference of 16 bits a sample: PSNR of colours that are not transparent and of alpha, and the largest
// difference of a sample.
func difference(p *picture.Picture, want image.Image) (psnr float64, largest int) {
	q := p.To(16)
	sum, n := 0.0, 0
	add := func(got uint16, want uint16) {
		d := int(got) - int(want)
		sum, n, largest = sum+float64(d*d), n+1, max(largest, d, -d)
	}
	for i := range p.Width * p.Height {
		s := q.Pix16[i*q.Channels():][:q.Channels()]
		at := want.At(i%p.Width, i/p.Width)
		c := color.NRGBA64Model.Convert(at).(color.NRGBA64)
		if n, ok := at.(color.NRGBA); ok { // which the model multiplies by alpha and divides again
			c = color.NRGBA64{R: uint16(n.R) * 0x101, G: uint16(n.G) * 0x101, B: uint16(n.B) * 0x101, A: uint16(n.A) * 0x101}
		}
		alpha := uint16(0xffff)
		if p.Alpha {
			alpha = s[q.Channels()-1]
		}
		if add(alpha, c.A); c.A == 0 {
			continue
		}
		for k, v := range [3]uint16{c.R, c.G, c.B} {
			add(s[min(k, q.Colors-1)], v)
		}
	}
	return 10 * math.Log10(65535*65535/(sum/float64(n))), largest
}

// TestAsOthersReadIt compares what other programs wrote with what ImageMagick reads.
func TestAsOthersReadIt(t *testing.T) {
	list, err := os.Open(filepath.Join("testdata", "references.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = list.Close() }()
	for lines := bufio.NewScanner(list); lines.Scan(); {
		name, reference, _ := strings.Cut(lines.Text(), " ")
		p, _, err := decoded(mustRead(t, filepath.Join("testdata", name)), codec.Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r, err := os.Open(filepath.Join("testdata", reference))
		if err != nil {
			t.Fatal(err)
		}
		want, err := png.Decode(r)
		_ = r.Close()
		if err != nil {
			t.Fatal(err)
		}
		if want.Bounds() != p.Bounds() {
			t.Errorf("%s: %v, want %v", name, p.Bounds(), want.Bounds())
			continue
		}
		psnr, largest := difference(p, want)
		least := 90.0 // rounding to 16 bits
		switch {
		case strings.HasPrefix(name, "lab"):
			least = 45
		case strings.Contains(name, "jpeg"), name == "rgb-webp.tif", strings.HasPrefix(name, "cmyk"), strings.HasPrefix(name, "ycbcr"),
			strings.HasPrefix(name, "palette"), strings.Contains(name, "associated"):
			least = 50
		}
		if !(psnr >= least) {
			t.Errorf("%s: %.1f dB, a sample is off by %d of 65535", name, psnr, largest)
		}
		t.Logf("%-44s %6.1f dB, off by %d", name, psnr, largest)
	}
}
