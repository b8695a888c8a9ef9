package pipeline

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"classsr"
	"classsr/fault"
)

// copier is a Remote whose results are the pictures as they are. It waits until so many are under way that atTime is reached, or no more come.
type copier struct {
	atTime int
	fail   func(e *Errand) error

	mu       sync.Mutex
	underWay int
	most     int
	all      int // that come
}

func (c *copier) AtATime() int { return c.atTime }

func (c *copier) Enlarge(ctx context.Context, e *Errand, progress func(float64)) (*Result, error) {
	c.mu.Lock()
	c.underWay++
	c.most = max(c.most, c.underWay)
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.underWay--
		c.all--
	}()
	progress(0.5)
	for wait := true; wait && ctx.Err() == nil; time.Sleep(time.Millisecond) {
		c.mu.Lock()
		wait = c.most < min(c.atTime, c.all)
		c.mu.Unlock()
	}
	if c.fail != nil {
		if err := c.fail(e); err != nil {
			return nil, err
		}
	}
	picture, closeFile, err := e.Open()
	if err != nil {
		return nil, err
	}
	defer closeFile()
	err = e.Write(func(w io.Writer) error {
		_, err := io.Copy(w, picture)
		return err
	})
	if err != nil {
		return nil, err
	}
	progress(1)
	return &Result{Report: classsr.Report{OutWidth: 1000, OutHeight: 1000}}, e.Unchanged()
}

// Pictures are done several at a time, and noted as those that are done here.
func TestRemoteDoesManyAtATime(t *testing.T) {
	someFolder(t, "in/a.png", "in/b.png", "in/sub/c.png", "in/sub/d.png", "in/e.png")
	r := Request{Args: []string{"in"}, Output: "out", Recursive: true}
	c := &copier{atTime: 3, all: 5, fail: func(e *Errand) error {
		if filepath.Base(e.Input) == "b.png" {
			return fault.New(fault.Damaged, "in/b.png: the server says so")
		}
		return nil
	}}
	abroad := func(p *Pipeline) { p.Remote = c }
	sum, l := enlarge(t, r, abroad)
	if sum.Done != 4 || sum.Failed != 1 || sum.Megapixels != 4 || c.most != 3 {
		t.Errorf("%+v, %d at a time", sum, c.most)
	}
	if len(l.errors) != 1 || fault.KindOf(l.errors[0]) != fault.Damaged {
		t.Error(l.errors)
	}
	for i, line := range l.lines { // what is told of a picture is about it
		if name, ok := strings.CutPrefix(line, "finished "); ok {
			want := "started " + filepath.Join("in", strings.TrimSuffix(strings.TrimPrefix(name, "out"+string(filepath.Separator)), "_x2.png")+".png")
			if !strings.HasPrefix(l.lines[i-1], want+" ") {
				t.Errorf("%q comes after %q", line, l.lines[i-1])
			}
		}
	}
	for _, name := range []string{"a", "sub/c", "sub/d", "e"} {
		in, err := os.ReadFile("in/" + name + ".png")
		out, outErr := os.ReadFile("out/" + name + "_x2.png")
		if err != nil || outErr != nil || !slices.Equal(in, out) {
			t.Errorf("%s: %v, %v", name, err, outErr)
		}
	}
	sum, _ = enlarge(t, r, nil) // here
	if sum.DoneBefore != 4 || sum.Done != 1 {
		t.Errorf("the run goes on with %+v", sum)
	}
}

// One that is gone ends the run, and so does whoever asked; what was not finished is done next time.
func TestRemoteThatIsGone(t *testing.T) {
	someFolder(t, "in/a.png", "in/b.png", "in/c.png")
	work, err := (&Request{Args: []string{"in"}, Naming: Enlarged("x2", "")}).Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2})
	gone := &Gone{fault.New(fault.Unavailable, "nobody is there")}
	p.Remote = &copier{atTime: 2, all: 3, fail: func(*Errand) error { return gone }}
	var l log
	sum, err := p.Run(t.Context(), work, &l)
	if !errors.Is(err, gone) || fault.KindOf(err) != fault.Unavailable || sum.Done+sum.Failed+sum.Skipped != 0 {
		t.Errorf("it ends with %v, %+v", err, sum)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p.Remote = &copier{atTime: 2, all: 3, fail: func(*Errand) error {
		cancel()
		return ctx.Err()
	}}
	if sum, err = p.Run(ctx, work, &l); !errors.Is(err, context.Canceled) || sum.Done+sum.Failed != 0 {
		t.Errorf("it ends with %v, %+v", err, sum)
	}
	p.Remote = &copier{atTime: 2, all: 3}
	if sum, err = p.Run(t.Context(), work, &l); err != nil || sum.Done != 3 {
		t.Errorf("it ends with %v, %+v", err, sum)
	}
	p.Remote, p.Options = &copier{atTime: 2, all: 3, fail: func(*Errand) error { panic("a mistake") }}, "others"
	p.Overwrite = true
	defer func() {
		if recover() == nil {
			t.Error("a panic is lost")
		}
	}()
	_, err = p.Run(t.Context(), work, &l)
	t.Error(err)
}

// What comes through standard input is opened as often as is wanted, and goes to standard output.
func TestRemoteStreams(t *testing.T) {
	inFolder(t)
	p := with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2})
	var out strings.Builder
	p.In, p.Out, p.Remote = strings.NewReader("a picture"), &out, &copier{atTime: 2, all: 1}
	var l log
	if sum, err := p.Run(t.Context(), NewWork(Job{Input: Std, Output: Std}), &l); err != nil || sum.Done != 1 || out.String() != "a picture" {
		t.Errorf("%+v, %v, %q, %v", sum, err, out.String(), l.errors)
	}
}
