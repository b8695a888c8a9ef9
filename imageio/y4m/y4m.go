// Package y4m reads and writes uncompressed video as it goes through pipes (YUV4MPEG2, -f yuv4mpegpipe of ffmpeg): frames of 8 or 10 bits, 4:2:0, 4:2:2,
// 4:4:4 or gray. Interlaced video is refused. One frame is in memory at a time, whatever the length.
//
//	r, err := y4m.NewReader(os.Stdin)
//	w, err := y4m.NewWriter(os.Stdout, header)
//	frame := r.Header().NewFrame()
//	for err = r.Read(frame); err == nil; err = r.Read(frame) {
//		... w.Write(enlarged)
//	}
package y4m

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"classsr/fault"
)

// Frame is a picture of a video: dense planes of luma and chroma (blue, red), or luma alone, each sample in 0..2^Depth-1.
type Frame struct {
	Pix8  [][]uint8  // by plane, if the depth is 8, else nil
	Pix16 [][]uint16 // by plane, if the depth is 10, else nil
	// Note is what the line before the frame says in a field of this program (XCLASSSR=), without spaces; other programs pay no attention to it.
	Note string
}

// NewFrame makes a frame of zeros.
func (h Header) NewFrame() *Frame {
	f := &Frame{}
	for i := range h.Planes() {
		width, height := h.Plane(i)
		if h.Format.Depth > 8 {
			f.Pix16 = append(f.Pix16, make([]uint16, width*height))
			continue
		}
		f.Pix8 = append(f.Pix8, make([]uint8, width*height))
	}
	return f
}

const (
	// longestLine bounds the first line of streams and that of frames, which may have a note.
	longestLine = 64 << 10
	frameLine   = "FRAME"
	noteField   = "XCLASSSR="
)

// Reader reads a stream frame by frame.
type Reader struct {
	header Header
	r      *bufio.Reader
	frames int
	row    []byte // of samples of 16 bits
}

// NewReader reads the beginning of a stream. What is not one, or of a kind that is not known, is an error of kind fault.Unsupported; fault.Damaged if
// it contradicts itself or ends.
func NewReader(r io.Reader) (*Reader, error) {
	y := &Reader{r: bufio.NewReaderSize(r, 1<<16)}
	line, err := y.line()
	switch {
	case errors.Is(err, io.EOF) && line == "":
		return nil, fault.New(fault.Damaged, "no video: nothing came")
	case err != nil && !strings.HasPrefix(line, magic):
		return nil, fault.New(fault.Unsupported, "not a y4m stream: it does not begin with %s; %s", magic, howMade)
	case err != nil:
		return nil, readError(err, "its first line does not end")
	}
	y.header, err = parse(line)
	return y, err
}

// line reads a line without its end. Of one that does not end it gives what there is.
func (y *Reader) line() (string, error) {
	var line []byte
	for len(line) < longestLine {
		b, err := y.r.ReadByte()
		if err != nil {
			return string(line), err
		}
		if b == '\n' {
			return string(line), nil
		}
		line = append(line, b)
	}
	return string(line), io.ErrUnexpectedEOF
}

// readError is the error about a stream that cannot be read further, which is damaged if it ends.
func readError(err error, what string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.New(fault.Damaged, "damaged y4m: %s", what)
	}
	return err
}

// Header says what frames there are.
func (y *Reader) Header() Header { return y.header }

// Read reads the next frame into f, which Header.NewFrame made. It returns io.EOF after the last one, and an error of kind fault.Damaged if the stream
// ends within a frame or is damaged. Samples of more bits than there are become the highest value.
func (y *Reader) Read(f *Frame) error {
	line, err := y.line()
	if errors.Is(err, io.EOF) && line == "" {
		return io.EOF
	}
	number := y.frames + 1
	if err != nil {
		return readError(err, fmt.Sprintf("the line before frame %d does not end", number))
	}
	if f.Note, err = parseFrame(line, number); err != nil {
		return err
	}
	for i := range y.header.Planes() {
		if err := y.plane(f, i); err != nil {
			return readError(err, fmt.Sprintf("it ends within frame %d", number))
		}
	}
	y.frames++
	return nil
}

// parseFrame reads the line before a frame and gives its note.
func parseFrame(line string, number int) (note string, err error) {
	name, parameters, _ := strings.Cut(line, " ")
	if name != frameLine {
		return "", fault.New(fault.Damaged, "damaged y4m: %q where frame %d should begin", name[:min(len(name), 20)], number)
	}
	for _, p := range strings.Fields(parameters) {
		if p[0] == 'I' && len(p) > 1 && p[1] != 'p' {
			return "", checkInterlacing("t")
		}
		if text, is := strings.CutPrefix(p, noteField); is {
			note = text
		}
	}
	return note, nil
}

func (y *Reader) plane(f *Frame, i int) error {
	if f.Pix8 != nil {
		_, err := io.ReadFull(y.r, f.Pix8[i])
		return err
	}
	width, height := y.header.Plane(i)
	most := uint16(1)<<y.header.Format.Depth - 1
	if y.row == nil {
		y.row = make([]byte, 2*y.header.Width)
	}
	for at := range height {
		row := y.row[:2*width]
		if _, err := io.ReadFull(y.r, row); err != nil {
			return err
		}
		for x := range width {
			f.Pix16[i][at*width+x] = min(binary.LittleEndian.Uint16(row[2*x:]), most)
		}
	}
	return nil
}

// Writer writes a stream frame by frame.
type Writer struct {
	header Header
	w      *bufio.Writer
	row    []byte
}

// NewWriter writes the beginning of a stream, whose frames are as h says. It panics if h has a format that streams have no name for.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	y := &Writer{header: h, w: bufio.NewWriterSize(w, 1<<16)}
	if _, err := y.w.WriteString(h.line()); err != nil {
		return nil, err
	}
	return y, y.w.Flush()
}

// Write writes a frame. It has gone to the writer below when Write returns.
func (y *Writer) Write(f *Frame) error {
	line := frameLine
	if f.Note != "" {
		line += " " + noteField + f.Note
	}
	if _, err := y.w.WriteString(line + "\n"); err != nil {
		return err
	}
	for i := range y.header.Planes() {
		if err := y.plane(f, i); err != nil {
			return err
		}
	}
	return y.w.Flush()
}

func (y *Writer) plane(f *Frame, i int) error {
	if f.Pix8 != nil {
		_, err := y.w.Write(f.Pix8[i])
		return err
	}
	width, height := y.header.Plane(i)
	if y.row == nil {
		y.row = make([]byte, 2*y.header.Width)
	}
	for at := range height {
		row := y.row[:2*width]
		for x := range width {
			binary.LittleEndian.PutUint16(row[2*x:], f.Pix16[i][at*width+x])
		}
		if _, err := y.w.Write(row); err != nil {
			return err
		}
	}
	return nil
}
