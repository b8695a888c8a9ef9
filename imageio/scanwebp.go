package imageio

import (
	"encoding/binary"
	"errors"
	"io"
)

// Flags of a VP8X chunk.
const (
	webpAnimation = 1 << 1
	webpAlpha     = 1 << 4
)

// scanWebP follows the RIFF chunks. Metadata comes after the pixels, so all of them are read.
func scanWebP(c *container, data []byte) error {
	const headerLen, chunkHeader = 12, 8
	if len(data) < headerLen || string(data[:4]) != "RIFF" {
		return io.ErrUnexpectedEOF
	}
	size := int64(binary.LittleEndian.Uint32(data[4:])) + 8
	data = data[:min(size, int64(len(data)))]
	c.colors = 3
	seen := false
	for pos := headerLen; pos+chunkHeader <= len(data); {
		kind := string(data[pos : pos+4])
		length := int64(binary.LittleEndian.Uint32(data[pos+4:]))
		if !isPrintable(kind) {
			return errors.New("a part of the file is not a WebP chunk")
		}
		body := data[pos+chunkHeader:]
		// Of a file's beginning the last chunk may lack its end, but the size comes first.
		if err := webpChunk(c, kind, body[:min(length, int64(len(body)))], length, &seen); err != nil {
			return err
		}
		if length > int64(len(body)) {
			return io.ErrUnexpectedEOF
		}
		// Chunks start at even offsets. The sum cannot overflow: length is at most len(data).
		pos += chunkHeader + int(length) + int(length&1)
	}
	if size > int64(len(data)) {
		return io.ErrUnexpectedEOF
	}
	if !seen {
		return errors.New("it contains no picture")
	}
	c.complete = true
	return nil
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

// webpChunk takes note of one chunk of length bytes; seen tells whether a chunk with pixels came already.
func webpChunk(c *container, kind string, body []byte, length int64, seen *bool) error {
	switch kind {
	case "VP8X":
		if len(body) < 10 {
			return io.ErrUnexpectedEOF
		}
		if body[0]&webpAnimation != 0 {
			return unsupported("animated WebP is not supported: extract a frame first")
		}
		c.alpha = body[0]&webpAlpha != 0
		return webpSize(c, 1+uint24(body[4:]), 1+uint24(body[7:]))
	case "ANIM", "ANMF":
		return unsupported("animated WebP is not supported: extract a frame first")
	case "VP8 ", "VP8L":
		if *seen {
			return nil
		}
		*seen = true
		if kind == "VP8 " {
			return webpLossy(c, body, length)
		}
		return webpLossless(c, body, length)
	case "ALPH":
		boundLossless(c, length)
	case "ICCP":
		c.noteICC(body, "")
	case "EXIF":
		c.exif(body)
	case "XMP ":
		c.note(noteXMP)
	}
	return nil
}

// webpLossy reads the header of a VP8 key frame.
func webpLossy(c *container, body []byte, length int64) error {
	if len(body) < 10 {
		return io.ErrUnexpectedEOF
	}
	const size14 = 0x3fff
	w, h := int(binary.LittleEndian.Uint16(body[6:])&size14), int(binary.LittleEndian.Uint16(body[8:])&size14)
	// Each macroblock of 16x16 pixels takes more than one bit for its prediction modes, whose probabilities the format fixes.
	if blocks := int64((w+15)/16) * int64((h+15)/16); blocks/8 > length {
		c.tooShort = true
	}
	return webpSize(c, w, h)
}

// webpLossless reads the header of a VP8L picture.
func webpLossless(c *container, body []byte, length int64) error {
	if len(body) < 5 {
		return io.ErrUnexpectedEOF
	}
	bits := binary.LittleEndian.Uint32(body[1:])
	c.alpha = c.alpha || bits>>28&1 != 0
	if err := webpSize(c, int(bits&0x3fff)+1, int(bits>>14&0x3fff)+1); err != nil {
		return err
	}
	boundLossless(c, length)
	return nil
}

// boundLossless sets a limit that the lossless coding itself does not have.
func boundLossless(c *container, length int64) {
	if int64(c.width)*int64(c.height) > boundlessPixels(length) {
		c.tooShort = true
	}
}

// boundlessPixels is the most pixels believed of length bytes in codings that can make any number of pixels of one colour
// from a few bytes: 16 million and 2048 a byte, far above what real pictures reach.
func boundlessPixels(length int64) int64 { return 1<<24 + length<<11 }

// webpSize sets the size, or compares with the one that was set.
func webpSize(c *container, w, h int) error {
	if c.width != 0 && (c.width != w || c.height != h) {
		return errors.New("it declares two different sizes")
	}
	c.width, c.height = w, h
	return nil
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
