package imageio

import (
	"bytes"
	"encoding/binary"
	"image"
	"math/rand/v2"
)

// testTIFF describes a TIFF that golang.org/x/image/tiff cannot write.
type testTIFF struct {
	size                       image.Point
	bits, samples, photometric int
	extra                      int // kind of the fourth sample
	compression                int // none, PackBits or deflate
	predictor                  bool
	order                      binary.AppendByteOrder
	block                      image.Point // 0, 0 for one strip; 0, N for strips of N rows; otherwise tiles
	orientation                int
	directoryFirst             bool
}

// bytes gives the file, of random samples, with colours that their alpha allows.
func (f testTIFF) bytes() []byte {
	random := rand.New(rand.NewPCG(uint64(f.size.X), uint64(f.bits)))
	pix := make([][]int, f.size.X*f.size.Y)
	for i := range pix {
		for range f.samples {
			pix[i] = append(pix[i], int(random.Uint32()>>8)%(1<<f.bits))
		}
		if f.extra == 1 {
			for k := range 3 {
				pix[i][k] = min(pix[i][k], pix[i][3])
			}
		}
	}
	var blocks [][]byte
	w, h := f.blockSize()
	for y := 0; y < f.size.Y; y += h {
		for x := 0; x < f.size.X; x += w {
			rows := h
			if f.block.X == 0 {
				rows = min(h, f.size.Y-y)
			}
			blocks = append(blocks, f.compressed(f.raw(pix, x, y, w, rows), w))
		}
	}
	return f.file(blocks)
}

func (f testTIFF) blockSize() (w, h int) {
	switch {
	case f.block.X > 0:
		return f.block.X, f.block.Y
	case f.block.Y > 0:
		return f.size.X, min(f.block.Y, f.size.Y)
	}
	return f.size.X, f.size.Y
}

// raw gives the bytes of a block, which may reach beyond the picture.
func (f testTIFF) raw(pix [][]int, x0, y0, w, h int) []byte {
	var raw []byte
	for y := y0; y < y0+h; y++ {
		before := make([]int, f.samples)
		bits := 0
		for x := x0; x < x0+w; x++ {
			pixel := make([]int, f.samples)
			if x < f.size.X && y < f.size.Y {
				copy(pixel, pix[y*f.size.X+x])
			}
			for k, v := range pixel {
				stored := v
				if f.predictor {
					stored = v - before[k]
				}
				switch f.bits {
				case 16:
					raw = f.order.AppendUint16(raw, uint16(stored))
				case 8:
					raw = append(raw, uint8(stored))
				default:
					if bits%8 == 0 {
						raw = append(raw, 0)
					}
					raw[len(raw)-1] |= uint8(stored << (7 - bits%8))
					bits++
				}
			}
			before = pixel
		}
	}
	return raw
}

func (f testTIFF) compressed(raw []byte, w int) []byte {
	switch f.compression {
	case tiffDeflate:
		return deflated(raw)
	case tiffPackBits: // runs of three, and single bytes
		var b bytes.Buffer
		for len(raw) > 0 {
			if len(raw) > 2 && raw[0] == raw[1] && raw[1] == raw[2] {
				b.Write([]byte{0xfe, raw[0]})
				raw = raw[3:]
				continue
			}
			n := min(len(raw), 1+w%128)
			b.WriteByte(byte(n - 1))
			b.Write(raw[:n])
			raw = raw[n:]
		}
		return b.Bytes()
	}
	return raw
}

// file puts the blocks behind each other, and the directory behind or before them.
func (f testTIFF) file(blocks [][]byte) []byte {
	type field struct {
		tag, kind int
		values    []int
	}
	fields := []field{
		{tagWidth, 3, []int{f.size.X}}, {tagHeight, 3, []int{f.size.Y}}, {tagBitsPerSample, 3, slicesOf(f.bits, f.samples)},
		{tagCompression, 3, []int{f.compression}}, {tagPhotometric, 3, []int{f.photometric}}, {tagStripOffsets, 4, nil},
		{tagOrientation, 3, []int{max(f.orientation, 1)}}, {tagRowsPerStrip, 3, []int{f.block.Y}}, {tagStripByteCounts, 4, nil},
		{tagPredictor, 3, []int{1}}, {tagColorMap, 3, nil}, {tagTileWidth, 3, []int{f.block.X}}, {tagTileHeight, 3, []int{f.block.Y}},
		{tagTileOffsets, 4, nil}, {tagTileByteCounts, 4, nil}, {tagExtraSamples, 3, []int{f.extra}},
	}
	if f.predictor {
		fields[9].values[0] = 2
	}
	for i := range 3 << min(f.bits, 8) {
		fields[10].values = append(fields[10].values, i*i*31%65536)
	}
	left := map[int]bool{tagColorMap: f.photometric != tiffPalette, tagExtraSamples: f.extra == 0, tagRowsPerStrip: f.block.Y == 0 || f.block.X > 0,
		tagStripOffsets: f.block.X > 0, tagStripByteCounts: f.block.X > 0, tagTileWidth: f.block.X == 0, tagTileHeight: f.block.X == 0,
		tagTileOffsets: f.block.X == 0, tagTileByteCounts: f.block.X == 0}
	kept := fields[:0]
	for _, field := range fields {
		if !left[field.tag] {
			kept = append(kept, field)
		}
	}
	// The length of the directory with its values does not depend on what they are.
	build := func(at, data int) []byte {
		order := f.order
		list := order.AppendUint16(nil, uint16(len(kept)))
		var far []byte
		farAt := at + 2 + 12*len(kept) + 4
		for _, field := range kept {
			values, size := field.values, map[int]int{3: 2, 4: 4}[field.kind]
			switch field.tag {
			case tagStripOffsets, tagTileOffsets:
				for offset, i := data, 0; i < len(blocks); i++ {
					values = append(values, offset)
					offset += len(blocks[i])
				}
			case tagStripByteCounts, tagTileByteCounts:
				for _, b := range blocks {
					values = append(values, len(b))
				}
			}
			var raw []byte
			for _, v := range values {
				if size == 2 {
					raw = order.AppendUint16(raw, uint16(v))
				} else {
					raw = order.AppendUint32(raw, uint32(v))
				}
			}
			list = order.AppendUint16(list, uint16(field.tag))
			list = order.AppendUint16(list, uint16(field.kind))
			list = order.AppendUint32(list, uint32(len(values)))
			if len(raw) <= 4 {
				list = append(list, append(raw, 0, 0, 0, 0)[:4]...)
				continue
			}
			list = order.AppendUint32(list, uint32(farAt+len(far)))
			far = append(far, raw...)
		}
		return append(order.AppendUint32(list, 0), far...)
	}
	pixels := bytes.Join(blocks, nil)
	head := []byte("II*\x00")
	if f.order == binary.BigEndian {
		head = []byte("MM\x00*")
	}
	if f.directoryFirst {
		return append(append(f.order.AppendUint32(head, 8), build(8, 8+len(build(8, 0)))...), pixels...)
	}
	at := 8 + len(pixels) + len(pixels)%2
	out := append(f.order.AppendUint32(head, uint32(at)), pixels...)
	return append(append(out, make([]byte, len(pixels)%2)...), build(at, 8)...)
}

func slicesOf(v, n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = v
	}
	return s
}
