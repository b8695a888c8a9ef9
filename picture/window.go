package picture

import (
	"context"
	"errors"
	"image"
	"io"
	"sync"
	"sync/atomic"
)

// Window is a picture of which only some rows are in memory, those around where it is being read. Rows are pulled from a source when they are
// first asked for, and each takes the place of the one that lies the height of the window above it. Several goroutines may read at once.
// Who reads sees to it that nobody asks for a row whose place was taken: that panics.
//
// What cannot be read is given as zeros, and Err tells why.
type Window struct {
	config Config
	open   func() (RowSource, error) // begins at the picture's first row

	made atomic.Int64 // rows that were pulled
	ring *Picture     // row y of the picture is row y%Height of it

	mu   sync.Mutex
	src  RowSource
	band *Picture // of the source, that rows are taken from
	used int      // of its rows
	err  error
}

// NewWindow makes a window on a picture of this form, of which open gives the rows as often as it is called. It is read after Begin.
func NewWindow(c Config, open func() (RowSource, error)) *Window {
	return &Window{config: c, open: open}
}

// Begin begins at the first row, in a window of so many rows, or of all if the picture has fewer. Nobody must be reading. An error from
// before stays.
func (w *Window) Begin(rows int) {
	if rows = min(rows, w.config.Height); w.ring == nil || w.ring.Height != rows {
		w.ring = nil // may be collected before the new one is made
		c := w.config
		c.Height = rows
		w.ring = c.New()
	}
	w.src, w.band, w.used = nil, nil, 0
	w.made.Store(0)
}

// Config is the form of the whole picture.
func (w *Window) Config() Config { return w.config }

// Err is the first error of the source.
func (w *Window) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// End reads the rows that are left, and returns the first error of the source, or ctx's error if ctx is done. So what is damaged is found,
// wherever it is.
func (w *Window) End(ctx context.Context) error {
	for end := int(w.made.Load()) + 1; end <= w.config.Height && w.pull(end); end++ {
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		if err := w.next(); !errors.Is(err, io.EOF) {
			w.err = err
		}
	}
	return w.err
}

// ReadPlane gives samples as Picture.ReadPlane does.
func (w *Window) ReadPlane(dst []float32, channel int, r image.Rectangle) {
	if int64(r.Max.Y) > w.made.Load() && !w.pull(r.Max.Y) {
		clear(dst[:r.Dx()*r.Dy()])
		return
	}
	high := w.ring.Height
	if int64(r.Min.Y) < w.made.Load()-int64(high) {
		panic("picture: a row is read that the window has left behind")
	}
	for y := r.Min.Y; y < r.Max.Y; {
		at := y % high
		n := min(r.Max.Y-y, high-at)
		w.ring.ReadPlane(dst[(y-r.Min.Y)*r.Dx():], channel, image.Rect(r.Min.X, at, r.Max.X, at+n))
		y += n
	}
}

// pull reads on to a row, and tells whether those before it are there.
func (w *Window) pull(end int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for made := int(w.made.Load()); made < end && w.err == nil; made++ {
		if w.band == nil || w.used == w.band.Height {
			if w.err = w.next(); errors.Is(w.err, io.EOF) {
				w.err = io.ErrUnexpectedEOF
			}
			if w.err != nil {
				break
			}
		}
		at := made % w.ring.Height
		w.ring.Band(at, at+1).copyFrom(w.band.Band(w.used, w.used+1))
		w.used++
		w.made.Store(int64(made + 1))
	}
	return w.made.Load() >= int64(end)
}

// next takes the source's next band; io.EOF says that there is none.
func (w *Window) next() (err error) {
	if w.src == nil {
		if w.src, err = w.open(); err != nil {
			return err
		}
	}
	w.used = 0
	w.band, err = w.src.NextRows()
	return err
}

// copyFrom copies the samples of a picture of the same form.
func (p *Picture) copyFrom(from *Picture) {
	copy(p.Pix8, from.Pix8)
	copy(p.Pix16, from.Pix16)
	copy(p.Pix32, from.Pix32)
}
