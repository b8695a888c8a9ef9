package pipeline

import (
	"context"
	"strings"

	"classsr/fault"
)

// Single does one picture, from file to file, and gives what became of it. Its errors do not name the files, of which users know other names or none.
func (p *Pipeline) Single(ctx context.Context, j Job) (*Result, error) {
	one := &single{}
	if _, err := p.Run(ctx, NewWork(j), one); err != nil {
		return nil, Nameless(err, j.Input, j.Output)
	}
	switch {
	case one.err != nil:
		return nil, Nameless(one.err, j.Input, j.Output)
	case one.result == nil:
		return nil, fault.New(fault.Internal, "nothing was done")
	}
	return one.result, nil
}

// single keeps what became of one picture.
type single struct {
	result *Result
	err    error
}

func (*single) Started(Job, Position) {}

func (o *single) Finished(r *Result) error { o.result = r; return nil }

func (*single) Skipped(Job, string) error { return nil }

func (o *single) Failed(f Failure) error { o.err = f.Err; return nil }

// Nameless is an error without the paths of a picture and of its result ("" if there is none): it speaks of "the picture" and "the result". Its kind stays; nil stays nil.
func Nameless(err error, picture, result string) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, file := range []struct{ path, name string }{{picture, "the picture"}, {result, "the result"}} {
		if file.path != "" {
			text = strings.ReplaceAll(strings.TrimPrefix(text, file.path+": "), file.path, file.name)
		}
	}
	if text == err.Error() {
		return err
	}
	return &renamed{err, text}
}

// renamed is an error in other words.
type renamed struct {
	error
	text string
}

func (r *renamed) Error() string { return r.text }

func (r *renamed) Unwrap() error { return r.error }
