package tiff

import (
	"bufio"
	"errors"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

// LZMA in TIFF is a stream of xz with the delta filter, which the package ulikunitz/xz does not know. So the stream's headers are read here.

// Filters of xz.
const (
	xzDelta = 3
	xzLZMA2 = 0x21
)

var errXZ = errors.New("its LZMA data is wrong")

// xzBlock is what the header of a block says.
type xzBlock struct {
	length   int // of the headers of stream and block
	distance int // of the delta filter; 0 if there is none
	window   int64
}

// readXZ reads the headers of a stream and its first block.
func readXZ(head []byte) (b xzBlock, err error) {
	const streamLen = 12
	if len(head) < streamLen+8 || string(head[:6]) != "\xfd7zXZ\x00" || head[streamLen] == 0 {
		return b, errXZ
	}
	b.length = streamLen + (int(head[streamLen])+1)*4
	if len(head) < b.length {
		return b, errXZ
	}
	block := head[streamLen+1 : b.length-4] // without its checksum
	flags := block[0]
	if block = block[1:]; flags&^3 != 0 { // the sizes of the block, which would come next
		return b, errXZ
	}
	for range flags&3 + 1 {
		if len(block) < 3 || block[1] != 1 {
			return b, errXZ
		}
		switch property := block[2]; block[0] {
		case xzDelta:
			b.distance = int(property) + 1
		case xzLZMA2:
			if property > 37 {
				return b, errXZ
			}
			b.window = int64(2|property&1) << (property/2 + 11)
		default:
			return b, errXZ
		}
		block = block[3:]
	}
	if b.window == 0 {
		return b, errXZ
	}
	return b, nil
}

// xzWindow is how much of what it made the decoder must keep of a stream that begins so.
func xzWindow(head []byte) (int64, error) {
	b, err := readXZ(head)
	return b.window, err
}

// newXZ gives the bytes of a stream, which may keep so many of them at most.
func newXZ(r *bufio.Reader, window int64) (io.Reader, error) {
	const enough = 64
	head, err := r.Peek(enough)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	b, err := readXZ(head)
	if err != nil {
		return nil, err
	}
	if b.window > window {
		return nil, errXZ
	}
	if _, err := r.Discard(b.length); err != nil {
		return nil, err
	}
	data, err := lzma.Reader2Config{DictCap: int(max(b.window, lzma.MinDictCap))}.NewReader2(r)
	if err != nil {
		return nil, err
	}
	return &undelta{r: data, distance: b.distance}, nil
}

// undelta adds bytes to those a distance before.
type undelta struct {
	r        io.Reader
	distance int
	past     [256]byte
	at       byte
}

func (d *undelta) Read(b []byte) (int, error) {
	n, err := d.r.Read(b)
	if d.distance == 0 {
		return n, err
	}
	for i := range b[:n] {
		b[i] += d.past[byte(int(d.at)-d.distance)]
		d.past[d.at] = b[i]
		d.at++
	}
	return n, err
}
