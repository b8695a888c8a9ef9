package webp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"

	"classsr/imageio/codec"
	"classsr/picture"
)

// The frames of an animation lie in chunks ANMF, each with the chunks of a picture inside. golang.org/x/image/webp knows none of that: a frame
// is read as the file that its chunks would make.

// inside is the format of a frame alone.
var inside = codec.Format{ID: "webp", Name: "WebP", Scan: func(c *codec.File) codec.Scanner {
	c.VideoRange = true
	return &scanner{File: c, at: riffHeaderLen, inside: true}
}}

// frame is a picture on the canvas.
type frame struct {
	x, y, width, height int
	over                bool // it is laid over what is there, by its alpha; else it replaces it
	erased              bool // its rectangle becomes transparent when its time is over
	lossy               bool
	alone               *codec.File
}

const frameHeaderLen = 16

// Flags of a frame.
const (
	flagErased   = 1 << 0
	flagReplaces = 1 << 1
)

// frameChunk reads the header of a chunk ANMF, and of the frame that is wanted and those below it, what they hold.
func (f *scanner) frameChunk(length int64) error {
	if f.Pages++; f.Pages > max(f.Options.Page, 1) {
		return nil
	}
	head, err := f.body(length, frameHeaderLen, frameHeaderLen)
	if err != nil {
		return err
	}
	fr := frame{
		x: 2 * uint24(head), y: 2 * uint24(head[3:]), width: 1 + uint24(head[6:]), height: 1 + uint24(head[9:]),
		over: head[15]&flagReplaces == 0, erased: head[15]&flagErased != 0,
	}
	if !f.extended || fr.x+fr.width > f.Width || fr.y+fr.height > f.Height {
		return errors.New("a frame reaches beyond the picture")
	}
	fr.alone, err = f.openFrame(f.at+riffChunkLen+frameHeaderLen, length-frameHeaderLen, &fr)
	if err != nil {
		return fmt.Errorf("frame %d: %w", f.Pages, err)
	}
	f.frames = append(f.frames, fr)
	return nil
}

// openFrame reads the headers of a frame whose chunks lie there.
func (f *scanner) openFrame(at, length int64, fr *frame) (*codec.File, error) {
	alpha := byte(0)
	first, err := f.Src.Bytes(at, riffChunkLen)
	if err != nil {
		return nil, err
	}
	if string(first[:4]) == "ALPH" {
		alpha = flagAlpha
	}
	fr.lossy = string(first[:4]) != "VP8L"
	head := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(22+length))...)
	head = append(head, "WEBPVP8X\x0a\x00\x00\x00"...)
	head = append(head, alpha, 0, 0, 0)
	for _, side := range []int{fr.width - 1, fr.height - 1} {
		head = append(head, byte(side), byte(side>>8), byte(side>>16))
	}
	size := int64(len(head)) + length
	s, err := codec.FileSource(&wrapped{head: head, src: f.Src, at: at, length: length}, size)
	if err != nil {
		return nil, err
	}
	return codec.Open(s, &inside, codec.Options{})
}

// wrapped is a head of bytes before a part of a file.
type wrapped struct {
	head       []byte
	src        *codec.Source
	at, length int64
}

// ReadAt implements io.ReaderAt.
func (w *wrapped) ReadAt(b []byte, offset int64) (n int, err error) {
	own := int64(len(w.head))
	if offset < own {
		n = copy(b, w.head[offset:])
	}
	if n == len(b) {
		return n, nil
	}
	from := offset + int64(n) - own
	rest := b[n:]
	if left := w.length - from; int64(len(rest)) > left {
		rest, err = rest[:max(left, 0)], io.EOF
	}
	if len(rest) > 0 {
		m, failed := w.src.Section(w.at+from, int64(len(rest))).Read(rest)
		if n += m; failed != nil {
			err = failed
		}
	}
	return n, err
}

// composed works out the form of the frame that is wanted on its canvas, and what drawing it takes.
func (f *scanner) composed() {
	f.Colors, f.Alpha = 3, true
	work, last := int64(0), len(f.frames)-1
	for i, fr := range f.frames {
		if f.opaque(&fr) && fr.width == f.Width && fr.height == f.Height {
			f.Alpha = false
		}
		if i < last && fr.erased {
			f.Alpha = true
		}
		most, _ := fr.alone.Memory()
		work = max(work, most)
		f.TooShort = f.TooShort || fr.alone.TooShort
	}
	const window = 64 << 10 // on each frame
	f.Needs = codec.Needs{
		Decoder: f.PictureBytes() + work + window*int64(len(f.frames)),
		File:    min(f.size-f.HeaderEnd, f.Area()*4+4096),
	}
	if f.Orientation > 1 {
		f.Needs.Decoder += f.PictureBytes()
	}
}

// hiding is the index of the last frame behind which nothing is seen of those before it.
func (f *scanner) hiding() int {
	last := len(f.frames) - 1
	for i := last; i > 0; i-- {
		fr := f.frames[i]
		if fr.width == f.Width && fr.height == f.Height && (!fr.over || i < last && fr.erased || f.opaque(&fr)) {
			return i
		}
	}
	return 0
}

// opaque reports whether a frame has no alpha. What a lossless one says of its own is only a hint.
func (f *scanner) opaque(fr *frame) bool { return !fr.alone.Alpha && (fr.lossy || !f.flaggedAlpha) }

// drawn draws all frames up to the one that is wanted, as far as anything is seen of them.
func (f *scanner) drawn() (*picture.Picture, error) {
	p := f.NewStored()
	begin, last := f.hiding(), len(f.frames)-1
	for i, fr := range f.frames {
		if i < begin {
			continue
		}
		if i < last && fr.erased {
			codec.Erase(p, image.Rect(fr.x, fr.y, fr.x+fr.width, fr.y+fr.height))
			continue
		}
		if err := fr.alone.Finish(); err != nil {
			return nil, err
		}
		part, err := fr.alone.Pixels()
		if err != nil {
			return nil, err
		}
		codec.Lay(p, part, fr.x, fr.y, fr.over)
	}
	return f.Turned(p), nil
}
