package tiff

import "fmt"

// extras takes note of what the file holds beside the pixels of its first page.
func (f *scanner) extras() {
	c, d := f.File, f.d
	if beside(d) {
		c.Note("the file's first page is a reduced preview: only that is read")
	}
	pages, more := f.countPages()
	switch c.Pages, c.MorePages = pages, more; {
	case f.Options.Page > 0: // that one was asked for
	case more:
		c.Note(fmt.Sprintf("only the first of more than %d pages is read", pages))
	case pages > 1:
		c.Note(fmt.Sprintf("only the first of %d pages is read", pages))
	}
	f.describe()
}
