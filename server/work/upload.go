package work

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"classsr/budget"
	"classsr/fault"
	"classsr/icc"
	"classsr/imageio"
	"classsr/internal/atomicfile"
	"classsr/picture"
	"classsr/pipeline"
	"classsr/server/blobs"
	"classsr/server/jobs"
	"classsr/server/problem"
	"classsr/server/tokens"
	"classsr/server/view"
)

const (
	// viewWait is how long a view waits for its turn and for memory. Whoever asks has others to ask for.
	viewWait = 20 * time.Second
	// viewPixelsASecond is about how many pixels of a picture are decoded in a second.
	viewPixelsASecond = 20e6
	// profileRoom is for the tables of profiles of usual length, in bytes.
	profileRoom = 64 << 10
)

// View gives what browsers are shown of a stored picture of so many pixels, as a JPEG or a PNG: upright, in sRGB, at most view.Side pixels wide and high. It is made when
// it is asked for first, when it has a turn, and kept beside the picture. Errors are of kind fault.Busy if that would take too long, of kind fault.NotFound if the picture
// is gone, or those of pictures that cannot be read.
func (w *Works) View(ctx context.Context, t tokens.Token, sum blobs.Sum, pixels int64) (data []byte, err error) {
	return w.view(ctx, t, viewed{
		path: w.Store.Picture(sum), pixels: pixels, exact: true,
		kept: func() ([]byte, error) { return w.Store.View(sum) },
		keep: func(data []byte) error { return w.Store.AddView(sum, data) },
	})
}

// ResultView gives what browsers are shown of a job's result, in the same way.
func (w *Works) ResultView(ctx context.Context, t tokens.Token, j jobs.Job) ([]byte, error) {
	path := w.Store.Result(j.ID, view.Ending)
	return w.view(ctx, t, viewed{
		path: w.Store.Result(j.ID, j.Ending), pixels: int64(j.OutWidth) * int64(j.OutHeight), exact: view.Exactly(j.Ending),
		kept: func() ([]byte, error) { return os.ReadFile(path) },
		keep: func(data []byte) error {
			if err := atomicfile.WritePrivate(path, data); err != nil {
				return err
			}
			_, err := w.Store.AddResult(j.ID)
			return err
		},
	})
}

// viewed is a picture of which a view is wanted.
type viewed struct {
	path   string
	pixels int64
	exact  bool                   // each pixel of a small picture is to be seen
	kept   func() ([]byte, error) // gives a view that was made before
	keep   func([]byte) error
}

// view gives a view, and makes it if it is not there.
func (w *Works) view(ctx context.Context, t tokens.Token, v viewed) (data []byte, err error) {
	defer w.survive(&err, "view")
	if data, err = v.kept(); err == nil {
		return data, nil
	}
	waiting, cancel := context.WithTimeout(ctx, w.viewWait)
	defer cancel()
	err = w.inTurn(waiting, t, 0.05+float64(v.pixels)/viewPixelsASecond, func(part *budget.Budget) error {
		if data, err = v.kept(); err == nil { // made while this one waited
			return nil
		}
		if data, err = reduceFile(ctx, waiting, v.path, v.exact, part); err != nil {
			return err
		}
		if err := v.keep(data); err != nil { // it can be shown even so
			w.Log.Warn("a view was not kept", "error", err.Error())
		}
		return nil
	})
	switch err = w.late(ctx, err); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.New(fault.NotFound, "that file is gone: its time was over")
	case err != nil:
		return nil, pipeline.Nameless(err, v.path, "")
	}
	return data, nil
}

// late gives an error of something that waited for its turn its kind.
func (w *Works) late(ctx context.Context, err error) error {
	switch {
	case err != nil && ctx.Err() != nil:
		return fault.As(fault.Usage, ctx.Err()) // whoever asked is gone
	case errors.Is(err, context.DeadlineExceeded):
		return problem.Later(fault.Busy, w.viewWait, "others are before you: come again")
	}
	return err
}

// reduceFile decodes a picture, in rows where its file allows that, and gives its view. All memory is reserved before any is taken; waiting is how long to wait for it.
// If there is not so much in that part, the error is of kind fault.TooLarge.
func reduceFile(ctx, waiting context.Context, path string, exact bool, part *budget.Budget) ([]byte, error) {
	if pipeline.IsVideo(path) {
		return nil, fault.New(fault.Unsupported, "there is no view of a video")
	}
	var held *budget.Reservation
	defer func() {
		if held != nil {
			held.Release()
		}
	}()
	var form imageio.Config
	var need int64
	in, err := imageio.OpenFile(path, imageio.Limits{Accept: func(c imageio.Config) (err error) {
		if held != nil {
			held.Release() // where headers had to be judged again
		}
		form, need = c, viewBytes(c)
		held, err = part.Reserve(waiting, need)
		return err
	}})
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }() // nothing was written, so nothing can be lost
	if err := part.AcquireThreads(waiting, 1); err != nil {
		return nil, err
	}
	defer part.ReleaseThreads(1)
	about, rows, err := begin(in, form)
	if err != nil {
		return nil, err
	}
	profile := about.Metadata.Color.ICC
	if need += moreTables(profile); !held.Resize(need) {
		if need > part.Memory() {
			return nil, fault.New(fault.TooLarge, "the picture's colour profile takes more memory than there is: convert the picture to sRGB")
		}
		return nil, problem.Later(fault.Busy, time.Second, "others are before you: come again")
	}
	small := view.Reduce(rows.Config(), profile)
	for {
		band, err := rows.NextRows()
		switch {
		case errors.Is(err, io.EOF):
			return small.Encode(exact)
		case err == nil:
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		small.Take(band)
	}
}

// moreTables is how much more the tables of a profile take than profileRoom is for.
func moreTables(profile []byte) int64 {
	if !view.Converts(profile) {
		return 0
	}
	return max(icc.TablesBytes(len(profile))-icc.TablesBytes(profileRoom), 0)
}

// viewBytes is the memory that a view of a picture takes.
func viewBytes(c imageio.Config) int64 {
	need := max(c.DecodeBytes, c.PictureBytes+view.Bytes(c.Config))
	if c.RowsBytes > 0 {
		need = c.RowsBytes + view.Bytes(c.Config)
	}
	return need + icc.TablesBytes(profileRoom)
}

// begin gives the rows of a picture, and what is known beside them.
func begin(in *imageio.Opened, c imageio.Config) (about *imageio.Decoded, rows picture.RowSource, err error) {
	if c.RowsBytes > 0 {
		rows, err = in.Rows()
		return in.Described(), rows, err
	}
	if about, err = in.Decode(); err != nil {
		return nil, nil, err
	}
	return about, about.Rows(about.Height), nil
}
