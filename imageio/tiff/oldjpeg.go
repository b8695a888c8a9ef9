package tiff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"classsr/imageio/codec"
	"classsr/imageio/ifd"
)

// TIFFs of before 1995 keep JPEG (compression 6) in one of two ways: a JPEG of the whole picture, or blocks without headers, whose tables are in
// fields of the directory. Some have both, and the JPEG is but a header; so the tables are preferred, unless the JPEG holds the only block to the
// end.

// cutOldJPEG finds the blocks of JPEG data.
func (f *scanner) cutOldJPEG() error {
	if f.planar || f.samples != 3 && f.samples != 1 {
		return errOldJPEG
	}
	if f.d.Has(tagJPEGQTables) && f.d.Has(tagJPEGDCTables) && f.d.Has(tagJPEGACTables) && !f.insideJPEG() {
		return f.readOldTables()
	}
	b := &f.blocks
	*b = blocks{width: f.Width, height: f.Height, planes: 1}
	b.offsets, b.counts = f.d.List(tagOldJPEGOffset), f.d.List(tagOldJPEGLength)
	if b.offsets.N != 1 || b.counts.N != 1 {
		return errOldJPEG
	}
	at, n, err := b.at(0)
	if err != nil {
		return err
	}
	head, err := f.Src.Some(at, 2, 2)
	if err != nil {
		return err
	}
	if n < 2 || len(head) < 2 || string(head[:2]) != "\xff\xd8" {
		return errOldJPEG
	}
	return nil
}

// insideJPEG reports whether a whole JPEG holds the only block. Where blocks begin in it some programs told wrongly.
func (f *scanner) insideJPEG() bool {
	b := &f.blocks
	jpeg := int64(f.d.Uint(tagOldJPEGOffset, 0))
	end := jpeg + int64(f.d.Uint(tagOldJPEGLength, 0))
	if jpeg == 0 || b.tiles || b.offsets.N != 1 || b.counts.N != 1 {
		return false
	}
	at, n, err := b.at(0)
	if err != nil || at < jpeg || at+n > end {
		return false
	}
	first, err := f.Src.Bytes(jpeg, 2)
	begins := err == nil && string(first) == "\xff\xd8"
	last, err := f.Src.Bytes(end-2, 2)
	return begins && err == nil && string(last) == "\xff\xd9"
}

var errOldJPEG = codec.Unsupported("JPEG compression as of before 1995 (compression 6) is not supported in this form: convert it with tiffcp -c zip or ImageMagick first")

// readOldTables makes segments of a JPEG of the tables, one for each component; oldSampling is the shape of chroma.
func (f *scanner) readOldTables() error {
	q, dc, ac := f.d.List(tagJPEGQTables), f.d.List(tagJPEGDCTables), f.d.List(tagJPEGACTables)
	f.oldSampling = 0x11
	if f.photometric == modelYCbCr {
		f.oldSampling = 0x22
		if v := f.d.Uints(tagSubsampling, 2); len(v) == 2 && v[0] <= 4 && v[1] <= 4 {
			f.oldSampling = byte(v[0]<<4 | v[1])
		}
	}
	if n := int64(f.samples); q.N < n || dc.N < n || ac.N < n {
		return errors.New("its JPEG tables are missing")
	}
	for i := range f.samples {
		quantizers, err := f.table(&q, i, 64)
		if err != nil {
			return err
		}
		f.jpegTables = append(f.jpegTables, 0xff, 0xdb, 0, 67, byte(i))
		f.jpegTables = append(f.jpegTables, quantizers...)
		if i > 1 {
			continue // there are two of the others at most; the third component shares the second one's
		}
		for class, list := range []*ifd.List{&dc, &ac} {
			counts, err := f.table(list, i, 16)
			if err != nil {
				return err
			}
			n := 0
			for _, c := range counts {
				n += int(c)
			}
			whole, err := f.table(list, i, 16+n)
			if err != nil {
				return err
			}
			f.jpegTables = append(f.jpegTables, 0xff, 0xc4)
			f.jpegTables = binary.BigEndian.AppendUint16(f.jpegTables, uint16(3+len(whole)))
			f.jpegTables = append(append(f.jpegTables, byte(class<<4|i)), whole...)
		}
	}
	return nil
}

// table gives a copy of the first n bytes of the table of a component.
func (f *scanner) table(list *ifd.List, component, n int) ([]byte, error) {
	at, err := list.Value(int64(component))
	if err != nil {
		return nil, err
	}
	b, err := f.Src.Bytes(at, n)
	return append([]byte(nil), b...), err
}

// oldHeader is the header of a JPEG of these sides.
func (f *scanner) oldHeader(width, height int) []byte {
	header := append([]byte("\xff\xd8"), f.jpegTables...)
	header = append(header, 0xff, 0xc0, 0, byte(8+3*f.samples), 8, byte(height>>8), byte(height), byte(width>>8), byte(width), byte(f.samples))
	for i := range f.samples {
		sampling := byte(0x11)
		if i == 0 {
			sampling = f.oldSampling
		}
		header = append(header, byte(i+1), sampling, byte(i))
	}
	header = append(header, 0xff, 0xda, 0, byte(6+2*f.samples), byte(f.samples))
	for i := range f.samples {
		tables := byte(min(i, 1))
		header = append(header, byte(i+1), tables<<4|tables)
	}
	return append(header, 0, 63, 0)
}

// withoutScanHeader leaves out the header of a scan, which the first block of some files has.
func withoutScanHeader(data io.Reader) (io.Reader, error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(data, head); err != nil {
		return nil, err
	}
	if head[0] != 0xff || head[1] != 0xda {
		return io.MultiReader(bytes.NewReader(head), data), nil
	}
	_, err := io.CopyN(io.Discard, data, int64(binary.BigEndian.Uint16(head[2:]))-2)
	return data, err
}
