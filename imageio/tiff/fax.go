package tiff

import (
	"bufio"
	"errors"
	"io"

	"classsr/imageio/codec"
)

// Fax is decoded here, as ITU-T T.4 and T.6 define it: golang.org/x/image/ccitt does not know rows of Group 3 that look at the row above, nor
// rows without ends of lines.

// faxForm is how rows are coded.
type faxForm struct {
	group4 bool // rows look at the row above, and nothing lies between them
	twoD   bool // rows of Group 3 may look at the row above; a bit after each end of a line says which
	noEnds bool // there are no ends of lines (compression 2)
	align  int  // bits that rows begin at a multiple of; 0 for any
}

func (f *scanner) faxForm() faxForm {
	const twoD = 1 << 0
	switch f.compression {
	case fax4:
		return faxForm{group4: true}
	case faxRows:
		return faxForm{noEnds: true, align: 8}
	case faxWords:
		return faxForm{noEnds: true, align: 16}
	}
	return faxForm{twoD: f.d.Uint(tagFaxOptions, 0)&twoD != 0}
}

// fax gives rows of pixels, a bit each: 1 for what the standard calls black, whatever the colour model makes of it.
type fax struct {
	faxForm
	bits        bitReader
	width, rows int
	above, line []int32 // where the colour changes, beginning with white; closed by two times the width
	row         []byte
	left        []byte // of row, that is not read
	begun       bool   // an end of a line came
	err         error
}

func newFax(r *bufio.Reader, form faxForm, width, rows int) *fax {
	f := &fax{faxForm: form, bits: bitReader{r: r}, width: width, rows: rows, row: make([]byte, (width+7)/8)}
	f.above = []int32{int32(width), int32(width)}
	return f
}

// Read implements io.Reader.
func (f *fax) Read(b []byte) (int, error) {
	if len(f.left) == 0 {
		if f.err == nil {
			f.err = f.next()
		}
		if f.err != nil {
			return 0, f.err
		}
	}
	n := copy(b, f.left)
	f.left = f.left[n:]
	return n, nil
}

var errFax = errors.New("its fax data is wrong")

// next decodes a row.
func (f *fax) next() error {
	if f.rows == 0 {
		return io.EOF
	}
	f.rows--
	f.line = f.line[:0]
	looksUp := f.group4
	if !f.group4 && !f.noEnds {
		var err error
		if looksUp, err = f.endOfLine(); err != nil {
			return err
		}
	}
	var err error
	if looksUp {
		err = f.decode2D()
	} else {
		err = f.decode1D()
	}
	if err != nil {
		return err
	}
	if f.align > 0 {
		f.bits.align(f.align)
	}
	f.paint()
	f.line = append(f.line, int32(f.width), int32(f.width))
	f.above, f.line = f.line, f.above
	return nil
}

// endOfLine skips the end of the line before, if there is one, with the zeros that fill up what comes before it. It reports whether the row
// looks at the one above.
func (f *fax) endOfLine() (looksUp bool, err error) {
	const shortest = 11 // zeros, then a one
	head, err := f.bits.peek(shortest)
	if err != nil {
		return false, err
	}
	if head != 0 {
		if f.twoD && f.begun {
			return false, errFax // what kind of row comes is not known
		}
		return false, nil
	}
	for {
		bit, err := f.bits.next()
		if err != nil {
			return false, err
		}
		if bit == 1 {
			break
		}
	}
	f.begun = true
	if !f.twoD {
		return false, nil
	}
	bit, err := f.bits.next()
	return bit == 0, err
}

// decode1D reads runs of white and black in turn.
func (f *fax) decode1D() error {
	for at, colour := 0, 0; at < f.width; colour ^= 1 {
		n, err := f.run(colour)
		if err != nil {
			return err
		}
		at += n
		if err := f.change(at); err != nil {
			return err
		}
	}
	return nil
}

// change takes note of where the colour changes. Runs of nothing are allowed, but not any number of them.
func (f *fax) change(at int) error {
	if at > f.width || len(f.line) > f.width+f.width/1024+16 {
		return errFax
	}
	f.line = append(f.line, int32(at))
	return nil
}

// run reads the length of a run: any number of codes for multiples of 64, and one for the rest.
func (f *fax) run(colour int) (int, error) {
	for n := 0; ; {
		v, err := f.code(&runCodes[colour])
		if err != nil {
			return 0, err
		}
		if n += v; v < 64 {
			return n, nil
		}
		if n > f.width+2560 {
			return 0, errFax
		}
	}
}

// decode2D reads a row as changes of the row above.
func (f *fax) decode2D() error {
	at, colour, start := 0, 0, true // start: before the first pixel
	up := 0
	for at < f.width {
		mode, err := f.code(&modeCodes)
		if err != nil {
			return err
		}
		b1, b2 := f.changes(&up, at, colour, start)
		switch mode {
		case modePass:
			at = b2
		case modeHorizontal:
			for _, c := range [2]int{colour, colour ^ 1} {
				n, err := f.run(c)
				if err != nil {
					return err
				}
				at += n
				if err := f.change(at); err != nil {
					return err
				}
			}
		case modeExtension:
			return codec.Unsupported("fax data that is not compressed is not supported")
		default:
			if b1+mode < at {
				return errFax
			}
			at = b1 + mode
			if err := f.change(at); err != nil {
				return err
			}
			colour ^= 1
		}
		start = false
	}
	return nil
}

// changes finds b1 and b2 of the standard: the first change of the row above to the right of at that is to the colour opposite to the one
// at hand, and the change after it. up is where the search went on to.
func (f *fax) changes(up *int, at, colour int, start bool) (b1, b2 int) {
	i := *up
	for i > 0 && int(f.above[i-1]) > at { // a vertical mode may go back to the left
		i--
	}
	for i < len(f.above)-2 && (int(f.above[i]) < at || int(f.above[i]) == at && !start || i%2 != colour) {
		i++
	}
	*up = i
	return int(f.above[i]), int(f.above[min(i+1, len(f.above)-1)])
}

// paint makes pixels of the line's changes.
func (f *fax) paint() {
	clear(f.row)
	for i := 0; i < len(f.line); i += 2 {
		end := f.width
		if i+1 < len(f.line) {
			end = int(f.line[i+1])
		}
		setBits(f.row, int(f.line[i]), end)
	}
	f.left = f.row
}

// setBits sets the bits from number from up to number to.
func setBits(row []byte, from, to int) {
	for ; from < to && from%8 != 0; from++ {
		row[from/8] |= 0x80 >> (from % 8)
	}
	for ; from+8 <= to; from += 8 {
		row[from/8] = 0xff
	}
	for ; from < to; from++ {
		row[from/8] |= 0x80 >> (from % 8)
	}
}

// bitReader gives bits, the highest of a byte first.
type bitReader struct {
	r     *bufio.Reader
	bits  uint32 // those at hand, the next one highest
	n     int    // of them
	count int    // bits that were taken, modulo 16
	ended bool
}

// peek gives the next n bits, at most 24; zeros follow the end.
func (b *bitReader) peek(n int) (uint32, error) {
	for b.n < n && !b.ended {
		v, err := b.r.ReadByte()
		if errors.Is(err, io.EOF) {
			b.ended = true
			break
		}
		if err != nil {
			return 0, err
		}
		b.bits |= uint32(v) << (24 - b.n)
		b.n += 8
	}
	if b.n == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	return b.bits >> (32 - n), nil
}

// take removes n bits, of which peek gave as many.
func (b *bitReader) take(n int) error {
	if n > b.n {
		return io.ErrUnexpectedEOF
	}
	b.bits <<= n
	b.n -= n
	b.count = (b.count + n) % 16
	return nil
}

func (b *bitReader) next() (uint32, error) {
	v, err := b.peek(1)
	if err != nil {
		return 0, err
	}
	return v, b.take(1)
}

// align skips bits up to a multiple of so many, 8 or 16.
func (b *bitReader) align(multiple int) {
	for b.count%multiple != 0 {
		if _, err := b.next(); err != nil {
			return // that there is none is no fault of the row's
		}
	}
}
