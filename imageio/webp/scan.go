// Package webp reads WebP, and writes it without loss.
package webp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"classsr/imageio/codec"
	"classsr/picture"

	"golang.org/x/image/webp"
)

// Flags of a VP8X chunk.
const (
	flagAnimation = 1 << 1
	flagAlpha     = 1 << 4
)

// Format is WebP.
var Format = codec.Format{ID: "webp", Name: "WebP", Scan: newScanner}

// scanner follows the RIFF chunks of a WebP. Metadata comes after the pixels.
type scanner struct {
	*codec.File
	at       int64 // where the next chunk begins
	size     int64 // of the file, as it says
	extended bool  // a VP8X chunk came, which tells the size
	pixels   bool  // a chunk with the colours came
	// alphaSeen says that a chunk with an alpha channel came; decoding it takes alphaWork.
	alphaSeen bool
	alphaWork int64
	animated  bool
	// flaggedAlpha is what a file with frames says of the alpha of all.
	flaggedAlpha bool
	inside       bool    // it is a frame of an animation
	frames       []frame // of an animation, up to the one that is wanted
}

const riffHeaderLen, riffChunkLen = 12, 8

func newScanner(c *codec.File) codec.Scanner {
	c.VideoRange = true
	return &scanner{File: c, at: riffHeaderLen}
}

// Header reads the chunks up to the pixels, or to the alpha channel of a picture whose size is known.
func (f *scanner) Header() error {
	head, err := f.Src.Bytes(0, riffHeaderLen)
	if err != nil || string(head[:4]) != "RIFF" {
		return io.ErrUnexpectedEOF
	}
	f.size = int64(binary.LittleEndian.Uint32(head[4:])) + 8
	f.Colors = 3
	for !f.headed() {
		if f.at+riffChunkLen > f.size {
			if f.Pages > 0 {
				return f.NoPage(f.Pages)
			}
			return errors.New("it contains no picture")
		}
		f.HeaderEnd = f.at
		if err := f.next(); err != nil {
			return err
		}
	}
	if f.animated {
		f.composed()
		return nil
	}
	return f.OnePage()
}

// headed reports whether all is known that a picture's form and its decoding depend on.
func (f *scanner) headed() bool {
	if f.animated {
		return len(f.frames) == max(f.Options.Page, 1)
	}
	return f.pixels || f.alphaSeen && f.extended
}

// Rest reads the other chunks.
func (f *scanner) Rest() error {
	for f.at+riffChunkLen <= f.size {
		if err := f.next(); err != nil {
			return err
		}
	}
	if !f.pixels && !f.animated {
		return errors.New("it contains no picture")
	}
	if f.animated {
		if f.Pages > 1 && f.Options.Page == 0 {
			f.Note(fmt.Sprintf("only the first of %d frames is read", f.Pages))
		}
		f.composed() // the file may say by now that it lies on its side
	}
	_, err := f.Src.Bytes(f.size-1, 1) // the file must be there to its end
	return err
}

// Pixels implements codec.Scanner.
func (f *scanner) Pixels() (*picture.Picture, error) {
	if f.animated {
		return f.drawn()
	}
	return f.DecodeWith(webp.DecodeConfig, webp.Decode)
}

// next reads a chunk.
func (f *scanner) next() error {
	head, err := f.Src.Bytes(f.at, riffChunkLen)
	if err != nil {
		return err
	}
	kind, length := string(head[:4]), int64(binary.LittleEndian.Uint32(head[4:]))
	if !isPrintable(kind) {
		return errors.New("a part of the file is not a WebP chunk")
	}
	if f.at+riffChunkLen+length > f.size {
		return io.ErrUnexpectedEOF
	}
	if err := f.chunk(kind, length); err != nil {
		return err
	}
	f.at += riffChunkLen + length + length&1 // chunks start at even offsets
	return nil
}

// body gives as much of the body of the chunk at hand as matters, valid until the next call; less than that is an error.
func (f *scanner) body(length int64, least, most int) ([]byte, error) {
	b, err := f.Src.Bytes(f.at+riffChunkLen, int(min(length, int64(most))))
	if err == nil && len(b) < least {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

// isPrintable reports whether a chunk's name is of the characters that names have. Without that, zeros would be chunks.
func isPrintable(kind string) bool {
	for _, b := range []byte(kind) {
		if b < ' ' || b > '~' {
			return false
		}
	}
	return true
}

// chunk takes note of one chunk of length bytes.
func (f *scanner) chunk(kind string, length int64) error {
	switch kind {
	case "VP8X":
		body, err := f.body(length, 10, 10)
		if err != nil {
			return err
		}
		if f.inside && f.extended {
			return errors.New("there is another picture inside a frame")
		}
		f.animated = body[0]&flagAnimation != 0
		f.flaggedAlpha = body[0]&flagAlpha != 0
		f.extended, f.Alpha = true, body[0]&flagAlpha != 0
		if err := f.CheckFrame(); f.animated && err != nil {
			return err
		}
		return f.sized(1+uint24(body[4:]), 1+uint24(body[7:]))
	case "ANMF":
		if !f.animated {
			return errors.New("it has frames and says that it is not animated")
		}
		return f.frameChunk(length)
	case "ALPH":
		if f.animated {
			return nil // a picture beside the frames has no place in the format
		}
		return f.alphaChunk(length)
	case "VP8 ", "VP8L":
		if f.pixels || f.animated {
			return nil
		}
		f.pixels = true
		if kind == "VP8 " {
			return f.lossy(length)
		}
		return f.lossless(length)
	case "ICCP", "EXIF", "XMP ":
		return f.described(kind, length)
	}
	return nil
}

// described takes a chunk that tells something beside the pixels.
func (f *scanner) described(kind string, length int64) error {
	most := map[string]int{"ICCP": codec.LongestProfile, "EXIF": codec.LongestEXIF, "XMP ": codec.LongestXMP}[kind]
	if length > int64(most) {
		f.Note(fmt.Sprintf("its chunk %s is too long to be kept", strings.TrimSpace(kind)))
		return nil
	}
	body, err := f.body(length, 0, most)
	if err != nil {
		return err
	}
	switch kind {
	case "ICCP":
		f.ICC(slices.Clone(body))
	case "EXIF":
		f.EXIF(body)
	default:
		f.Metadata.XMP = slices.Clone(body)
	}
	return nil
}

// lossy reads the header of a VP8 key frame.
func (f *scanner) lossy(length int64) error {
	body, err := f.body(length, 10, 10)
	if err != nil {
		return err
	}
	const size14 = 0x3fff
	w, h := int(binary.LittleEndian.Uint16(body[6:])&size14), int(binary.LittleEndian.Uint16(body[8:])&size14)
	if err := f.sized(w, h); err != nil {
		return err
	}
	// Each macroblock of 16x16 pixels takes more than one bit for its prediction modes, whose probabilities the format fixes.
	if f.macroblocks()/8 > length {
		f.TooShort = true
	}
	f.reckonLossy(length)
	return nil
}

func (f *scanner) macroblocks() int64 { return int64((f.Width+15)/16) * int64((f.Height+15)/16) }

// reckonLossy says what golang.org/x/image/webp takes for a picture whose chunk VP8 has that length.
func (f *scanner) reckonLossy(length int64) {
	const planeBytes, stateBytes = 16 * 16 * 3 / 2, 4 // of a macroblock
	planes := planeBytes * f.macroblocks()
	alpha := int64(0)
	if f.alphaSeen {
		alpha = f.Area()
	}
	f.Needs = codec.Needs{
		Decoder: max(f.alphaWork, alpha+planes+stateBytes*f.macroblocks()+length),
		Image:   alpha + planes,
		File:    min(f.size-f.HeaderEnd, planes+2*alpha),
	}
}

// alphaChunk reads how an alpha channel is compressed.
func (f *scanner) alphaChunk(length int64) error {
	body, err := f.body(length, 1, 8)
	if err != nil {
		return err
	}
	f.alphaSeen = true
	boundLossless(f.File, length)
	if f.alphaWork = f.Area(); body[0]&3 == 1 {
		// It is decoded as a picture without a header, and copied.
		f.alphaWork = max(f.losslessWork(body[1:]), 5*f.Area())
	}
	end := f.size
	if f.Src.Ended() {
		end = min(end, f.Src.Size())
	}
	f.reckonLossy(max(0, min(end-f.at-length, 2*f.Area()))) // the chunk of the colours comes later
	return nil
}

// lossless reads the header of a VP8L picture.
func (f *scanner) lossless(length int64) error {
	body, err := f.body(length, 5, losslessHeaderLen+2)
	if err != nil {
		return err
	}
	bits := binary.LittleEndian.Uint32(body[1:])
	f.Alpha = f.Alpha || bits>>28&1 != 0
	if err := f.sized(int(bits&0x3fff)+1, int(bits>>14&0x3fff)+1); err != nil {
		return err
	}
	boundLossless(f.File, length)
	f.Needs = codec.Needs{
		Decoder: f.losslessWork(body[losslessHeaderLen:]),
		Image:   4 * f.Area(),
		InPlace: true,
		File:    min(f.size-f.HeaderEnd, 4*f.Area()),
	}
	return nil
}

const losslessHeaderLen = 5

// losslessWork is what golang.org/x/image/vp8l takes for a picture whose data begin like this: the pixels, what its transforms and its
// Huffman codes depend on for parts of it, and, where pixels are packed indices into a small palette, these too. Encoders put the palette
// first.
func (f *scanner) losslessWork(data []byte) int64 {
	const colorIndexing = 3
	pixels := 4 * f.Area()
	work := pixels + pixels/8
	if len(data) >= 2 && data[0]&1 != 0 && data[0]>>1&3 == colorIndexing {
		switch colors := int(data[0]>>3) | int(data[1]&7)<<5; {
		case colors < 2:
			work += pixels / 8
		case colors < 4:
			work += pixels / 4
		case colors < 16:
			work += pixels / 2
		}
	}
	return work
}

// boundLossless sets a limit that the lossless coding itself does not have.
func boundLossless(f *codec.File, length int64) {
	if int64(f.Width)*int64(f.Height) > codec.BoundlessPixels(length) {
		f.TooShort = true
	}
}

// sized sets the size, or compares with the one that was set.
func (f *scanner) sized(w, h int) error {
	if f.Width != 0 && (f.Width != w || f.Height != h) {
		return errors.New("it declares two different sizes")
	}
	f.Width, f.Height = w, h
	return nil
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
