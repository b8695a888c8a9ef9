package imageio

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"os/exec"
	"reflect"
	"testing"

	"classsr/imageio/jpeg/baseline"
	"classsr/picture"
)

// wholeJPEG is a picture encoded as a whole.
func wholeJPEG(t testing.TB, p *picture.Picture) []byte {
	t.Helper()
	var b bytes.Buffer
	c := baseline.Config{Width: p.Width, Height: p.Height, Colors: p.Colors, Tables: baseline.QualityTables(defaultQuality), StripRows: p.Height}
	e, err := baseline.New(c)
	if err != nil {
		t.Fatal(err)
	}
	b.Write(e.AppendHeader(nil, baseline.JFIF(0, 1, 1)))
	if err := e.NewWorker().EncodeStrip(&b, 0, opaqueSamples(p)); err != nil {
		t.Fatal(err)
	}
	return baseline.AppendEnd(b.Bytes())
}

// opaqueSamples are p's colours at 8 bits.
func opaqueSamples(p *picture.Picture) []byte {
	var samples []byte
	for i := range p.Width * p.Height {
		for c := range p.Colors {
			at := i*p.Channels() + c
			if p.Depth == 8 {
				samples = append(samples, p.Pix8[at])
			} else {
				samples = append(samples, byte((int(p.Pix16[at])*255+32767)/65535))
			}
		}
	}
	return samples
}

// jpegSizes are sizes around those of units and strips; one has more strips than there are restart markers. libjpeg takes up to 65500 a side.
func jpegSizes() [][2]int {
	sizes := [][2]int{{1, 1}, {15, 17}, {16, 16}, {17, 33}, {8, 8}, {9, 7}, {1, 700}, {700, 1}, {20000, 1}, {20000, 16}, {20000, 37}, {65500, 9}, {3, 65500}, {11000, 150}}
	for _, colors := range []int{1, 3} {
		c := picture.Config{Width: 1001, Height: 5000, Colors: colors, Depth: 8}
		rows := outputs["jpeg"].layout(c, EncodeOptions{}).Rows
		for _, h := range []int{rows - 1, rows, rows + 1, 2*rows + 15} {
			sizes = append(sizes, [2]int{c.Width, h})
		}
	}
	return sizes
}

func TestJPEGPixels(t *testing.T) {
	for i, size := range jpegSizes() {
		for channels := 1; channels <= 4; channels++ {
			alpha := channels%2 == 0
			if alpha && size[0]*size[1] > 30000 {
				continue // alpha is left out of large pictures as it is out of small ones
			}
			p := patterned(size[0], size[1], (channels-1)/2*2+1, alpha, 8+8*(i%2))
			got, whole := encoded(t, p, "jpeg"), wholeJPEG(t, p)
			if outputs["jpeg"].layout(p.Config(), EncodeOptions{}).Strips == 1 && !bytes.Equal(got, whole) {
				t.Errorf("%dx%d, %d channels: a single strip has other bytes", p.Width, p.Height, channels)
			}
			if !reflect.DeepEqual(decodedJPEG(t, got), decodedJPEG(t, whole)) {
				t.Errorf("%dx%d, %d channels: other pixels", p.Width, p.Height, channels)
			}
			if channels > 1 {
				continue
			}
			if d := mustDecode(t, got); d.Width != p.Width || d.Height != p.Height || d.Notes != nil {
				t.Errorf("%dx%d, %d channels: read as %dx%d, with notes %q", p.Width, p.Height, channels, d.Width, d.Height, d.Notes)
			}
		}
	}
}

func decodedJPEG(t testing.TB, file []byte) image.Image {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// TestJPEGPixelsOfLibjpeg has files decoded by another decoder, which must neither complain nor see other pixels.
func TestJPEGPixelsOfLibjpeg(t *testing.T) {
	djpeg, err := exec.LookPath("djpeg")
	if err != nil {
		t.Skip("needs libjpeg's djpeg")
	}
	decode := func(file []byte) []byte {
		var out, complaints bytes.Buffer
		cmd := exec.Command(djpeg, "-pnm")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(file), &out, &complaints
		if err := cmd.Run(); err != nil || complaints.Len() > 0 {
			t.Errorf("djpeg: %v, %s", err, complaints.String())
		}
		return out.Bytes()
	}
	for _, size := range jpegSizes() {
		for _, colors := range []int{1, 3} {
			p := patterned(size[0], size[1], colors, false, 8)
			if !bytes.Equal(decode(encoded(t, p, "jpeg")), decode(wholeJPEG(t, p))) {
				t.Errorf("%dx%d, %d colours: other pixels", p.Width, p.Height, colors)
			}
		}
	}
}

func BenchmarkJPEG(b *testing.B) {
	p := photo(b)
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(p.Pix8)))
			var file bytes.Buffer
			for b.Loop() {
				file.Reset()
				if err := Encode(&file, p, "jpeg", EncodeOptions{Threads: threads}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(file.Len()), "bytes")
		})
	}
	b.Run("std", func(b *testing.B) {
		b.SetBytes(int64(len(p.Pix8)))
		img := opaqueStd(p)
		var file bytes.Buffer
		for b.Loop() {
			file.Reset()
			if err := jpeg.Encode(&file, img, &jpeg.Options{Quality: defaultQuality}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(file.Len()), "bytes")
	})
}

// TestQualityIsRead writes JPEGs of several qualities and ways to store colours, and has them told.
func TestQualityIsRead(t *testing.T) {
	for _, quality := range []int{30, 75, 92, 100} {
		for _, s := range []baseline.Subsampling{baseline.Subsampling420, baseline.Subsampling444} {
			var b bytes.Buffer
			if err := Encode(&b, patterned(33, 20, 3, false, 8), "jpeg", EncodeOptions{Quality: quality, Subsampling: s}); err != nil {
				t.Fatal(err)
			}
			if d := mustDecode(t, b.Bytes()); d.Quality != quality || d.FullColor != (s == baseline.Subsampling444) {
				t.Errorf("quality %d, %v: read as %d, full colour %v", quality, s, d.Quality, d.FullColor)
			}
		}
	}
}
