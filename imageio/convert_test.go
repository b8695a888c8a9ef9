package imageio

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"slices"
	"testing"

	"golang.org/x/image/tiff"
)

// TestTIFFKinds reads what golang.org/x/image/tiff writes of one pixel.
func TestTIFFKinds(t *testing.T) {
	one := image.Rect(0, 0, 1, 1)
	paletted := func(colors ...color.Color) image.Image {
		m := image.NewPaletted(one, colors)
		m.Pix[0] = 1
		return m
	}
	for name, test := range map[string]struct {
		img  image.Image
		want string
		pix  []int
	}{
		"gray":          {&image.Gray{Pix: []byte{7}, Stride: 1, Rect: one}, shape(1, false, 8), []int{7}},
		"gray16":        {&image.Gray16{Pix: []byte{1, 2}, Stride: 2, Rect: one}, shape(1, false, 16), []int{0x102}},
		"straight":      {&image.NRGBA{Pix: []byte{1, 2, 3, 4}, Stride: 4, Rect: one}, shape(3, true, 8), []int{1, 2, 3, 4}},
		"premultiplied": {&image.RGBA{Pix: []byte{10, 25, 50, 50}, Stride: 4, Rect: one}, shape(3, true, 8), []int{51, 128, 255, 50}},
		"no colour":     {&image.RGBA{Pix: []byte{0, 0, 0, 0}, Stride: 4, Rect: one}, shape(3, true, 8), []int{0, 0, 0, 0}},
		"straight16": {&image.NRGBA64{Pix: []byte{1, 2, 3, 4, 5, 6, 7, 8}, Stride: 8, Rect: one}, shape(3, true, 16),
			[]int{0x102, 0x304, 0x506, 0x708}},
		"premultiplied16": {&image.RGBA64{Pix: []byte{0x10, 0, 0x20, 0, 0x40, 0, 0x40, 0}, Stride: 8, Rect: one}, shape(3, true, 16),
			[]int{0x4000, 0x8000, 0xffff, 0x4000}},
		"palette":      {paletted(color.Black, color.RGBA{9, 8, 7, 255}), shape(3, false, 8), []int{9, 8, 7}},
		"gray palette": {paletted(color.White, color.Gray{77}), shape(1, false, 8), []int{77}},
	} {
		var file bytes.Buffer
		if err := tiff.Encode(&file, test.img, nil); err != nil {
			t.Fatal(err)
		}
		d := mustDecode(t, file.Bytes())
		if got := shape(d.Colors, d.Alpha, d.Depth); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
			continue
		}
		for i, want := range test.pix {
			if got := at(d.Picture, i); got != want {
				t.Errorf("%s: sample %d is %d, want %d", name, i, got, want)
			}
		}
	}
}

// TestUnknownImageKind reads a kind of image that has no fast way.
func TestUnknownImageKind(t *testing.T) {
	img := image.NewAlpha(image.Rect(0, 0, 2, 1))
	img.Pix[1] = 128
	p := (&container{format: formatPNG, width: 2, height: 1, colors: 1}).convert(img)
	if want := []uint8{0, 0, 0, 0, 255, 255, 255, 128}; !slices.Equal(p.Pix8, want) {
		t.Errorf("got %v, want %v", p.Pix8, want)
	}
}

// TestHeaderAndPixelsDisagree gives an image with fewer channels than the header promised.
func TestHeaderAndPixelsDisagree(t *testing.T) {
	for _, c := range []container{{colors: 3}, {colors: 1, alpha: true}} {
		c.width, c.height = 1, 1
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d colours, alpha %v of a gray pixel", c.colors, c.alpha)
				}
			}()
			c.convert(image.NewGray(image.Rect(0, 0, 1, 1)))
		}()
	}
}

// TestChroma compares with interpolation in floating point: halved chroma lies between pixels, quartered is repeated.
func TestChroma(t *testing.T) {
	for ratio, step := range map[image.YCbCrSubsampleRatio][2]int{
		image.YCbCrSubsampleRatio444: {1, 1}, image.YCbCrSubsampleRatio422: {2, 1}, image.YCbCrSubsampleRatio420: {2, 2},
		image.YCbCrSubsampleRatio440: {1, 2}, image.YCbCrSubsampleRatio411: {4, 1}, image.YCbCrSubsampleRatio410: {4, 2},
	} {
		for _, size := range []image.Point{{1, 1}, {2, 2}, {9, 7}, {16, 8}} {
			m := image.NewYCbCr(image.Rectangle{Max: size}, ratio)
			for i := range m.Cb {
				m.Cb[i] = uint8(i*i*31 + 7)
			}
			w, h := (size.X+step[0]-1)/step[0], (size.Y+step[1]-1)/step[1]
			c := newChroma(m.Cb, m)
			for y := range size.Y {
				row := c.row(y)
				for x := range size.X {
					want := interpolated(m.Cb, m.CStride, w, h, float64(x), float64(y), step)
					if math.Abs(float64(row[x])-want) > 0.501 {
						t.Fatalf("%v, size %v, (%d, %d): got %d, want %.3f", ratio, size, x, y, row[x], want)
					}
				}
			}
		}
	}
}

// interpolated gives a plane of w by h samples, step pixels each, at the pixel (x, y).
func interpolated(pix []uint8, stride, w, h int, x, y float64, step [2]int) float64 {
	place := func(v float64, step, n int) (i, j int, weight float64) {
		if step == 4 {
			i = int(v) / 4
			return i, i, 0
		}
		v = max(0, min((v+0.5)/float64(step)-0.5, float64(n-1)))
		i = int(v)
		return i, min(i+1, n-1), v - float64(i)
	}
	x0, x1, fx := place(x, step[0], w)
	y0, y1, fy := place(y, step[1], h)
	at := func(x, y int) float64 { return float64(pix[y*stride+x]) }
	return (at(x0, y0)*(1-fx)+at(x1, y0)*fx)*(1-fy) + (at(x0, y1)*(1-fx)+at(x1, y1)*fx)*fy
}

// TestVideoRange turns WebP's black, white and gray into those of RGB.
func TestVideoRange(t *testing.T) {
	var got [9]uint8
	videoRange.row(got[:], 3, []uint8{16, 235, 126}, []uint8{128, 128, 128}, []uint8{128, 128, 128})
	if want := [9]uint8{0, 0, 0, 255, 255, 255, 128, 128, 128}; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
