// Package pnm reads and writes the portable pictures of Netpbm: PBM, PGM and PPM, plain and raw, and PAM. It reads PFM, their form in floating
// point.
package pnm

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"classsr/imageio/codec"
	"classsr/metadata"
)

// Format is PNM with PAM, whose name is that of the family.
var Format = codec.Format{ID: "pnm", Name: "PNM", Scan: newScanner}

// scanner reads the header of a PNM.
type scanner struct {
	*codec.File
	bilevel bool // a sample is a bit (or a digit), 1 is black
	plain   bool // samples are decimal numbers
	samples int  // a pixel
	maxval  int  // the value of white
	pixels  int64
	floats  binary.ByteOrder // of samples in floating point (PFM); else nil
}

// Recognise reports whether a file is one.
func Recognise(s *codec.Source) bool {
	head := s.First()
	return len(head) > 2 && head[0] == 'P' && strings.IndexByte("1234567Ff", head[1]) >= 0 && (isSpace(head[2]) || head[2] == '#')
}

// longestHeader is what a header with its comments may take.
const longestHeader = 64 << 10

func newScanner(c *codec.File) codec.Scanner { return &scanner{File: c} }

// Header implements codec.Scanner.
func (f *scanner) Header() error {
	if err := f.OnePage(); err != nil {
		return err
	}
	all, err := f.Src.Some(0, 2, longestHeader)
	if err != nil || len(all) < 2 {
		return io.ErrUnexpectedEOF
	}
	t := &tokens{r: bufio.NewReader(strings.NewReader(string(all[2:min(len(all), longestHeader)])))}
	switch kind := all[1]; kind {
	case '7':
		err = f.pam(t)
	case 'F', 'f':
		err = f.floating(t, kind)
	default:
		err = f.classic(t, kind)
	}
	if err != nil {
		return err
	}
	if text := strings.TrimSpace(t.comments.String()); text != "" {
		f.Metadata.Text = []metadata.Text{{Keyword: metadata.Comment, Value: strings.ToValidUTF8(text, "?")}}
	}
	f.pixels = 2 + t.read
	return f.form()
}

// classic reads the header of P1 to P6.
func (f *scanner) classic(t *tokens, kind byte) (err error) {
	f.plain = kind <= '3'
	f.bilevel = kind == '1' || kind == '4'
	f.samples, f.maxval = 1, 1
	if kind == '3' || kind == '6' {
		f.samples = 3
	}
	for _, field := range []*int{&f.Width, &f.Height, &f.maxval}[:3-boolInt(f.bilevel)] {
		if *field, err = t.number(); err != nil {
			return err
		}
	}
	f.Colors = f.samples
	return nil
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// pam reads the lines of a PAM's header.
func (f *scanner) pam(t *tokens) (err error) {
	kind := ""
	if line, err := t.line(); err != nil || line != "" {
		return codec.Unsupported("a header that begins with P7 %q is not known", line)
	}
	for {
		line, err := t.line()
		if err != nil {
			return err
		}
		name, value, _ := strings.Cut(line, " ")
		value = strings.TrimSpace(value)
		fields := map[string]*int{"WIDTH": &f.Width, "HEIGHT": &f.Height, "DEPTH": &f.samples, "MAXVAL": &f.maxval}
		switch to := fields[name]; {
		case name == "ENDHDR":
			return f.tuple(strings.TrimSpace(kind))
		case name == "TUPLTYPE":
			kind += " " + value
		case to != nil:
			if *to, err = number(value); err != nil {
				return err
			}
		case line != "":
			return fmt.Errorf("its header has a line %q", line)
		}
	}
}

// tuple works out what the channels of a PAM are.
func (f *scanner) tuple(kind string) error {
	switch kind {
	case "", "BLACKANDWHITE", "GRAYSCALE", "RGB", "BLACKANDWHITE_ALPHA", "GRAYSCALE_ALPHA", "RGB_ALPHA":
	default:
		return codec.Unsupported("pixels of kind %q are not supported", kind)
	}
	base, alpha := strings.CutSuffix(kind, "_ALPHA")
	f.Colors, f.Alpha = 1, alpha
	if base == "RGB" {
		f.Colors = 3
	}
	if kind == "" {
		if f.samples < 1 || f.samples > 4 {
			return codec.Unsupported("pixels of %d samples are not supported", f.samples)
		}
		f.Colors, f.Alpha = 1+f.samples/3*2, f.samples%2 == 0
	}
	if want := f.Colors + boolInt(f.Alpha); f.samples != want {
		return fmt.Errorf("its pixels have %d samples, those of kind %s have %d", f.samples, kind, want)
	}
	return nil
}

// form checks the sizes.
func (f *scanner) form() error {
	if f.Width < 1 || f.Height < 1 {
		return codec.ErrNoSize
	}
	if f.floats == nil && (f.maxval < 1 || f.maxval > 0xffff) {
		return fmt.Errorf("it says that white is %d", f.maxval)
	}
	switch {
	case f.floats != nil:
		f.Depth = 32
	case f.maxval > 0xff:
		f.Depth = 16
	}
	f.HeaderEnd = f.pixels
	f.needs()
	f.bound()
	return nil
}

// needs says what decoding takes.
func (f *scanner) needs() {
	row := f.rowBytes()
	f.Needs = codec.Needs{Decoder: f.PictureBytes() + row + 2*codec.PixelBytes*int64(f.Width), File: f.Area()*int64(f.samples)*int64(f.sampleBytes()) + int64(f.Height)}
	if f.plain {
		const digits = 6 // a number and a space
		f.Needs.File = digits*f.Area()*int64(f.samples) + int64(f.Height)
	}
}

// bound looks whether the file is long enough, if it is there.
func (f *scanner) bound() {
	if !f.Src.Ended() {
		return
	}
	row, length := f.rowBytes(), f.Src.Size()-f.pixels
	if f.plain { // a digit and a space, of bits a digit; the last number of all needs nothing behind it
		length++
		row = int64(f.Width) * int64(f.samples)
		if !f.bilevel {
			row *= 2
		}
	}
	f.TooShort = length/row < int64(f.Height)
}

// sampleBytes is what a raw sample takes.
func (f *scanner) sampleBytes() int { return f.Depth / 8 }

// rowBytes is what a raw row takes.
func (f *scanner) rowBytes() int64 {
	if f.bilevel {
		return (int64(f.Width) + 7) / 8
	}
	return int64(f.Width) * int64(f.samples) * int64(f.sampleBytes())
}

// Rest implements codec.Scanner.
func (f *scanner) Rest() error {
	if err := f.ReadOn(); err != nil {
		return err
	}
	f.bound()
	if f.TooShort {
		return io.ErrUnexpectedEOF
	}
	if f.floats != nil {
		return f.measure()
	}
	return nil
}

// tokens reads numbers and lines between which there may be comments.
type tokens struct {
	r        *bufio.Reader
	read     int64
	comments strings.Builder
}

func (t *tokens) byte() (byte, error) {
	b, err := t.r.ReadByte()
	if err != nil {
		return 0, io.ErrUnexpectedEOF
	}
	t.read++
	return b, nil
}

// skipComment reads to the end of the line.
func (t *tokens) skipComment() error {
	for {
		b, err := t.byte()
		if err != nil {
			return err
		}
		if b == '\n' || b == '\r' {
			return t.comments.WriteByte('\n')
		}
		if err := t.comments.WriteByte(b); err != nil {
			return err
		}
	}
}

// number reads a decimal number, as word does.
func (t *tokens) number() (int, error) {
	const digits = 10
	word, err := t.word(digits)
	if err != nil {
		return 0, err
	}
	return number(word)
}

// word reads at most so many characters, with spaces and comments before them and one space behind.
func (t *tokens) word(most int) (string, error) {
	var word []byte
	for {
		b, err := t.byte()
		switch {
		case err != nil:
			return "", err
		case b == '#':
			if err := t.skipComment(); err != nil {
				return "", err
			}
			if len(word) > 0 {
				return string(word), nil
			}
		case isSpace(b):
			if len(word) > 0 {
				return string(word), nil
			}
		default:
			if word = append(word, b); len(word) > most {
				return "", errNumber
			}
		}
	}
}

var errNumber = errors.New("its header has a number that makes no sense")

func number(digits string) (int, error) {
	v, err := strconv.ParseUint(digits, 10, 31)
	if err != nil {
		return 0, errNumber
	}
	return int(v), nil
}

func isSpace(b byte) bool { return b == ' ' || b >= '\t' && b <= '\r' }

// line reads a line that is no comment.
func (t *tokens) line() (string, error) {
	var line []byte
	for {
		b, err := t.byte()
		switch {
		case err != nil:
			return "", err
		case b == '#' && len(line) == 0:
			if err := t.skipComment(); err != nil {
				return "", err
			}
		case b == '\n':
			return strings.TrimSpace(string(line)), nil
		default:
			line = append(line, b)
		}
	}
}
