package infer

import (
	"context"
	"errors"
	"image"
	"io"

	"classsr/fault"
	"classsr/internal/stopwatch"
	"classsr/picture"
)

// SequenceOptions says how pictures of a sequence depend on each other. Zero is a good choice.
type SequenceOptions struct {
	// Alone chooses the classes of each picture as if there were no others.
	Alone bool
	// Anew computes all of each picture, also what has not changed. The results have the same bits.
	Anew bool
	// Flicker measures how much of the result changes where the picture did not; it takes the memory of another result.
	Flicker bool
}

// Sequence enlarges pictures that follow each other, as those of a video. Of a picture only those squares are computed whose result may be another one
// than in the picture before, and the classes of a scene are chosen by one multiplier of the costs, so that they do not flicker. It is for one goroutine.
type Sequence struct {
	up      *Upscaler
	options SequenceOptions

	// Of the picture before; nil if there is none.
	before *picture.Picture
	blocks []float64
	judged *judged
	choice *choice
	begins bool // a scene, with the next picture, whatever it shows
	// out is the enlargement of the last picture that was enlarged; nil if there is none, and stale if that is not the picture before, or was not finished.
	out   *picture.Picture
	stale bool
	last  *picture.Picture // what out was before, with Flicker
	on    sceneDevice
}

// Sequence makes a Sequence of pictures that are enlarged by u.
func (u *Upscaler) Sequence(o SequenceOptions) *Sequence { return &Sequence{up: u, options: o} }

// Frame is an enlarged picture of a sequence.
type Frame struct {
	// Picture is valid, and must not be changed, until the next call.
	Picture *picture.Picture
	// Report is about this picture; its MACs are of what was computed.
	Report Report
	// Cut tells that a scene begins with this picture.
	Cut bool
	// Reused is the share of the picture, 0 to 1, whose result is that of the picture before.
	Reused float64
	// Changed is the share of the cores, 0 to 1, whose class is another one than in the picture before; 0 where a scene begins and where nothing is routed.
	Changed float64
	// Flicker is the mean absolute change of the result's samples, in levels of 255, since the picture before, where the picture itself has not changed
	// within 8 pixels; Still is the share of the picture where that is so. Both are 0 where a scene begins, and unless they are asked for.
	Flicker, Still float64
}

// SequenceBytes is what a sequence holds from one picture of a form to the next, in bytes: its last result is not in it, which a Claim has.
func (u *Upscaler) SequenceBytes(c picture.Config, o SequenceOptions) int64 {
	bytes := c.Bytes() + u.coresBytes(c)
	if o.Flicker {
		bytes += u.result(c).Bytes()
	}
	return bytes
}

// Next enlarges the next picture of the sequence; one of another form begins a sequence of its own. beside is what the caller needs besides, in bytes,
// the picture excepted. Pictures with alpha are an error of kind fault.Unsupported, and ModePaper one of kind fault.Usage. Other errors are those of Upscaler.Claim, and ctx's. After an error the
// sequence is as it was before.
func (s *Sequence) Next(ctx context.Context, in *picture.Picture, beside int64) (*Frame, error) {
	return s.next(ctx, in, beside, nil)
}

// next is Next; decided, if not nil, says what was decided, and nothing is.
func (s *Sequence) next(ctx context.Context, in *picture.Picture, beside int64, decided func(*seen) error) (*Frame, error) {
	if err := s.check(in); err != nil {
		return nil, err
	}
	claim, err := s.up.claim(ctx, in.Config(), Beside{While: beside + s.up.SequenceBytes(in.Config(), s.options)}, kept{whole: true})
	if err != nil {
		return nil, err
	}
	defer claim.Release() // if nobody else did
	watch := stopwatch.Start()
	seen, v, err := s.lookBy(ctx, in, claim, decided)
	if err != nil {
		return nil, err
	}
	f := &Frame{Cut: seen.scene}
	if f.Report, f.Reused, err = s.enlarge(ctx, claim, v, seen, watch); err != nil {
		return nil, err
	}
	f.Changed = s.changedClasses(seen)
	if s.options.Flicker {
		f.measure(s, seen)
	}
	s.keep(in, seen)
	s.stale, f.Picture = false, s.out
	return f, nil
}

// Skip takes a picture for the next one of the sequence without enlarging it: somebody has done that before. What is chosen for later pictures is as if it had
// been enlarged. Errors are those of Next.
func (s *Sequence) Skip(ctx context.Context, in *picture.Picture) error {
	_, err := s.Decide(ctx, in, 0)
	return err
}

// check returns an error about what cannot be part of a sequence.
func (s *Sequence) check(in *picture.Picture) error {
	switch {
	case in.Alpha:
		return fault.New(fault.Unsupported, "a picture with transparency among pictures that follow each other as frames do: enlarge it by itself, as classsr upscale does, or make it opaque")
	case s.up.mode == ModePaper:
		return fault.New(fault.Usage, "mode %s is for single pictures, not for a sequence of them", ModePaper)
	}
	return nil
}

// BeginScene forgets what was chosen: a scene begins with the next picture, whatever it shows. What is computed of it is still only what has changed.
func (s *Sequence) BeginScene() { s.begins = true }

// seen is what is known of a picture of a sequence before it is enlarged.
type seen struct {
	*changes
	fresh  bool // there is nothing to compare with
	blocks []float64
	judged *judged
	choice *choice
}

// look compares a picture with the one before it, and chooses its classes.
func (s *Sequence) look(ctx context.Context, in *picture.Picture, claim *Claim) (*seen, view, error) {
	return s.lookBy(ctx, in, claim, nil)
}

// lookBy is look; decided, if not nil, takes the choice's place.
func (s *Sequence) lookBy(ctx context.Context, in *picture.Picture, claim *Claim, decided func(*seen) error) (*seen, view, error) {
	u := s.up
	out := &seen{fresh: s.before == nil || s.before.Config() != in.Config()}
	if err := u.budget.AcquireThreads(ctx, u.threads); err != nil {
		return nil, view{}, err
	}
	defer u.budget.ReleaseThreads(u.threads)
	var err error
	if out.blocks, err = brightness(ctx, in, u.threads); err != nil {
		return nil, view{}, err
	}
	if out.fresh {
		out.changes = &changes{scene: true}
	} else if out.changes, err = newChanges(ctx, s.before, in, s.blocks, out.blocks, u.threads); err != nil {
		return nil, view{}, err
	}
	v, err := u.look(ctx, in)
	if err != nil {
		return nil, v, err
	}
	out.scene = out.scene || s.begins
	if decided != nil {
		return out, v, decided(out)
	}
	if r, routes := u.method.(*routed); routes {
		err = r.chooseNext(ctx, v.source, out, s, claim)
	}
	return out, v, err
}

// keep makes a picture the one before the next.
func (s *Sequence) keep(in *picture.Picture, seen *seen) {
	if seen.fresh {
		s.before = in.Config().New()
	}
	copy(s.before.Pix8, in.Pix8)
	copy(s.before.Pix16, in.Pix16)
	copy(s.before.Pix32, in.Pix32)
	s.blocks, s.judged, s.choice, s.begins = seen.blocks, seen.judged, seen.choice, false
}

// enlarge computes what may have changed of the result. It tells which share has not.
func (s *Sequence) enlarge(ctx context.Context, claim *Claim, v view, seen *seen, watch stopwatch.Watch) (r Report, reused float64, err error) {
	u := s.up
	form := u.result(claim.config)
	if s.out == nil || s.out.Width != form.Width || s.out.Height != form.Height || s.out.Colors != form.Colors || s.out.Depth != form.Depth {
		s.out, s.stale = form.New(), true
	}
	if s.options.Flicker && !s.stale {
		s.remember()
	}
	for {
		r, reused, err = s.compute(ctx, claim, v, seen, watch)
		if !errors.Is(err, ErrUntrusted) { // else the device is not used again
			return r, reused, err
		}
	}
}

// compute computes what may have changed of the result. ErrUntrusted says that a device has computed something wrong.
func (s *Sequence) compute(ctx context.Context, claim *Claim, v view, seen *seen, watch stopwatch.Watch) (r Report, reused float64, err error) {
	u := s.up
	p, d, err := s.planned(ctx, claim, v, seen)
	if err != nil {
		return r, 0, err
	}
	planning := watch.Elapsed().Seconds()
	first := p
	if d.computes() {
		first = d.plan
	}
	reused = 1 - float64(first.corePixels())/float64(p.covered.X*p.covered.Y)
	if len(p.pieces) == 0 {
		r = u.report(p)
		return r, reused, nil
	}
	s.stale = true // until all is there
	j, err := newJob(v, first, u.Scale())
	if err != nil {
		d.end()
		return r, 0, err
	}
	e := u.newEnlargement(ctx, claim, j, u.method.canvas(j, s.out, false), planning, u.progress(first))
	e.whole, e.processor, e.device, e.follows = s.out, p, d, true
	e.start()
	defer func() { _ = e.Close() }() // the first error tells what happened
	for err == nil {
		_, err = e.NextRows()
	}
	if !errors.Is(err, io.EOF) {
		return r, 0, err
	}
	s.on.maker = e.maker()
	return e.Report(), reused, nil
}

// corePixels is how many pixels of the picture all pieces have.
func (p *plan) corePixels() int {
	sum := 0
	for _, piece := range p.pieces {
		sum += piece.Core.Dx() * piece.Core.Dy()
	}
	return sum
}

// plan is the plan for what is to be computed of a picture: all of it if it is to be anew, or what may have changed. squares are those parts then, and else nil.
func (s *Sequence) plan(ctx context.Context, claim *Claim, v view, seen *seen, anew bool) (p *plan, squares []image.Rectangle, err error) {
	size := image.Pt(claim.config.Width, claim.config.Height)
	d, ok := s.up.method.(divisible)
	if !ok {
		p, err = s.up.method.plan(ctx, v.source, claim.sizing, claim.claimed())
		return p, nil, err
	}
	_, undivided := s.up.divided(claim.config)
	switch {
	case anew || s.options.Anew || s.stale || seen.fresh:
	case !seen.any(image.Rectangle{Max: size}) && len(seen.otherCores(s.choice)) == 0:
		return d.uncut(size, seen.choice), nil, nil
	case undivided == nil && !d.networks()[0].Spec.Pools():
		p, squares = s.recompute(d, claim, seen)
		return p, squares, nil
	}
	return d.part(claim.claimed(), claim.sizing, seen.choice, 0, size.Y), nil, nil
}
