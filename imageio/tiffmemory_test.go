package imageio

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"

	"classsr/picture"
)

// oneStrip is a little-endian TIFF of 8 bits a sample whose only strip is data.
func oneStrip(size image.Point, samples, compression, photometric uint32, data []byte) []byte {
	out := append(binary.LittleEndian.AppendUint32([]byte("II*\x00"), uint32(8+len(data))), data...)
	return appendDirectory(out, 0,
		tiffEntry{tagWidth, 4, 1, uint32(size.X)}, tiffEntry{tagHeight, 4, 1, uint32(size.Y)}, tiffEntry{tagBitsPerSample, 3, 1, 8},
		tiffEntry{tagCompression, 3, 1, compression}, tiffEntry{tagPhotometric, 3, 1, photometric}, tiffEntry{tagStripOffsets, 4, 1, 8},
		tiffEntry{277, 3, 1, samples}, tiffEntry{tagStripByteCounts, 4, 1, uint32(len(data))})
}

// TestDecodeBytesOfTIFFs measures what decoding takes of kinds of TIFF that are rarely large.
func TestDecodeBytesOfTIFFs(t *testing.T) {
	size := image.Pt(1801, 1303)
	files := map[string][]byte{}
	for name, c := range map[string]picture.Config{
		"floating point": {Colors: 1, Depth: 32}, "floating point, colours": {Colors: 3, Alpha: true, Depth: 32}, "16 bits": {Colors: 3, Depth: 16},
	} {
		c.Width, c.Height = size.X, size.Y
		files[name] = encoded(t, c.New(), "tiff")
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewYCbCr(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio420), nil); err != nil {
		t.Fatal(err)
	}
	files["jpeg"] = oneStrip(size, 3, 7, 6, b.Bytes())
	b.Reset()
	if err := jpeg.Encode(&b, image.NewGray(image.Rectangle{Max: size}), nil); err != nil {
		t.Fatal(err)
	}
	files["gray jpeg"] = oneStrip(size, 1, 7, 1, b.Bytes())
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	files["zstd"] = oneStrip(size, 3, 50000, 2, z.EncodeAll(make([]byte, 3*size.X*size.Y), nil))
	files["subsampled"] = oneStrip(size, 3, 1, 6, make([]byte, 6*901*652))
	files["cmyk"] = oneStrip(size, 4, 1, 5, make([]byte, 4*size.X*size.Y))
	path := filepath.Join(t.TempDir(), "picture")
	for name, file := range files {
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		told, least, most := measured(t, path)
		if told.DecodeBytes < least || float64(told.DecodeBytes) > 2.2*float64(most) {
			t.Errorf("%s: decoding takes %d to %d bytes, %d were told", name, least, most, told.DecodeBytes)
		}
	}
}
