package jpeg

import (
	"encoding/binary"
	"image"
	"image/jpeg"
	"io"
	"slices"

	"classsr/fault"
	"classsr/imageio/strips"
	"classsr/metadata"
	"classsr/picture"
)

// A JPEG is written as strips of rows too: image/jpeg encodes each as a picture of its own, all with the same tables. What it makes of the
// pixels of a strip depends on no other strip, except that the mean of a block is stored as the difference from the block before. A restart
// marker ends that, and begins at a whole byte, as files do. So the pixels of all strips, with restart markers between them and under the
// header of one, are one JPEG, which decodes to the same pixels as one encoded as a whole.

// stripPixels is the size that strips are cut to: 512 KiB of red, green and blue.
const stripPixels = (512 << 10) / 3

// unit gives the side of the squares of pixels (MCUs) that are encoded together, and the blocks of 8x8 samples in each: colours have
// one block for each two pixels along both sides.
func unit(c picture.Config) (side, blocks int) {
	if c.Colors == 1 {
		return 8, 1
	}
	return 16, 6
}

// pixelBytes is the length of a pixel in the kinds of image that image/jpeg reads fast: image.Gray and image.RGBA.
func pixelBytes(c picture.Config) int {
	if c.Colors == 1 {
		return 1
	}
	return 4
}

// units is the number of units in a strip of so many rows. It is at most 8192, a row of the widest gray picture, or what stripPixels
// holds; files can tell up to 65535 between restart markers.
func units(c picture.Config, rows int) int {
	side, _ := unit(c)
	return ((c.Width-1)/side + 1) * ((rows-1)/side + 1)
}

// Layout is how a picture is cut into strips, and what that takes.
func Layout(c picture.Config) strips.Layout {
	side, blocks := unit(c)
	rows := side * max(1, stripPixels/(side*side*units(c, side)))
	lines := min(rows, c.Height)
	// A block has 64 numbers of at most 26 bits, and each byte of them may be followed by a zero.
	const blockBytes = 2 * 64 * 26 / 8
	packed := int64(units(c, lines)) * int64(blocks) * blockBytes
	return strips.Layout{
		Rows: rows, Strips: (c.Height-1)/rows + 1,
		RawBytes: lines * c.Width * pixelBytes(c), PackedBytes: packed + 1024,
	}
}

// NewEncoder returns a sink that writes a picture of this form to w, with a quality of 1 to 100 and what it can hold of
// m, which may be nil.
func NewEncoder(w io.Writer, c picture.Config, quality int, m *metadata.Data, o strips.Options) (*strips.Sink, error) {
	if quality < 1 || quality > 100 {
		return nil, fault.New(fault.Usage, "the JPEG quality must be 1 to 100")
	}
	layout := Layout(c)
	e := &encoder{config: c, layout: layout, options: jpeg.Options{Quality: quality}}
	if m != nil {
		e.metadata, _ = describe(m)
	}
	return strips.NewSink(w, c, layout, e, o), nil
}

// encoder writes strips as JPEG.
type encoder struct {
	config  picture.Config
	layout  strips.Layout
	options jpeg.Options
	// metadata is segments for what lies behind the beginning of the file.
	metadata []byte
}

// Put implements strips.Codec.
func (c *encoder) Put(s *strips.Strip, rows *picture.Picture) {
	row := c.config.Width * pixelBytes(c.config)
	spread8(s.Raw[s.Taken*row:][:rows.Height*row], rows, pixelBytes(c.config))
}

// Compress implements strips.Codec.
func (c *encoder) Compress(_ int, s *strips.Strip) error {
	return jpeg.Encode(&s.Packed, opaque8(s.Raw, c.config, s.Rows), &c.options)
}

// opaque8 is an image of so many rows with these samples.
func opaque8(samples []byte, c picture.Config, rows int) image.Image {
	bounds := image.Rect(0, 0, c.Width, rows)
	if c.Colors == 1 {
		return &image.Gray{Pix: samples[:rows*c.Width], Stride: c.Width, Rect: bounds}
	}
	return &image.RGBA{Pix: samples[:rows*4*c.Width], Stride: 4 * c.Width, Rect: bounds}
}

// Write implements strips.Codec.
func (c *encoder) Write(w io.Writer, s *strips.Strip) error {
	head := s.Packed.Head(min(s.Packed.Len(), strips.BlockBytes))
	frame, scan, pixels := segments(head)
	end := s.Packed.Len()
	if s.Index < c.layout.Strips-1 {
		end -= 2 // without the marker of the end, which is the file's
	}
	if s.Index > 0 {
		// The strip's own header is not needed, so that the restart marker finds room before the pixels.
		head[pixels-2], head[pixels-1] = 0xff, 0xd0+byte((s.Index-1)%8)
		return s.Packed.WriteRange(w, pixels-2, end)
	}
	binary.BigEndian.PutUint16(head[frame+5:], uint16(c.config.Height))
	const start = 2 // the marker of the beginning
	header := slices.Concat(head[:start], c.metadata, head[start:scan])
	if c.layout.Strips > 1 {
		header = append(header, 0xff, 0xdd, 0, 4) // the restart interval
		header = binary.BigEndian.AppendUint16(header, uint16(units(c.config, c.layout.Rows)))
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	return s.Packed.WriteRange(w, scan, end)
}

// End implements strips.Codec; the last strip has ended the file already.
func (c *encoder) End(io.Writer) error { return nil }

// segments finds the segments in what image/jpeg wrote that say the size of the frame and begin the scan, and the pixels behind them.
func segments(file []byte) (frame, scan, pixels int) {
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
