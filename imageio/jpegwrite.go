package imageio

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"io"

	"classsr/fault"
	"classsr/picture"
)

// A JPEG is written as strips of rows too: image/jpeg encodes each as a picture of its own, all with the same tables. What it makes of the
// pixels of a strip depends on no other strip, except that the mean of a block is stored as the difference from the block before. A restart
// marker ends that, and begins at a whole byte, as files do. So the pixels of all strips, with restart markers between them and under the
// header of one, are one JPEG, which decodes to the same pixels as one encoded as a whole.

// stripPixels is the size that strips are cut to: 512 KiB of red, green and blue.
const stripPixels = (512 << 10) / 3

// jpegUnit gives the side of the squares of pixels (MCUs) that are encoded together, and the blocks of 8x8 samples in each: colours have
// one block for each two pixels along both sides.
func jpegUnit(c picture.Config) (side, blocks int) {
	if c.Colors == 1 {
		return 8, 1
	}
	return 16, 6
}

// jpegPixel is the length of a pixel in the kinds of image that image/jpeg reads fast: image.Gray and image.RGBA.
func jpegPixel(c picture.Config) int {
	if c.Colors == 1 {
		return 1
	}
	return 4
}

// jpegUnits is the number of units in a strip of so many rows. It is at most 8192, a row of the widest gray picture, or what stripPixels
// holds; files can tell up to 65535 between restart markers.
func jpegUnits(c picture.Config, rows int) int {
	side, _ := jpegUnit(c)
	return ((c.Width-1)/side + 1) * ((rows-1)/side + 1)
}

func jpegLayout(c picture.Config) stripLayout {
	side, blocks := jpegUnit(c)
	rows := side * max(1, stripPixels/(side*side*jpegUnits(c, side)))
	lines := min(rows, c.Height)
	// A block has 64 numbers of at most 26 bits, and each byte of them may be followed by a zero.
	const blockBytes = 2 * 64 * 26 / 8
	packed := int64(jpegUnits(c, lines)) * int64(blocks) * blockBytes
	return stripLayout{
		rows: rows, strips: (c.Height-1)/rows + 1,
		rawBytes: lines * c.Width * jpegPixel(c), packedBytes: packed + 1024,
	}
}

func newJPEG(w io.Writer, c picture.Config, o EncodeOptions) (picture.RowSink, error) {
	quality := o.Quality
	if quality == 0 {
		quality = defaultQuality
	}
	if quality < 1 || quality > 100 {
		return nil, fault.New(fault.Usage, "the JPEG quality must be 1 to 100")
	}
	layout := jpegLayout(c)
	codec := &jpegCodec{config: c, layout: layout, options: jpeg.Options{Quality: quality}}
	return newStripSink(w, c, layout, codec, o), nil
}

// jpegCodec writes strips as JPEG.
type jpegCodec struct {
	config  picture.Config
	layout  stripLayout
	options jpeg.Options
}

// put implements stripCodec.
func (c *jpegCodec) put(s *strip, rows *picture.Picture) {
	row := c.config.Width * jpegPixel(c.config)
	spread8(s.raw[s.taken*row:][:rows.Height*row], rows, jpegPixel(c.config))
}

// compress implements stripCodec.
func (c *jpegCodec) compress(_ int, s *strip) error {
	return jpeg.Encode(&s.packed, opaque8(s.raw, c.config, s.rows), &c.options)
}

// opaque8 is an image of so many rows with these samples.
func opaque8(samples []byte, c picture.Config, rows int) image.Image {
	bounds := image.Rect(0, 0, c.Width, rows)
	if c.Colors == 1 {
		return &image.Gray{Pix: samples[:rows*c.Width], Stride: c.Width, Rect: bounds}
	}
	return &image.RGBA{Pix: samples[:rows*4*c.Width], Stride: 4 * c.Width, Rect: bounds}
}

// write implements stripCodec.
func (c *jpegCodec) write(w io.Writer, s *strip) error {
	head := s.packed.head(min(s.packed.size, blockBytes))
	frame, scan, pixels := jpegHeader(head)
	end := s.packed.size
	if s.index < c.layout.strips-1 {
		end -= 2 // without the marker of the end, which is the file's
	}
	if s.index > 0 {
		// The strip's own header is not needed, so that the restart marker finds room before the pixels.
		head[pixels-2], head[pixels-1] = 0xff, 0xd0+byte((s.index-1)%8)
		return s.packed.writeTo(w, pixels-2, end)
	}
	binary.BigEndian.PutUint16(head[frame+5:], uint16(c.config.Height))
	header := bytes.Clone(head[:scan])
	if c.layout.strips > 1 {
		header = append(header, 0xff, 0xdd, 0, 4) // the restart interval
		header = binary.BigEndian.AppendUint16(header, uint16(jpegUnits(c.config, c.layout.rows)))
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	return s.packed.writeTo(w, scan, end)
}

// end implements stripCodec; the last strip has ended the file already.
func (c *jpegCodec) end(io.Writer) error { return nil }

// jpegHeader finds the segments in what image/jpeg wrote that say the size of the frame and begin the scan, and the pixels behind them.
func jpegHeader(file []byte) (frame, scan, pixels int) {
	for at := 2; ; {
		end := at + 2 + int(binary.BigEndian.Uint16(file[at+2:]))
		switch file[at+1] {
		case 0xc0:
			frame = at
		case 0xda:
			return frame, at, end
		}
		at = end
	}
}

// spread8 writes the colours of p at 8 bits to pixels of dst that are step samples apart. What lies between is not kept.
func spread8(dst []uint8, p *picture.Picture, step int) {
	switch channels := p.Channels(); {
	case p.Depth == 16:
		for c := range p.Colors {
			for to, from := c, c; to < len(dst); to, from = to+step, from+channels {
				// v/257 is 255*v/65535; half of 257 is never met, so this rounds to the nearest.
				dst[to] = uint8((uint32(p.Pix16[from]) + 128) / 257)
			}
		}
	case channels == step:
		copy(dst, p.Pix8)
	case channels == 3 && step == 4:
		for src := p.Pix8; len(src) >= 3 && len(dst) >= 4; src, dst = src[3:], dst[4:] {
			dst[0], dst[1], dst[2] = src[0], src[1], src[2]
		}
	default:
		for c := range p.Colors {
			for to, from := c, c; to < len(dst); to, from = to+step, from+channels {
				dst[to] = p.Pix8[from]
			}
		}
	}
}
