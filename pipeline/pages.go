package pipeline

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"

	"classsr/fault"
	"classsr/imageio"
)

// mostPages is how many pages of a file are enlarged in one run. More than that are a mistake, or a file that lies.
const mostPages = 10_000

// Pages counts the pages of a TIFF or the frames of an animation in the file at path, or in std if path is Std, where all of them are wanted.
// It is 1 for other pictures. More than 10,000 are an error. Errors name the file or standard input.
func Pages(std io.Reader, path string, reading imageio.Options) (n int, err error) {
	limits := imageio.Limits{Options: reading}
	if path == Std {
		if n, err = imageio.CountPagesReader(std, limits); err != nil {
			err = fmt.Errorf("standard input: %w", err)
		}
	} else {
		n, err = imageio.CountPages(path, limits)
	}
	if err == nil && n > mostPages {
		err = fault.New(fault.TooLarge, "%s: it has %d pages, and at most %d are enlarged at once: choose those that you want with --page N",
			Job{Input: path}.Picture(), n, mostPages)
	}
	return n, err
}

// pages gives the jobs of the pages of a picture, and how many they are; just its own job where one page is wanted, or there is only one.
func (l *looker) pages(j namedJob) (int, iter.Seq[namedJob]) {
	count := 1
	if l.work.pages && j.err == nil {
		if count, j.err = Pages(l.In, j.Input, l.Reading); j.err == nil && count > 1 && j.names == nil {
			j.err = fault.New(fault.Usage, "%s: it has %d pages, which do not fit into one file %s; name a folder with -o", j.Picture(), count, j.Output)
		}
	}
	if j.err != nil {
		count = 1
	}
	return count, func(yield func(namedJob) bool) {
		if count == 1 {
			yield(j)
			return
		}
		for page := range count {
			if !yield(j.page(page+1, count)) {
				return
			}
		}
	}
}

// mostPiped is how much of standard input is put into a temporary file.
const mostPiped = 1 << 30

// Rereadable makes a standard input that can be read again and again, page by page: a file as it is; what comes through a pipe goes to a
// temporary file, which release removes.
func Rereadable(std io.Reader) (in io.Reader, release func(), err error) {
	if f, ok := std.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return f, func() {}, nil
		}
	}
	keepError := func(err error) error {
		var pathErr *fs.PathError
		if errors.As(err, &pathErr) && pathErr.Op != "read" {
			return fmt.Errorf("cannot keep standard input in a temporary file in %s: %w; TMPDIR chooses another folder", os.TempDir(),
				fault.Default(fault.Unavailable, pathErr.Err))
		}
		return fmt.Errorf("standard input: %w", fault.Default(fault.Unavailable, err))
	}
	f, err := os.CreateTemp("", "classsr-*")
	if err != nil {
		return nil, nil, keepError(err)
	}
	_ = os.Remove(f.Name()) // a kill leaves nothing then; some systems allow it only when the file is closed
	release = func() {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
	n, err := io.Copy(f, io.LimitReader(std, mostPiped+1))
	if err == nil && n > mostPiped {
		err = fault.New(fault.TooLarge, "more than %d MB come through the pipe: save them to a file", mostPiped>>20)
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		release()
		return nil, nil, keepError(err)
	}
	return f, release, nil
}
