package pipeline

import (
	"context"

	"classsr"
	"classsr/fault"
	"classsr/infer"
	"classsr/picture"
)

// Elsewhere has rows of large pictures computed by other machines. What goes before and after, from decoding to the file, is done here, and the file is the same.
type Elsewhere interface {
	// Takes tells whether rows of a picture of this form are to be computed elsewhere, how many of these are read at a time to be sent there, and how many bytes of
	// memory it takes while rows come back. 0 rows: they are computed here.
	Takes(up *classsr.Upscaler, c picture.Config) (rows int, bytes int64)
	// Enlarge has all rows computed of a picture about which everything is decided, and gives them from top to bottom. It closes the Split with the Enlargement, or
	// after an error. It returns ctx's error if ctx is done.
	Enlarge(ctx context.Context, s *infer.Split) (Enlargement, error)
}

// Enlargement is the rows of an enlarged picture while they come, from an infer.Upscaler or from elsewhere. Its Report is complete when they were all taken.
type Enlargement interface {
	picture.RowSource
	Report() classsr.Report
	Close() error
}

// claimPass reserves what a pass over a picture of that form takes here, if it comes in rows or as a whole, and notes who computes it.
func (w *course) claimPass(ctx context.Context, pass int, c picture.Config, inRows bool, beside infer.Beside) (*infer.Claim, error) {
	up := w.passes[pass]
	claim, claimSplit := up.Claim, up.ClaimSplit
	if inRows {
		claim, claimSplit = up.ClaimRows, up.ClaimSplitRows
	}
	w.away = false
	if w.p.Elsewhere == nil {
		return claim(ctx, c, beside)
	}
	rows, bytes := w.p.Elsewhere.Takes(up, c)
	if rows == 0 {
		return claim(ctx, c, beside)
	}
	away, err := claimSplit(ctx, c, rows, infer.Beside{Before: beside.Before, While: beside.While + bytes})
	if fault.KindOf(err) == fault.Unsupported {
		return claim(ctx, c, beside)
	}
	w.away = err == nil
	return away, err
}

// beginPass begins a pass over a picture, or over the rows of a file if it comes in rows. It takes over what was claimed, whatever happens.
func (w *course) beginPass(ctx context.Context, pass int, in *picture.Picture, from *reading) (Enlargement, error) {
	up, claim := w.passes[pass], w.claim
	w.claim = nil
	switch {
	case w.p.Frames != nil:
		return w.p.Frames.begin(ctx, up, in, claim, w.while+w.decoded-w.in.Bytes())
	case w.away && w.inRows:
		return w.elsewhere(ctx)(up.SplitRows(ctx, from.file.Rows, claim))
	case w.away:
		return w.elsewhere(ctx)(up.Split(ctx, in, claim))
	case w.inRows:
		return enlargement(up.BeginRows(ctx, from.file.Rows, claim))
	}
	return enlargement(up.Begin(ctx, in, claim))
}

// elsewhere hands on what was decided about a picture.
func (w *course) elsewhere(ctx context.Context) func(*infer.Split, error) (Enlargement, error) {
	return func(s *infer.Split, err error) (Enlargement, error) {
		if err != nil {
			return nil, err
		}
		return w.p.Elsewhere.Enlarge(ctx, s)
	}
}

// enlargement is what an Upscaler gives, or nothing.
func enlargement(e *infer.Enlargement, err error) (Enlargement, error) {
	if err != nil {
		return nil, err
	}
	return e, nil
}
