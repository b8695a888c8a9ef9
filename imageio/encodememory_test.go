package imageio

import (
	"math"
	"runtime"
	"testing"

	"classsr/imageio/jpeg/baseline"
	"classsr/picture"
)

// allocated gives the bytes that call allocates, whether or not they are given back meanwhile.
func allocated(call func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	call()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// TestEncoderBytes compares with what is allocated, for pictures that cannot be compressed. Nothing else allocates but some garbage for each
// strip, which must not grow much with the picture.
func TestEncoderBytes(t *testing.T) {
	for _, c := range []picture.Config{
		{Width: 1, Height: 1, Colors: 1, Depth: 8},
		{Width: 100, Height: 50, Colors: 3, Depth: 8},
		{Width: 900, Height: 1000, Colors: 3, Depth: 8},
		{Width: 700, Height: 400, Colors: 3, Alpha: true, Depth: 16},
		{Width: 60000, Height: 40, Colors: 1, Depth: 8},
		{Width: 1, Height: 65000, Colors: 3, Depth: 8},
		{Width: 400, Height: 700, Colors: 3, Alpha: true, Depth: 32},
		{Width: 4100, Height: 4100, Colors: 1, Depth: 8},
	} {
		p := noise(c)
		for format, output := range outputs {
			if CheckOutput(format, c) != nil {
				continue
			}
			for i, subsampling := range []baseline.Subsampling{baseline.Subsampling420, baseline.Subsampling422, baseline.Subsampling444, baseline.Subsampling420} {
				if format != "jpeg" && i%3 > 0 {
					continue // they know nothing of chroma
				}
				o := EncodeOptions{Threads: 1 + i/3*2, Quality: 100, Subsampling: subsampling}
				garbage := int64(output.layout(c, o).Strips) * 2048
				bound := EncoderBytes(c, format, o)
				used := allocated(func() {
					if err := Encode(nowhere{}, p, format, o); err != nil {
						t.Error(err)
					}
				})
				if used > bound+garbage {
					t.Errorf("%+v as %s with %d threads: %d bytes are allocated, at most %d were said", c, format, o.Threads, used, bound)
				}
			}
		}
	}
}

// noise is a picture of random samples.
func noise(c picture.Config) *picture.Picture {
	p := c.New()
	state := uint64(1)
	next := func() uint64 { // xorshift
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		return state >> 20
	}
	for i := range p.Pix8 {
		p.Pix8[i] = uint8(next())
	}
	for i := range p.Pix16 {
		p.Pix16[i] = uint16(next())
	}
	for i := range p.Pix32 {
		p.Pix32[i] = float32(next()) / (1 << 44)
	}
	return p
}

// TestEncodersAreSmall tells what encoders take for pictures of usual and unusual sizes.
func TestEncodersAreSmall(t *testing.T) {
	const mb = 1 << 20
	for _, test := range []struct {
		c       picture.Config
		format  string
		threads int
		most    int64
	}{
		{picture.Config{Width: 12000, Height: 8000, Colors: 3, Depth: 8}, "png", 2, 8 * mb},
		{picture.Config{Width: 12000, Height: 8000, Colors: 3, Depth: 8}, "jpeg", 2, 8 * mb},
		{picture.Config{Width: 20000, Height: 15000, Colors: 3, Alpha: true, Depth: 16}, "png", 2, 8 * mb},
		{picture.Config{Width: 20000, Height: 15000, Colors: 3, Depth: 8}, "jpeg", 2, 14 * mb},
		{picture.Config{Width: 120000, Height: 600, Colors: 3, Alpha: true, Depth: 16}, "png", 2, 18 * mb},
		{picture.Config{Width: 12000, Height: 8000, Colors: 3, Depth: 8}, "png", 1024, 60 * mb},
		{picture.Config{Width: 65535, Height: 65535, Colors: 3, Depth: 8}, "jpeg", 1024, 120 * mb},
		{picture.Config{Width: math.MaxInt32 / 2, Height: math.MaxInt32, Colors: 1, Depth: 8}, "png", 1024, 6 << 30},
		{picture.Config{Width: 1, Height: math.MaxInt32, Colors: 1, Depth: 8}, "png", 2, 8 * mb},
		{picture.Config{Width: 12000, Height: 8000, Colors: 3, Depth: 8}, "webp", 2, 350 * mb}, // all of it, compressed
		{picture.Config{Width: 2000, Height: 1500, Colors: 3, Depth: 8}, "tiff", 2, 10 * mb},
		{picture.Config{Width: 20000, Height: 15000, Colors: 3, Depth: 8}, "tiff", 2, 100 * mb},
		{picture.Config{Width: 31623, Height: 31623, Colors: 3, Depth: 8}, "tiff", 2, 110 * mb},
		{picture.Config{Width: 31623, Height: 31623, Colors: 1, Depth: 32}, "tiff", 2, 180 * mb},
	} {
		if got := EncoderBytes(test.c, test.format, EncodeOptions{Threads: test.threads}); got <= 0 || got > test.most {
			t.Errorf("%+v as %s with %d threads: %d MB", test.c, test.format, test.threads, got/mb)
		}
	}
}
