package codec

import (
	"image"
	"math"
	"slices"
	"strings"
	"testing"

	"classsr/picture"
)

// uprightTable tells how the stored pixels "abc def" (two rows) stand upright, by orientation.
var uprightTable = map[int]string{
	1: "abc def", 2: "cba fed", 3: "fed cba", 4: "def abc",
	5: "ad be cf", 6: "da eb fc", 7: "fc eb da", 8: "cf be ad",
}

func TestOrientationTable(t *testing.T) {
	letters := picture.New(3, 2, 1, false, 8)
	copy(letters.Pix8, "abcdef")
	for orientation, want := range uprightTable {
		up := upright(letters, orientation)
		var rows []string
		for row := range slices.Chunk(up.Pix8, up.Width) {
			rows = append(rows, string(row))
		}
		if got := strings.Join(rows, " "); got != want {
			t.Errorf("orientation %d: got %q, want %q", orientation, got, want)
		}
	}
}

// TestUnknownImageKind reads a kind of image that has no fast way.
func TestUnknownImageKind(t *testing.T) {
	img := image.NewAlpha(image.Rect(0, 0, 2, 1))
	img.Pix[1] = 128
	p := (&File{Width: 2, Height: 1, Colors: 1}).convert(img)
	if want := []uint8{0, 0, 0, 0, 255, 255, 255, 128}; !slices.Equal(p.Pix8, want) {
		t.Errorf("got %v, want %v", p.Pix8, want)
	}
}

// TestHeaderAndPixelsDisagree gives an image with fewer channels than the header promised.
func TestHeaderAndPixelsDisagree(t *testing.T) {
	for _, c := range []File{{Colors: 3}, {Colors: 1, Alpha: true}} {
		c.Width, c.Height = 1, 1
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d colours, alpha %v of a gray pixel", c.Colors, c.Alpha)
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
