package tiff

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"slices"
	"testing"

	"classsr/imageio/codec"
)

// TestTilesAsStrips reads tiles that are listed as strips, as libtiff's first versions wrote them.
func TestTilesAsStrips(t *testing.T) {
	pixels := make([]byte, 2*16*16)
	for i := range pixels {
		pixels[i] = byte(i%251) + 1
	}
	file := build(20, 3, pixels, []entry{{tagTileWidth, []uint16{16}}, {tagTileHeight, []uint16{16}},
		{tagStripOffsets, []uint32{8, 8 + 256}}, {tagStripByteCounts, []uint32{256, 256}}})
	p, _, err := decoded(file, codec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := slices.Concat(pixels[16:32], pixels[256+16:256+20]); !bytes.Equal(p.Pix8[20:40], want) {
		t.Errorf("the second row is %v, want %v", p.Pix8[20:40], want)
	}
}

// TestSamplesOf24Bits reads whole and floating point numbers of 24 bits, which little else writes.
func TestSamplesOf24Bits(t *testing.T) {
	for name, test := range map[string]struct {
		format uint16
		pixels []byte
		want   []float32
		low    float64
		high   float64
	}{
		"unsigned": {1, []byte{0, 0, 0, 0xff, 0xff, 0xff, 0x01, 0, 0}, []float32{0, 1, 1. / (1<<24 - 1)}, 0, 1<<24 - 1},
		"signed":   {2, []byte{0xfe, 0xff, 0xff, 2, 0, 0, 0, 0, 0}, []float32{0, 1, 0.5}, -2, 2},
		// 1, 0.75 and the smallest one
		"floating": {3, []byte{0, 0, 0x3f, 0, 0x80, 0x3e, 1, 0, 0}, []float32{1, 0.75, 1. / (1 << 62) / (1 << 16)}, 0, 1},
	} {
		file := build(3, 1, test.pixels, []entry{{tagBitsPerSample, []uint16{24}}, {tagSampleFormat, []uint16{test.format}}})
		p, f, err := decoded(file, codec.Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(p.Pix32, test.want) || f.Values.Low != test.low || f.Values.High != test.high {
			t.Errorf("%s: %v, range %v to %v, want %v, %v to %v", name, p.Pix32, f.Values.Low, f.Values.High, test.want, test.low, test.high)
		}
	}
}

// TestInksMultipliedByAlpha divides by alpha before inks become colours: half transparent black is 0, 0, 0 and not gray.
func TestInksMultipliedByAlpha(t *testing.T) {
	inks := func(bits uint16) []entry {
		return []entry{{tagPhotometric, []uint16{5}}, {tagSamples, []uint16{5}}, {tagBitsPerSample, slices.Repeat([]uint16{bits}, 5)}, {tagExtraSamples, []uint16{1}}}
	}
	p, _, err := decoded(build(2, 1, []byte{0, 0, 0, 128, 128, 0, 64, 0, 0, 64}, inks(8)), codec.Options{})
	if err != nil || !bytes.Equal(p.Pix8, []byte{0, 0, 0, 128, 255, 0, 255, 64}) {
		t.Errorf("8 bits: %v, %v", p, err)
	}
	p, _, err = decoded(build(1, 1, []byte{0, 0, 0, 0, 0, 0, 0, 128, 0, 128}, inks(16)), codec.Options{})
	if err != nil || !slices.Equal(p.Pix16, []uint16{0, 0, 0, 0x8000}) {
		t.Errorf("16 bits: %v, %v", p, err)
	}
	white := []entry{{tagPhotometric, []uint16{0}}, {tagSamples, []uint16{2}}, {tagBitsPerSample, []uint16{8, 8}}, {tagExtraSamples, []uint16{1}}}
	p, _, err = decoded(build(1, 1, []byte{64, 64}, white), codec.Options{})
	if err != nil || !bytes.Equal(p.Pix8, []byte{0, 64}) {
		t.Errorf("white is zero: %v, %v", p, err)
	}
}

// TestChromaOfFourPixels reads brightness and chroma without JPEG, four pixels of a row with one chroma: one colour, and brightness that rises.
func TestChromaOfFourPixels(t *testing.T) {
	const width, height, cb, cr = 7, 3, 90, 170
	var pixels []byte
	for y := range height {
		for x := 0; x < width; x += 4 {
			for i := range 4 {
				pixels = append(pixels, byte(60+10*(x+i)+5*y))
			}
			pixels = append(pixels, cb, cr)
		}
	}
	file := build(width, height, pixels, []entry{{tagPhotometric, []uint16{6}}, {tagSamples, []uint16{3}}, {tagBitsPerSample, []uint16{8, 8, 8}},
		{tagSubsampling, []uint16{4, 1}}})
	p, _, err := decoded(file, codec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		r, g, b := color.YCbCrToRGB(byte(60+10*(i%width)+5*(i/width)), cb, cr)
		want.SetNRGBA(i%width, i/width, color.NRGBA{r, g, b, 255})
	}
	if _, largest := difference(p, want); largest > 0x101 {
		t.Errorf("a sample is %d of 65535 off", largest)
	}
}

// TestOldJPEGWithWrongStrip reads a JPEG as TIFFs of before 1995 hold it: whole, with its tables listed too, and a strip that begins in its middle.
func TestOldJPEGWithWrongStrip(t *testing.T) {
	img := image.NewYCbCr(image.Rect(0, 0, 32, 24), image.YCbCrSubsampleRatio420)
	for i := range img.Y {
		img.Y[i] = byte(40 + 3*(i%img.YStride) + 2*(i/img.YStride))
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = 100, 150
	}
	var coded bytes.Buffer
	if err := jpeg.Encode(&coded, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	n := uint32(coded.Len())
	file := build(32, 24, coded.Bytes(), []entry{{tagCompression, []uint16{oldJPEG}}, {tagPhotometric, []uint16{6}}, {tagSamples, []uint16{3}},
		{tagBitsPerSample, []uint16{8, 8, 8}}, {tagSubsampling, []uint16{2, 2}}, {tagStripOffsets, []uint32{8 + 20}}, {tagStripByteCounts, []uint32{n - 30}},
		{tagOldJPEGOffset, []uint32{8}}, {tagOldJPEGLength, []uint32{n}},
		{tagJPEGQTables, []uint32{30, 30, 30}}, {tagJPEGDCTables, []uint32{30, 30, 30}}, {tagJPEGACTables, []uint32{30, 30, 30}}})
	p, _, err := decoded(file, codec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if psnr, _ := difference(p, img); psnr < 40 {
		t.Errorf("it has a PSNR of %.1f dB", psnr)
	}
}
