package pipeline

import (
	"context"
	"fmt"

	"classsr"
	"classsr/fault"
	"classsr/infer"
	"classsr/picture"
)

// Frames says that the pictures of a folder follow each other, as those of a video, in their natural order: they are enlarged as an infer.Sequence. A run that
// was stopped goes on with the same results, as if it had not been. It is for one Pipeline.
type Frames struct {
	Options infer.SequenceOptions
	// Decided, if not nil, is what was decided about a single picture of them.
	Decided *infer.Decision

	up       *classsr.Upscaler
	sequence *infer.Sequence
	count    int      // pictures of the folder so far
	scenes   int      // that the sequence was told to begin
	left     []passed // pictures before the next one that were done before, and that the sequence has not seen
}

// passed is a picture that was done before, and its number in the folder.
type passed struct {
	task
	number int
}

// longestScene is how many pictures of a folder a scene may have: at most so many are looked at again when a run goes on.
const longestScene = 250

// Framed tells of a Result how it follows the picture before it.
type Framed struct {
	Frame *FrameResult `json:"frame,omitempty"`
}

// FrameResult is what an infer.Frame tells, besides its Report: see there.
type FrameResult struct {
	Cut          bool    `json:"cut"`
	Reused       float64 `json:"reused"`
	ClassChanges float64 `json:"class_changes"`
	Still        float64 `json:"still,omitempty"`
	Flicker      float64 `json:"flicker,omitempty"`
}

func frameResult(f *infer.Frame) FrameResult {
	return FrameResult{Cut: f.Cut, Reused: f.Reused, ClassChanges: f.Changed, Still: f.Still, Flicker: f.Flicker}
}

// restart begins with another folder.
func (f *Frames) restart() {
	if f != nil {
		*f = Frames{Options: f.Options, Decided: f.Decided}
	}
}

// next counts the next picture of the folder. Each longestScene of them a scene begins, so that nothing before it matters.
func (f *Frames) next() {
	if f == nil {
		return
	}
	if f.count%longestScene == 0 {
		f.left = nil
	}
	f.count++
}

// skip notes a picture that was done before.
func (f *Frames) skip(t task) {
	if f != nil {
		f.left = append(f.left, passed{t, f.count})
	}
}

// of gives the sequence of an Upscaler, ready for picture number count, from 1 on.
func (f *Frames) of(up *classsr.Upscaler, count int) *infer.Sequence {
	if f.sequence == nil || f.up != up {
		f.up, f.sequence = up, up.Sequence(f.Options)
	}
	if scenes := (count-1)/longestScene + 1; scenes != f.scenes {
		f.scenes = scenes
		f.sequence.BeginScene()
	}
	return f.sequence
}

// begin enlarges the next picture. It takes over what was claimed for it; while is what is needed besides.
func (f *Frames) begin(ctx context.Context, up *classsr.Upscaler, in *picture.Picture, claim *infer.Claim, while int64) (Enlargement, error) {
	claim.Release() // a sequence needs another one
	next := f.of(up, f.count).Next
	if f.Decided != nil {
		next = func(ctx context.Context, in *picture.Picture, beside int64) (*infer.Frame, error) {
			return f.sequence.Decided(ctx, in, *f.Decided, beside)
		}
	}
	frame, err := next(ctx, in, while)
	if err != nil {
		return nil, err
	}
	return &frameRows{frame.Picture.Rows(copyRows), frame}, nil
}

// frameRows is a picture of a sequence as an Enlargement.
type frameRows struct {
	picture.RowSource
	frame *infer.Frame
}

func (r *frameRows) Report() classsr.Report { return r.frame.Report }

func (r *frameRows) Close() error { return nil }

// framed tells how the picture follows the one before.
func (r *rows) framed() Framed {
	f, ok := r.enlargement.(*frameRows)
	if !ok {
		return Framed{}
	}
	result := frameResult(f.frame)
	return Framed{&result}
}

// check returns an error if the pictures cannot follow each other.
func (f *Frames) check(w *course) error {
	switch {
	case f == nil:
		return nil
	case len(w.passes) > 1:
		return fault.New(fault.Usage, "pictures that follow each other are enlarged in one pass, and this size takes two (%d times, then %d times): choose a smaller one",
			w.passes[0].Scale(), w.passes[1].Scale())
	case w.p.Elsewhere != nil:
		return fault.New(fault.Usage, "pictures that follow each other are not divided")
	}
	return nil
}

// catchUp has the sequence look at pictures that were done before. One that cannot be read any more is left out.
func (p *Pipeline) catchUp(ctx context.Context) error {
	if p.Frames == nil || len(p.Frames.left) == 0 {
		return nil
	}
	f := p.Frames
	left := f.left
	f.left = nil
	for _, t := range left {
		if _, err := p.decide(ctx, t); ctx.Err() != nil {
			return err
		}
	}
	return nil
}

// decide has the sequence look at a picture, and gives what it decides; nil if no network enlarges it.
func (p *Pipeline) decide(ctx context.Context, t passed) (*infer.Decided, error) {
	format, err := p.check(t.Job)
	if err != nil {
		return nil, err
	}
	in, w, err := p.readUnchanged(ctx, t.task, format)
	if err != nil {
		return nil, err
	}
	w.release()
	defer in.Close()
	if err := p.colors(ctx, t.Picture(), in.Decoded); err != nil || len(w.passes) == 0 {
		return nil, err
	}
	d, err := p.Frames.of(w.passes[0], t.number).Decide(ctx, in.Picture, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.Picture(), err)
	}
	return &d, nil
}

// away hands a picture to the Remote, about which everything is decided here if it is a frame.
func (r *run) away(ctx context.Context, t task, size int64) error {
	w := &away{task: t, size: size}
	if r.Frames == nil {
		return r.abroad.hand(w)
	}
	err := r.catchUp(ctx)
	if err == nil {
		w.frame, err = r.decide(ctx, passed{t, r.Frames.count})
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		return r.abroad.hand(w)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	err = r.ended(t.Job, nil, err)
	r.over(size)
	return err
}
