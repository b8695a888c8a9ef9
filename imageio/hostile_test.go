package imageio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"classsr/fault"
)

// samples gives a small file of every kind.
func samples(t testing.TB) map[string][]byte {
	files := map[string][]byte{
		"rgb.png":    encoded(t, patterned(7, 5, 3, false, 8), "png"),
		"gray16.png": encoded(t, patterned(5, 4, 1, true, 16), "png"),
		"palette.png": testPNG{width: 6, height: 5, bits: 2, colorType: pngPalette, interlaced: true,
			chunks: []testChunk{{"PLTE", []byte{1, 2, 3, 4, 5, 6, 7, 8, 9}}, {"tRNS", []byte{5}}},
			sample: func(x, y, _ int) int { return (x + y) % 3 }}.bytes(),
		"meta.png":     withChunk(encoded(t, patterned(3, 3, 1, false, 8), "png"), "eXIf", exifBlock(5)),
		"rgb.jpg":      encoded(t, patterned(9, 9, 3, false, 8), "jpeg"),
		"meta.jpg":     withSegment(plainJPEG(t, patterned(8, 8, 1, false, 8)), 0xe1, "Exif\x00\x00"+exifBlock(6)),
		"deflate.tif":  encodedTIFF(t, patterned(7, 5, 3, false, 8)),
		"oriented.tif": rawTIFF(3, 2, []byte{1, 2, 3, 4, 5, 6}, "", tiffEntry{tagOrientation, 3, 1, 7}),
		"meta.webp":    extendedWebP(reference(t, "webp-lossless.webp"), 0, testChunk{"EXIF", []byte(exifBlock(8))}),
	}
	for _, name := range []string{"jpeg-422-progressive.jpg", "jpeg-gray-restart.jpg", "jpeg-cmyk.jpg", "webp-lossy.webp",
		"webp-lossy-alpha.webp", "webp-lossless-alpha.webp", "tiff-lzw-rgb.tif", "tiff-tiles-premultiplied.tif",
		"tiff-g4-bilevel.tif", "tiff-pages.tif"} {
		files[name] = reference(t, name)
	}
	for _, path := range []string{"gif/testdata/ffmpeg-animated.gif", "gif/testdata/interlaced.gif", "bmp/testdata/ffmpeg-bgra.bmp", "pnm/testdata/raw.pgm",
		"pnm/testdata/rgba.pam", "tga/testdata/rgb.tga"} {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = file
	}
	return files
}

// fileKinds are the kinds of error that a file brings about.
var fileKinds = []fault.Kind{fault.Damaged, fault.Unsupported, fault.TooLarge}

// sound checks that data gives a one-line error of such a kind or a whole picture of the size that it declares.
func sound(data []byte, limits Limits) (*Decoded, error) {
	config, configErr := DecodeConfig(data)
	d, err := Decode(data, limits)
	if err != nil {
		if d != nil || strings.Contains(err.Error(), "\n") || err.Error() == "" || !slices.Contains(fileKinds, fault.KindOf(err)) {
			return nil, fmt.Errorf("picture %v with error %w", d, err)
		}
		return nil, nil
	}
	d.Check()
	if piped, err := DecodeReader(iotest.HalfReader(bytes.NewReader(data)), limits); err != nil || !same(piped, d) {
		return nil, fmt.Errorf("through a pipe: %w, or another picture", err)
	}
	if configErr != nil || d.Width != config.Width || d.Height != config.Height {
		return nil, fmt.Errorf("picture of %dx%d, declared %+v (%w)", d.Width, d.Height, config, configErr)
	}
	return d, nil
}

func same(a, b *Decoded) bool {
	return a.Config() == b.Config() && bytes.Equal(a.Pix8, b.Pix8) && slices.Equal(a.Pix16, b.Pix16) && slices.Equal(a.Pix32, b.Pix32)
}

func TestTruncatedFiles(t *testing.T) {
	for name, file := range samples(t) {
		whole := mustDecode(t, file)
		for n := range file {
			d, err := sound(file[:n], Limits{})
			if err != nil {
				t.Errorf("%s, %d of %d bytes: %v", name, n, len(file), err)
			}
			if d == nil {
				continue
			}
			// The end of a TIFF may be of no weight for the pixels: a resolution, further pages.
			if whole.Format != "tiff" || !same(d, whole) {
				t.Errorf("%s: %d of %d bytes give a picture", name, n, len(file))
			}
		}
	}
}

func TestFlippedBits(t *testing.T) {
	limits := Limits{MaxPixels: 1 << 20}
	for name, file := range samples(t) {
		step := 7
		if os.Getenv("CLASSSR_SLOW") != "" {
			step = 1
		}
		for i := 0; i < len(file); i += step {
			// Two of the eight bits, others for the next byte, keep the test short.
			for bit := i % 4; bit < 8; bit += 4 {
				damaged := slices.Clone(file)
				damaged[i] ^= 1 << bit
				if i/2%2 == 0 && strings.HasSuffix(name, ".png") {
					damaged = repaired(damaged)
				}
				if _, err := sound(damaged, limits); err != nil {
					t.Errorf("%s, bit %d of byte %d flipped: %v", name, bit, i, err)
				}
			}
		}
	}
}

// TestLyingSizes gives small files that declare enormous pictures: they must be refused at once, without the memory for it.
func TestLyingSizes(t *testing.T) {
	const side = 60000
	bigEndian := func(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
	png := testPNG{width: 1, height: 1, bits: 8, colorType: pngRGBA, sample: func(int, int, int) int { return 0 },
		chunks: []testChunk{{"tEXt", make([]byte, 5000)}}}.bytes()
	png = append(appendChunk([]byte("\x89PNG\r\n\x1a\n"), "IHDR",
		slices.Concat(bigEndian(side), bigEndian(side), []byte{8, 6, 0, 0, 0})), png[8+25:]...)

	jpeg := encoded(t, patterned(8, 8, 3, false, 8), "jpeg")
	frame := bytes.Index(jpeg, []byte{0xff, 0xc0}) + 5
	copy(jpeg[frame:], []byte{side >> 8, side & 0xff, side >> 8, side & 0xff})
	progressive := reference(t, "jpeg-422-progressive.jpg")
	frame = bytes.Index(progressive, []byte{0xff, 0xc2}) + 5
	copy(progressive[frame:], []byte{side >> 8, side & 0xff, side >> 8, side & 0xff})

	lossless := reference(t, "webp-lossless.webp")
	binary.LittleEndian.PutUint32(lossless[21:], 0x3fff|0x3fff<<14)
	lossy := reference(t, "webp-lossy.webp")
	binary.LittleEndian.PutUint32(lossy[26:], 0x3fff|0x3fff<<16)
	hugeChunk := reference(t, "webp-lossy.webp")
	binary.LittleEndian.PutUint32(hugeChunk[4:], 0x7ffffff0)
	binary.LittleEndian.PutUint32(hugeChunk[16:], 0x7fffff00)

	tiffOf := func(compression uint32) []byte {
		f := rawTIFF(side, side, []byte{1, 2, 3}, "")
		at := bytes.Index(f, []byte{3, 1, 3, 0, 1, 0, 0, 0}) // the entry of tagCompression
		binary.LittleEndian.PutUint32(f[at+8:], compression)
		return f
	}
	for name, file := range map[string][]byte{
		"png": png, "jpeg": jpeg, "progressive jpeg": progressive, "lossless webp": lossless, "lossy webp": lossy,
		"webp chunk": hugeChunk, "plain tiff": tiffOf(tiffNone), "deflate tiff": tiffOf(tiffDeflate), "lzw tiff": tiffOf(tiffLZW),
		"fax tiff": tiffOf(tiffG4), "packbits tiff": tiffOf(tiffPackBits), "jpeg tiff": tiffOf(7),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		for _, limits := range []Limits{{}, {MaxPixels: 1 << 40}} {
			if _, err := Decode(file, limits); err == nil {
				t.Errorf("%s: %d bytes give a picture of an impossible size", name, len(file))
			}
		}
		elapsed := time.Since(start)
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 8<<20 {
			t.Errorf("%s: refusing it allocated %d bytes", name, allocated)
		}
		if elapsed > time.Second {
			t.Errorf("%s: refusing it took %v", name, elapsed)
		}
	}
}

func TestEndlessStructures(t *testing.T) {
	// A page that names itself as the next one.
	circle := appendDirectory([]byte("II*\x00\x0c\x00\x00\x00\x01\x02\x03\x04"), 12,
		tiffEntry{tagWidth, 3, 1, 4}, tiffEntry{tagHeight, 3, 1, 1}, tiffEntry{tagBitsPerSample, 3, 1, 8},
		tiffEntry{tagCompression, 3, 1, 1}, tiffEntry{tagPhotometric, 3, 1, 1}, tiffEntry{tagStripOffsets, 3, 1, 8},
		tiffEntry{tagStripByteCounts, 3, 1, 4})
	if d, err := sound(circle, Limits{}); err != nil || d == nil || !bytes.Equal(d.Pix8, []byte{1, 2, 3, 4}) {
		t.Errorf("a TIFF in a circle: %v, %v", d, err)
	}
	// Thousands of scans of a few bytes each would take a pass over the picture each.
	jpeg := reference(t, "jpeg-422-progressive.jpg")
	scans := bytes.Repeat([]byte("\xff\xda\x00\x08\x01\x01\x00\x01\x05\x00"), 1000)
	if _, err := Decode(slices.Concat(jpeg[:len(jpeg)-2], scans, jpeg[len(jpeg)-2:]), Limits{}); err == nil {
		t.Error("a JPEG of a thousand scans is read")
	}
}

// TestMissingScan drops the last scans of a JPEG that keeps one for each channel: what is left is a picture without two
// channels, which image/jpeg would give as if it were whole.
func TestMissingScan(t *testing.T) {
	jpeg := plainJPEG(t, patterned(8, 8, 3, false, 8))
	at := bytes.Index(jpeg, []byte{0xff, 0xda})
	one := slices.Concat(jpeg[:at], []byte("\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"), jpeg[at+14:])
	if _, err := Decode(one, Limits{}); err == nil || !strings.Contains(err.Error(), "channel is missing") {
		t.Errorf("error %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, file := range samples(f) {
		f.Add(file)
	}
	f.Add([]byte("PF\n2 1\n-1.0\n\x00\x00\x00\x00\x00\x00\x80?\x00\x00\x00?\x00\x00\xc0\x7f\x00\x00\x00\x00\x00\x00\x00\x00")) // with a hole
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.HasPrefix(data, []byte("\x89PNG")) {
			data = repaired(data)
		}
		d, err := sound(data, Limits{MaxPixels: 1 << 18})
		if err != nil {
			t.Fatal(err)
		}
		if d == nil {
			return
		}
		again := mustDecode(t, encoded(t, d.Picture, "png"))
		if d.Depth == 32 {
			return // PNG has rounded it
		}
		if !bytes.Equal(again.Pix8, d.Pix8) || !slices.Equal(again.Pix16, d.Pix16) {
			t.Error("the picture changes when written as PNG and read")
		}
	})
}

// TestAbsurdScans gives a progressive JPEG hundreds of scans of a few bytes, each of which costs a pass over a large picture. As many as
// programs write, and more on small pictures, are read.
func TestAbsurdScans(t *testing.T) {
	f := flatJPEG{size: image.Pt(4000, 4000), sampling: []byte("\x22\x11\x11"), progressive: true, scans: 254}
	start := time.Now()
	if _, err := Decode(f.bytes(), Limits{}); fault.KindOf(err) != fault.Unsupported || !strings.Contains(err.Error(), "scans") {
		t.Errorf("error %v", err)
	}
	if elapsed := time.Since(start); elapsed > 5*time.Second {
		t.Errorf("refusing it took %v", elapsed)
	}
	f.size, f.scans = image.Pt(400, 400), 20
	mustDecode(t, f.bytes())
	f.size, f.scans = image.Pt(16, 16), 60
	mustDecode(t, f.bytes())
}

// TestFarDirectories gives TIFFs whose directories or values lie gigabytes away, in a file of holes and through a pipe.
func TestFarDirectories(t *testing.T) {
	const far = 3 << 30
	path := filepath.Join(t.TempDir(), "far.tif")
	form := []tiffEntry{{tagWidth, 4, 1, 1000}, {tagHeight, 4, 1, 1000}, {tagBitsPerSample, 3, 1, 8}, {tagCompression, 3, 1, tiffLZW},
		{tagPhotometric, 3, 1, 1}, {tagStripOffsets, 4, 1 << 29, 512}, {tagRowsPerStrip, 3, 1, 1}, {tagStripByteCounts, 4, 1 << 29, 512},
		{tagICC, 7, 1 << 31, 512}}
	for name, test := range map[string]struct {
		at      int64
		entries []tiffEntry
		kind    fault.Kind
	}{
		"no directory":  {far, nil, fault.Damaged},
		"endless lists": {8, form, fault.Damaged},
		"far and large": {far, []tiffEntry{{tagWidth, 4, 1, 1 << 20}, {tagHeight, 4, 1, 1 << 20}, {tagBitsPerSample, 3, 1, 8}, {tagPhotometric, 3, 1, 1},
			{tagStripOffsets, 4, 1, 8}, {tagStripByteCounts, 4, 1, far}}, fault.TooLarge},
	} {
		head := binary.LittleEndian.AppendUint32([]byte("II*\x00"), uint32(test.at))
		f, err := os.Create(path)
		if err == nil {
			_, err = f.Write(head)
		}
		if err == nil {
			_, err = f.WriteAt(appendDirectory(nil, uint32(test.at), test.entries...), test.at)
		}
		if err == nil {
			err = f.Truncate(far + 1<<20)
		}
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			t.Skip("no files with holes here:", err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = DecodeFile(path, Limits{})
		runtime.ReadMemStats(&after)
		if taken := after.TotalAlloc - before.TotalAlloc; fault.KindOf(err) != test.kind || taken > 8<<20 {
			t.Errorf("%s: refusing it took %d bytes, error %v of kind %s, want %s", name, taken, err, fault.KindOf(err), test.kind)
		}
		if test.at < far {
			continue
		}
		piped := &endless{start: head}
		if _, err := DecodeReader(piped, Limits{}); fault.KindOf(err) != fault.TooLarge || piped.read > (64<<10) {
			t.Errorf("%s, through a pipe: %d bytes were read, error %v", name, piped.read, err)
		}
	}
}

// TestPipedTIFFOfHoles reads no more of a TIFF through a pipe than its small picture can take, if the directory comes first.
func TestPipedTIFFOfHoles(t *testing.T) {
	f := testTIFF{size: image.Pt(10, 10), bits: 8, samples: 1, photometric: tiffBlackIsZero, order: binary.LittleEndian, compression: tiffNone, directoryFirst: true}
	file := f.bytes()
	at := bytes.Index(file, []byte{tagStripOffsets & 0xff, tagStripOffsets >> 8, 4, 0})
	binary.LittleEndian.PutUint32(file[at+8:], 200<<20)
	piped := &endless{start: file}
	if _, err := DecodeReader(piped, Limits{}); fault.KindOf(err) != fault.Damaged || piped.read > 2*16<<20 {
		t.Errorf("%d bytes were read, error %v", piped.read, err)
	}
}
