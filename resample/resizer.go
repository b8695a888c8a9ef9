package resample

import (
	"context"
	"errors"
	"io"

	"classsr/budget"
	"classsr/fault"
	"classsr/internal/par"
	"classsr/picture"
)

// Resizing steers a Resizer; the zero value is good.
type Resizing struct {
	// Linear mixes light instead of stored values, which are taken for those of sRGB. Alpha is linear as it is, and so are
	// samples in floating point taken to be.
	Linear bool
	// Threads is how many cores are used; 0 means all.
	Threads int
	// Shared, if not nil, has the cores that each part of the work waits for.
	Shared *budget.Budget
	// Bicubic reduces by the bicubic kernel (a = -0.5), as it enlarges, instead of Lanczos'.
	Bicubic bool
}

// Resizer gives the rows of a picture in another size: a picture.RowSource that pulls from another one. Where an axis is reduced, the kernel
// (Lanczos', of three lobes) is as much wider as the axis becomes shorter, so that nothing finer than the result's pixels is left to alias;
// where it is enlarged, the bicubic kernel interpolates. Beyond the picture it is mirrored. Colours are weighted by their alpha, so that those of
// transparent pixels show nowhere; pixels that are wholly transparent in the result are black.
//
// Rows of the source are added to all rows of the result that they are part of as soon as they come: a ring holds those rows, as wide as the
// source. A complete one is resized along itself. Neither the number of threads nor the heights of the source's bands change a bit.
type Resizer struct {
	ctx     context.Context
	src     picture.RowSource
	config  picture.Config
	o       Resizing
	threads int
	x, y    *taps
	loader  loader
	storer  storer

	ring    ring
	loaded  [][]float32 // a worker's part of a row of the source
	stored  [][]float32 // a worker's row of the result
	out     *picture.Picture
	band    *picture.Picture // of the source
	bandTop int              // row of the source
	row     int              // of the source, the next one
	done    int              // rows of the result that were handed out
	err     error
}

// Resize makes a Resizer to a size of width x height pixels. It stops with ctx's error. It returns an error of kind fault.Usage if the size
// is not positive or larger than MaxSide.
func Resize(ctx context.Context, src picture.RowSource, width, height int, o Resizing) (*Resizer, error) {
	c := src.Config()
	if width < 1 || height < 1 || max(width, height, c.Width, c.Height) > MaxSide {
		return nil, fault.New(fault.Usage, "cannot resize %dx%d to %dx%d pixels: sides must be 1 to %d", c.Width, c.Height, width, height, MaxSide)
	}
	r := &Resizer{
		ctx: ctx, src: src, config: c, o: o, threads: par.Threads(o.Threads),
		x: newTaps(c.Width, width, o.kernel(c.Width, width)), y: newTaps(c.Height, height, o.kernel(c.Height, height)),
		loader: newLoader(c, o.Linear), storer: newStorer(c, o.Linear),
	}
	r.config.Width, r.config.Height = width, height
	r.ring = newRing(c, r.y.open(), height)
	r.ring.sums = make([]float32, r.ring.rows*r.ring.width)
	r.loaded, r.stored = make([][]float32, r.threads), make([][]float32, r.threads)
	r.out = picture.New(width, min(r.ring.rows, height), c.Colors, c.Alpha, c.Depth)
	return r, nil
}

// kernel is what an axis is resized with; docs/decisions.md tells what was measured.
func (o Resizing) kernel(src, dst int) kernelShape {
	if dst < src && !o.Bicubic {
		return lanczos3
	}
	return keys
}

// ResizerBytes is an upper bound of the memory, in bytes, that a Resizer of a picture of src's form takes, with so many threads.
func ResizerBytes(src picture.Config, width, height, threads int) int64 {
	const tables = 1 << 19
	kernel := lanczos3 // the wider one
	open := int(2*kernel.radius*max(float64(height)/float64(src.Height), 1)) + 3
	ring := newRing(src, min(open, height), height)
	out := src
	out.Width, out.Height = width, min(ring.rows, height)
	perWorker := int64(partFloats+maxChannels) + int64(width)*int64(src.Channels())
	return tables + out.Bytes() + 4*int64(ring.rows)*int64(ring.width) + 4*perWorker*int64(par.Threads(threads)) +
		tapsBytes(src.Width, width, kernel.radius) + tapsBytes(src.Height, height, kernel.radius)
}

// Config implements picture.RowSource.
func (r *Resizer) Config() picture.Config { return r.config }

// NextRows implements picture.RowSource. It gives the error of the source, or the context's.
func (r *Resizer) NextRows() (*picture.Picture, error) {
	for r.err == nil {
		var band *picture.Picture
		if band, r.err = r.step(); band != nil && r.err == nil {
			return band, nil
		}
	}
	return nil, r.err
}

// step adds some rows of the source, and gives the rows of the result that are complete then, if any.
func (r *Resizer) step() (*picture.Picture, error) {
	if r.band == nil || r.row == r.bandTop+r.band.Height {
		if err := r.pull(); err != nil {
			return nil, err
		}
	}
	if r.done == r.config.Height {
		r.row = r.bandTop + r.band.Height // rows that nothing is made of any more
		return nil, nil
	}
	from := r.row
	r.row = r.fitting(from, r.bandTop+r.band.Height)
	if err := r.add(from, r.row); err != nil {
		return nil, err
	}
	first := r.done
	for r.done < r.config.Height && r.y.end[r.done] <= r.row {
		r.done++
	}
	if first == r.done {
		return nil, nil
	}
	return r.finish(first, r.done)
}

// pull takes the next band of the source.
func (r *Resizer) pull() error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	band, err := r.src.NextRows()
	switch {
	case errors.Is(err, io.EOF) && r.done < r.config.Height:
		return io.ErrUnexpectedEOF
	case err != nil:
		return err
	}
	r.band, r.bandTop = band, r.row
	return nil
}

// fitting is how far rows of the source, from one on, can be added until the ring is full. One row always can.
func (r *Resizer) fitting(from, most int) int {
	if full := r.done + r.ring.rows; full < r.config.Height {
		most = min(most, r.y.first[full])
	}
	return max(most, from+1)
}

// parallel does n pieces of work, each on a core that it waits for.
func (r *Resizer) parallel(n int, work func(worker, i int)) error {
	return par.Do(r.ctx, r.threads, n, func(worker, i int) error {
		if r.o.Shared != nil {
			if err := r.o.Shared.AcquireThreads(r.ctx, 1); err != nil {
				return err
			}
			defer r.o.Shared.ReleaseThreads(1)
		}
		work(worker, i)
		return nil
	})
}

// add adds rows from to end-1 of the source to the rows of the result that they are part of, part by part of the rows.
func (r *Resizer) add(from, end int) error {
	channels := r.config.Channels()
	pixels := partFloats / channels
	return r.parallel((r.x.src+pixels-1)/pixels, func(worker, i int) {
		x0, x1 := i*pixels, min((i+1)*pixels, r.x.src)
		if r.loaded[worker] == nil {
			r.loaded[worker] = make([]float32, pixels*channels)
		}
		part := r.loaded[worker][:(x1-x0)*channels]
		first := r.done
		for y := from; y < end; y++ {
			r.loader.load(part, r.band, y-r.bandTop, x0)
			for first < r.y.dst && r.y.end[first] <= y {
				first++
			}
			for o := first; o < r.y.dst && r.y.first[o] <= y; o++ {
				addRow(r.ring.row(o)[x0*channels:x1*channels], part, r.y.at(o)[y-r.y.first[o]], y == r.y.first[o])
			}
		}
	})
}

// finish resizes complete rows along themselves.
func (r *Resizer) finish(first, end int) (*picture.Picture, error) {
	band := r.out.Band(0, end-first)
	err := r.parallel(end-first, func(worker, i int) {
		if r.stored[worker] == nil {
			r.stored[worker] = make([]float32, r.config.Width*r.config.Channels())
		}
		r.storer.store(band, i, r.stored[worker], r.ring.row(first+i), r.x)
	})
	return band, err
}

const (
	// partFloats is how many numbers of a row a worker adds at a time: few enough that they stay in the first cache with their sums.
	partFloats = 1536
	// batchBytes is what the rows of the ring may take besides those that must be there, and maxBatch how many there are at most.
	batchBytes = 8 << 20
	maxBatch   = 64
)

// ring has the rows of the result that are being summed up, as wide as the source.
type ring struct {
	rows, width int
	sums        []float32
}

// newRing makes a ring for rows of a source of form c, of which so many are summed up at the same time; its memory is not made yet.
func newRing(c picture.Config, open, height int) ring {
	width := c.Width * c.Channels()
	batch := min(max(batchBytes/(4*width), 1), maxBatch)
	return ring{rows: min(open+batch, height), width: width}
}

// row gives row i of the result.
func (r *ring) row(i int) []float32 {
	return r.sums[i%r.rows*r.width:][:r.width]
}
