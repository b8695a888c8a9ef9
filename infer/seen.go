package infer

import (
	"context"
	"image"

	"classsr/branch"
	"classsr/picture"
)

// view is what is known of a picture before anything is decided.
type view struct {
	source branch.Source   // what networks and routers see
	window *picture.Window // the same, of a picture that is read in rows; else nil
	flat   *flatCells      // nil if results stay as networks make them
}

// look looks at a picture, which is in memory or a window on it, on all cores of the Upscaler. It returns ctx's error if ctx is done.
func (u *Upscaler) look(ctx context.Context, in branch.Source) (v view, err error) {
	v.source = in
	switch in := in.(type) {
	case *picture.Window:
		v.window = in
		v.lookAgain()
	case *picture.Picture:
		under, err := newUndercolour(ctx, in, u.threads)
		if err != nil {
			return v, err
		}
		if under != nil {
			v.source = under
		}
	}
	if u.flattens() {
		v.flat, err = newFlatCells(ctx, v.source, u.threads, 0, in.Config().Height)
	}
	if err == nil && v.window != nil {
		err = v.window.End(ctx)
	}
	return v, err
}

// lookAgain begins another look at a picture that is read in rows, from the top.
func (v *view) lookAgain() {
	if v.window != nil {
		v.window.Begin(lookedAtRows)
	}
}

// err is the error of reading a picture in rows.
func (v *view) err() error {
	if v.window == nil {
		return nil
	}
	return v.window.Err()
}

const (
	// lookedAt is how many rows of a picture that is read in rows are looked at together before it is enlarged: few, since they are in memory, and
	// enough for all cores.
	lookedAt = 64
	// lookedAtRows is how many are in memory then: those, and what is seen around them.
	lookedAtRows = lookedAt + 2*branch.SubImage
)

// together is how many rows of cells, each so many pixels high, are looked at before any one below them is: all of them if the picture is in memory.
func together(in branch.Source, rows, height int) int {
	if _, ok := in.(*picture.Window); !ok {
		return rows
	}
	return max(lookedAt/height, 1)
}

// flattens tells whether flat parts of pictures are to be exactly flat. Interpolation makes them so anyway.
func (u *Upscaler) flattens() bool { return u.full != nil && u.options.mirrors() }

// picturesBytes is what a picture takes with all that is known of it, and its enlargement if it is kept as a whole. Of a picture in rows it is what
// the rows take that do not depend on how it is cut: those around bands.
func (u *Upscaler) picturesBytes(c picture.Config, k kept) int64 {
	bytes := u.inputBytes(c, k)
	if k.whole {
		bytes += u.result(c).Bytes()
	}
	if c.Alpha && k.part == 0 {
		bytes += undercolourBytes(c)
	}
	if u.flattens() {
		bytes += flatCellsBytes(c)
	}
	return bytes
}

// inputBytes is what is there of the picture itself, and what is known of its cores where that matters.
func (u *Upscaler) inputBytes(c picture.Config, k kept) int64 {
	rows := func(n int) int64 { return c.Bytes() / int64(c.Height) * int64(min(n, c.Height)) }
	seen := func(n int) int { return n + 2*max(u.rowsAround(), flatAround) }
	switch {
	case k.part > 0:
		return rows(seen(k.part)) + u.coresBytes(c)
	case k.split > 0 && k.rows: // a window, and what is given of it
		return 2*rows(max(seen(k.split), lookedAtRows)) + u.coresBytes(c)
	case k.split > 0 && c.Alpha: // what is given has hidden colours filled in
		return c.Bytes() + rows(seen(k.split))
	case k.rows:
		return rows(2*u.rowsAround()+slackRows) + u.coresBytes(c)
	}
	return c.Bytes()
}

// rowsAround is how many rows above and below others are read at most to compute these.
func (u *Upscaler) rowsAround() int {
	if u.full == nil {
		return bicubicAround
	}
	return rowsAround([]*branch.Branch{u.full})
}

const (
	// slackRows is how many rows more than their usual height all bands may have together, whose ends lie where cores end.
	slackRows = 16
	// coreBytes is about what is known of a core while classes are chosen.
	coreBytes = 256
)

// coresBytes is what choosing the classes of a picture's cores takes, which only matters where the picture itself takes little.
func (u *Upscaler) coresBytes(c picture.Config) int64 {
	if u.mode != ModeRouted {
		return 0
	}
	return coreBytes * int64(parts(c.Width, branch.SubImage)) * int64(parts(c.Height, branch.SubImage))
}

// sizeOf is the size of a picture.
func sizeOf(in branch.Source) image.Point {
	c := in.Config()
	return image.Pt(c.Width, c.Height)
}
