package tiff

import (
	"errors"

	"classsr/fault"
	"classsr/imageio/ifd"
)

// Bits of tagSubfileType, and a value of tagOldSubfileType.
const (
	subfileReduced = 1 << 0
	subfileMask    = 1 << 2
	oldReduced     = 2
)

// beside reports whether a directory is a reduced preview or a mask of another page.
func beside(d *ifd.Directory) bool {
	return d.Uint(tagSubfileType, 0)&(subfileReduced|subfileMask) != 0 || d.Uint(tagOldSubfileType, 0) == oldReduced
}

// choosePage finds the directory of the page that is asked for: the first one, if none is.
func (f *scanner) choosePage() error {
	f.d = f.top
	if f.Options.Page <= 1 && !beside(f.top) {
		return nil
	}
	wanted, pages := max(f.Options.Page, 1), 0
	_, err := f.walk(func(d *ifd.Directory) bool {
		if beside(d) {
			return true
		}
		if pages++; pages == wanted {
			f.d = d
		}
		return pages < wanted
	})
	switch {
	case pages == wanted || pages == 0 && wanted == 1: // or all that there is is a preview
		return nil
	case err != nil && !errors.Is(err, errFurther):
		return err
	}
	return fault.New(fault.Usage, "there is no page %d: the file has %d", wanted, pages)
}

// walk visits the chain of directories until visit returns false. A chain of directories that together are longer than the file goes in a
// circle or overlaps, and is cut; so is one that takes long to follow, and then there may be more. The error is that of a directory that
// cannot be read.
func (f *scanner) walk(visit func(*ifd.Directory) bool) (more bool, err error) {
	const longest, most = 16 << 20, 1 << 14
	read := int64(0)
	d := f.top
	for steps := 0; visit(d) && d.Next != 0; steps++ {
		if d, err = d.At(d.Next); err != nil {
			return false, err
		}
		if read += d.Len(); f.Src.Ended() && read > f.Src.Size() {
			return false, nil
		}
		if read > longest || steps > most {
			return true, nil
		}
	}
	return false, nil
}

// countPages counts those that are neither previews nor masks. There may be more than it finds.
func (f *scanner) countPages() (pages int, more bool) {
	more, err := f.walk(func(d *ifd.Directory) bool {
		if !beside(d) {
			pages++
		}
		return true
	})
	switch {
	case errors.Is(err, errFurther):
		more = true
	case err != nil:
		pages++ // it is cut off
	}
	return max(pages, 1), more
}
