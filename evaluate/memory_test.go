package evaluate

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"classsr"
	"classsr/fault"
	"classsr/imageio"
	"classsr/picture"
	"classsr/resample"
)

// writeCut writes a picture without the end of its pixels, so that only its headers can be read.
func writeCut(t *testing.T, path string, c picture.Config) {
	t.Helper()
	p, seed := c.New(), uint32(1)
	for i := range p.Pix8 {
		seed = seed*1664525 + 1013904223
		p.Pix8[i] = uint8(seed >> 24)
	}
	var b bytes.Buffer
	if err := imageio.Encode(&b, p, imageio.PNG, imageio.EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes()[:b.Len()-1000], 0o600); err != nil {
		t.Fatal(err)
	}
}

// Pictures that take too much memory are refused by their headers, before anything else that is wrong with them is seen.
func TestHugePicturesAreNotMeasured(t *testing.T) {
	model, err := classsr.Open(classsr.Bicubic)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	writeCut(t, filepath.Join(folder, "a.png"), picture.Config{Width: 400, Height: 300, Colors: 3, Depth: 8})
	for memory, want := range map[int64]fault.Kind{500e3: fault.TooLarge, 8e6: fault.Damaged} {
		var failures []error
		f := Folder{HR: folder}
		_, err := f.Run(context.Background(), model, classsr.Options{Scale: 4, Memory: memory}, func(err error) { failures = append(failures, err) })
		if err != nil || len(failures) != 1 || fault.KindOf(failures[0]) != want {
			t.Errorf("%d bytes of memory: errors %v and %v, want one of kind %s", memory, err, failures, want)
		}
	}
}

// What is measured by float32 planes, and compared with the full network, takes more.
func TestWhatMeasuringHolds(t *testing.T) {
	model, err := classsr.Open(classsr.Bicubic)
	if err != nil {
		t.Fatal(err)
	}
	up, err := model.Upscaler(classsr.Options{Scale: 2})
	if err != nil {
		t.Fatal(err)
	}
	form := picture.Config{Width: 100, Height: 100, Colors: 3, Depth: 8}
	bytesOf := func(f Folder, c picture.Config) int64 {
		return f.meter(up, up, 0).bytes(imageio.Config{Config: c, PictureBytes: c.Bytes()})
	}
	plain := bytesOf(Folder{Variant: resample.Published}, form)
	if want := int64(30000 + 7500 + 30000); plain != want {
		t.Errorf("%d bytes for the original, the small picture and the result, want %d", plain, want)
	}
	if got := bytesOf(Folder{Variant: resample.Published, CompareFull: true}, form); got != plain+30000 {
		t.Errorf("%d bytes with another result", got)
	}
	form.Alpha = true
	if got := bytesOf(Folder{Variant: resample.Published}, form); got != 40000+10000+40000+2*3*40000 {
		t.Errorf("%d bytes with planes", got)
	}
}
