package library

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode"

	"classsr/fault"
	"classsr/models"
	"classsr/server/blobs"
	"classsr/weights"
)

// Bounds of what a model file may say of itself. Its header lists its tensors; the largest network that there is needs 200 kB.
const (
	mostHeader  = 512 << 10 // bytes
	mostClasses = 16
	mostName    = 64 // bytes of a name of a class
	mostText    = 256
	firstBytes  = 9
)

// ReadBytes is the memory that Check takes at most for a file of so many bytes: numbers of two bytes become numbers of four, beside a tensor as it is stored, and
// the header is read twice, of which nothing is larger than a list of names.
func ReadBytes(size int64) int64 { return 3*size + 40*mostHeader }

// checkFirst refuses files by how they begin, before the rest is read.
func checkFirst(first []byte) error {
	if len(first) < firstBytes || first[firstBytes-1] != '{' {
		return fault.New(fault.Unsupported, "that is no model file of classsr's: `classsr convert` makes one of others (FILE.safetensors)")
	}
	if header := binary.LittleEndian.Uint64(first); header > mostHeader {
		return fault.New(fault.TooLarge, "the model file's header of %d bytes is longer than that of any network", header)
	}
	return nil
}

// Check reads a model file and returns what is wrong with it: errors of kind fault.Damaged, fault.Unsupported or fault.TooLarge. It takes ReadBytes of memory.
func Check(f io.ReaderAt, size int64) error {
	label, err := weights.ReadLabel(f, size)
	if err != nil {
		return about(err)
	}
	if len(label.Scales) == 0 || len(label.Classes) == 0 {
		return fault.New(fault.Unsupported, "the model file is not classsr's own: `classsr convert` makes one of others")
	}
	if err := checkLabel(label); err != nil {
		return about(fault.As(fault.Damaged, err))
	}
	_, err = weights.Read(f, size, 0)
	return about(err)
}

func about(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the model's file: %w", err)
}

// checkLabel refuses names that no table and no page has room for.
func checkLabel(label weights.Label) error {
	if len(label.Classes) > mostClasses {
		return fmt.Errorf("it has %d classes, at most %d are possible", len(label.Classes), mostClasses)
	}
	for _, class := range label.Classes {
		if class == "" || len(class) > mostName || strings.ContainsFunc(class, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return fmt.Errorf("the name of a class is no text of 1 to %d bytes", mostName)
		}
	}
	if len(label.Name) > mostText || len(label.Licence) > mostText {
		return fmt.Errorf("its name or its licence has more than %d bytes", mostText)
	}
	return nil
}

// File opens a model's file, for sending it. A model that is not there is an error of kind fault.NotFound.
func (l *Library) File(sum blobs.Sum) (*os.File, error) {
	if err := l.Use(sum); err != nil {
		return nil, err
	}
	f, err := os.Open(l.path(sum))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, l.gone(sum)
	}
	return f, err
}

// gone takes in that somebody has removed a file.
func (l *Library) gone(sum blobs.Sum) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(sum)
	return notHere(sum)
}

// Load reads a model. Its name is what models.InFile gives, whatever its file says: no file has the name of another model. A model that is not there, or
// not any more as it came, is an error of kind fault.NotFound.
func (l *Library) Load(sum blobs.Sum) (*weights.Model, error) {
	f, err := l.File(sum)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	h := sha256.New()
	size, err := io.Copy(h, f)
	if err != nil {
		return nil, fault.Default(fault.Unavailable, err)
	}
	if blobs.Sum(h.Sum(nil)) != sum {
		_ = l.Remove(sum) // or it is found out again
		return nil, notHere(sum)
	}
	m, err := weights.Read(f, size, 0)
	if err != nil {
		return nil, about(err)
	}
	m.Name = models.InFile(sum)
	return m, nil
}

// Described is what is told of a model.
type Described struct {
	weights.Label
	Sum   blobs.Sum
	Bytes int64
}

// Describe tells what a model's file says of itself, and notes that the model is used. One that is not there is an error of kind fault.NotFound.
func (l *Library) Describe(sum blobs.Sum) (d Described, err error) {
	f, err := l.File(sum)
	if err != nil {
		return d, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	info, err := f.Stat()
	if err != nil {
		return d, err
	}
	d.Sum, d.Bytes = sum, info.Size()
	d.Label, err = weights.ReadLabel(f, d.Bytes)
	return d, err
}
