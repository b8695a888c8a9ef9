package imageio

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"classsr/fault"
	"classsr/internal/testref"
	"classsr/picture"
)

// shape is a picture's channels in words, such as "1 colour, alpha, 16 bit".
func shape(colors int, alpha bool, depth int) string {
	return fmt.Sprintf("%d colours, alpha %v, %d bit", colors, alpha, depth)
}

func mustDecode(t testing.TB, data []byte) *Decoded {
	t.Helper()
	d, err := Decode(data, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	d.Check()
	config, err := DecodeConfig(data)
	if err != nil {
		t.Fatal(err)
	}
	if config.Format != d.Format || config.Config != d.Config() {
		t.Errorf("DecodeConfig gives %+v, Decode %s, %+v", config, d.Format, d.Config())
	}
	return d
}

// TestPNGKinds reads every kind of PNG, plain and interlaced, and compares every sample.
func TestPNGKinds(t *testing.T) {
	grays := []byte{0, 0, 0, 90, 90, 90, 180, 180, 180, 255, 255, 255}
	colors := []byte{0, 0, 0, 255, 0, 0, 180, 180, 180, 255, 255, 255}
	hash := func(x, y, c int) int { return x*7919 + y*104729 + c*1299709 }
	for _, test := range []struct {
		colorType byte
		bits      int
		chunks    []testChunk
		want      string
		pixel     func(s []int) []int // from the stored samples
	}{
		{pngGray, 1, nil, shape(1, false, 8), func(s []int) []int { return []int{s[0] * 255} }},
		{pngGray, 2, nil, shape(1, false, 8), func(s []int) []int { return []int{s[0] * 85} }},
		{pngGray, 4, nil, shape(1, false, 8), func(s []int) []int { return []int{s[0] * 17} }},
		{pngGray, 8, nil, shape(1, false, 8), slices.Clone[[]int]},
		{pngGray, 16, nil, shape(1, false, 16), slices.Clone[[]int]},
		{pngGrayAlpha, 8, nil, shape(1, true, 8), slices.Clone[[]int]},
		{pngGrayAlpha, 16, nil, shape(1, true, 16), slices.Clone[[]int]},
		{pngRGB, 8, nil, shape(3, false, 8), slices.Clone[[]int]},
		{pngRGB, 16, nil, shape(3, false, 16), slices.Clone[[]int]},
		{pngRGBA, 8, nil, shape(3, true, 8), slices.Clone[[]int]},
		{pngRGBA, 16, nil, shape(3, true, 16), slices.Clone[[]int]},
		{pngPalette, 2, []testChunk{{"PLTE", colors}}, shape(3, false, 8), func(s []int) []int {
			return []int{int(colors[3*s[0]]), int(colors[3*s[0]+1]), int(colors[3*s[0]+2])}
		}},
		{pngPalette, 2, []testChunk{{"PLTE", grays}}, shape(1, false, 8), func(s []int) []int {
			return []int{int(grays[3*s[0]])}
		}},
		{pngPalette, 2, []testChunk{{"PLTE", grays}, {"tRNS", []byte{7, 70}}}, shape(1, true, 8), func(s []int) []int {
			return []int{int(grays[3*s[0]]), []int{7, 70, 255, 255}[s[0]]}
		}},
		{pngGray, 2, []testChunk{{"tRNS", []byte{0, 2}}}, shape(1, true, 8), func(s []int) []int {
			return []int{s[0] * 85, opaqueUnless(s[0] == 2, 255)}
		}},
		{pngGray, 16, []testChunk{{"tRNS", []byte{0, 0}}}, shape(1, true, 16), func(s []int) []int {
			return []int{s[0], opaqueUnless(s[0] == 0, 65535)}
		}},
		{pngRGB, 8, []testChunk{{"tRNS", []byte{0, 0, 0, 64, 0, 128}}}, shape(3, true, 8), func(s []int) []int {
			return append(slices.Clone(s), opaqueUnless(s[0] == 0 && s[1] == 64 && s[2] == 128, 255))
		}},
	} {
		for _, interlaced := range []bool{false, true} {
			f := testPNG{width: 11, height: 9, bits: test.bits, colorType: test.colorType, interlaced: interlaced}
			f.chunks = test.chunks
			f.sample = func(x, y, c int) int {
				if x == 3 && y == 5 {
					return c * 64 % (1 << test.bits) // the transparent colour of the last test
				}
				return hash(x, y, c) % (1 << test.bits)
			}
			name := fmt.Sprintf("colour type %d, %d bit, %d chunks, interlaced %v",
				test.colorType, test.bits, len(test.chunks), interlaced)
			d := mustDecode(t, f.bytes())
			if got := shape(d.Colors, d.Alpha, d.Depth); got != test.want {
				t.Errorf("%s: got %s, want %s", name, got, test.want)
				continue
			}
			if i, got, want := differs(d.Picture, f, test.pixel); i >= 0 {
				t.Errorf("%s: sample %d is %d, want %d", name, i, got, want)
			}
		}
	}
}

func opaqueUnless(transparent bool, opaque int) int {
	if transparent {
		return 0
	}
	return opaque
}

// differs gives the first sample of p that is not what pixel makes of the stored samples.
func differs(p *picture.Picture, f testPNG, pixel func([]int) []int) (index, got, want int) {
	i := 0
	for y := range f.height {
		for x := range f.width {
			stored := make([]int, f.channels())
			for c := range stored {
				stored[c] = f.sample(x, y, c)
			}
			for _, want := range pixel(stored) {
				if got := at(p, i); got != want {
					return i, got, want
				}
				i++
			}
		}
	}
	return -1, 0, 0
}

// at is a sample of either depth.
func at(p *picture.Picture, i int) int {
	if p.Depth == 8 {
		return int(p.Pix8[i])
	}
	return int(p.Pix16[i])
}

// TestReferencePictures compares with the pixels that libjpeg, libwebp and libtiff read.
func TestReferencePictures(t *testing.T) {
	for _, test := range []struct {
		file      string
		want      string
		tolerance int // the inverse DCT of JPEG and the chroma of both lossy formats are rounded differently
	}{
		{"jpeg-420.jpg", shape(3, false, 8), 3},
		{"jpeg-422-progressive.jpg", shape(3, false, 8), 3},
		{"jpeg-gray-restart.jpg", shape(1, false, 8), 1},
		{"jpeg-cmyk.jpg", shape(3, false, 8), 3},
		{"jpeg-ycck.jpg", shape(3, false, 8), 3},
		{"webp-lossy.webp", shape(3, false, 8), 3},
		{"webp-lossy-alpha.webp", shape(3, true, 8), 3},
		{"webp-lossless.webp", shape(3, false, 8), 0},
		{"webp-lossless-alpha.webp", shape(3, true, 8), 0},
		{"tiff-lzw-rgb.tif", shape(3, false, 8), 0},
		{"tiff-tiles-premultiplied.tif", shape(3, true, 8), 0},
		{"tiff-gray16-bigendian-packbits.tif", shape(1, false, 16), 0},
		{"tiff-g4-bilevel.tif", shape(1, false, 8), 0},
		{"tiff-pages.tif", shape(1, false, 8), 0},
		{"tiff-planar.tif", shape(3, false, 8), 0},
		{"tiff-bigtiff.tif", shape(1, false, 8), 0},
	} {
		d := mustDecode(t, reference(t, test.file))
		if got := shape(d.Colors, d.Alpha, d.Depth); got != test.want || d.Width != 37 || d.Height != 29 {
			t.Errorf("%s: got %dx%d, %s, want %s", test.file, d.Width, d.Height, got, test.want)
			continue
		}
		raw := reference(t, strings.TrimSuffix(test.file, filepath.Ext(test.file))+".raw")
		worst := 0
		for i := range d.Width * d.Height * d.Channels() {
			want := int(raw[i*d.Depth/8])
			if d.Depth == 16 {
				want |= int(raw[2*i+1]) << 8
			}
			worst = max(worst, max(at(d.Picture, i)-want, want-at(d.Picture, i)))
		}
		if worst > test.tolerance {
			t.Errorf("%s: differs by up to %d from the reference, want at most %d", test.file, worst, test.tolerance)
		}
	}
}

func TestRefusedKinds(t *testing.T) {
	tiles := tiffEntry{tagOrientation, 3, 1, 1}
	for name, test := range map[string]struct {
		data []byte
		want string
		kind fault.Kind
	}{
		"nothing":       {nil, "empty", fault.Damaged},
		"text":          {[]byte("hello, world"), "not a PNG, JPEG, WebP, TIFF", fault.Unsupported},
		"jpeg xl":       {[]byte("\xff\x0a\x00"), "JPEG XL files are not supported: convert it, for example with djxl", fault.Unsupported},
		"cr2":           {[]byte("II*\x00\x10\x00\x00\x00CR\x02\x00"), "camera raw (CR2) files are not supported: develop it", fault.Unsupported},
		"svg":           {[]byte("<?xml version='1.0'?>\n<svg width='1'/>"), "SVG files are not supported", fault.Unsupported},
		"heic":          {[]byte("\x00\x00\x00\x18ftypheic"), "damaged HEIC: it ends too early", fault.Damaged},
		"animated webp": {extendedWebP(reference(t, "webp-lossless.webp"), webpAnimation), "it contains no picture", fault.Damaged},
		"dng":           {rawTIFF(2, 1, []byte{1, 2}, "", tiles, tiffEntry{tagDNGVersion, 1, 4, 1}), "camera raw", fault.Unsupported},
		"lossless jpeg": {[]byte("\xff\xd8\xff\xc3\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00\xff\xd9"), "lossless", fault.Unsupported},
		"12 bit jpeg":   {[]byte("\xff\xd8\xff\xc1\x00\x0b\x0c\x00\x01\x00\x01\x01\x01\x11\x00\xff\xd9"), "8 bits a sample", fault.Unsupported},
	} {
		_, err := Decode(test.data, Limits{})
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") || fault.KindOf(err) != test.kind {
			t.Errorf("%s: error %q of kind %s, want one line with %q of kind %s", name, err, fault.KindOf(err), test.want, test.kind)
		}
	}
}

func TestTrailingBytesAreIgnored(t *testing.T) {
	p := patterned(6, 5, 3, false, 8)
	for name, file := range map[string][]byte{
		"png": encoded(t, p, "png"), "jpeg": encoded(t, p, "jpeg"), "tiff": encodedTIFF(t, p),
		"webp": reference(t, "webp-lossy.webp"),
	} {
		want := mustDecode(t, file)
		got := mustDecode(t, append(slices.Clone(file), "garbage\xff\xd8\x89PNG"...))
		if !bytes.Equal(got.Pix8, want.Pix8) || !slices.Equal(got.Notes, want.Notes) {
			t.Errorf("%s: bytes after the picture change it", name)
		}
	}
}

func TestDecodeFile(t *testing.T) {
	dir := t.TempDir()
	put := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := string(encoded(t, patterned(4, 3, 3, false, 8), "png"))
	for _, test := range []struct {
		path, want string
		kind       fault.Kind
	}{
		{dir, "folder", fault.Unsupported},
		{put("empty.png", ""), "empty", fault.Damaged},
		{filepath.Join(dir, "absent.png"), syscall.ENOENT.Error(), fault.NotFound},
		{put("text.png", "not a picture"), "not a PNG", fault.Unsupported},
		{put("short.png", good[:len(good)-20]), "ends too early", fault.Damaged},
	} {
		_, err := DecodeFile(test.path, Limits{})
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Count(err.Error(), test.path) != 1 ||
			fault.KindOf(err) != test.kind {
			t.Errorf("%s: error %q of kind %s, want the path once, %q and %s",
				filepath.Base(test.path), err, fault.KindOf(err), test.want, test.kind)
		}
	}
	// The content tells the format, not the name.
	d, err := DecodeFile(put("png.jpg", good), Limits{MaxPixels: 12})
	if err != nil || d.Format != "png" || d.Width != 4 || d.Height != 3 {
		t.Errorf("a PNG with another ending: %v, %v", d, err)
	}
	_, err = DecodeFile(put("b.png", good), Limits{MaxPixels: 11})
	if fault.KindOf(err) != fault.TooLarge || !strings.Contains(err.Error(), "limit of 11 pixels") {
		t.Errorf("12 pixels against a limit of 11: %v", err)
	}
}

func TestReadable(t *testing.T) {
	for name, want := range map[string]bool{
		"a.png": true, "b.JPG": true, "c.Jpeg": true, "d.webp": true, "dir.png/e.tif": true, "f.TIFF": true,
		"g.gif": true, "h.ppm": true, "i.txt": false, "png": false, "h.png.txt": false, "": false,
	} {
		if got := Readable(name); got != want {
			t.Errorf("Readable(%q) is %v", name, got)
		}
	}
}

// TestTestPictures decodes the pictures of the public test sets.
func TestTestPictures(t *testing.T) {
	root := testref.Path(t, "data", "test")
	paths, err := filepath.Glob(filepath.Join(root, "*", "*", "*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no pictures under %s: %v", root, err)
	}
	for _, path := range paths {
		d, err := DecodeFile(path, Limits{})
		if err != nil {
			t.Error(err)
			continue
		}
		if d.Check(); d.Depth != 8 || d.Alpha {
			t.Errorf("%s: got %s", path, shape(d.Colors, d.Alpha, d.Depth))
		}
	}
}
