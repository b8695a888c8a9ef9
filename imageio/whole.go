package imageio

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/dustin/go-humanize"

	"classsr/fault"
)

// A file is read into memory as a whole, since a TIFF may have its headers at its end. What is no picture, or lies about itself, is not to
// fill the memory first; so the beginning is scanned when a little of the file is there, and again whenever that has doubled.

const (
	// firstLook is what is read of a file before it is scanned for the first time.
	firstLook = 64 << 10
	// pixelBytes is what a pixel takes uncompressed at most: four samples of 16 bits.
	pixelBytes = 8
	// metadataRoom is how much longer a file may be than its pixels uncompressed.
	metadataRoom = 64 << 20
)

// maxBytes is the longest file that is read.
func (l Limits) maxBytes() int64 {
	most := pixelBytes*min(l.maxPixels(), 1<<50) + metadataRoom
	if l.MaxBytes > 0 {
		most = min(most, l.MaxBytes)
	}
	return most
}

// readWhole gives the bytes of a picture's file, perhaps without what comes after the picture. size is how many there are, or 0 if nobody
// knows.
func readWhole(r io.Reader, size int64, limits Limits) ([]byte, error) {
	most := limits.maxBytes()
	if size > most {
		return nil, errTooLong(most)
	}
	plausible := int64(math.MaxInt64)
	data := make([]byte, 0, firstLook)
	for {
		next := min(max(2*int64(len(data)), firstLook), most+1, plausible)
		if next > int64(cap(data)) {
			// One byte more than the size shows that there are no more.
			data = append(make([]byte, 0, max(next, size+1)), data...)
		}
		n, err := io.ReadFull(r, data[len(data):next])
		data = data[:len(data)+n]
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return data, nil
		case err != nil:
			return nil, fault.Default(fault.Unavailable, err)
		case int64(len(data)) > most:
			return nil, errTooLong(most)
		}
		c, err := look(data)
		if err == nil && c.width > 0 && c.height > 0 {
			err = c.checkPixels(limits)
		}
		if err != nil {
			return nil, err
		}
		if c.complete {
			return data, nil
		}
		if plausible = c.plausible(); int64(len(data)) >= plausible {
			return nil, c.damaged(fmt.Errorf("it continues after %d bytes, more than its picture needs", len(data)))
		}
	}
}

func errTooLong(most int64) error {
	return fault.New(fault.TooLarge, "the file is larger than the %s that may be read: allow more memory", humanize.Bytes(uint64(most)))
}

// look scans the beginning of a file. That the rest is missing is no error.
func look(data []byte) (*container, error) {
	c, err := newContainer(data)
	if err != nil {
		return nil, err
	}
	scan := formats[c.format].look
	if scan == nil {
		scan = formats[c.format].scan
	}
	if err := scan(c, data); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, c.damaged(err)
	}
	return c, nil
}

// plausible is a length that no file of this size reaches, nor one that has told no size until there.
func (c *container) plausible() int64 {
	if c.format == formatTIFF {
		return math.MaxInt64 // there may be any number of further pages, and the size may come last
	}
	return pixelBytes*min(int64(c.width)*int64(c.height), 1<<50) + metadataRoom
}
