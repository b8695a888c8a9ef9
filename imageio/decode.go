// Package imageio reads the pictures people have (PNG, JPEG, WebP, TIFF, HEIC, AVIF, GIF, BMP, PNM, TGA) and writes the enlarged ones (PNG, JPEG, TIFF, WebP, PNM, PAM).
//
// Decode or DecodeFile gives a picture.Picture, which keeps what matters for enlarging: every pixel, gray as gray, straight alpha,
// 8 or 16 bits a sample or floating point, turned upright as the file's orientation asks. Encode writes one; its files are compressed on several cores.
//
// Metadata (colour profiles, EXIF and the like, package metadata) comes with the picture and goes into what is written. What a file holds and
// is not read, such as further pages, is told in notes, and what a format cannot hold by Lost. Files are taken to be hostile: a damaged or
// lying one gives a one-line error, no panic and no large allocation.
//
// The package converts no colour spaces beyond what it takes to reach RGB, and does not resize.
package imageio

import (
	"runtime/debug"

	"classsr/imageio/codec"
	"classsr/metadata"
	"classsr/picture"
)

// Decoded is a picture and what was learnt from its file.
type Decoded struct {
	*picture.Picture
	Format string // "png", "jpeg", "webp", "tiff", "heic", "avif", "gif", "bmp", "pnm" or "tga"
	// Quality is how well a JPEG is stored, 1..100 as libjpeg has it; 0 for other formats, or if it cannot be told. FullColor says that it
	// has colours for each pixel (4:4:4).
	Quality   int
	FullColor bool
	// Metadata is what the file says beside the pixels, as it says it: Data.Of puts right what has to do with sizes and orientation.
	Metadata *metadata.Data
	Notes    []string // one short sentence for each thing of the file that is not read
	// Pages is how many pictures the file has, previews not counted; 0 if the format has but one.
	Pages int
	// Bands is how many bands a TIFF has that are read one after the other, if Options.Band asks for one; else 0.
	Bands int
	// Values says what samples stand for in a file that has other than black to white, and is to be given to the encoder; else nil.
	Values *codec.Values
}

// Config describes a picture that was not decoded yet: its format, its form as Decode would give it, after turning upright, and the memory
// that decoding takes.
type Config struct {
	Format string // "png", "jpeg", "webp", "tiff", "heic", "avif", "gif", "bmp", "pnm" or "tga"
	picture.Config
	// Quality is that of Decoded. In rare files it is not known yet when Limits.Accept is called the first time.
	Quality int
	// DecodeBytes is the most memory that is held at a time while the picture is decoded, the picture itself, what the decoder works with
	// and bytes of the file that are kept in memory included. How long the file is that comes through a pipe is estimated.
	DecodeBytes int64
	// PictureBytes is what the decoded picture then keeps of that; it may be more than Bytes.
	PictureBytes int64
	// RowsBytes is the most memory that is held at a time while the picture comes in rows (Opened.Rows); 0 if it cannot.
	RowsBytes int64
	// Pages is how many pictures the file holds, as the frames of an animation. Before the whole file was read, as when Limits.Accept is
	// called, it may be fewer; DecodeConfig and CountPages give all.
	Pages int
	// Bands is that of Decoded.
	Bands int
}

// Decode reads a whole picture; its format is found from its first bytes. Bytes after the picture are ignored. It returns an
// error if the format is unknown, the picture is larger than limits, or the data is damaged, incomplete or of a kind that
// the format's decoder does not know; never a part of a picture.
func Decode(data []byte, limits Limits) (*Decoded, error) {
	return decode(codec.MemorySource(data), limits)
}

func decode(s *codec.Source, limits Limits) (*Decoded, error) {
	f, err := check(s, limits)
	if err != nil {
		return nil, err
	}
	return pixels(f)
}

// pixels decodes the pixels.
func pixels(f *codec.File) (*Decoded, error) {
	p, err := f.Pixels()
	if err != nil {
		return nil, err
	}
	d := learnt(f)
	d.Picture = p
	if most, kept := f.Memory(); most-kept > codec.MuchGarbage {
		debug.FreeOSMemory() // what is done with the picture takes memory too, and this is not to lie beside it
	}
	return d, nil
}

// learnt is what was learnt from a file beside its pixels.
func learnt(f *codec.File) *Decoded {
	return &Decoded{
		Format: f.Format(), Quality: f.Quality, FullColor: f.FullColor, Metadata: &f.Metadata, Notes: f.Notes, Pages: f.Pages,
		Bands: f.Bands, Values: f.Values,
	}
}

// headers recognises the format and reads the headers.
func headers(s *codec.Source, o codec.Options) (*codec.File, error) {
	format, err := sniff(s)
	if err != nil {
		return nil, err
	}
	return codec.Open(s, format, o)
}

// check does all that comes before the pixels are decoded.
func check(s *codec.Source, limits Limits) (*codec.File, error) {
	f, err := headers(s, limits.Options)
	if err != nil {
		return nil, err
	}
	if err := limits.checkPixels(f); err != nil {
		return nil, err
	}
	if err := f.CheckLength(); err != nil {
		return nil, err
	}
	accepted := configOf(f)
	if err := limits.accept(accepted); err != nil {
		return nil, err
	}
	if err := f.Finish(); err != nil {
		return nil, err
	}
	if found := configOf(f); !sameForm(found, accepted) {
		if err := limits.accept(found); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// sameForm reports whether nothing has changed that who accepted a picture relies on. How many bytes have come through a pipe is not meant.
func sameForm(found, accepted Config) bool {
	return found.Config == accepted.Config && found.Quality == accepted.Quality && found.DecodeBytes <= accepted.DecodeBytes &&
		found.RowsBytes <= accepted.RowsBytes && (found.RowsBytes == 0) == (accepted.RowsBytes == 0)
}

// DecodeConfig reads size and format from the structure of a picture without decoding pixels. Data that it accepts may still
// be damaged.
func DecodeConfig(data []byte) (Config, error) {
	f, err := headers(codec.MemorySource(data), codec.Options{})
	if err != nil {
		return Config{}, err
	}
	if err := f.Structure(); err != nil {
		return Config{}, err
	}
	return configOf(f), nil
}

// Peek reads what the first bytes of a file tell of its picture. ok is false if they are too few to know, or wrong, which shows when the file is complete.
func Peek(first []byte) (c Config, ok bool) {
	f, err := headers(codec.MemorySource(first), codec.Options{})
	if err != nil {
		return Config{}, false
	}
	return configOf(f), true
}

// configOf is what is known so far.
func configOf(f *codec.File) Config {
	c := Config{Format: f.Format(), Config: f.Upright(), Quality: f.Quality, Pages: max(f.Pages, 1), Bands: f.Bands}
	c.DecodeBytes, c.PictureBytes = f.Memory()
	c.RowsBytes = f.RowsBytes()
	return c
}
