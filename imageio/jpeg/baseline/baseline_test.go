package baseline

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os/exec"
	"testing"

	"classsr/internal/kernel"
)

// encoded writes a picture strip by strip.
func encoded(t testing.TB, c Config, pixels []byte) []byte {
	t.Helper()
	e, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	b.Write(e.AppendHeader(nil, JFIF(0, 1, 1)))
	w := e.NewWorker()
	line := c.Width * c.Colors
	for i := 0; i*c.StripRows < c.Height; i++ {
		start := b.Len()
		rows := pixels[i*c.StripRows*line : min((i+1)*c.StripRows, c.Height)*line]
		if err := w.EncodeStrip(&b, i, rows); err != nil {
			t.Fatal(err)
		}
		if n := int64(b.Len() - start); n > c.StripBytes(len(rows)/line) {
			t.Fatalf("a strip has %d bytes, more than the %d that are told", n, c.StripBytes(len(rows)/line))
		}
	}
	return AppendEnd(b.Bytes())
}

// drawn makes a picture: noise, stripes of extremes, or smooth with some edges, as photographs are.
func drawn(kind string, width, height, colors int) []byte {
	r := rand.New(rand.NewPCG(uint64(width), uint64(height)))
	pixels := make([]byte, width*height*colors)
	for i := range pixels {
		x, y, c := i/colors%width, i/colors/width, i%colors
		switch kind {
		case "noise":
			pixels[i] = byte(r.Uint32())
		case "extremes":
			pixels[i] = byte(int8(r.Uint32()) >> 7)
		default:
			wave := 100 + 60*math.Sin(float64(x)/19+float64(c)) + 50*math.Cos(float64(y)/13-float64(x*c)/50)
			if (x/37+y/29)%5 == 0 {
				wave = 230 - 40*float64(c)
			}
			pixels[i] = byte(min(max(wave+float64(r.Uint32()%5), 0), 255))
		}
	}
	return pixels
}

var kinds = []string{"noise", "extremes", "smooth"}

// tests goes through pictures of many sizes.
func tests(t *testing.T, use func(t *testing.T, c Config, quality int, pixels []byte)) {
	sizes := [][2]int{{1, 1}, {7, 3}, {8, 8}, {15, 17}, {16, 16}, {17, 33}, {33, 9}, {1, 70}, {70, 1}, {255, 20}, {256, 16}, {257, 31}, {263, 24}, {300, 170}, {531, 47}}
	for i, size := range sizes {
		for j, subsampling := range []Subsampling{Subsampling420, Subsampling422, Subsampling444} {
			for _, colors := range []int{1, 3} {
				if colors == 1 && j > 0 {
					continue
				}
				quality := []int{95, 100, 75, 50, 20, 1, 90}[(i+j+colors)%7]
				c := Config{Width: size[0], Height: size[1], Colors: colors, Subsampling: subsampling, Tables: QualityTables(quality)}
				c.StripRows = c.UnitRows() * (1 + i%3)
				kind := kinds[(i+j)%len(kinds)]
				t.Run(fmt.Sprintf("%dx%d %v %d colours, quality %d, %s", c.Width, c.Height, subsampling, colors, quality, kind), func(t *testing.T) {
					use(t, c, quality, drawn(kind, c.Width, c.Height, colors))
				})
			}
		}
	}
}

// pnm is a picture as libjpeg's programs read and write it.
func pnm(c Config, pixels []byte) []byte {
	kind := map[int]string{1: "P5", 3: "P6"}[c.Colors]
	return append(fmt.Appendf(nil, "%s\n%d %d\n255\n", kind, c.Width, c.Height), pixels...)
}

// through runs a program of libjpeg, which must not complain.
func through(t testing.TB, in []byte, name string, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip("needs libjpeg's cjpeg and djpeg")
	}
	var out, complaints bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, &complaints
	if err := cmd.Run(); err != nil || complaints.Len() > 0 {
		t.Fatalf("%s: %v, %s", name, err, complaints.String())
	}
	return out.Bytes()
}

// TestPixelsAreThoseOfLibjpeg compares with what libjpeg's encoder makes of the same picture: every pixel, read by libjpeg's decoder.
func TestPixelsAreThoseOfLibjpeg(t *testing.T) {
	sampling := map[Subsampling]string{Subsampling420: "2x2", Subsampling422: "2x1", Subsampling444: "1x1"}
	tests(t, func(t *testing.T, c Config, quality int, pixels []byte) {
		args := []string{"-quality", fmt.Sprint(quality), "-baseline", "-sample", sampling[c.Subsampling]}
		theirs := through(t, pnm(c, pixels), "cjpeg", args...)
		want := through(t, theirs, "djpeg", "-pnm")
		if !bytes.Equal(through(t, encoded(t, c, pixels), "djpeg", "-pnm"), want) {
			t.Error("other pixels")
		}
		c.StripRows = (c.Height + 15) / 16 * 16
		if ours := encoded(t, c, pixels); len(ours) > len(theirs) {
			t.Errorf("%d bytes in one strip, libjpeg has %d", len(ours), len(theirs))
		}
	})
}

// TestStripsHaveThePixelsOfOne decodes with Go's decoder.
func TestStripsHaveThePixelsOfOne(t *testing.T) {
	tests(t, func(t *testing.T, c Config, _ int, pixels []byte) {
		got := decoded(t, encoded(t, c, pixels))
		c.StripRows = (c.Height + 15) / 16 * 16
		want := decoded(t, encoded(t, c, pixels))
		if !samePixels(got, want) {
			t.Error("other pixels")
		}
	})
}

func decoded(t testing.TB, file []byte) image.Image {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func samePixels(a, b image.Image) bool {
	if a.Bounds() != b.Bounds() {
		return false
	}
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			if a.At(x, y) != b.At(x, y) {
				return false
			}
		}
	}
	return true
}

// squaredError is the mean squared difference of what was decoded.
func squaredError(img image.Image, c Config, pixels []byte) float64 {
	sum := 0.0
	for y := range c.Height {
		for x := range c.Width {
			r, g, b, _ := img.At(x, y).RGBA()
			for i, v := range []uint32{r, g, b}[:c.Colors] {
				d := float64(v>>8) - float64(pixels[(y*c.Width+x)*c.Colors+i])
				sum += d * d
			}
		}
	}
	return sum / float64(len(pixels))
}

// TestAsGoodAsGo compares with Go's encoder at every quality.
func TestAsGoodAsGo(t *testing.T) {
	c := Config{Width: 267, Height: 145, Colors: 3, Subsampling: Subsampling420, StripRows: 160}
	pixels := drawn("smooth", c.Width, c.Height, 3)
	picture := image.NewRGBA(image.Rect(0, 0, c.Width, c.Height))
	for i := range c.Width * c.Height {
		copy(picture.Pix[4*i:], []byte{pixels[3*i], pixels[3*i+1], pixels[3*i+2], 255})
	}
	const headers = 30 // longer, with JFIF and each table in a segment
	for quality := 1; quality <= 100; quality++ {
		c.Tables = QualityTables(quality)
		ours := encoded(t, c, pixels)
		var theirs bytes.Buffer
		if err := jpeg.Encode(&theirs, picture, &jpeg.Options{Quality: quality}); err != nil {
			t.Fatal(err)
		}
		e, want := squaredError(decoded(t, ours), c, pixels), squaredError(decoded(t, theirs.Bytes()), c, pixels)
		if e > 1.01*want {
			t.Errorf("quality %d: a mean squared error of %.2f, Go has %.2f", quality, e, want)
		}
		if (len(ours)-headers)*100 > 101*theirs.Len() {
			t.Errorf("quality %d: %d bytes, Go has %d", quality, len(ours), theirs.Len())
		}
	}
	c.Subsampling = Subsampling444
	if e := squaredError(decoded(t, encoded(t, c, pixels)), c, pixels); e > 0.8 {
		t.Errorf("quality 100 without subsampling: a mean squared error of %.2f", e)
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	good := Config{Width: 20, Height: 20, Colors: 3, Tables: QualityTables(90), StripRows: 16}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"too wide":       func(c *Config) { c.Width = MaxSide + 1 },
		"too high":       func(c *Config) { c.Height = MaxSide + 1 },
		"no pixels":      func(c *Config) { c.Width = 0 },
		"a step of zero": func(c *Config) { c.Tables[1][5] = 0 },
		"long strips":    func(c *Config) { c.Width, c.Height, c.StripRows = 65535, 65535, 16*20 },
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// FuzzPixels encodes any pixels in any way; Go's decoder must find nearly the picture, within what its steps lose.
func FuzzPixels(f *testing.F) {
	f.Add([]byte("pixels"), uint16(5), uint16(7), uint8(90), uint8(0))
	f.Add([]byte{0, 255}, uint16(300), uint16(20), uint8(1), uint8(1))
	f.Add([]byte{255, 0, 0, 255, 1}, uint16(17), uint16(40), uint8(100), uint8(7))
	f.Fuzz(func(t *testing.T, content []byte, width, height uint16, quality, form uint8) {
		c := Config{Width: int(width)%600 + 1, Height: int(height)%80 + 1, Colors: 1 + int(form)%2*2, Subsampling: Subsampling(form / 2 % 3)}
		quality = quality%100 + 1
		c.Tables = QualityTables(int(quality))
		c.StripRows = c.UnitRows() * (1 + int(form/6)%4)
		pixels := make([]byte, c.Width*c.Height*c.Colors)
		for i := range pixels {
			if len(content) > 0 {
				pixels[i] = content[i%len(content)]
			}
		}
		img := decoded(t, encoded(t, c, pixels))
		if img.Bounds() != image.Rect(0, 0, c.Width, c.Height) {
			t.Fatalf("%v decoded", img.Bounds())
		}
		if c.Colors == 3 && c.Subsampling != Subsampling444 {
			return // colours are means of pixels
		}
		most := 0.0 // the mean of squared roundings, of steps of all frequencies
		for i := range c.Tables {
			for _, step := range c.Tables[i] {
				most += float64(step) * float64(step) / 4 / 64
			}
		}
		if e := squaredError(img, c, pixels); e > 4*most+3 {
			t.Errorf("a mean squared error of %.1f, the tables explain %.1f", e, most)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	c := Config{Width: 2000, Height: 1000, Colors: 3}
	pixels := drawn("smooth", c.Width, c.Height, 3)
	for _, quality := range []int{75, 95} {
		for _, c.Subsampling = range []Subsampling{Subsampling420, Subsampling444} {
			c.Tables = QualityTables(quality)
			c.StripRows = 64
			b.Run(fmt.Sprintf("%v/%d", c.Subsampling, quality), func(b *testing.B) {
				b.SetBytes(int64(len(pixels)))
				for b.Loop() {
					b.ReportMetric(float64(len(encoded(b, c, pixels))), "bytes")
				}
			})
		}
	}
}

// wide gives the steps of a table as numbers of 16 bits.
func wide(table [kernel.BlockSize]uint8) (steps [kernel.BlockSize]uint16) {
	for k, step := range table {
		steps[k] = uint16(step)
	}
	return steps
}

func TestQualityOf(t *testing.T) {
	for quality := 1; quality <= 100; quality++ {
		tables := QualityTables(quality)
		if got := QualityOf(wide(tables[0])); QualityTables(got)[0] != tables[0] {
			t.Errorf("quality %d is taken for %d", quality, got)
		}
		var steps [kernel.BlockSize]uint16
		for k, standard := range standardTables[0] {
			steps[k] = uint16(stepOf(standard, quality))
		}
		if got := QualityOf(steps); got != quality {
			t.Errorf("quality %d, not kept below 256, is taken for %d", quality, got)
		}
	}
}

// TestQualityOfOtherTables has tables judged that are not libjpeg's: larger steps must not pass for a higher quality, and tables about as
// coarse as libjpeg's of a quality must be found near it.
func TestQualityOfOtherTables(t *testing.T) {
	last := 101
	for step := uint16(1); step < maxStep; step += 1 + step/8 {
		var flat [kernel.BlockSize]uint16
		for k := range flat {
			flat[k] = step
		}
		got := QualityOf(flat)
		if got > last || step == 1 && got != 100 {
			t.Errorf("steps of %d are taken for quality %d, smaller ones for %d", step, got, last)
		}
		last = got
	}
	for _, quality := range []int{40, 60, 75, 85, 92, 96} {
		steps := wide(QualityTables(quality)[0])
		for k := range steps { // steeper or flatter than the standard by a sixth
			steps[k] = uint16(max(1, int(steps[k])+int(steps[k])*(k%3-1)/6))
		}
		if got := QualityOf(steps); got < quality-2 || got > quality+2 {
			t.Errorf("a table near that of quality %d is taken for %d", quality, got)
		}
	}
	var none [kernel.BlockSize]uint16
	if got := QualityOf(none); got != 100 {
		t.Errorf("steps of 0 are taken for quality %d", got)
	}
}
