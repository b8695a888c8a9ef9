package imageio

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"classsr/fault"
	"classsr/internal/testref"
	"classsr/picture"
)

// flavours gives the files that other programs wrote in all flavours of some formats, by their paths, with the lines of pixels.txt that say
// how ImageMagick shows them.
func flavours(t testing.TB) map[string][]string {
	t.Helper()
	lists, err := filepath.Glob(filepath.Join("*", "testdata", "pixels.txt"))
	if err != nil || len(lists) < 4 {
		t.Fatalf("lists of pixels: %v, %v", lists, err)
	}
	found := map[string][]string{}
	for _, list := range lists {
		f, err := os.Open(list)
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			name, _, _ := strings.Cut(lines.Text(), " ")
			path := filepath.Join(filepath.Dir(list), name)
			found[path] = append(found[path], lines.Text())
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// TestFlavours compares every picture with what ImageMagick shows.
func TestFlavours(t *testing.T) {
	for path, lines := range flavours(t) {
		for _, line := range lines {
			var name, size, sum string
			var page, depth int
			if _, err := fmt.Sscan(line, &name, &page, &size, &depth, &sum); err != nil {
				t.Fatal(err)
			}
			d, err := DecodeFile(path, Limits{Options: Options{Page: page}})
			if err != nil {
				t.Error(err)
				continue
			}
			if got := fmt.Sprintf("%dx%d", d.Width, d.Height); got != size || d.Depth != depth {
				t.Errorf("%s: %s, %d bits, want %s, %d bits", path, got, d.Depth, size, depth)
			}
			if len(sum) < 10 {
				reference, err := DecodeFile(fmt.Sprintf("%s.%d.reference", path, page), Limits{})
				if err != nil {
					t.Error(err)
				} else if off, ok := near(d.Picture, reference.Picture, sum); !ok {
					t.Errorf("%s, picture %d (%s): %s off, want %s", path, page, shape(d.Colors, d.Alpha, d.Depth), off, sum)
				}
			} else if checksum(d.Picture) != sum {
				t.Errorf("%s, picture %d (%s): other pixels", path, page, shape(d.Colors, d.Alpha, d.Depth))
			}
		}
	}
}

// checksum is that of a picture as red, green, blue and alpha.
func checksum(p *picture.Picture) string {
	h := sha256.New()
	for i := range p.Width * p.Height {
		for _, s := range shown(p, i) {
			b := binary.BigEndian.AppendUint16(nil, uint16(s))
			h.Write(b[2-p.Depth/8:])
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// near reports whether two pictures of the same size and depth are near enough: so many levels apart at most, or so many dB on average, with
// colours multiplied by alpha.
func near(a, b *picture.Picture, enough string) (off string, ok bool) {
	most, sum, white := 0, 0.0, 1<<a.Depth-1
	db, average := strings.CutSuffix(enough, "dB")
	for i := range a.Width * a.Height {
		x, y := shown(a, i), shown(b, i)
		for k := range x {
			if average && k < 3 {
				x[k], y[k] = x[k]*x[3]/white, y[k]*y[3]/white
			}
			d := x[k] - y[k]
			most = max(most, d, -d)
			sum += float64(d * d)
		}
	}
	want, err := strconv.Atoi(db)
	if err != nil {
		return enough, false
	}
	if average {
		got := 10 * math.Log10(float64(white*white*4*a.Width*a.Height)/sum)
		return fmt.Sprintf("%.1f dB", got), got >= float64(want)
	}
	return strconv.Itoa(most), most <= want
}

// shown gives red, green, blue and alpha of pixel i, black where nothing can be seen.
func shown(p *picture.Picture, i int) (v [4]int) {
	n := p.Channels()
	if v[3] = 1<<p.Depth - 1; p.Alpha {
		v[3] = at(p, i*n+n-1)
	}
	for k := range 3 {
		if v[3] != 0 {
			v[k] = at(p, i*n+k%p.Colors)
		}
	}
	return v
}

// TestDamagedFlavours cuts and damages the same files. What comes of it is an error or a picture of the size that was declared.
func TestDamagedFlavours(t *testing.T) {
	limits := Limits{MaxPixels: 1 << 20}
	for path := range flavours(t) {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		step := 1
		if strings.HasPrefix(path, "heif") { // they start a decoder each
			step = 41
		}
		if os.Getenv(testref.AlsoSlow) == "" {
			step *= 23
		}
		for n := 0; n < len(file); n += step {
			damaged := slices.Clone(file)
			if damaged[n] ^= 1 << (n % 8); strings.HasSuffix(path, ".png") {
				damaged = repaired(damaged)
			}
			if _, err := sound(damaged, limits); err != nil {
				t.Fatalf("%s, bit %d of byte %d flipped: %v", path, n%8, n, err)
			}
			if n%2 == 0 {
				if _, err := sound(file[:n], limits); err != nil {
					t.Fatalf("%s, %d of %d bytes: %v", path, n, len(file), err)
				}
			}
		}
	}
}

// flatFiles gives large pictures of formats that are written in a few lines.
func flatFiles(size image.Point) map[string][]byte {
	w, h, area := size.X, size.Y, size.X*size.Y
	tga := func(kind, bits, alpha byte, body []byte) []byte {
		return append([]byte{0, 0, kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(w), byte(w >> 8), byte(h), byte(h >> 8), bits, alpha}, body...)
	}
	bmp := func(bits, compression uint32, body []byte) []byte {
		file := append([]byte("BM"), make([]byte, 8)...)
		for _, v := range []uint32{54 + 8, 40, uint32(w), uint32(h), 1 | bits<<16, compression, 0, 0, 0, 2, 0, 0xffffff, 0xff} {
			file = binary.LittleEndian.AppendUint32(file, v)
		}
		return append(file, body...)
	}
	row := bytes.Repeat([]byte{255, 1}, w/255)
	row = append(row, byte(w%255), 1, 0, 0)
	var animation bytes.Buffer
	img := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.Black, color.NRGBA{R: 1, A: 255}})
	if err := gif.Encode(&animation, img, nil); err != nil {
		panic(err)
	}
	return map[string][]byte{
		"pnm":      append(fmt.Appendf(nil, "P6 %d %d 255\n", w, h), make([]byte, 3*area)...),
		"pnm 16":   append(fmt.Appendf(nil, "P5 %d %d 65535\n", w, h), make([]byte, 2*area)...),
		"pfm":      append(fmt.Appendf(nil, "PF\n%d %d\n-1.0\n", w, h), make([]byte, 12*area)...),
		"pnm bits": append(fmt.Appendf(nil, "P4 %d %d\n", w, h), make([]byte, (w+7)/8*h)...),
		"pam":      append(fmt.Appendf(nil, "P7\nWIDTH %d\nHEIGHT %d\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n", w, h), make([]byte, 4*area)...),
		"tga":      tga(2, 24, 0, make([]byte, 3*area)), "tga alpha": tga(2, 32, 8, make([]byte, 4*area)),
		"tga runs": tga(10, 24, 0, bytes.Repeat([]byte{0xff, 0, 0, 0}, area/128+1)),
		"bmp":      bmp(24, 0, make([]byte, (3*w+3)/4*4*h)), "bmp palette": bmp(1, 0, make([]byte, (w+31)/32*4*h)), "bmp runs": bmp(8, 1, bytes.Repeat(row, h)),
		"gif": animation.Bytes(),
	}
}

// FuzzPages asks for pictures of files that hold several.
func FuzzPages(f *testing.F) {
	for path, lines := range flavours(f) {
		if file, err := os.ReadFile(path); err != nil {
			f.Fatal(err)
		} else if len(lines) > 1 {
			f.Add(file, len(lines))
		}
	}
	f.Add(apng(false, apngFrame{w: 3, h: 1, pixels: make([]byte, 6)}), 1)
	f.Fuzz(func(t *testing.T, data []byte, page int) {
		if bytes.HasPrefix(data, []byte("\x89PNG")) {
			data = repaired(data)
		}
		d, err := Decode(data, Limits{MaxPixels: 1 << 16, Options: Options{Page: page & 7}})
		switch {
		case err == nil:
			d.Check()
		case !slices.Contains(append(fileKinds, fault.Usage), fault.KindOf(err)):
			t.Fatalf("error %v of kind %s", err, fault.KindOf(err))
		}
	})
}
