package infer

import (
	"context"
	"image"

	"github.com/dustin/go-humanize"

	"classsr/budget"
	"classsr/fault"
	"classsr/picture"
)

// Claim is the memory that is reserved to enlarge one picture, before the picture is there. It must be released, by Release or by closing the
// Enlargement that it is used for.
type Claim struct {
	up       *Upscaler
	config   picture.Config
	kept     kept
	beside   int64 // what the caller holds besides the picture while rows come
	device   int64 // that lanes and bands may take if a device computes
	room     room
	sizing   sizing
	idle     []*budget.Parked
	reserved *budget.Reservation
}

// Beside is memory, in bytes, that a caller needs for a picture besides what the Upscaler takes: Before is what is held until the picture is
// there, itself included (to read and decode a file); While is what is held besides the picture while the rows of its enlargement come (to
// encode them).
type Beside struct{ Before, While int64 }

// kept says what of a picture and of its enlargement is in memory at a time.
type kept struct {
	rows  bool // rows of the picture around those that are computed, not all of it
	whole bool // all of the enlargement, not some bands of it
	part  int  // if not 0, how many rows are computed; of the picture these and those around them are there
	split int  // if not 0, how many rows are computed elsewhere at a time, and none here
}

// Claim reserves the memory to enlarge a picture of this form, and for what the caller needs besides. It waits until others have released so
// much. It returns an error of kind fault.TooLarge if there is not so much at all, one of kind fault.Unsupported if the picture is too small
// for the mode, or ctx's error.
func (u *Upscaler) Claim(ctx context.Context, c picture.Config, beside Beside) (*Claim, error) {
	return u.claim(ctx, c, beside, kept{})
}

// ClaimRows is Claim for a picture of which only some rows will be in memory at a time (BeginRows). The error is of kind fault.Unsupported for
// pictures with alpha, and in ModePaper: these need the whole picture.
func (u *Upscaler) ClaimRows(ctx context.Context, c picture.Config, beside Beside) (*Claim, error) {
	if err := u.slides(c); err != nil {
		return nil, err
	}
	return u.claim(ctx, c, beside, kept{rows: true})
}

// slides returns an error if a picture of this form cannot be enlarged in rows.
func (u *Upscaler) slides(c picture.Config) error {
	switch {
	case c.Alpha:
		return fault.New(fault.Unsupported, "a picture with transparency is enlarged as a whole")
	case u.mode == ModePaper:
		return fault.New(fault.Unsupported, "mode %s needs the whole picture", ModePaper)
	}
	return nil
}

func (u *Upscaler) claim(ctx context.Context, c picture.Config, beside Beside, k kept) (*Claim, error) {
	limit := u.limit()
	if beside.Before > limit {
		return nil, fault.New(fault.TooLarge, "to read the picture of %dx%d takes %s of memory, more than the %s allowed: allow more memory, or "+
			"cut the picture into parts", c.Width, c.Height, formatBytes(beside.Before), formatBytes(limit))
	}
	s, r, err := u.fit(c, beside.While, k)
	if err != nil {
		return nil, err
	}
	claim := &Claim{up: u, config: c, kept: k, beside: beside.While, room: r, sizing: s}
	if k.split == 0 {
		claim.idle = u.lanes.take(u.budget)
	}
	bytes := max(claim.bytes(s), beside.Before)
	if u.wantsDevice() && k.part == 0 && k.split == 0 {
		claim.device = min(deviceBytes, r.bytes)
		bytes = max(bytes, u.picturesBytes(c, k)+beside.While+claim.device)
	}
	if claim.reserved, err = u.budget.Reserve(ctx, bytes, claim.idle...); err != nil {
		u.lanes.keep(u.budget, claim.idle)
		return nil, err
	}
	return claim, nil
}

// bytes is what is held while rows come, if the picture is cut like this.
func (c *Claim) bytes(s sizing) int64 {
	pictures := c.up.picturesBytes(c.config, c.kept)
	return pictures + c.beside + s.work(c.room)
}

// claimed is the room there is, with only those bytes that were claimed.
func (c *Claim) claimed() room {
	r := c.room
	r.bytes = c.sizing.work(r)
	return r
}

// Release gives back what is reserved. Later calls do nothing.
func (c *Claim) Release() {
	c.reserved.Release()
	c.up.lanes.keep(c.up.budget, c.idle)
	c.idle = nil
}

// result is the form of the enlargement.
func (u *Upscaler) result(c picture.Config) picture.Config {
	c.Width, c.Height = c.Width*u.Scale(), c.Height*u.Scale()
	return c
}

// limit is the memory that one picture may take.
func (u *Upscaler) limit() int64 {
	if u.options.Memory > 0 {
		return min(u.options.Memory, u.budget.Memory())
	}
	return u.budget.Memory()
}

// fit chooses how a picture is cut, or tells that it is too large, and says what room there is.
func (u *Upscaler) fit(c picture.Config, beside int64, k kept) (sizing, room, error) {
	limit := u.limit()
	r := room{size: image.Pt(c.Width, c.Height), rows: k.part, threads: u.threads, modest: !k.whole && u.options.Memory <= 0}
	pictures := u.picturesBytes(c, k)
	if !k.whole {
		r.row = u.result(c).Bytes() / int64(c.Height)
	}
	if k.rows {
		r.row += c.Bytes() / int64(c.Height)
	}
	if c.Alpha {
		r.column = alphaBytes(u.Scale(), r.bandRows())
	}
	if r.bytes = limit - pictures - beside; r.bytes <= 0 {
		return sizing{}, r, u.tooLarge(c, pictures+beside, limit, k.whole)
	}
	if k.split > 0 {
		return sizing{bandRows: 1}, r, nil // no lanes, no bands
	}
	s, err := r.best(u.method.fit)
	return s, r, err
}

func (u *Upscaler) tooLarge(c picture.Config, bytes, limit int64, whole bool) error {
	if !whole {
		return fault.New(fault.TooLarge, "the picture of %dx%d takes %s of memory, more than the %s allowed: allow more memory, or cut the "+
			"picture into parts", c.Width, c.Height, formatBytes(bytes), formatBytes(limit))
	}
	return fault.New(fault.TooLarge, "the picture and its enlargement to %dx%d take %s of memory, more than the %s allowed: "+
		"allow more memory, use a smaller scale, or cut the picture into parts",
		c.Width*u.Scale(), c.Height*u.Scale(), formatBytes(bytes), formatBytes(limit))
}

func formatBytes(n int64) string { return humanize.Bytes(uint64(max(n, 0))) }
