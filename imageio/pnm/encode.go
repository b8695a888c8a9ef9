package pnm

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"classsr/imageio/codec"
	"classsr/imageio/strips"
	"classsr/metadata"
	"classsr/picture"
)

// PAM is the format that holds alpha, as it is written; both are read as Format.
var PAM = codec.Format{ID: "pam", Name: "PAM", Scan: newScanner}

// Sink writes the rows of a picture as they come, without compression.
type Sink struct {
	w      *bufio.Writer
	config picture.Config
	kept   int // channels that are written
	row    int // rows that were written
	line   []byte
	err    error
	closed bool
}

// NewEncoder returns a sink that writes a picture of this form to w, raw: as PGM or PPM, which leave alpha out, or as PAM. It panics if samples
// have other than 8 or 16 bits.
func NewEncoder(w io.Writer, c picture.Config, pam bool) *Sink {
	if c.Depth != 8 && c.Depth != 16 {
		panic("pnm: a depth that the format does not hold")
	}
	s := &Sink{w: bufio.NewWriterSize(w, bufferBytes), config: c, kept: c.Channels()}
	if !pam {
		s.kept = c.Colors
	}
	s.line = make([]byte, c.Width*s.kept*c.Depth/8)
	_, s.err = io.WriteString(s.w, header(c, pam))
	return s
}

const bufferBytes = 64 << 10

func header(c picture.Config, pam bool) string {
	white := 1<<c.Depth - 1
	if !pam {
		return fmt.Sprintf("P%d\n%d %d\n%d\n", 5+c.Colors/3, c.Width, c.Height, white)
	}
	kind := "GRAYSCALE"
	if c.Colors == 3 {
		kind = "RGB"
	}
	if c.Alpha {
		kind += "_ALPHA"
	}
	return fmt.Sprintf("P7\nWIDTH %d\nHEIGHT %d\nDEPTH %d\nMAXVAL %d\nTUPLTYPE %s\nENDHDR\n", c.Width, c.Height, c.Channels(), white, kind)
}

// Layout tells what memory a Sink takes, as if it had strips as long as its buffer.
func Layout(c picture.Config) strips.Layout {
	row := c.Width * c.Channels() * c.Depth / 8
	rows := max(1, bufferBytes/max(1, row))
	return strips.Layout{Rows: rows, Strips: (c.Height-1)/rows + 1, RawBytes: row * min(rows, c.Height), WorkerBytes: 2 * bufferBytes}
}

// WriteRows implements picture.RowSink.
func (s *Sink) WriteRows(band *picture.Picture) error {
	form := band.Config()
	form.Height = s.config.Height
	if form != s.config {
		panic("pnm: a band of another form than its picture")
	}
	band.Check()
	if s.closed {
		panic("pnm: rows for an encoder that is closed")
	}
	if band.Height > s.config.Height-s.row {
		panic("pnm: more rows than the picture has")
	}
	s.row += band.Height
	n := band.Width * band.Channels()
	for y := 0; y < band.Height && s.err == nil; y++ {
		if band.Depth == 8 {
			s.put8(band.Pix8[y*n:][:n])
		} else {
			s.put16(band.Pix16[y*n:][:n])
		}
		_, s.err = s.w.Write(s.line)
	}
	return s.err
}

// put8 makes a line of a row's samples.
func (s *Sink) put8(row []uint8) {
	step := s.config.Channels()
	if step == s.kept {
		copy(s.line, row)
		return
	}
	for line := s.line; len(row) > 0; row, line = row[step:], line[s.kept:] {
		copy(line[:s.kept], row)
	}
}

// put16 does so for samples of 16 bits.
func (s *Sink) put16(row []uint16) {
	step, line := s.config.Channels(), s.line
	for ; len(row) > 0; row = row[step:] {
		for _, v := range row[:s.kept] {
			binary.BigEndian.PutUint16(line, v)
			line = line[2:]
		}
	}
}

// Close implements picture.RowSink.
func (s *Sink) Close() error {
	if s.closed {
		return s.err
	}
	s.closed = true
	switch {
	case s.err != nil:
	case s.row < s.config.Height:
		s.err = fmt.Errorf("the picture ends after %d of %d rows", s.row, s.config.Height)
	default:
		s.err = s.w.Flush()
	}
	return s.err
}

// Lost names what of metadata the formats do not hold: all that there is.
func Lost(m *metadata.Data) (lost []string) {
	c := m.Color
	if c.ICC != nil || metadata.OtherThanSRGB(c) {
		lost = append(lost, "colour profiles")
	}
	if m.EXIF != nil || m.XMP != nil || m.IPTC != nil || m.Text != nil || m.Density.Says() {
		lost = append(lost, "metadata")
	}
	return lost
}
