package infer

import (
	"context"
	"image"

	"classsr/branch"
	"classsr/picture"
)

// view is what is known of a picture before anything is decided.
type view struct {
	source branch.Source // what networks and routers see
	flat   *flatCells    // nil if results stay as networks make them
}

// look looks at a picture on all cores of the Upscaler. It returns ctx's error if ctx is done.
func (u *Upscaler) look(ctx context.Context, in *picture.Picture) (v view, err error) {
	v.source = in
	if in.Alpha {
		under, err := newUndercolour(ctx, in, u.threads)
		if err != nil {
			return v, err
		}
		if under != nil {
			v.source = under
		}
	}
	if u.flattens() {
		v.flat, err = newFlatCells(ctx, v.source, u.threads)
	}
	return v, err
}

// flattens tells whether flat parts of pictures are to be exactly flat. Interpolation makes them so anyway.
func (u *Upscaler) flattens() bool { return u.full != nil && u.options.mirrors() }

// pictureBytes is what a picture takes with all that is known of it.
func (u *Upscaler) pictureBytes(c picture.Config) int64 {
	bytes := c.Bytes()
	if c.Alpha {
		bytes += undercolourBytes(c)
	}
	if u.flattens() {
		bytes += flatCellsBytes(c)
	}
	return bytes
}

// sizeOf is the size of a picture.
func sizeOf(in branch.Source) image.Point {
	c := in.Config()
	return image.Pt(c.Width, c.Height)
}
