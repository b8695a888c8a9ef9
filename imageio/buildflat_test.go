package imageio

import (
	"encoding/binary"
	"image"
	"slices"
)

// Builders of large pictures of one colour in small files: all compressed data are zeros.

// flatPNG is a PNG of any kind.
func flatPNG(size image.Point, colorType byte, bits int, interlaced bool, chunks ...testChunk) []byte {
	samples := map[byte]int{pngRGB: 3, pngGrayAlpha: 2, pngRGBA: 4}[colorType]
	passes := [][4]int{{0, 0, 1, 1}}
	if interlaced {
		passes = adam7
	}
	length := 0
	for _, p := range passes {
		if w, h := (size.X-p[0]+p[2]-1)/p[2], (size.Y-p[1]+p[3]-1)/p[3]; w > 0 {
			length += h * (1 + (w*max(samples, 1)*bits+7)/8)
		}
	}
	header := binary.BigEndian.AppendUint32(nil, uint32(size.X))
	header = binary.BigEndian.AppendUint32(header, uint32(size.Y))
	header = append(header, byte(bits), colorType, 0, 0, 0)
	if interlaced {
		header[12] = 1
	}
	file := appendChunk([]byte("\x89PNG\r\n\x1a\n"), "IHDR", header)
	for _, c := range chunks {
		file = appendChunk(file, c.kind, c.body)
	}
	return appendChunk(appendChunk(file, "IDAT", deflated(make([]byte, length))), "IEND", nil)
}

// flatJPEG describes a JPEG.
type flatJPEG struct {
	size        image.Point
	sampling    []byte // of each component
	progressive bool
	scans       int // after the first; each of one component's coefficients, all of them zeros
	adobe       []byte
	orientation int
}

func (f flatJPEG) bytes() []byte {
	file := []byte("\xff\xd8")
	if f.orientation > 0 {
		file = appendSegment(file, 0xe1, "Exif\x00\x00"+exifBlock(f.orientation))
	}
	if f.adobe != nil {
		file = appendSegment(file, 0xee, "Adobe\x00\x64\x00\x00\x00\x00"+string(f.adobe))
	}
	file = appendSegment(file, 0xdb, string(append([]byte{0}, slices.Repeat([]byte{1}, 64)...)))
	frame := []byte{8, byte(f.size.Y >> 8), byte(f.size.Y), byte(f.size.X >> 8), byte(f.size.X), byte(len(f.sampling))}
	for i, s := range f.sampling {
		frame = append(frame, byte(i+1), s, 0)
	}
	start, end := byte(0xc0), byte(63)
	if f.progressive {
		start, end = 0xc2, 0
	}
	file = appendSegment(file, start, string(frame))
	// The code 0 says that a DC coefficient stays as it is, or that no AC coefficients follow: in this block, or in the next 2^14.
	counts := "\x01" + string(make([]byte, 15))
	file = appendSegment(file, 0xc4, "\x00"+counts+"\x00"+"\x10"+counts+"\x00"+"\x11"+counts+"\xe0")
	scan := []byte{byte(len(f.sampling))}
	for i := range f.sampling {
		scan = append(scan, byte(i+1), 0)
	}
	file = appendSegment(file, 0xda, string(append(scan, 0, end, 0)))
	blocks := f.blocks()
	file = append(file, make([]byte, blocks/4+1)...)
	for range f.scans {
		file = appendSegment(file, 0xda, "\x01\x01\x01\x01\x3f\x00")
		file = append(file, make([]byte, 15*(blocks>>14+1)/8+1)...)
	}
	return append(file, 0xff, 0xd9)
}

// blocks is how many blocks of 8x8 samples there are.
func (f flatJPEG) blocks() int {
	sampling := f.sampling
	if len(sampling) == 1 {
		sampling = []byte{0x11}
	}
	h, v := 8*int(sampling[0]>>4), 8*int(sampling[0]&15)
	n := 0
	for _, b := range sampling {
		n += int(b>>4) * int(b&15)
	}
	return n * ((f.size.X + h - 1) / h) * ((f.size.Y + v - 1) / v)
}

func appendSegment(file []byte, marker byte, body string) []byte {
	file = append(file, 0xff, marker)
	return append(binary.BigEndian.AppendUint16(file, uint16(len(body)+2)), body...)
}

// flatWebP describes a WebP.
type flatWebP struct {
	size     image.Point
	lossless bool
	colors   int  // of a palette, 0 without one
	alpha    byte // how the alpha channel of a lossy one is stored: 0 not at all, 'r' as it is, 'c' compressed
}

func (f flatWebP) bytes() []byte {
	w, h := uint32(f.size.X-1), uint32(f.size.Y-1)
	if f.lossless {
		head := append([]byte{0x2f}, binary.LittleEndian.AppendUint32(nil, w|h<<14)...)
		return appendRIFF(nil, testChunk{"RIFF", appendRIFF([]byte("WEBP"), testChunk{"VP8L", f.stream(head)})})
	}
	body := []byte("WEBP")
	if f.alpha != 0 {
		body = appendRIFF(body, testChunk{"VP8X", []byte{webpAlpha, 0, 0, 0, byte(w), byte(w >> 8), 0, byte(h), byte(h >> 8), 0}})
	}
	switch f.alpha {
	case 'r':
		body = appendRIFF(body, testChunk{"ALPH", make([]byte, 1+f.size.X*f.size.Y)})
	case 'c':
		body = appendRIFF(body, testChunk{"ALPH", f.stream([]byte{1})})
	}
	blocks := (f.size.X + 15) / 16 * ((f.size.Y + 15) / 16)
	first := min(4*blocks, 1<<19-1)
	frame := []byte{byte(first<<5) | 1<<4, byte(first >> 3), byte(first >> 11), 0x9d, 1, 0x2a,
		byte(f.size.X), byte(f.size.X >> 8), byte(f.size.Y), byte(f.size.Y >> 8)}
	body = appendRIFF(body, testChunk{"VP8 ", append(frame, make([]byte, first+16*blocks)...)})
	return appendRIFF(nil, testChunk{"RIFF", body})
}

// stream appends what a lossless picture of one colour consists of: perhaps a palette, then Huffman codes of one symbol each, so that the
// pixels take no bits.
func (f flatWebP) stream(dst []byte) []byte {
	var bits []int
	put := func(v, n int) {
		for i := range n {
			bits = append(bits, v>>i&1)
		}
	}
	codes := func() {
		for range 5 {
			put(0b0001, 4) // simple, of one symbol, written in one bit: 0
		}
	}
	if f.colors > 0 {
		put(0b111, 3)
		put(f.colors-1, 8)
		put(0, 1) // no cache of colours
		codes()
	}
	put(0, 3) // no transform follows, no cache of colours, the same codes everywhere
	codes()
	for len(bits)%8 != 0 {
		bits = append(bits, 0)
	}
	for b := range slices.Chunk(bits, 8) {
		v := byte(0)
		for i, bit := range b {
			v |= byte(bit << i)
		}
		dst = append(dst, v)
	}
	return append(dst, make([]byte, 8)...)
}

// flatTIFF gives a TIFF zeros as pixels.
func flatTIFF(f testTIFF) []byte {
	w, h := f.blockSize()
	length := (w*f.samples*f.bits + 7) / 8
	var blocks [][]byte
	for y := 0; y < f.size.Y; y += h {
		rows := h
		if f.block.X == 0 {
			rows = min(h, f.size.Y-y)
		}
		block := make([]byte, rows*length)
		if f.compression == tiffDeflate {
			block = deflated(block)
		}
		for x := 0; x < f.size.X; x += w {
			blocks = append(blocks, block)
		}
	}
	return f.file(blocks)
}
