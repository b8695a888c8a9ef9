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

// readError says that a file cannot be read, and why.
func readError(path string, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return fmt.Errorf("cannot read %s: %w", path, err)
}
