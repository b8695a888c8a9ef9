package pipeline

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"testing"

	"classsr"
	"classsr/fault"
	"classsr/infer"
	"classsr/picture"
	"classsr/scaling"
)

// others computes rows in the same process, by an Upscaler of its own with another number of threads, so many rows at a time.
type others struct {
	model  *classsr.Model
	rows   int
	took   int   // pictures
	broken error // after the first part
	closed int
}

func (o *others) Takes(up *classsr.Upscaler, c picture.Config) (rows int, bytes int64) {
	if !up.Splits(c) {
		return 0, 0
	}
	return o.rows, up.FullMACs(1, 1) // some memory
}

func (o *others) Enlarge(ctx context.Context, s *infer.Split) (Enlargement, error) {
	o.took++
	brief := s.Brief()
	options := brief.Options()
	options.Threads = 3
	up, err := o.model.Upscaler(options)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	parts, err := up.Parts(brief)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &apart{ctx: ctx, others: o, split: s, parts: parts}, nil
}

// apart gives the rows of one picture.
type apart struct {
	*others
	ctx   context.Context //nolint:containedctx // as an Enlargement has it
	split *infer.Split
	parts *infer.Parts
	from  int
	macs  int64
}

func (a *apart) Config() picture.Config { return a.split.Out() }

func (a *apart) NextRows() (*picture.Picture, error) {
	cuts := a.split.Cuts()
	if a.from == cuts[len(cuts)-1] {
		return nil, io.EOF
	}
	if a.from > 0 && a.broken != nil {
		return nil, a.broken
	}
	until := 0
	for _, cut := range cuts {
		if until <= a.from || cut-a.from <= a.rows {
			until = cut
		}
	}
	top, seen, err := a.split.Seen(a.ctx, a.from, until)
	if err != nil {
		return nil, err
	}
	e, err := a.parts.Begin(a.ctx, a.from, until, top, seen, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = e.Close() }()
	a.from = until
	rows, err := gather(e, func(int) {})
	a.macs += e.Report().MACs
	return rows, err
}

func (a *apart) Report() classsr.Report { return a.split.Report(a.macs, 1) }

func (a *apart) Close() error { a.closed++; return a.split.Close() }

// Whatever is asked for: the file is the same, whoever computes the rows.
func TestRowsFromElsewhereMakeTheSameFile(t *testing.T) {
	inFolder(t)
	const photo = "photo.jpg"
	rgb := picture.New(210, 160, 3, false, 8)
	for i := range rgb.Pix8 {
		rgb.Pix8[i] = uint8(i / 3 % 210 * (i / 630) / 100)
	}
	write(t, photo, rgb)
	alpha := picture.New(150, 170, 3, true, 16)
	for i := range alpha.Pix16 {
		alpha.Pix16[i] = uint16(i * i / 7)
	}
	write(t, "alpha.png", alpha)
	m := open(t, "fsrcnn-x2")
	for _, c := range []struct {
		name, input, output string
		p                   func() *Pipeline
		took                int
	}{
		{"one pass", photo, "a.png", func() *Pipeline { return with(t, m, classsr.Options{Scale: 2}) }, 1},
		{"16 bits and transparency", "alpha.png", "a.tif", func() *Pipeline { return with(t, m, classsr.Options{Scale: 2}) }, 1},
		{"two passes, resized", "alpha.png", "a.png", func() *Pipeline {
			return sized(t, m, classsr.Options{}, scaling.Target{Scale: 3.3})
		}, 2},
		{"colours converted", photo, "a.jpg", func() *Pipeline {
			p := with(t, m, classsr.Options{Scale: 2})
			p.ICC = ToSRGB
			return p
		}, 1},
		{"interpolation is done here", photo, "a.png", func() *Pipeline { return with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2}) }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l log
			enlarge := func(p *Pipeline, output string) *Result {
				t.Helper()
				n, err := p.Run(t.Context(), NewWork(Job{Input: c.input, Output: output}), &l)
				if n.Done != 1 || err != nil {
					t.Fatal(n, err, l.errors)
				}
				return l.results[len(l.results)-1]
			}
			here := enlarge(c.p(), "here-"+c.output)
			p, o := c.p(), &others{model: m, rows: 64}
			p.Elsewhere = o
			there := enlarge(p, "there-"+c.output)
			if !bytes.Equal(read1(t, "here-"+c.output), read1(t, "there-"+c.output)) {
				t.Error("the files differ")
			}
			if o.took != c.took || o.closed != c.took {
				t.Errorf("%d were taken, %d closed", o.took, o.closed)
			}
			if here.OutWidth != there.OutWidth || here.Scale != there.Scale || here.MACsFull != there.MACsFull || len(here.Passes) != len(there.Passes) {
				t.Errorf("%+v, here %+v", there.Report, here.Report)
			}
			if err := errors.Join(os.Remove("here-"+c.output), os.Remove("there-"+c.output)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A picture that has no room here as a whole is sent from its file, and memory for networks is not needed.
func TestPicturesTooLargeForMemoryAreComputedElsewhere(t *testing.T) {
	inFolder(t)
	write(t, "tall.png", tall(3, false))
	m := open(t, "fsrcnn-x2")
	p := with(t, m, classsr.Options{Scale: 2, Memory: littleMemory})
	p.Threads = 1
	o := &others{model: m, rows: 64}
	p.Elsewhere = o
	var l log
	if n, err := p.Run(t.Context(), NewWork(Job{Input: "tall.png", Output: "away.ppm"}), &l); n.Done != 1 || err != nil || o.took != 1 {
		t.Fatal(n, err, l.errors, o.took)
	}
	if n, err := with(t, m, classsr.Options{Scale: 2}).Run(t.Context(), NewWork(Job{Input: "tall.png", Output: "whole.ppm"}), &l); n.Done != 1 || err != nil {
		t.Fatal(n, err, l.errors)
	}
	if !bytes.Equal(read1(t, "away.ppm"), read1(t, "whole.ppm")) {
		t.Error("other pixels than with enough memory")
	}
}

func TestWhatBreaksElsewhereLeavesNothing(t *testing.T) {
	inFolder(t)
	write(t, "tall.png", tall(3, false))
	m := open(t, "fsrcnn-x2")
	p, o := with(t, m, classsr.Options{Scale: 2}), &others{model: m, rows: 64, broken: fault.New(fault.Unavailable, "they are gone")}
	p.Elsewhere = o
	var l log
	n, err := p.Run(t.Context(), NewWork(Job{Input: "tall.png", Output: "out.png"}), &l)
	if n.Failed != 1 || err != nil || len(l.errors) != 1 || o.closed != 1 {
		t.Errorf("%+v %v %v, %d closed", n, err, l.errors, o.closed)
	}
	if got := names(t); len(got) != 1 {
		t.Errorf("there are %v", got)
	}
}
