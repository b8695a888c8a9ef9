package worker

import (
	"encoding/json"
	"os"
	"time"

	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/pipeline"
	"classsr/pipeline/order"
	"classsr/server/blobs"
	"classsr/server/view"
)

// result is a pack that comes to be.
type result struct {
	wire.Pack
	paths []string // of its files
}

// pictures does the pictures of a unit, one after the other. What is wrong with one of them is told in its place, and the others are done.
func (s *session) pictures(u *unit) (delivery, error) {
	begun := time.Now()
	r := result{Pack: wire.Pack{Unit: u.ID, Attempt: u.Attempt}}
	for i, f := range u.files {
		if f.Role != wire.Picture {
			return delivery{}, fault.New(fault.Damaged, "a unit of pictures holds %s", f.Role)
		}
		before := time.Now()
		one := result{}
		err := s.survive(u.ID, func() error { return s.picture(u, i, &one) })
		if ctxErr := u.ctx.Err(); ctxErr != nil {
			return delivery{}, ctxErr
		}
		if err != nil {
			missing := !s.hasModel(f.Order["model"])
			one = result{Pack: wire.Pack{Files: []wire.File{{Role: wire.Result, Error: wire.ProblemOf(err, missing || elsewhere(err))}}}, paths: []string{""}}
		}
		one.Files[0].Seconds = time.Since(before).Seconds()
		for k := range one.Files {
			one.Files[k].Task = f.Task
		}
		r.Files, r.paths = append(r.Files, one.Files...), append(r.paths, one.paths...)
		s.progress(u, float64(i+1)/float64(len(u.files)))
	}
	body, _, err := wire.Section(r.Pack, r.paths)
	return delivery{unit: u, body: body, last: true, seconds: time.Since(begun).Seconds()}, err
}

// picture does one picture: the result, and its view and map where it has them.
func (s *session) picture(u *unit, i int, to *result) error {
	f := u.files[i]
	var o order.Order
	for name, value := range f.Order {
		if err := o.Set(name, value); err != nil {
			return err
		}
	}
	if f.Ending == "" {
		return fault.New(fault.Usage, "it is not said which format the result is to have")
	}
	p, err := o.Pipeline(s.Shelf, s.Budget, nil)
	if err != nil {
		return err
	}
	if f.Ending == "."+pipeline.Y4M {
		return s.video(u, i, p, &o, to)
	}
	shown := view.OfResult(f.Ending, nil, nil)
	p.Rows = shown.Rows
	p.Progress = func(share float64) { s.progress(u, (float64(i)+share)/float64(len(u.files))) }
	output := u.output(i, f.Ending)
	r, err := p.Single(u.ctx, pipeline.Job{Input: u.input(i), Output: output})
	if err != nil {
		return err
	}
	r.Input, r.Output = f.Name, ""
	report, err := json.Marshal(r)
	if err == nil {
		err = to.add(output, wire.File{Role: wire.Result, Ending: f.Ending, Report: report})
	}
	if err != nil {
		return err
	}
	if made, err := shown.Save(u.output(i, view.Ending)); err != nil {
		return err
	} else if made {
		if err := to.add(u.output(i, view.Ending), wire.File{Role: wire.View}); err != nil {
			return err
		}
	}
	if made, err := view.SaveMap(r.Route, u.output(i, view.MapEnding)); err != nil {
		return err
	} else if made {
		if err := to.add(u.output(i, view.MapEnding), wire.File{Role: wire.Map}); err != nil {
			return err
		}
	}
	return s.corrupt(output)
}

// video does one video.
func (s *session) video(u *unit, i int, p *pipeline.Pipeline, o *order.Order, to *result) error {
	f := u.files[i]
	output := u.output(i, f.Ending)
	v := o.Video(u.input(i), output)
	v.Told = func(done, count int) {
		s.progress(u, (float64(i)+min(float64(done)/float64(max(count, 1)), 1))/float64(len(u.files)))
	}
	r, err := p.Video(u.ctx, v)
	if err != nil {
		return pipeline.Nameless(err, v.Input, v.Output)
	}
	r.Input, r.Output = f.Name, ""
	report, err := json.Marshal(r)
	if err == nil {
		err = to.add(output, wire.File{Role: wire.Result, Ending: f.Ending, Report: report})
	}
	if err != nil {
		return err
	}
	return s.corrupt(output)
}

// add adds a file to a pack.
func (r *result) add(path string, f wire.File) (err error) {
	if f.Sum, f.Bytes, err = blobs.HashFile(path); err != nil {
		return err
	}
	r.Files, r.paths = append(r.Files, f), append(r.paths, path)
	return nil
}

// corrupt changes a file, in tests.
func (s *session) corrupt(path string) error {
	if s.Corrupt == nil {
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	s.Corrupt(data)
	return os.WriteFile(path, data, 0o600)
}
