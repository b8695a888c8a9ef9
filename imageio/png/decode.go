package png

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zlib"

	"classsr/imageio/codec"
	"classsr/picture"
)

// PNG is decoded here row by row, straight into the picture: image/png makes four bytes of a pixel's three, or eight of its six, and of
// interlaced pictures every pass beside the whole.

// Pixels implements codec.Scanner.
func (f *scanner) Pixels() (*picture.Picture, error) {
	if f.animation.frames != nil {
		return f.drawn()
	}
	data := f.data()
	inflated, err := zlib.NewReader(data)
	if err != nil {
		return nil, err
	}
	return f.inflate(inflated, data)
}

// data is the compressed pixels of the picture.
func (f *scanner) data() *idat {
	return &idat{r: f.Src.Reader(f.pixels), crc: crc32.NewIEEE(), kind: "IDAT"}
}

// inflate makes the picture of what was compressed in the chunks of data.
func (f *scanner) inflate(inflated io.Reader, data io.Reader) (p *picture.Picture, err error) {
	p = f.NewPicture()
	if p.Depth == 8 {
		err = read(f, inflated, codec.NewPlacer(f.File, p.Pix8), f.samples8())
	} else {
		err = read(f, inflated, codec.NewPlacer(f.File, p.Pix16), f.samples16())
	}
	if err != nil {
		return nil, err
	}
	return p, checkEnd(inflated, data)
}

// checkEnd looks for the checksums, which are at the ends.
func checkEnd(inflated, data io.Reader) error {
	switch _, err := io.ReadFull(inflated, make([]byte, 1)); {
	case err == nil:
		return errors.New("it has more pixels than it says")
	case !errors.Is(err, io.EOF):
		return err
	}
	_, err := io.Copy(io.Discard, data)
	return err
}

// idat gives what the chunks IDAT of a picture or fdAT of a frame hold together.
type idat struct {
	r     *bufio.Reader // from the first of them on
	kind  string
	left  uint32 // bytes of the one at hand
	begun bool   // there is one at hand
	crc   hash.Hash32
}

func (d *idat) Read(b []byte) (int, error) {
	for d.left == 0 {
		if err := d.next(); err != nil {
			return 0, err
		}
	}
	n, err := d.r.Read(b[:min(uint32(min(len(b), 1<<30)), d.left)])
	_, _ = d.crc.Write(b[:n]) // it cannot fail
	if d.left -= uint32(n); errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// next checks a chunk that was read to its end and begins the one after it; io.EOF says that it holds no pixels.
func (d *idat) next() error {
	var head [8]byte
	if d.begun {
		if _, err := io.ReadFull(d.r, head[:4]); err != nil {
			return io.ErrUnexpectedEOF
		}
		if binary.BigEndian.Uint32(head[:]) != d.crc.Sum32() {
			return errors.New("a checksum of its pixels is wrong")
		}
		d.begun = false
	}
	ahead, err := d.r.Peek(8)
	if err != nil {
		return io.ErrUnexpectedEOF
	}
	if string(ahead[4:]) != d.kind {
		return io.EOF
	}
	d.left, d.begun = binary.BigEndian.Uint32(ahead), true
	d.crc.Reset()
	_, _ = d.crc.Write(ahead[4:])
	if _, err = d.r.Discard(8); err != nil || d.kind != "fdAT" {
		return err
	}
	if d.left < 4 { // a number comes before the pixels
		return io.ErrUnexpectedEOF
	}
	_, err = io.ReadFull(d.r, head[:4])
	_, _ = d.crc.Write(head[:4])
	d.left -= 4
	return err
}

// pass is the part of an interlaced picture whose pixels lie dx and dy apart, from x0 and y0 on.
type pass struct{ x0, y0, dx, dy int }

var (
	whole  = []pass{{0, 0, 1, 1}}
	passes = []pass{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}
)

// read reads all rows of all passes. samples makes the picture's samples of a row of stored ones.
func read[T uint8 | uint16](f *scanner, r io.Reader, to *codec.Placer[T], samples func(dst []T, row []byte)) error {
	all := whole
	if f.interlaced {
		all = passes
	}
	rows := f.storedRows(r)
	for _, pass := range all {
		n := (f.Width - pass.x0 + pass.dx - 1) / pass.dx
		if n <= 0 {
			continue // such a pass has no rows either
		}
		rows.begin(f.rowBytes(n))
		for y := pass.y0; y < f.Height; y += pass.dy {
			row, err := rows.next()
			if err != nil {
				return err
			}
			samples(to.Row(y, pass.x0, pass.dx, n), row)
			to.Place()
		}
	}
	return nil
}

// storedRows are the rows of a pass, without the filters.
type storedRows struct {
	r          io.Reader
	row, above []byte
	length     int // of a row, with the filter's name
	step       int
}

// storedRows makes room for rows of the picture's length.
func (f *scanner) storedRows(r io.Reader) *storedRows {
	n := f.rowBytes(f.Width)
	return &storedRows{r: r, row: make([]byte, n), above: make([]byte, n), step: max(f.pixelBits()/8, 1)}
}

// begin begins a pass.
func (s *storedRows) begin(length int) {
	s.length = length
	clear(s.above)
}

// next gives the bytes of the next row, valid until the call after the next one.
func (s *storedRows) next() ([]byte, error) {
	row, above := s.row[:s.length], s.above[:s.length]
	if _, err := io.ReadFull(s.r, row); err != nil {
		return nil, err
	}
	if err := unfilter(row[0], row[1:], above[1:], s.step); err != nil {
		return nil, err
	}
	s.row, s.above = s.above, s.row
	return row[1:], nil
}

// unfilter makes a row's bytes of what the filter left of them. step is how many bytes before one its neighbour to the left is.
func unfilter(filter byte, row, above []byte, step int) error {
	above = above[:len(row)]
	switch filter {
	case 0:
	case 1: // less the one to the left
		for i := step; i < len(row); i++ {
			row[i] += row[i-step]
		}
	case 2: // less the one above
		for i, v := range above {
			row[i] += v
		}
	case 3: // less the mean of both
		for i := range min(step, len(row)) {
			row[i] += above[i] / 2
		}
		for i := step; i < len(row); i++ {
			row[i] += uint8((int(row[i-step]) + int(above[i])) / 2)
		}
	case 4:
		unfilterPaeth(row, above, step)
	default:
		return fmt.Errorf("filter %d does not exist", filter)
	}
	return nil
}

// unfilterPaeth adds to each byte that one of its neighbours to the left, above, and above left which is nearest to left plus above minus
// above left.
func unfilterPaeth(row, above []byte, step int) {
	for i := range min(step, len(row)) {
		row[i] += above[i]
	}
	for i := step; i < len(row); i++ {
		left, up, corner := int(row[i-step]), int(above[i]), int(above[i-step])
		fromLeft, fromUp := up-corner, left-corner
		fromCorner := fromLeft + fromUp
		fromLeft, fromUp, fromCorner = max(fromLeft, -fromLeft), max(fromUp, -fromUp), max(fromCorner, -fromCorner)
		switch {
		case fromLeft <= fromUp && fromLeft <= fromCorner:
			row[i] += uint8(left)
		case fromUp <= fromCorner:
			row[i] += uint8(up)
		default:
			row[i] += uint8(corner)
		}
	}
}
