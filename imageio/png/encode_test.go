package png

import (
	"bytes"
	"encoding/binary"
	"hash/adler32"
	"math/rand/v2"
	"slices"
	"testing"

	"classsr/imageio/deflate"
	"classsr/imageio/strips"
	"classsr/picture"
)

// plainFilter filters a row as PNG's specification says.
func plainFilter(kind int, row, above []byte, pixelBytes int) []byte {
	filtered := bytes.Clone(row)
	for i := range row {
		var left, corner int
		if i >= pixelBytes {
			left, corner = int(row[i-pixelBytes]), int(above[i-pixelBytes])
		}
		up := int(above[i])
		nearest, p := left, left+up-corner
		for _, other := range []int{up, corner} {
			if max(p-other, other-p) < max(p-nearest, nearest-p) {
				nearest = other
			}
		}
		filtered[i] -= byte([]int{0, left, up, (left + up) / 2, nearest}[kind])
	}
	return filtered
}

// plainlyChosen is a row, filtered in the way that leaves least, with the filter's number in front.
func plainlyChosen(row, above []byte, pixelBytes int) []byte {
	if bytes.Equal(row, above) {
		return append([]byte{2}, plainFilter(2, row, above, pixelBytes)...)
	}
	least, best := -1, []byte(nil)
	for _, kind := range []int{4, 0, 1, 2, 3} {
		filtered, sum := plainFilter(kind, row, above, pixelBytes), 0
		for _, v := range filtered {
			sum += max(int(int8(v)), -int(int8(v)))
		}
		if least < 0 || sum < least {
			least, best = sum, append([]byte{byte(kind)}, filtered...)
		}
	}
	return best
}

// plainPNG writes a PNG step by step, each for the whole picture: what all bands, strips and threads together must agree with.
func plainPNG(t testing.TB, p *picture.Picture) []byte {
	t.Helper()
	c := p.Config()
	line := lineBytes(c)
	n := line - 1
	lines := make([]byte, 0, line*p.Height)
	for y := range p.Height {
		lines = append(lines, 0)
		for i := y * c.Width * c.Channels(); i < (y+1)*c.Width*c.Channels(); i++ {
			if c.Depth == 8 {
				lines = append(lines, p.Pix8[i])
			} else {
				lines = binary.BigEndian.AppendUint16(lines, p.Pix16[i])
			}
		}
	}
	var filtered []byte
	for y := range p.Height {
		above := make([]byte, n)
		if y > 0 {
			above = lines[(y-1)*line+1:][:n]
		}
		filtered = append(filtered, plainlyChosen(lines[y*line+1:][:n], above, pixelBytes(c))...)
	}
	file := header(c)
	for i, part := range slices.Collect(slices.Chunk(filtered, max(1, stripBytes/line)*line)) {
		var b bytes.Buffer
		if i == 0 {
			b.WriteString("\x78\x01")
		}
		if err := deflate.New(deflate.Default).Write(&b, part); err != nil {
			t.Fatal(err)
		}
		file = appendChunk(file, "IDAT", b.Bytes())
	}
	end := binary.BigEndian.AppendUint32([]byte("\x01\x00\x00\xff\xff"), adler32.Checksum(filtered))
	return appendChunk(appendChunk(file, "IDAT", end), "IEND", nil)
}

func TestPNGBytes(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 5}, {7, 1}, {33, 20}, {150, 40}, {300, 110}, {1000, 270}} {
		for channels := 1; channels <= 4; channels++ {
			for _, depth := range []int{8, 16} {
				for name, draw := range map[string]func(picture.Config) *picture.Picture{"noise": noise, "repeating": repeating} {
					p := draw(picture.Config{Width: size[0], Height: size[1], Colors: (channels-1)/2*2 + 1, Alpha: channels%2 == 0, Depth: depth})
					if !bytes.Equal(encoded(t, p), plainPNG(t, p)) {
						t.Errorf("%s of %dx%d, %d channels, %d bits: other bytes than written plainly", name, p.Width, p.Height, channels, depth)
					}
				}
			}
		}
	}
}

// noise is a picture that nothing makes small.
func noise(c picture.Config) *picture.Picture {
	p := c.New()
	r := rand.New(rand.NewPCG(5, 6))
	for i := range p.Pix8 {
		p.Pix8[i] = uint8(r.Uint32())
	}
	for i := range p.Pix16 {
		p.Pix16[i] = uint16(r.Uint32())
	}
	return p
}

// repeating is a picture that only matches make small.
func repeating(c picture.Config) *picture.Picture {
	p := c.New()
	for i := range p.Pix8 {
		p.Pix8[i] = uint8(i % 97 * 50)
	}
	for i := range p.Pix16 {
		p.Pix16[i] = uint16(i % 301 * 9999)
	}
	return p
}

// encoded gives p as a file.
func encoded(t testing.TB, p *picture.Picture) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := picture.Copy(NewEncoder(&b, p.Config(), EncodeOptions{}, strips.Options{}), p.Rows(7)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestAdler32 joins sums of all cuts of a run.
func TestAdler32(t *testing.T) {
	data := bytes.Repeat([]byte{0xff, 0xfe, 1, 0, 0x80}, 3000)
	want := adler32.Checksum(data)
	for _, cut := range []int{0, 1, 2, 5, 700, 14000, len(data) - 1, len(data)} {
		if got := joinAdler32(adler32.Checksum(data[:cut]), adler32.Checksum(data[cut:]), int64(len(data)-cut)); got != want {
			t.Errorf("cut at %d: %08x, want %08x", cut, got, want)
		}
	}
}
