package imageio

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/tiff"

	"classsr/imageio/codec"
	"classsr/imageio/ifd"
	"classsr/picture"
)

// stdPicture gives the pixels of an image of other packages, one by one, the channels of a form.
func stdPicture(img image.Image, form picture.Config) *picture.Picture {
	form.Width, form.Height = img.Bounds().Dx(), img.Bounds().Dy()
	p, i := form.New(), 0
	put := func(v uint16) {
		if p.Depth == 8 {
			p.Pix8[i] = uint8(v >> 8)
		} else {
			p.Pix16[i] = v
		}
		i++
	}
	for y := range p.Height {
		for x := range p.Width {
			v := straight(img.At(x, y))
			for _, s := range []uint16{v.R, v.G, v.B}[:p.Colors] {
				put(s)
			}
			if p.Alpha {
				put(v.A)
			}
		}
	}
	return p
}

// straight gives a colour that is not multiplied by its alpha, rounded, which color.NRGBA64Model does not do.
func straight(c color.Color) color.NRGBA64 {
	divide := func(v, a, most uint64) uint16 { return uint16(min(most, (v*most+a/2)/max(a, 1)) * (0xffff / most)) }
	switch c := c.(type) {
	case color.NRGBA64:
		return c
	case color.NRGBA:
		return color.NRGBA64{R: uint16(c.R) * 0x101, G: uint16(c.G) * 0x101, B: uint16(c.B) * 0x101, A: uint16(c.A) * 0x101}
	case color.RGBA:
		if a := uint64(c.A); a != 0 {
			return color.NRGBA64{R: divide(uint64(c.R), a, 255), G: divide(uint64(c.G), a, 255), B: divide(uint64(c.B), a, 255), A: uint16(a) * 0x101}
		}
		return color.NRGBA64{R: uint16(c.R) * 0x101, G: uint16(c.G) * 0x101, B: uint16(c.B) * 0x101}
	case color.RGBA64:
		if a := uint64(c.A); a != 0 {
			return color.NRGBA64{R: divide(uint64(c.R), a, 65535), G: divide(uint64(c.G), a, 65535), B: divide(uint64(c.B), a, 65535), A: c.A}
		}
		return color.NRGBA64{R: c.R, G: c.G, B: c.B}
	}
	return color.NRGBA64Model.Convert(c).(color.NRGBA64)
}

// TestPNGAsOthersReadIt compares with image/png: every colour type and depth, plain and interlaced, sizes at which passes are missing, and
// every filter.
func TestPNGAsOthersReadIt(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	palette := make([]byte, 3*256)
	for i := range palette {
		palette[i] = uint8(random.Uint32())
	}
	for colorType, depths := range pngDepths {
		for _, bits := range depths {
			for _, interlaced := range []bool{false, true} {
				for _, size := range []image.Point{{1, 1}, {2, 1}, {1, 5}, {5, 2}, {8, 8}, {9, 17}, {33, 31}} {
					f := testPNG{width: size.X, height: size.Y, bits: bits, colorType: colorType, interlaced: interlaced, filtered: true,
						sample: func(int, int, int) int { return int(random.Uint32() >> 8 % uint32(1<<bits)) }}
					if colorType == pngPalette {
						f.chunks = []testChunk{{"PLTE", palette[:3<<bits]}, {"tRNS", palette[:1<<bits]}}
					}
					asOthers(t, f.bytes(), func(r *bytes.Reader) (image.Image, error) { return png.Decode(r) })
				}
			}
		}
	}
}

// asOthers compares what Decode makes of a file with what another decoder does.
func asOthers(t *testing.T, file []byte, decode func(r *bytes.Reader) (image.Image, error)) {
	t.Helper()
	d := mustDecode(t, file)
	img, err := decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if want := stdPicture(img, d.Config()); !bytes.Equal(d.Pix8, want.Pix8) || !slices.Equal(d.Pix16, want.Pix16) {
		t.Errorf("%+v: other samples", d.Config())
	}
}

// TestTIFFAsOthersReadIt compares with golang.org/x/image/tiff: colours, depths, orders of bytes, compressions, strips and tiles.
func TestTIFFAsOthersReadIt(t *testing.T) {
	kinds := []testTIFF{
		{bits: 1, samples: 1, photometric: tiffWhiteIsZero}, {bits: 1, samples: 1, photometric: tiffBlackIsZero},
		{bits: 8, samples: 1, photometric: tiffWhiteIsZero}, {bits: 8, samples: 1, photometric: tiffBlackIsZero},
		{bits: 16, samples: 1, photometric: tiffWhiteIsZero}, {bits: 16, samples: 1, photometric: tiffBlackIsZero},
		{bits: 8, samples: 1, photometric: tiffPalette}, {bits: 1, samples: 1, photometric: tiffPalette},
		{bits: 8, samples: 3, photometric: tiffRGB}, {bits: 16, samples: 3, photometric: tiffRGB},
		{bits: 8, samples: 4, photometric: tiffRGB, extra: 1}, {bits: 16, samples: 4, photometric: tiffRGB, extra: 1},
		{bits: 8, samples: 4, photometric: tiffRGB, extra: 2}, {bits: 16, samples: 4, photometric: tiffRGB, extra: 2},
	}
	for _, f := range kinds {
		for _, f.order = range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			for _, f.compression = range []int{tiffNone, tiffPackBits, tiffDeflate} {
				for _, f.predictor = range []bool{false, true}[:min(f.bits, 2)] {
					for _, f.block = range []image.Point{{0, 0}, {0, 1}, {0, 7}, {16, 16}, {48, 32}} {
						f.size = image.Pt(21, 19)
						if f.block.X == 16 {
							f.size = image.Pt(3, 2)
						}
						asOthers(t, f.bytes(), func(r *bytes.Reader) (image.Image, error) { return tiff.Decode(r) })
					}
				}
			}
		}
	}
}

// FuzzAsOthersReadIt compares with image/png and golang.org/x/image/tiff, as far as they read a file too.
func FuzzAsOthersReadIt(f *testing.F) {
	for name, file := range samples(f) {
		if !strings.HasSuffix(name, ".jpg") && !strings.HasSuffix(name, ".webp") {
			f.Add(file)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.HasPrefix(data, []byte("\x89PNG")) {
			data = repaired(data)
		}
		c, err := check(codec.MemorySource(data), Limits{MaxPixels: 1 << 16})
		if err != nil || c.Orientation > 1 {
			return
		}
		if d, err := ifd.First(ifd.Block(data)); err == nil && !d.Has(tagPhotometric) {
			return // what a picture without a colour model shows is a matter of taste
		}
		decode := map[string]func(io.Reader) (image.Image, error){"png": png.Decode, "tiff": tiff.Decode}[c.Format()]
		p, err := c.Pixels()
		if decode == nil || err != nil {
			return
		}
		img, err := decode(bytes.NewReader(data))
		if err != nil {
			return // they are stricter about what does not matter
		}
		if want := stdPicture(img, p.Config()); !bytes.Equal(p.Pix8, want.Pix8) || !slices.Equal(p.Pix16, want.Pix16) {
			t.Errorf("%+v: other samples", p.Config())
		}
	})
}
