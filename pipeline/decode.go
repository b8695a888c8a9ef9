package pipeline

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"classsr/imageio"
)

// Decode reads a picture from the file at path, or from std if path is Std. Errors name the file or standard input.
func Decode(std io.Reader, path string, limits imageio.Limits) (*imageio.Decoded, error) {
	if path != Std {
		return imageio.DecodeFile(path, limits)
	}
	decoded, err := imageio.DecodeReader(std, limits)
	if err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	return decoded, nil
}

// reading is a picture that is read: in memory, or in a file from which its rows come while it is enlarged. It must be closed.
type reading struct {
	*imageio.Decoded                 // without a Picture if file is not nil
	file             *imageio.Opened // nil if the picture is in memory
}

// Close closes the file.
func (r *reading) Close() {
	if r.file != nil {
		_ = r.file.Close() // nothing was written, so nothing can be lost
	}
}

// read reads a picture as Decode does, unless inRows says, after it was accepted, that it is to come in rows. Standard input never does.
func read(std io.Reader, path string, limits imageio.Limits, inRows func() bool) (*reading, error) {
	if path == Std {
		accept := limits.Accept
		limits.Accept = func(c imageio.Config) error {
			c.RowsBytes = 0
			return accept(c)
		}
		decoded, err := Decode(std, path, limits)
		return &reading{Decoded: decoded}, err
	}
	file, err := imageio.OpenFile(path, limits)
	if err != nil {
		return nil, err
	}
	if inRows() {
		return &reading{file.Described(), file}, nil
	}
	decoded, err := file.Decode()
	_ = file.Close() // nothing was written, so nothing can be lost
	return &reading{Decoded: decoded}, err
}

// readError says that a file cannot be read, and why.
func readError(path string, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return fmt.Errorf("cannot read %s: %w", path, err)
}
