package pipeline

import (
	"context"
	"time"

	"classsr/imageio"
	"classsr/pipeline/journal"
)

// Preview is what Run would do with a picture: enlarge it, from and to a size in pixels, or nothing because of Skip, or fail with Err. Of
// standard input no sizes are known.
type Preview struct {
	Job
	Width, Height, OutWidth, OutHeight int
	Skip                               string
	Err                                error
}

// Preview calls visit with what Run would do, picture by picture, and writes nothing. Of each picture only the headers are read, so that
// damaged pixels do not show. An error is ctx's or visit's.
func (p *Pipeline) Preview(ctx context.Context, work *Work, visit func(Preview) error) (s Summary, err error) {
	start := time.Now()
	defer func() { s.Seconds = time.Since(start).Seconds() }()
	told := func(v Preview) error {
		switch {
		case v.Err != nil:
			s.Failed++
		case v.Skip != "":
			s.Skipped++
			if v.Skip == DoneBefore {
				s.DoneBefore++
			}
		default:
			s.Done++
			s.Megapixels += float64(v.OutWidth) * float64(v.OutHeight) / 1e6
		}
		return visit(v)
	}
	for _, f := range work.Failures {
		if err := told(Preview{Job: f.Job, Err: f.Err}); err != nil {
			return s, err
		}
	}
	l := looker{Pipeline: p, work: work, replaces: p.Overwrite}
	for i := range work.folders {
		f := &work.folders[i]
		if f.keeper != l.keeper {
			// One that cannot be read is told of when it is needed.
			l.journal, _ = journal.Read(f.keeper.folder, p.journalRun(f.keeper))
			l.keeper = f.keeper
		}
		for _, j := range f.jobs(work.naming) {
			if err := ctx.Err(); err != nil {
				return s, err
			}
			_, jobs := l.pages(j)
			for j := range jobs {
				if err := told(l.preview(j)); err != nil {
					return s, err
				}
			}
		}
	}
	return s, nil
}

// preview tells what would be done with a picture.
func (l *looker) preview(j namedJob) Preview {
	v := Preview{Job: j.Job, Err: j.err}
	if v.Err != nil {
		return v
	}
	t := l.task(j)
	if v.Skip, v.Err = l.look(&t); v.Err != nil || v.Skip != "" || j.Input == Std {
		return v
	}
	format := imageio.PNG
	if j.Output != Std {
		if format, v.Err = imageio.FormatOf(j.Output); v.Err != nil {
			return v
		}
	}
	v.Err = imageio.CheckFile(j.Input, imageio.Limits{Options: t.reading, Accept: func(c imageio.Config) error {
		w, err := l.plan(c, j.Picture())
		if err != nil {
			return err
		}
		v.Width, v.Height, v.OutWidth, v.OutHeight = c.Width, c.Height, w.out.Width, w.out.Height
		if err := checkBands(c, format); err != nil {
			return err
		}
		if err := imageio.CheckOutput(format, w.out); err != nil {
			return err
		}
		return w.accepts(nil)
	}})
	return v
}
