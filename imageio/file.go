package imageio

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"classsr/fault"
	"classsr/imageio/codec"
	"classsr/internal/regular"
)

// readableEndings are the file name endings of the formats that Decode knows.
var readableEndings = []string{".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".heic", ".heif", ".avif", ".gif", ".bmp", ".dib",
	".pbm", ".pgm", ".ppm", ".pnm", ".pam", ".pfm", ".tga"}

// Readable reports whether the ending of path, in any case, is that of a format that DecodeFile reads.
func Readable(path string) bool {
	return slices.Contains(readableEndings, strings.ToLower(filepath.Ext(path)))
}

// List gives the paths of the picture files directly in a folder, by their endings, in the order of their names. Hidden ones are left
// out, and so is what is no file, such as a pipe.
func List(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("cannot read the folder: %w", fault.Default(fault.Unavailable, err))
	}
	var found []string
	for _, e := range entries {
		path := filepath.Join(folder, e.Name())
		if !strings.HasPrefix(e.Name(), ".") && Readable(e.Name()) && isFile(path, e.Type()) {
			found = append(found, path)
		}
	}
	return found, nil
}

// isFile reports whether there is a file at path, or a link to one. A link that leads nowhere is taken for one, so that reading it tells
// of it.
func isFile(path string, mode fs.FileMode) bool {
	if mode&fs.ModeSymlink != 0 {
		info, err := os.Stat(path)
		return err != nil || info.Mode().IsRegular()
	}
	return mode.IsRegular()
}

// DecodeFile reads the picture in a file, whatever its name ends in. Errors name the file.
func DecodeFile(path string, limits Limits) (d *Decoded, err error) {
	err = withFile(path, limits, func(s *codec.Source) error {
		d, err = decode(s, limits)
		return err
	})
	return d, err
}

// CheckFile looks whether DecodeFile would read the picture in a file, without decoding its pixels, which may be damaged nevertheless.
func CheckFile(path string, limits Limits) error {
	return withFile(path, limits, func(s *codec.Source) error {
		_, err := check(s, limits)
		return err
	})
}

// PeekFile is Peek for a file: it reads what the headers tell, and nothing after them. Errors name the file.
func PeekFile(path string) (c Config, err error) {
	err = withFile(path, Limits{}, func(s *codec.Source) error {
		f, err := headers(s, codec.Options{})
		if err == nil {
			c = configOf(f)
		}
		return err
	})
	return c, err
}

// CountPages gives the number of pictures in a file, as the frames of an animation: Limits.Options asks DecodeFile for one of them. It is
// found from the structure of the file; no pixel is decoded. A TIFF whose pages would take long to count is an error.
func CountPages(path string, limits Limits) (pages int, err error) {
	err = withFile(path, limits, func(s *codec.Source) error {
		pages, err = countPages(s, limits)
		return err
	})
	return pages, err
}

// CountPagesReader is CountPages for what r holds, of which it reads as much as DecodeReader does.
func CountPagesReader(r io.Reader, limits Limits) (int, error) {
	s, err := readerSource(r, limits)
	if err != nil {
		return 0, err
	}
	return countPages(s, limits)
}

func countPages(s *codec.Source, limits Limits) (int, error) {
	limits.Options.Page = 0
	f, err := check(s, limits)
	switch {
	case err != nil:
		return 0, err
	case f.MorePages:
		return 0, fault.New(fault.TooLarge, "it has more than %d pages", f.Pages)
	}
	return max(f.Pages, 1), nil
}

// withFile opens a file for do, and names it in errors.
func withFile(path string, limits Limits, do func(*codec.Source) error) error {
	return named(path, withOpened(path, limits, do))
}

// named names a file in an error about it.
func named(path string, err error) error {
	var refused notAccepted
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("%s: %w", path, refused.error)
	case err != nil:
		return fmt.Errorf("cannot read %s: %w", path, fault.Default(fault.Unavailable, plainCause(err)))
	}
	return nil
}

func withOpened(path string, limits Limits, do func(*codec.Source) error) error {
	f, err := open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // nothing was written, so nothing can be lost
	s, err := openedSource(f, limits)
	if err != nil {
		return err
	}
	return do(s)
}

// open opens a file that a picture may be in.
func open(path string) (*os.File, error) {
	if err := refuseRaw(path); err != nil {
		return nil, err
	}
	f, err := regular.Open(path)
	if errors.Is(err, regular.ErrPipe) {
		return nil, fault.New(fault.Unsupported, "%w: give it on standard input as -", regular.ErrPipe)
	}
	return f, err
}

// openedSource is a file from its current offset on, which is not moved.
func openedSource(f *os.File, limits Limits) (*codec.Source, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	if info.Size() == 0 { // files of /proc, for instance, do not say how long they are
		return codec.PipeSource(f, limits.maxBytes())
	}
	length := max(info.Size()-at, 0)
	if most := limits.maxBytes(); length > most {
		return nil, codec.TooLong(most)
	}
	return codec.FileSource(io.NewSectionReader(f, at, length), length)
}

// DecodeReader is Decode for what r holds. What does not start like a picture, or is longer than it says or the limits allow, is
// refused before it fills the memory. It may leave bytes after the picture unread. If r is a file, its bytes are read where they lie, from
// the current offset on, which is not moved.
func DecodeReader(r io.Reader, limits Limits) (*Decoded, error) {
	s, err := readerSource(r, limits)
	if err != nil {
		return nil, err
	}
	return decode(s, limits)
}

func readerSource(r io.Reader, limits Limits) (*codec.Source, error) {
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return openedSource(f, limits)
		}
	}
	return codec.PipeSource(r, limits.maxBytes())
}

// plainCause leaves out the operation and path that the os package puts before its cause.
func plainCause(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
