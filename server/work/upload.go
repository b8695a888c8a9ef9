package work

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"classsr/budget"
	"classsr/fault"
	"classsr/icc"
	"classsr/imageio"
	"classsr/picture"
	"classsr/server/blobs"
	"classsr/server/problem"
	"classsr/server/tokens"
)

const (
	// viewWait is how long a view waits for its turn and for memory. Whoever asks has others to ask for.
	viewWait = 20 * time.Second
	// viewSeconds are what a view may take, about, to be made in turn with small pictures that are enlarged at once.
	viewSeconds = 1
	// viewPixelsASecond is about how many pixels of a picture are decoded in a second.
	viewPixelsASecond = 20e6
	// profileRoom is for the tables of profiles of usual length, in bytes.
	profileRoom = 64 << 10
)

// View gives what browsers are shown of a stored picture of so many pixels, as a JPEG or a PNG: upright, in sRGB, at most viewSide pixels wide and high. It is made when
// it is asked for first, in turn with small pictures that are enlarged at once, and kept beside the picture. Views that take long, or more memory than is
// set aside for those, are made one at a time, the latter with memory that jobs have otherwise. Errors are of kind fault.Busy if that would take too long, of kind fault.NotFound if the picture is gone.
func (w *Works) View(ctx context.Context, t tokens.Token, sum blobs.Sum, pixels int64) (data []byte, err error) {
	defer w.survive(&err, "view")
	if data, err = w.Store.View(sum); err == nil {
		return data, nil
	}
	v := &viewing{Works: w, owner: t, sum: sum, seconds: 0.05 + float64(pixels)/viewPixelsASecond}
	var cancel context.CancelFunc
	v.waiting, cancel = context.WithTimeout(ctx, w.wait)
	defer cancel()
	turns := w.turns
	if v.seconds > viewSeconds {
		turns = w.large
	}
	data, err = v.make(ctx, turns, w.direct)
	if fault.KindOf(err) == fault.TooLarge {
		data, err = v.make(ctx, w.large, w.Budget)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, fault.As(fault.Usage, ctx.Err()) // whoever asked is gone
	case errors.Is(err, context.DeadlineExceeded):
		return nil, problem.Later(fault.Busy, w.wait, "others are before you: come again")
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.New(fault.NotFound, "that file is gone: its time was over")
	case err != nil:
		return nil, nameless(err, w.Store.Picture(sum), "")
	}
	return data, nil
}

// viewing is a view that is made.
type viewing struct {
	*Works
	owner   tokens.Token
	sum     blobs.Sum
	seconds float64         // that it takes, about
	waiting context.Context //nolint:containedctx // of the waiting only; what is begun goes on
}

// make makes the view when it has a turn and memory. If the picture takes more memory than there is at all, the error is of kind fault.TooLarge.
func (v *viewing) make(ctx context.Context, turns *turns, b *budget.Budget) (data []byte, err error) {
	leave, err := turns.enter(v.waiting, v.owner.Name, v.owner.Weight, v.seconds)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	defer func() { leave(time.Since(begun).Seconds()) }()
	if data, err = v.Store.View(v.sum); err == nil { // made while this one waited
		return data, nil
	}
	if data, err = v.reduce(ctx, b); err != nil {
		return nil, err
	}
	if err := v.Store.AddView(v.sum, data); err != nil { // it can be shown even so
		v.Log.Warn("a view was not kept", "error", err.Error())
	}
	return data, nil
}

// reduce decodes the picture, in rows where its file allows that, and gives the view. All memory is reserved before any is taken.
func (v *viewing) reduce(ctx context.Context, b *budget.Budget) ([]byte, error) {
	var held *budget.Reservation
	defer func() {
		if held != nil {
			held.Release()
		}
	}()
	var form imageio.Config
	var need int64
	in, err := imageio.OpenFile(v.Store.Picture(v.sum), imageio.Limits{Accept: func(c imageio.Config) (err error) {
		if held != nil {
			held.Release() // where headers had to be judged again
		}
		form, need = c, viewBytes(c)
		held, err = b.Reserve(v.waiting, need)
		return err
	}})
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }() // nothing was written, so nothing can be lost
	if err := b.AcquireThreads(v.waiting, 1); err != nil {
		return nil, err
	}
	defer b.ReleaseThreads(1)
	about, rows, err := begin(in, form)
	if err != nil {
		return nil, err
	}
	profile := about.Metadata.Color.ICC
	if more := icc.TablesBytes(len(profile)) - icc.TablesBytes(profileRoom); more > 0 && needsConversion(profile) && !held.Resize(need+more) {
		return nil, later(1)
	}
	small := reduce(rows.Config(), profile)
	for {
		band, err := rows.NextRows()
		switch {
		case errors.Is(err, io.EOF):
			return small.encode(true)
		case err == nil:
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		small.take(band)
	}
}

// viewBytes is the memory that a view of a picture takes.
func viewBytes(c imageio.Config) int64 {
	need := max(c.DecodeBytes, c.PictureBytes+reducedBytes(c.Config))
	if c.RowsBytes > 0 {
		need = c.RowsBytes + reducedBytes(c.Config)
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
