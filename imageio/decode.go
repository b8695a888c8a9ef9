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
)

// DefaultMaxPixels is the largest picture that is read unless Limits says otherwise: 2^30 pixels.
const DefaultMaxPixels = 1 << 30

// Limits bounds what Decode accepts.
type Limits struct {
	MaxPixels int64 // width times height; 0 means DefaultMaxPixels
}

func (l Limits) maxPixels() int64 {
	if l.MaxPixels <= 0 {
		return DefaultMaxPixels
	}
	return l.MaxPixels
}

// Decoded is a picture and what was learnt from its file.
type Decoded struct {
	*Picture
	Format string   // "png", "jpeg", "webp" or "tiff"
	Notes  []string // one short sentence for each thing of the file that is not kept
}

// Config describes a picture that was not decoded yet; its fields mean what they mean in Picture.
type Config struct {
	Format        string
	Width, Height int // as Decode would give them: after turning upright
	Colors        int
	Alpha         bool
	Depth         int
}

// readableEndings are the file name endings of the formats that Decode knows.
var readableEndings = []string{".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff"}

// Readable reports whether the ending of path, in any case, is that of a format that DecodeFile reads.
func Readable(path string) bool {
	return slices.Contains(readableEndings, strings.ToLower(filepath.Ext(path)))
}

// Decode reads a whole picture; its format is found from its first bytes. Bytes after the picture are ignored. It returns an
// error if the format is unknown, the picture is larger than limits, or the data is damaged, incomplete or of a kind that
// the format's decoder does not know; never a part of a picture.
func Decode(data []byte, limits Limits) (*Decoded, error) {
	c, err := scan(data)
	if err != nil {
		return nil, err
	}
	if err := c.check(limits); err != nil {
		return nil, err
	}
	p, err := c.pixels(data)
	if err != nil {
		return nil, err
	}
	return &Decoded{Picture: p.upright(c.orientation), Format: c.format, Notes: c.notes}, nil
}

// DecodeConfig reads size and format from the headers of a picture without decoding pixels. Data that it accepts may still
// be damaged.
func DecodeConfig(data []byte) (Config, error) {
	c, err := scan(data)
	if err != nil {
		return Config{}, err
	}
	w, h := c.width, c.height
	if swapsSides(c.orientation) {
		w, h = h, w
	}
	return Config{Format: c.format, Width: w, Height: h, Colors: c.colors, Alpha: c.alpha, Depth: c.depth}, nil
}

// DecodeFile reads the picture in a file, whatever its name ends in. Errors name the file.
func DecodeFile(path string, limits Limits) (*Decoded, error) {
	data, err := readFile(path, limits)
	if err != nil {
		return nil, err
	}
	d, err := Decode(data, limits)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", path, err)
	}
	return d, nil
}

// readFile reads a file that starts like a picture; any other is refused before it fills the memory.
func readFile(path string, limits Limits) (data []byte, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("cannot read %s: %w", path, plainCause(err))
		}
	}()
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errors.New("it is a folder, not a picture")
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a regular file")
	case info.Size() == 0:
		return nil, errEmpty
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written, so nothing can be lost
	start := make([]byte, min(info.Size(), sniffLen))
	if _, err := io.ReadFull(f, start); err != nil {
		return nil, err
	}
	if _, err := sniff(start); err != nil {
		return nil, err
	}
	const metadataRoom = 64 << 20
	if most := 8*min(limits.maxPixels(), 1<<50) + metadataRoom; info.Size() > most {
		return nil, fmt.Errorf("its %d bytes are more than a picture of %d pixels needs", info.Size(), limits.maxPixels())
	}
	data = make([]byte, info.Size())
	copy(data, start)
	if _, err := io.ReadFull(f, data[len(start):]); err != nil {
		return nil, err
	}
	return data, nil
}

// plainCause leaves out the operation and path that the os package puts before its cause.
func plainCause(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
