package tiff

import (
	"bufio"
	stdlzw "compress/lzw"
	"io"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/image/tiff/lzw"
)

// TIFF is decoded here strip by strip (or tile by tile), row by row, straight into the picture. golang.org/x/image/tiff holds whole strips,
// several times while they grow, beside an image of four bytes for a pixel's three; and a strip may be all of the picture.

// inflater undoes the compression of one block after the other.
type inflater struct {
	*scanner
	buffer  *bufio.Reader
	deflate io.ReadCloser
	zstd    *zstd.Decoder
}

// open gives the bytes of a block before compression: zeros if it is not there. rows is how many rows of the picture it has.
func (t *inflater) open(i int64, rows int) (r io.Reader, err error) {
	data, err := t.data(i)
	if err != nil || data == nil {
		return zeros{}, err
	}
	t.buffer.Reset(data)
	switch t.compression {
	case faxRows, faxWords, fax3, fax4:
		return newFax(t.buffer, t.faxForm(), t.blocks.width, rows), nil
	case lzwCompressed:
		if t.oldLZW {
			return stdlzw.NewReader(t.buffer, stdlzw.LSB, 8), nil
		}
		return lzw.NewReader(t.buffer, lzw.MSB, 8), nil
	case packed:
		return &packBits{r: t.buffer}, nil
	case deflated, oldDeflated:
		if t.deflate == nil {
			t.deflate, err = zlib.NewReader(t.buffer)
		} else {
			err = t.deflate.(zlib.Resetter).Reset(t.buffer, nil)
		}
		return t.deflate, err
	case zstandard:
		if t.zstd == nil {
			t.zstd, err = zstd.NewReader(t.buffer, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
				zstd.WithDecoderMaxWindow(uint64(max(t.window, 1<<10))))
		} else {
			err = t.zstd.Reset(t.buffer)
		}
		return t.zstd, err
	case lzmaCoded:
		return newXZ(t.buffer, t.window)
	}
	return t.buffer, nil
}

func (t *inflater) close() {
	if t.zstd != nil {
		t.zstd.Close()
	}
}

// zeros is an endless reader.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// packing looks at how the first block that is there is compressed, for what that says about all.
func (f *scanner) packing() error {
	if f.compression == jpegCoded {
		return f.readTables()
	}
	if f.compression != lzwCompressed && f.compression != zstandard && f.compression != lzmaCoded {
		return nil
	}
	const enough, most = 64, 1 << 10 // bytes, and blocks that are looked at
	for i := range min(f.blocks.number(), most) {
		at, n, err := f.blocks.at(i)
		if err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		head, err := f.Src.Some(at, int(min(n, enough)), enough)
		if err != nil {
			return err
		}
		head = append([]byte(nil), head[:min(len(head), int(min(n, enough)))]...)
		if f.reversed {
			for i, v := range head {
				head[i] = reversedByte[v]
			}
		}
		return f.looked(head)
	}
	return nil
}

// looked takes note of how a block begins.
func (f *scanner) looked(head []byte) (err error) {
	switch f.compression {
	case lzwCompressed:
		// The first code clears the table: 256, with its bits in the other order before 1988.
		f.oldLZW = len(head) >= 2 && head[0] == 0 && head[1]&1 != 0
	case zstandard:
		var h zstd.Header
		if err := h.Decode(head); err != nil {
			return err
		}
		f.window = int64(h.WindowSize)
		if h.SingleSegment {
			f.window = int64(h.FrameContentSize)
		}
		err = f.checkWindow()
	case lzmaCoded:
		if f.window, err = xzWindow(head); err == nil {
			err = f.checkWindow()
		}
	}
	return err
}
