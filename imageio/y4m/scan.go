package y4m

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"classsr/fault"
)

// Contents is what a file holds, as far as its lines tell.
type Contents struct {
	Header Header
	Frames int  // at least 1
	Noted  bool // the first frame has a Note
}

// StreamBytes is what a stream of so many frames without notes takes, with its first line.
func (h Header) StreamBytes(frames int) int64 {
	return int64(len(h.line())) + int64(frames)*(int64(len(frameLine)+1)+h.Bytes())
}

// Scan looks through a file of so many bytes from line to line, without reading frames. Errors are those of Reader, also of later frames; a file without any frame is
// damaged.
func Scan(r io.ReaderAt, size int64) (c Contents, err error) {
	first, err := NewReader(io.NewSectionReader(r, 0, size))
	if err != nil {
		return c, err
	}
	c.Header = first.header
	line, err := lineAt(r, 0, size)
	for at := int64(len(line)) + 1; err == nil && at < size; c.Frames++ {
		number := c.Frames + 1
		var note string
		if line, err = lineAt(r, at, size); err != nil {
			return c, readError(err, fmt.Sprintf("the line before frame %d does not end", number))
		}
		if note, err = parseFrame(string(line), number); err != nil {
			return c, err
		}
		c.Noted = c.Noted || note != "" && number == 1
		if at += int64(len(line)) + 1 + c.Header.Bytes(); at > size {
			return c, readError(io.ErrUnexpectedEOF, fmt.Sprintf("it ends within frame %d", number))
		}
	}
	if err == nil && c.Frames == 0 {
		err = ErrNoFrame
	}
	return c, err
}

// ErrNoFrame is about a stream of its first line alone.
var ErrNoFrame = fault.New(fault.Damaged, "damaged y4m: there is no frame")

// lineAt reads the line that begins at an offset, without its end.
func lineAt(r io.ReaderAt, at, size int64) ([]byte, error) {
	for _, most := range []int64{128, longestLine + 1} { // mostly it is short
		b := make([]byte, min(most, size-at))
		if _, err := r.ReadAt(b, at); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if line, _, ends := bytes.Cut(b, []byte{'\n'}); ends {
			return line, nil
		}
	}
	return nil, io.ErrUnexpectedEOF
}
