package imageio

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"classsr/fault"
)

// TestAcceptIsAskedAgain turns pictures by what comes behind their pixels. Who accepted them as they lie is asked again.
func TestAcceptIsAskedAgain(t *testing.T) {
	webp := reference(t, "webp-lossless.webp")
	png := encoded(t, patterned(37, 29, 3, false, 8), "png")
	late := png[: len(png)-12 : len(png)-12]
	late = append(appendChunk(late, "eXIf", []byte(exifBlock(6))), png[len(png)-12:]...)
	for name, test := range map[string]struct {
		file  []byte
		sizes string
	}{
		"png":            {png, "37x29 "},
		"turned png":     {withChunk(png, "eXIf", exifBlock(6)), "29x37 "},
		"late png":       {late, "37x29 29x37 "},
		"late webp":      {extendedWebP(webp, 0, testChunk{"EXIF", []byte(exifBlock(8))}), "37x29 29x37 "},
		"mirrored, late": {extendedWebP(webp, 0, testChunk{"EXIF", []byte(exifBlock(2))}), "37x29 37x29 "}, // that takes another picture
	} {
		sizes := ""
		d, err := Decode(test.file, Limits{Accept: func(c Config) error {
			sizes += fmt.Sprintf("%dx%d ", c.Width, c.Height)
			return nil
		}})
		if err != nil || sizes != test.sizes || !strings.HasSuffix(sizes, fmt.Sprintf("%dx%d ", d.Width, d.Height)) {
			t.Errorf("%s: asked about %q, want %q (%v)", name, sizes, test.sizes, err)
		}
	}
	// The second answer counts.
	refused := errors.New("lies on its side")
	_, err := Decode(late, Limits{Accept: func(c Config) error {
		if c.Width < c.Height {
			return refused
		}
		return nil
	}})
	if !errors.Is(err, refused) {
		t.Errorf("error %v", err)
	}
}

func TestWithin(t *testing.T) {
	file := flatPNG(image.Pt(1000, 1000), pngRGB, 8, false)
	for _, test := range []struct {
		allowed int64
		work    func(Config) int64
		says    string
	}{
		{4 << 20, nil, ""},
		{2 << 20, nil, "1000x1000 pixels: decoding it takes 3.3 MB of memory, and only 2.1 MB may be used"},
		{-5, nil, "only 0 B may be used"},
		{8 << 20, func(c Config) int64 { return 2 * c.PictureBytes }, ""},
		{4 << 20, func(c Config) int64 { return 2 * c.PictureBytes }, "the work on it takes 6.0 MB of memory, and only 4.2 MB"},
	} {
		_, err := Decode(file, Limits{Accept: Within(test.allowed, test.work)})
		if (err == nil) != (test.says == "") || err != nil && (fault.KindOf(err) != fault.TooLarge || !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%d bytes: error %v, want %q", test.allowed, err, test.says)
		}
	}
}

func TestCheckFile(t *testing.T) {
	dir := t.TempDir()
	good := encoded(t, patterned(40, 30, 3, false, 8), "png")
	damaged := bytes.Clone(good)
	damaged[60] ^= 1 // a pixel
	for name, test := range map[string]struct {
		file []byte
		kind fault.Kind
	}{"good.png": {good, ""}, "damaged.png": {damaged, ""}, "cut.png": {good[:len(good)-1], fault.Damaged}, "text.png": {[]byte("hello"), fault.Unsupported}} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, test.file, 0o600); err != nil {
			t.Fatal(err)
		}
		err := CheckFile(path, Limits{})
		if (err == nil) != (test.kind == "") || err != nil && (fault.KindOf(err) != test.kind || strings.Count(err.Error(), path) != 1) {
			t.Errorf("%s: error %v, want kind %s", name, err, test.kind)
		}
	}
	refused := errors.New("not that one")
	if err := CheckFile(filepath.Join(dir, "good.png"), Limits{Accept: func(Config) error { return refused }}); !errors.Is(err, refused) {
		t.Errorf("error %v", err)
	}
}

// A file on standard input is read where it lies, from where the one before it ended.
func TestDecodeReaderOfFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "two")
	first, second := encoded(t, patterned(5, 4, 3, false, 8), "png"), encoded(t, patterned(7, 6, 1, false, 8), "png")
	if err := os.WriteFile(path, append(first, second...), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for at, width := range map[int]int{0: 5, len(first): 7} {
		if _, err := f.Seek(int64(at), 0); err != nil {
			t.Fatal(err)
		}
		if d, err := DecodeReader(f, Limits{}); err != nil || d.Width != width {
			t.Errorf("from byte %d: %v, want a width of %d", at, err, width)
		}
		if now, err := f.Seek(0, 1); err != nil || now != int64(at) {
			t.Errorf("the file was moved from %d to %d (%v)", at, now, err)
		}
	}
}
