package imageio

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"image"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"classsr/fault"
)

// TestHostileMetadata reads small pictures of what announces or holds gigabytes beside them, or leads in circles, and writes those that are read
// with their metadata: neither takes much memory or long, and errors are one line.
func TestHostileMetadata(t *testing.T) {
	for name, file := range hostileMetadata() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		err := readAndWritten(file)
		if err != nil && (fault.KindOf(err) != fault.Damaged && fault.KindOf(err) != fault.Unsupported || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: error %v of kind %s", name, err, fault.KindOf(err))
		}
		elapsed := time.Since(start)
		t.Logf("%-20s %v", name, elapsed)
		runtime.ReadMemStats(&after)
		// Encoders and decoders take a few megabytes each.
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 128<<20 || elapsed > 5*time.Second {
			t.Errorf("%s: %d bytes were allocated in %v", name, allocated, elapsed)
		}
	}
}

func readAndWritten(file []byte) error {
	d, err := Decode(file, Limits{Accept: Within(300<<20, nil)})
	if err != nil {
		return err
	}
	m := d.Metadata.Of(image.Pt(d.Width, d.Height), image.Pt(d.Width, d.Height))
	for _, format := range []string{"png", "jpeg", "tiff", "webp"} {
		if err := Encode(io.Discard, d.Picture, format, EncodeOptions{Metadata: m}); err != nil && fault.KindOf(err) != fault.Unsupported {
			return fmt.Errorf("as %s: %w", format, err)
		}
	}
	return nil
}

func hostileMetadata() map[string][]byte {
	png := func(chunks ...testChunk) []byte { return flatPNG(image.Pt(16, 16), pngRGB, 8, false, chunks...) }
	jpeg := func(segments ...string) []byte {
		file := []byte("\xff\xd8")
		for _, s := range segments {
			file = appendSegment(file, s[0], s[1:])
		}
		return append(file, flatJPEG{size: image.Pt(16, 16), sampling: []byte("\x11\x11\x11")}.bytes()[2:]...)
	}
	bomb := deflateBomb(16 << 20)
	order := binary.LittleEndian
	exif := func(entries ...tiffEntry) []byte {
		block := []byte("II*\x00\x08\x00\x00\x00")
		return append(appendDirectory(block, 0, entries...), make([]byte, 64)...)
	}
	var web []byte // of directories that name two others as EXIF, GPS, interoperability and next ones
	for i := range uint32(400) {
		at := func(k uint32) uint32 { return 8 + k%400*(2+3*12+4) }
		web = appendDirectory(web, at(7*i+3), tiffEntry{0x8769, 4, 1, at(i + 1)}, tiffEntry{0x8825, 4, 1, at(7*i + 3)}, tiffEntry{0xa005, 4, 1, at(i + 1)})
	}
	web = append([]byte("II*\x00\x08\x00\x00\x00"), web...)
	var texts []testChunk
	for i := range 300 {
		texts = append(texts, testChunk{"tEXt", fmt.Appendf(nil, "Key%d\x00%s", i, strings.Repeat("a", 5000))})
	}
	parts := make([]string, 60)
	for i := range parts {
		parts[i] = "\xe2ICC_PROFILE\x00" + string(byte(i%255+1)) + "\xff\xff\xff\xff\xff" + strings.Repeat("x", 60000)
	}
	extended := slices.Clone(parts)
	for i := range extended {
		head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 1<<30), uint32(60000*i))
		extended[i] = "\xe1http://ns.adobe.com/xmp/extension/\x00" + strings.Repeat("A", 32) + string(head) + strings.Repeat("x", 60000)
	}
	many := order.AppendUint32(order.AppendUint16(nil, 0xb002), 7)
	return map[string][]byte{
		"profile bomb": png(testChunk{"iCCP", append([]byte("x\x00\x00"), bomb...)}), "text bomb": png(testChunk{"zTXt", append([]byte("Comment\x00\x00"), bomb...)}),
		"XMP bomb":         png(testChunk{"iTXt", append([]byte("XML:com.adobe.xmp\x00\x01\x00\x00\x00"), bomb...)}),
		"many texts":       png(texts...),
		"EXIF circle":      png(testChunk{"eXIf", exif(tiffEntry{0x8769, 4, 1, 8}, tiffEntry{0x8825, 4, 1, 8}, tiffEntry{0xa005, 4, 1, 8})}),
		"EXIF web":         png(testChunk{"eXIf", web}),
		"EXIF lengths":     png(testChunk{"eXIf", exif(tiffEntry{0x010e, 2, 1 << 31, 26}, tiffEntry{0x8769, 4, 1 << 30, 1 << 31})}),
		"XMP of tags":      png(testChunk{"iTXt", []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00" + strings.Repeat("<tiff:Orientation>6</tiff:Orientation>", 2000))}),
		"profile parts":    jpeg(parts...),
		"extended XMP":     jpeg(extended...),
		"MPO":              jpeg("\xe2MPF\x00II*\x00\x08\x00\x00\x00\x01\x00" + string(many) + "\xf0\xff\xff\xff\x08\x00\x00\x00"),
		"EXIF circle JPEG": jpeg("\xe1Exif\x00\x00" + string(web[:1000])),
		"long fields": rawTIFF(2, 2, []byte{1, 2, 3, 4}, "", tiffEntry{tagICC, 7, 1<<32 - 16, 8}, tiffEntry{700, 1, 1 << 30, 8}, tiffEntry{34665, 4, 1, 8},
			tiffEntry{34853, 4, 1, 8}, tiffEntry{42112, 2, 1 << 30, 8}),
	}
}

// deflateBomb is so many zeros, compressed.
func deflateBomb(n int) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	for range n >> 16 {
		_, _ = w.Write(make([]byte, 1<<16))
	}
	_ = w.Close()
	return b.Bytes()
}
