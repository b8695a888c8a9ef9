package jpeg

import (
	"io"

	"classsr/fault"
	"classsr/imageio/jpeg/baseline"
	"classsr/imageio/strips"
	"classsr/metadata"
	"classsr/picture"
)

// A JPEG is written as strips of rows too, by package baseline.

// stripPixels is the size that strips are cut to: 512 KiB of red, green and blue.
const stripPixels = (512 << 10) / 3

// EncodeOptions steers NewEncoder. Quality or Tables must be given.
type EncodeOptions struct {
	Quality     int              // 1..100, as libjpeg has it
	Tables      *baseline.Tables // the steps of quantisation, in place of a quality's; nil for these
	Subsampling baseline.Subsampling
	Metadata    *metadata.Data // as much of it is written as the format holds; nil for none
}

// config is what package baseline is to write.
func config(c picture.Config, s baseline.Subsampling) baseline.Config {
	b := baseline.Config{Width: c.Width, Height: c.Height, Colors: c.Colors, Subsampling: s}
	unit := b.UnitRows()
	b.StripRows = unit * max(1, stripPixels/(unit*c.Width))
	return b
}

// Layout is how a picture is cut into strips, and what that takes.
func Layout(c picture.Config, s baseline.Subsampling) strips.Layout {
	b := config(c, s)
	lines := min(b.StripRows, c.Height)
	return strips.Layout{
		Rows: b.StripRows, Strips: (c.Height-1)/b.StripRows + 1,
		RawBytes: lines * c.Width * c.Colors, PackedBytes: b.StripBytes(lines), WorkerBytes: baseline.WorkerBytes,
	}
}

// NewEncoder returns a sink that writes a picture of this form to w. It returns an error if the quality is not 1 to 100, or if package
// baseline cannot write the picture.
func NewEncoder(w io.Writer, c picture.Config, o EncodeOptions, s strips.Options) (*strips.Sink, error) {
	b := config(c, o.Subsampling)
	switch {
	case o.Tables != nil:
		b.Tables = *o.Tables
	case o.Quality < 1 || o.Quality > 100:
		return nil, fault.New(fault.Usage, "the JPEG quality must be 1 to 100")
	default:
		b.Tables = baseline.QualityTables(o.Quality)
	}
	encoder, err := baseline.New(b)
	if err != nil {
		return nil, fault.As(fault.Unsupported, err)
	}
	m := o.Metadata
	if m == nil {
		m = &metadata.Data{}
	}
	segments, _ := describe(m)
	layout := Layout(c, o.Subsampling)
	e := &stripEncoder{
		encoder: encoder, row: c.Width * c.Colors, header: encoder.AppendHeader(nil, segments),
		workers: make([]*baseline.Worker, layout.Workers(s.Threads)),
	}
	return strips.NewSink(w, c, layout, e, s), nil
}

// stripEncoder writes strips as JPEG.
type stripEncoder struct {
	encoder *baseline.Encoder
	row     int // bytes
	header  []byte
	workers []*baseline.Worker
}

// Put implements strips.Codec.
func (e *stripEncoder) Put(s *strips.Strip, rows *picture.Picture) {
	opaque8(s.Raw[s.Taken*e.row:][:rows.Height*e.row], rows)
}

// Compress implements strips.Codec.
func (e *stripEncoder) Compress(worker int, s *strips.Strip) error {
	if e.workers[worker] == nil {
		e.workers[worker] = e.encoder.NewWorker()
	}
	return e.workers[worker].EncodeStrip(&s.Packed, s.Index, s.Raw[:s.Rows*e.row])
}

// Write implements strips.Codec.
func (e *stripEncoder) Write(w io.Writer, s *strips.Strip) error {
	if s.Index == 0 {
		if _, err := w.Write(e.header); err != nil {
			return err
		}
	}
	return s.Packed.WriteRange(w, 0, s.Packed.Len())
}

// End implements strips.Codec.
func (e *stripEncoder) End(w io.Writer) error {
	_, err := w.Write(baseline.AppendEnd(nil))
	return err
}

// opaque8 writes the colours of p at 8 bits to dst, pixel after pixel.
func opaque8(dst []uint8, p *picture.Picture) {
	colors, channels := p.Colors, p.Channels()
	switch {
	case p.Depth == 16:
		for c := range colors {
			for to, from := c, c; to < len(dst); to, from = to+colors, from+channels {
				// v/257 is 255*v/65535; half of 257 is never met, so this rounds to the nearest.
				dst[to] = uint8((uint32(p.Pix16[from]) + 128) / 257)
			}
		}
	case channels == colors:
		copy(dst, p.Pix8)
	default:
		for c := range colors {
			for to, from := c, c; to < len(dst); to, from = to+colors, from+channels {
				dst[to] = p.Pix8[from]
			}
		}
	}
}
