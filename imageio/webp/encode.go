package webp

import (
	"encoding/binary"
	"io"

	"classsr/imageio/strips"
	"classsr/imageio/webp/vp8l"
	"classsr/metadata"
	"classsr/picture"
)

// MaxSide is the longest side of a WebP, in pixels, as its own programs read and write it.
const MaxSide = vp8l.MaxSide

// The rest of the flags of a VP8X chunk.
const (
	flagXMP  = 1 << 2
	flagEXIF = 1 << 3
	flagICC  = 1 << 5
)

func config(c picture.Config) vp8l.Config {
	return vp8l.Config{Width: c.Width, Height: c.Height, Channels: c.Channels()}
}

// Layout is how a picture is cut into strips, and what that takes. All of them are kept, compressed, until the last one is there.
func Layout(c picture.Config) strips.Layout {
	b := config(c)
	lines := min(b.StripRows(), c.Height)
	line := c.Width * c.Channels()
	kept := strips.BlocksFor(int64(b.Strips())*b.MaxBytes(lines)) + int64(b.Strips())*b.PartBytes()
	const header = 256 << 10
	return strips.Layout{
		Rows: b.StripRows(), Strips: b.Strips(), RawBytes: lines * line, AboveBytes: line, PackedBytes: b.MaxBytes(lines),
		WorkerBytes: b.WorkerBytes(lines), KeptBytes: kept + kept/512 + header,
	}
}

// NewEncoder returns a sink that writes a picture of this form to w, without loss; samples of 16 bits are rounded to 8. m may be nil.
func NewEncoder(w io.Writer, c picture.Config, m *metadata.Data, s strips.Options) *strips.Sink {
	layout := Layout(c)
	e := &encoder{
		config: c, encoder: vp8l.New(config(c)), line: c.Width * c.Channels(), last: make([]byte, c.Width*c.Channels()), ends: make([]int, 1, layout.Strips+1),
		workers: make([]*vp8l.Worker, layout.Workers(s.Threads)),
	}
	if m != nil {
		e.metadata = *m
	}
	return strips.NewSink(w, c, layout, e, s)
}

// encoder keeps compressed strips, and writes them at the end.
type encoder struct {
	config   picture.Config
	metadata metadata.Data
	encoder  *vp8l.Encoder
	line     int    // bytes
	last     []byte // the last row of the strip before the one that takes rows
	workers  []*vp8l.Worker
	packed   strips.Blocks
	ends     []int // of the strips in packed; the first is 0
}

// Put implements strips.Codec.
func (e *encoder) Put(s *strips.Strip, rows *picture.Picture) {
	if s.Taken == 0 {
		s.Above, e.last = e.last, s.Above
	}
	dst := s.Raw[s.Taken*e.line:][:rows.Height*e.line]
	if rows.Depth == 8 {
		copy(dst, rows.Pix8)
	} else {
		for i, v := range rows.Pix16[:len(dst)] {
			// v/257 is 255*v/65535; half of 257 is never met, so this rounds to the nearest.
			dst[i] = uint8((uint32(v) + 128) / 257)
		}
	}
	if taken := s.Taken + rows.Height; taken == s.Rows {
		copy(e.last, s.Raw[(taken-1)*e.line:][:e.line])
	}
}

// Compress implements strips.Codec.
func (e *encoder) Compress(worker int, s *strips.Strip) error {
	if e.workers[worker] == nil {
		e.workers[worker] = e.encoder.NewWorker()
	}
	return e.workers[worker].EncodeStrip(&s.Packed, s.Index, s.Raw[:s.Rows*e.line], s.Above)
}

// Write implements strips.Codec.
func (e *encoder) Write(_ io.Writer, s *strips.Strip) error {
	err := s.Packed.WriteRange(&e.packed, 0, s.Packed.Len())
	e.ends = append(e.ends, e.packed.Len())
	return err
}

// End implements strips.Codec.
func (e *encoder) End(w io.Writer) error {
	picture := e.encoder.Join()
	length := picture.Bytes()
	front, back := e.chunks()
	front = appendHead(front, "VP8L", length)
	total := int64(len(front)) + length + length&1 + int64(len(back))
	head := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+total))
	if _, err := w.Write(append(append(head, "WEBP"...), front...)); err != nil {
		return err
	}
	err := picture.Write(w, func(i int, use func([]byte) error) error { return e.packed.Each(e.ends[i], e.ends[i+1], use) })
	if err != nil {
		return err
	}
	if length&1 != 0 {
		back = append([]byte{0}, back...)
	}
	_, err = w.Write(back)
	return err
}

// chunks gives the chunks before and after the pixels. A picture without metadata has none.
func (e *encoder) chunks() (front, back []byte) {
	m := &e.metadata
	exif := metadata.WithDensity(m.EXIF, m.Density)
	flags := byte(0)
	if m.Color.ICC != nil {
		flags |= flagICC
		front = appendChunk(front, "ICCP", m.Color.ICC)
	}
	if exif != nil {
		flags |= flagEXIF
		back = appendChunk(back, "EXIF", exif)
	}
	if m.XMP != nil {
		flags |= flagXMP
		back = appendChunk(back, "XMP ", m.XMP)
	}
	if flags == 0 {
		return nil, nil
	}
	if e.config.Alpha {
		flags |= flagAlpha
	}
	body := []byte{flags, 0, 0, 0}
	for _, side := range []int{e.config.Width - 1, e.config.Height - 1} {
		body = append(body, byte(side), byte(side>>8), byte(side>>16))
	}
	return append(appendChunk(nil, "VP8X", body), front...), back
}

func appendHead(dst []byte, kind string, length int64) []byte {
	return binary.LittleEndian.AppendUint32(append(dst, kind...), uint32(length))
}

func appendChunk(dst []byte, kind string, body []byte) []byte {
	dst = append(appendHead(dst, kind, int64(len(body))), body...)
	if len(body)%2 == 1 {
		dst = append(dst, 0)
	}
	return dst
}

// Lost names what of a picture's metadata a WebP cannot hold.
func Lost(m *metadata.Data) (lost []string) {
	if m.Color.ICC == nil && metadata.OtherThanSRGB(m.Color) {
		lost = append(lost, "what PNG says of colours without a profile")
	}
	if m.Density.Says() && !metadata.DensityOf(metadata.WithDensity(m.EXIF, m.Density)).Says() {
		lost = append(lost, "density")
	}
	if m.IPTC != nil {
		lost = append(lost, "IPTC")
	}
	if len(m.Text) > 0 {
		lost = append(lost, "remarks")
	}
	return lost
}
