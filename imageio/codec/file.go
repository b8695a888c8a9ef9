// Package codec is what the formats of pictures share: the bytes of a file by their offsets, what is learnt of a file before a pixel is
// decoded, the memory that takes, and the way of decoded samples to their places in the upright picture.
//
// Each format is a package of its own that scans files (Scanner). This one opens no files and knows no format.
package codec

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"runtime"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"classsr/fault"
	"classsr/icc"
	"classsr/metadata"
	"classsr/picture"
)

// File is what the structure of a file says, learnt before a pixel is decoded. The decoders of other packages show
// only pixels and trust the sizes they read; so each format is scanned here first, for what the file declares, for what it
// holds beside the pixels, and for whether its data can hold that many pixels at all.
type File struct {
	Src           *Source
	Width, Height int  // as stored
	Colors        int  // as in picture.Picture
	Alpha         bool // likewise
	Depth         int  // likewise
	Orientation   int  // EXIF's 1..8
	Metadata      metadata.Data
	Options       Options
	// Pages is how many pictures the file has, previews not counted; 0 if the format has but one.
	Pages int
	// MorePages says that there may be more, which nobody has counted since it would take long.
	MorePages bool
	// Bands is how many bands the file has that can be read one after the other (Options.Band); 0 where that means nothing.
	Bands int
	// Values is what samples stand for, where that is not black to white; else nil.
	Values *Values
	// Notes are short sentences about what is not read of the file.
	Notes []string

	// HeaderEnd is how far the file was read for the headers, in its order.
	HeaderEnd int64
	Needs     Needs
	// TooShort says that the compressed data cannot hold a picture of the declared size, however well it compresses.
	TooShort bool
	// Quality is how well a JPEG is stored, 1..100 as libjpeg has it; 0 if that is not known. FullColor says that it has colours for each pixel.
	Quality   int
	FullColor bool
	// FromCMYK says that the file has CMYK, which is converted.
	FromCMYK bool
	// VideoRange says that DecodeWith's decoder gives brightness as video has it, 16 for black to 235 for white.
	VideoRange bool
	// Matrix, if not nil, says what a decoder's brightness and colour differences mean.
	Matrix *ColorMatrix
	// Further says that any amount of other data may follow the picture, as further pages.
	Further bool

	format  *Format
	scanner Scanner
}

// Scanner reads a file of one format: its structure in two steps, then its pixels.
type Scanner interface {
	// Header reads no more than it takes to know the picture's form and the memory that its decoding takes. The orientation may come later,
	// and the notes are not complete.
	Header() error
	// Rest reads on to the picture's end.
	Rest() error
	// Pixels decodes the picture and turns it upright.
	Pixels() (*picture.Picture, error)
}

// Format is a format that is read.
type Format struct {
	ID   string // as scripts know it: "png", "jpeg", ...
	Name string // as people write it
	Scan func(*File) Scanner
}

// Open reads the headers of a file of this format.
func Open(s *Source, format *Format, o Options) (*File, error) {
	f := &File{Src: s, format: format, Options: o, Orientation: 1, Depth: 8}
	f.scanner = format.Scan(f)
	s.Allow(s.Room(), fmt.Errorf("its headers are longer than %s", humanize.Bytes(uint64(s.Room()))))
	if err := f.scanner.Header(); err != nil {
		return nil, f.damaged(err)
	}
	if f.Width <= 0 || f.Height <= 0 {
		return nil, f.damaged(ErrNoSize)
	}
	return f, nil
}

// CheckFrame refuses frames of animations that are too far from the first: all before one are held in a list, and drawn.
func (f *File) CheckFrame() error {
	const most = 1 << 16
	if f.Options.Page > most {
		return fault.New(fault.Usage, "only the first %d frames of an animation can be read", most)
	}
	return nil
}

// NoPage is the error about a page that is wanted and not there, of so many.
func (f *File) NoPage(pages int) error {
	if pages == 1 {
		return fault.New(fault.Usage, "there is no picture %d in this %s: it holds one", f.Options.Page, f.format.Name)
	}
	return fault.New(fault.Usage, "there is no picture %d in this %s: it holds %d", f.Options.Page, f.format.Name, pages)
}

// OnePage is the error about a page other than the first one of a file that holds one; nil if that is wanted.
func (f *File) OnePage() error {
	if f.Options.Page > 1 {
		return f.NoPage(1)
	}
	return nil
}

// ErrNoSize is the error about a file that does not tell the size of its picture.
var ErrNoSize = errors.New("it does not say how large it is")

// Format is the name of the format, as scripts know it.
func (f *File) Format() string { return f.format.ID }

// Upright is the form of the picture, after turning upright.
func (f *File) Upright() picture.Config {
	w, h := f.Width, f.Height
	if swapsSides(f.Orientation) {
		w, h = h, w
	}
	return picture.Config{Width: w, Height: h, Colors: f.Colors, Alpha: f.Alpha, Depth: f.Depth}
}

// Finish reads the rest of the structure, as far as a picture of this size reaches.
func (f *File) Finish() error {
	if !f.Further {
		most := f.Plausible()
		f.Src.Allow(most, fmt.Errorf("it continues after %d bytes, more than its picture needs", most))
	}
	if err := f.scanner.Rest(); err != nil {
		return f.damaged(err)
	}
	return f.CheckLength()
}

// Structure reads the rest of the structure, however far it reaches.
func (f *File) Structure() error {
	if err := f.scanner.Rest(); err != nil {
		return f.damaged(err)
	}
	return nil
}

// CheckLength refuses sizes that are too large to be true.
func (f *File) CheckLength() error {
	if f.TooShort {
		return f.damaged(fmt.Errorf("its data is too short for %dx%d pixels", f.Width, f.Height))
	}
	return nil
}

// Pixels decodes the picture and turns it upright. A panic of a decoder, which only damaged data can cause, becomes an error.
func (f *File) Pixels() (p *picture.Picture, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, f.damaged(errUndecodable)
		}
	}()
	if p, err = f.scanner.Pixels(); err != nil {
		return nil, f.damaged(err)
	}
	f.FitProfile()
	return p, nil
}

// DecodeWith decodes the pixels with the decoder of another package. It knows nothing of the bounds that were checked, so the size that it
// would allocate is compared before it does.
func (f *File) DecodeWith(config func(io.Reader) (image.Config, error), decode func(io.Reader) (image.Image, error)) (*picture.Picture, error) {
	found, err := config(f.Src.Reader(0))
	if err != nil {
		return nil, err
	}
	if found.Width != f.Width || found.Height != f.Height {
		return nil, errors.New("it declares two different sizes")
	}
	img, err := decode(f.Src.Reader(0))
	if err != nil {
		return nil, err
	}
	if img.Bounds() != image.Rect(0, 0, f.Width, f.Height) {
		return nil, errors.New("its pixels do not have the declared size")
	}
	if f.Needs.leaves() {
		runtime.GC() // what the decoder worked with is not to lie beside the picture
	}
	return f.convert(img), nil
}

// damaged names the format in an error about the file, and gives the error a kind: what is not known to be unsupported is damaged.
func (f *File) damaged(err error) error {
	kind := fault.KindOf(err)
	switch {
	case kind == fault.TooLarge || kind == fault.Unavailable || kind == fault.Damaged || kind == fault.Usage:
		return err // it is not about the format
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return fault.New(fault.Damaged, "damaged %s: it ends too early", f.format.Name)
	case kind == fault.Unsupported:
		return fault.New(fault.Unsupported, "unsupported %s: %w", f.format.Name, err)
	}
	return fault.New(fault.Damaged, "damaged %s: %w", f.format.Name, err)
}

// Unsupported is an error about a form that is known and not read.
func Unsupported(format string, args ...any) error {
	return fault.New(fault.Unsupported, format, args...)
}

// Note adds a sentence to the notes once.
func (f *File) Note(sentence string) {
	if !slices.Contains(f.Notes, sentence) {
		f.Notes = append(f.Notes, sentence)
	}
}

// EXIF takes an EXIF block and honours the orientation that it gives.
func (f *File) EXIF(block []byte) {
	block = bytes.TrimPrefix(bytes.TrimPrefix(block, []byte("Exif\x00")), []byte{0})
	f.Metadata.EXIF = bytes.Clone(block)
	if !f.Metadata.Density.Says() {
		f.Metadata.Density = metadata.DensityOf(block)
	}
	if o := metadata.Orientation(block); o > 0 {
		f.Orientation = o
	}
}

// ICC takes a colour profile, which stays the caller's no more.
func (f *File) ICC(profile []byte) { f.Metadata.Color.ICC = profile }

// FitProfile drops a profile that does not fit the channels of the picture. Pixels does it, too.
func (f *File) FitProfile() {
	profile := f.Metadata.Color.ICC
	if profile == nil {
		return
	}
	fits := icc.RGB
	if f.Colors == 1 {
		fits = icc.Gray
	}
	switch space := icc.Space(profile); {
	case space == fits:
		return
	case f.FromCMYK && space == icc.CMYK: // it was used, or that it was not is told
	case space == "":
		f.Note("its colour profile is damaged and dropped: colours will be read as sRGB")
	case !icc.IsSRGB(icc.Name(profile)): // gray of sRGB is gray without a profile, too
		f.Note(fmt.Sprintf("its colour profile %s is dropped: it does not fit %s pictures", icc.Name(profile), strings.ToLower(strings.TrimSpace(fits))))
	}
	f.Metadata.Color.ICC = nil
}

// Of metadata of any length so much is read.
const (
	LongestProfile = 4 << 20
	LongestEXIF    = 1 << 20
	LongestXMP     = 1 << 20
	LongestText    = 64 << 10
)

const (
	// MaxDeflate is the most that deflate can expand: 258 bytes for a length code and a distance code of one bit each.
	MaxDeflate = 1032
)

// BoundlessPixels is the most pixels believed of length bytes in codings that can make any number of pixels of one colour
// from a few bytes: 16 million and 2048 a byte, far above what real pictures reach.
func BoundlessPixels(length int64) int64 { return 1<<24 + length<<11 }

// ReadOn reads what comes through a pipe as far as a picture of this size can reach, for formats that do not say where it ends: Needs.File
// must be a bound.
func (f *File) ReadOn() error { return f.Src.ReadOn(f.HeaderEnd + f.Needs.File) }
