package infer

import (
	"context"
	"image"

	"classsr/fault"
	"classsr/internal/stopwatch"
	"classsr/picture"
)

// Parts computes rows of a picture about which somebody else has decided (Split). It may be used by several goroutines at once.
type Parts struct {
	up     *Upscaler
	brief  Brief
	method divisible
	choice *choice
	cuts   []int
}

// Parts gives what computes rows of a picture by a brief. An Upscaler with other networks than the brief says, or a brief that cannot be right, is an
// error of kind fault.Usage. The Upscaler's goal does not matter; its threads and memory do, and are in no bit of the result.
func (u *Upscaler) Parts(b Brief) (*Parts, error) {
	d, c, err := b.read(u)
	if err != nil {
		return nil, err
	}
	return &Parts{up: u, brief: b, method: d, choice: c, cuts: d.ends(image.Pt(b.Picture.Width, b.Picture.Height), c)}, nil
}

// Claim reserves the memory to compute rows from to until of the small picture, and for what the caller needs besides, as Upscaler.Claim does. Rows
// at which the picture is not to be cut are an error of kind fault.Usage.
func (p *Parts) Claim(ctx context.Context, from, until int, beside Beside) (*Claim, error) {
	if err := p.check(from, until); err != nil {
		return nil, err
	}
	return p.up.claim(ctx, p.brief.Picture, beside, kept{part: until - from})
}

func (p *Parts) check(from, until int) error {
	if !arePart(p.cuts, from, until) {
		return fault.New(fault.Usage, "rows %d to %d of a picture that is not to be cut there", from, until)
	}
	return nil
}

// Begin begins to compute rows from to until of the small picture. rows are those of it from row top on, and must have all that are read (Split.Seen);
// else the error is of kind fault.Usage. They must not be changed before the Enlargement is closed. Its Config is that of these rows' result. Its Report tells the
// arithmetic and the time that they took; all else there is about the whole picture. claim is a Claim for as many rows, or nil to make one now. It returns ctx's error if
// ctx is done. After an error the claim is released.
func (p *Parts) Begin(ctx context.Context, from, until, top int, rows *picture.Picture, claim *Claim) (e *Enlargement, err error) {
	if claim == nil {
		if claim, err = p.Claim(ctx, from, until, Beside{}); err != nil {
			return nil, err
		}
	}
	complete := false
	defer func() {
		if !complete { // after a panic, too: others wait for what is reserved
			claim.Release()
		}
	}()
	if claim.up != p.up || claim.config != p.brief.Picture || claim.kept != (kept{part: until - from}) {
		panic("infer: a claim for other rows")
	}
	s := &slab{whole: p.brief.Picture, rows: rows, top: top, filled: p.brief.Filled}
	if err = p.check(from, until); err != nil {
		return nil, err
	}
	if err = p.checkSlab(s, from, until); err != nil {
		return nil, err
	}
	watch := stopwatch.Start()
	v, plan, err := p.plan(ctx, s, claim, from, until)
	if err != nil {
		return nil, err
	}
	e, err = p.up.run(ctx, claim, v, plan, nil, false, watch.Elapsed().Seconds())
	complete = err == nil
	return e, err
}

// plan looks for what is flat and makes the plan for some rows, within the memory that was claimed, and gives back what it does not need.
func (p *Parts) plan(ctx context.Context, s *slab, claim *Claim, from, until int) (v view, out *plan, err error) {
	u := p.up
	if err := u.budget.AcquireThreads(ctx, u.threads); err != nil {
		return view{}, nil, err
	}
	defer u.budget.ReleaseThreads(u.threads)
	v.source = s
	if u.flattens() {
		if v.flat, err = newFlatCells(ctx, s, u.threads, from, until); err != nil {
			return view{}, nil, err
		}
	}
	out = p.method.part(claim.claimed(), claim.sizing, p.choice, from, until)
	claim.reserved.Resize(claim.bytes(out.sizing))
	return v, out, nil
}

// checkSlab returns an error if rows are missing of those that are read, or are of another picture.
func (p *Parts) checkSlab(s *slab, from, until int) error {
	form := s.rows.Config()
	form.Height = s.whole.Height
	if form != s.whole {
		return fault.New(fault.Usage, "rows of a picture of another form: %+v, not %+v", s.rows.Config(), s.whole)
	}
	if top, end := p.up.reads(p.method.networks(), s.whole, from, until); s.top > top || s.end() < end || s.top < 0 || s.end() > form.Height {
		return fault.New(fault.Usage, "rows %d to %d of the picture, where %d to %d are read", s.top, s.end(), top, end)
	}
	return nil
}

// slab is the picture of which only some rows are there: a branch.Source, which panics where another one is read.
type slab struct {
	whole  picture.Config
	rows   *picture.Picture
	top    int  // the first one's number
	filled bool // hidden colours are filled in
}

func (s *slab) end() int { return s.top + s.rows.Height }

func (s *slab) Config() picture.Config { return s.whole }

func (s *slab) ReadPlane(dst []float32, channel int, r image.Rectangle) {
	if r.Min.Y < s.top || r.Max.Y > s.end() {
		panic("infer: a row is read that a part does not have")
	}
	s.rows.ReadPlane(dst, channel, r.Sub(image.Pt(0, s.top)))
}
