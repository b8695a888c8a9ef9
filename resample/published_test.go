package resample

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"classsr/internal/testref"
)

// TestPublishedMakesThePublishedLR compares byte for byte with LR pictures made by others.
func TestPublishedMakesThePublishedLR(t *testing.T) {
	for set, want := range map[string]int{"Set5": 5, "Set14": 14} {
		folder := testref.Path(t, "data", "test", set, "HR")
		names, err := filepath.Glob(filepath.Join(folder, "*.png"))
		if err != nil || len(names) != want {
			t.Fatalf("%s holds %d pictures (error %v), want %d", folder, len(names), err, want)
		}
		for _, name := range names {
			hr, w, h, channels := readPNG(t, name)
			lr, lrW, lrH, lrChannels := readPNG(t, filepath.Join(folder, "..", "LRx4", filepath.Base(name)))
			if lrChannels != channels {
				t.Fatalf("%s: HR has %d channels, LR %d", name, channels, lrChannels)
			}
			plan, err := New(w, h, lrW, lrH, Published)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]uint8, len(lr))
			plan.Bytes(got, hr, channels)
			if !bytes.Equal(got, lr) {
				t.Errorf("%s: %d of %d bytes differ", name, countDifferences(got, lr), len(lr))
			}
		}
	}
}

func countDifferences(a, b []uint8) int {
	n := 0
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// readPNG gives the samples of an 8-bit gray (one channel) or RGB picture.
func readPNG(t *testing.T, path string) (pix []uint8, w, h, channels int) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	w, h = picture.Bounds().Dx(), picture.Bounds().Dy()
	if gray, ok := picture.(*image.Gray); ok {
		return gray.Pix, w, h, 1
	}
	for y := range h {
		for x := range w {
			c := color.NRGBAModel.Convert(picture.At(x, y)).(color.NRGBA)
			pix = append(pix, c.R, c.G, c.B)
		}
	}
	return pix, w, h, 3
}
