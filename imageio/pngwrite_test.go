package imageio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/adler32"
	"slices"
	"testing"

	"classsr/picture"

	"github.com/klauspost/compress/flate"
)

// plainPaeth filters a row as PNG's specification says.
func plainPaeth(row, above []byte, pixelBytes int) {
	raw := bytes.Clone(row)
	for i := range row {
		var left, corner int
		if i >= pixelBytes {
			left, corner = int(raw[i-pixelBytes]), int(above[i-pixelBytes])
		}
		nearest, p := left, left+int(above[i])-corner
		for _, other := range []int{int(above[i]), corner} {
			if max(p-other, other-p) < max(p-nearest, nearest-p) {
				nearest = other
			}
		}
		row[i] -= byte(nearest)
	}
}

// deflatedAt is raw, compressed and flushed.
func deflatedAt(t testing.TB, raw []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// plainPNG writes a PNG step by step, each for the whole picture: what all bands, strips and threads together must agree with.
func plainPNG(t testing.TB, p *picture.Picture) []byte {
	t.Helper()
	c := p.Config()
	line := pngLine(c)
	n := line - 1
	lines := make([]byte, 0, line*p.Height)
	for y := range p.Height {
		lines = append(lines, filterPaeth)
		for i := y * c.Width * c.Channels(); i < (y+1)*c.Width*c.Channels(); i++ {
			if c.Depth == 8 {
				lines = append(lines, p.Pix8[i])
			} else {
				lines = binary.BigEndian.AppendUint16(lines, p.Pix16[i])
			}
		}
	}
	filtered := bytes.Clone(lines)
	for y := range p.Height {
		above := make([]byte, n)
		if y > 0 {
			above = lines[(y-1)*line+1:][:n]
		}
		plainPaeth(filtered[y*line+1:][:n], above, pngPixel(c))
	}
	file := pngHeader(c)
	for i, part := range slices.Collect(slices.Chunk(filtered, max(1, stripBytes/line)*line)) {
		sample := bytes.Join(sampled(part), nil)
		level := stripLevels[0]
		if len(deflatedAt(t, sample, stripLevels[1])) < len(deflatedAt(t, sample, level)) {
			level = stripLevels[1]
		}
		best := deflatedAt(t, part, level)
		if i == 0 {
			best = append([]byte("\x78\x01"), best...)
		}
		file = appendChunk(file, "IDAT", best)
	}
	end := binary.BigEndian.AppendUint32([]byte("\x01\x00\x00\xff\xff"), adler32.Checksum(filtered))
	return appendChunk(appendChunk(file, "IDAT", end), "IEND", nil)
}

// repeating is a picture that only matches make small.
func repeating(width, height, colors int, alpha bool, depth int) *picture.Picture {
	p := patterned(width, height, colors, alpha, depth)
	for i := range p.Pix8 {
		p.Pix8[i] = p.Pix8[i%97] / 3
	}
	for i := range p.Pix16 {
		p.Pix16[i] = p.Pix16[i%301]
	}
	return p
}

func TestPNGBytes(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 5}, {7, 1}, {33, 20}, {150, 40}, {300, 110}} {
		for channels := 1; channels <= 4; channels++ {
			for _, depth := range []int{8, 16} {
				for name, draw := range map[string]func(int, int, int, bool, int) *picture.Picture{"noise": patterned, "repeating": repeating} {
					p := draw(size[0], size[1], (channels-1)/2*2+1, channels%2 == 0, depth)
					if !bytes.Equal(encoded(t, p, "png"), plainPNG(t, p)) {
						t.Errorf("%s of %dx%d, %d channels, %d bits: other bytes than written plainly", name, p.Width, p.Height, channels, depth)
					}
				}
			}
		}
	}
}

// TestBandsOfAnyHeight hands pictures of several strips over in bands, with several numbers of threads.
func TestBandsOfAnyHeight(t *testing.T) {
	for _, p := range []*picture.Picture{
		patterned(1000, 270, 3, true, 8), repeating(700, 260, 3, false, 16), patterned(60001, 18, 1, false, 8), patterned(530000, 2, 1, false, 8),
	} {
		for format, o := range outputs {
			if p.Width > o.maxSide {
				continue
			}
			want := encoded(t, p, format)
			if format == formatPNG && !bytes.Equal(want, plainPNG(t, p)) {
				t.Errorf("%dx%d: other bytes than written plainly", p.Width, p.Height)
			}
			strip := o.layout(p.Config()).rows
			if strip >= p.Height {
				t.Errorf("%dx%d is a single strip as %s", p.Width, p.Height, format)
			}
			for i, heights := range [][]int{{1}, {2, 3}, {strip}, {strip + 1}, {max(1, strip-1)}, {1, 2*strip + 1, 5}, {p.Height}} {
				threads := []int{1, 2, 5, 1000}[(i+p.Height)%4]
				if got := inBands(t, p, format, heights, threads); !bytes.Equal(got, want) {
					t.Errorf("%dx%d as %s in bands of %v rows with %d threads: other bytes", p.Width, p.Height, format, heights, threads)
				}
			}
		}
	}
}

// inBands encodes a picture in bands of these heights, over and over.
func inBands(t testing.TB, p *picture.Picture, format string, heights []int, threads int) []byte {
	t.Helper()
	var b bytes.Buffer
	e, err := NewEncoder(&b, p.Config(), format, EncodeOptions{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	reused := picture.Picture{} // what a band was may be anything once WriteRows has returned
	for y, i := 0, 0; y < p.Height; i++ {
		band := p.Band(y, min(y+heights[i%len(heights)], p.Height))
		y += band.Height
		reused.Pix8, reused.Pix16 = append(reused.Pix8[:0], band.Pix8...), append(reused.Pix16[:0], band.Pix16...)
		band.Pix8, band.Pix16 = reused.Pix8, reused.Pix16
		if err := e.WriteRows(band); err != nil {
			t.Fatal(err)
		}
		clear(reused.Pix8)
		clear(reused.Pix16)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestBlocks(t *testing.T) {
	var b blocks
	var want []byte
	for i := range 3 * blockBytes / 4 {
		part := []byte(fmt.Sprint(i))
		if i%2 == 0 {
			_ = b.WriteByte(part[0])
			part = part[:1]
		} else {
			_, _ = b.Write(part)
		}
		want = append(want, part...)
	}
	for _, cut := range [][2]int{{0, len(want)}, {5, 6}, {blockBytes, 2 * blockBytes}, {blockBytes - 1, blockBytes + 1}, {7, 7}} {
		var got bytes.Buffer
		if err := b.writeTo(&got, cut[0], cut[1]); err != nil || !bytes.Equal(got.Bytes(), want[cut[0]:cut[1]]) {
			t.Errorf("bytes %v are others (%v)", cut, err)
		}
	}
	held := len(b.all)
	b.reset()
	if _, err := b.Write(want); err != nil || len(b.all) != held || b.size != len(want) {
		t.Error("a buffer does not use its memory again")
	}
	if int64(held*blockBytes) != blocksFor(int64(len(want))) {
		t.Errorf("%d blocks hold %d bytes", held, len(want))
	}
}
