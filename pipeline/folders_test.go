package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"classsr"
	"classsr/branch/branchtest"
	"classsr/fault"
	"classsr/picture"
	"classsr/pipeline/journal"
)

// enlarge runs a Request twice as large with bicubic interpolation, with changes to the Pipeline.
func enlarge(t *testing.T, r Request, change func(*Pipeline)) (Summary, *log) {
	t.Helper()
	r.Naming = Enlarged("x2", r.Naming.Ending)
	work, err := r.Find(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	p := with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2})
	if change != nil {
		change(p)
	}
	var l log
	sum, err := p.Run(context.Background(), work, &l)
	if err != nil {
		t.Fatal(err)
	}
	return sum, &l
}

func someFolder(t *testing.T, names ...string) {
	t.Helper()
	inFolder(t, names...)
	for _, name := range names {
		png(t, name, branchtest.Patchwork(9, 7, 3, false, 8))
	}
}

// What is up to date is not made again; what is missing, or changed if that is wanted, is.
func TestRunsGoOn(t *testing.T) {
	someFolder(t, "in/a.png", "in/sub/b.png", "in/sub/c.png")
	r := Request{Args: []string{"in"}, Output: "out", Recursive: true}
	overwrite := func(p *Pipeline) { p.Overwrite = true }
	check := func(what string, got Summary, done, before, failed int) {
		t.Helper()
		if got.Done != done || got.DoneBefore != before || got.Failed != failed {
			t.Errorf("%s: %+v, want %d done, %d done before, %d failed", what, got, done, before, failed)
		}
	}
	sum, _ := enlarge(t, r, nil)
	check("the first run", sum, 3, 0, 0)
	sum, _ = enlarge(t, r, nil)
	check("the second run", sum, 0, 3, 0)
	if err := os.Remove("out/sub/c_x2.png"); err != nil {
		t.Fatal(err)
	}
	sum, _ = enlarge(t, r, nil)
	check("with a result deleted", sum, 1, 2, 0)
	png(t, "in/a.png", branchtest.Patchwork(9, 8, 3, false, 8))
	sum, l := enlarge(t, r, nil)
	check("with a picture changed", sum, 0, 2, 1)
	if !strings.Contains(l.errors[0].Error(), "its picture has changed since") || fault.KindOf(l.errors[0]) != fault.Conflict {
		t.Error(l.errors)
	}
	sum, l = enlarge(t, r, func(p *Pipeline) { p.Options = "others" })
	check("with other options", sum, 0, 0, 3)
	if !strings.Contains(l.errors[1].Error(), "made with other options") {
		t.Error(l.errors)
	}
	sum, _ = enlarge(t, r, overwrite)
	check("all again", sum, 3, 0, 0)
	sum, _ = enlarge(t, r, overwrite)
	check("all again, again", sum, 3, 0, 0)
	if err := os.Rename("in/sub/b.png", "in/sub/d.png"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename("out/sub/b_x2.png", "out/sub/d_x2.png"); err != nil {
		t.Fatal(err)
	}
	sum, l = enlarge(t, r, nil)
	check("with a result that nobody knows", sum, 0, 2, 1)
	if !strings.HasPrefix(l.errors[0].Error(), filepath.Join("out", "sub", "d_x2.png")+" exists already: use") {
		t.Error(l.errors)
	}
}

// A run that overwrites and was stopped goes on, and does not begin anew.
func TestRunsThatOverwriteGoOn(t *testing.T) {
	someFolder(t, "in/1.png", "in/2.png", "in/3.png")
	r := Request{Args: []string{"in"}, Naming: Enlarged("x2", "")}
	enlarge(t, r, nil)
	work, err := r.Find(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	p := with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2})
	p.Overwrite = true
	stopped := errors.New("stopped")
	if sum, err := p.Run(context.Background(), work, &log{broken: stopped}); !errors.Is(err, stopped) || sum.Done != 1 {
		t.Fatalf("%+v, %v", sum, err)
	}
	if sum, _ := enlarge(t, r, func(p *Pipeline) { p.Overwrite = true }); sum.Done != 2 || sum.DoneBefore != 1 {
		t.Errorf("%+v", sum)
	}
}

// What killed runs left is removed, in folders of results only.
func TestWhatKilledRunsLeft(t *testing.T) {
	someFolder(t, "in/a.png", "in/sub/b.png")
	left := []string{"out/.gone_x2.png.0.partial", "out/sub/.b_x2.png.3.partial"}
	other := []string{"in/.a_x2.png.0.partial", "out/.notes.txt.0.partial"}
	for _, name := range slices.Concat(left, other) {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		old := time.Now().Add(-time.Hour) // which some systems go by
		if err := os.Chtimes(name, old, old); err != nil {
			t.Fatal(err)
		}
	}
	enlarge(t, Request{Args: []string{"in"}, Output: "out", Recursive: true}, nil)
	for _, name := range left {
		if Exists(name) {
			t.Errorf("%s is still there", name)
		}
	}
	for _, name := range other {
		if !Exists(name) {
			t.Errorf("%s was removed", name)
		}
	}
}

func TestTwoRunsIntoOneFolder(t *testing.T) {
	someFolder(t, "in/a.png", "in/b.png", "c.png", "d.png")
	j, err := journal.Open(".", journal.Run{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	work, err := (&Request{Args: []string{"in"}, Output: ".", Naming: Enlarged("x2", "")}).Find(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	p := with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2})
	if sum, err := p.Run(context.Background(), work, &log{}); fault.KindOf(err) != fault.Busy || sum.Done > 0 {
		t.Errorf("%+v, %v", sum, err)
	}
	// Several commands that name a few files each, as xargs starts them, are fine.
	if sum, _ := enlarge(t, Request{Args: []string{"c.png", "d.png"}, Output: "./"}, nil); sum.Done != 2 {
		t.Errorf("%+v", sum)
	}
}

func TestWhatEndsARun(t *testing.T) {
	full, readOnly := syscall.ENOSPC, syscall.EROFS
	if runtime.GOOS == "windows" { // ERROR_DISK_FULL and ERROR_WRITE_PROTECT: package syscall has made up numbers for the others
		full, readOnly = 112, 19
	}
	r := run{at: Position{Index: 0, Count: 2}}
	for err, stops := range map[error]bool{
		fmt.Errorf("cannot write: %w", full): true, readOnly: true, syscall.EACCES: false, fault.New(fault.Damaged, "x"): false,
	} {
		if got := r.stops("out/a.png", err); (got != nil) != stops {
			t.Errorf("%v: %v", err, got)
		}
	}
	r.at.Index = 1
	if err := r.stops("out/a.png", full); err != nil {
		t.Errorf("the last picture: %v", err)
	}
}

// A picture that is written while it is read, or vanishes, fails, and leaves nothing.
func TestPicturesThatChange(t *testing.T) {
	inFolder(t)
	png(t, "a.png", picture.New(1500, 1200, 3, false, 8))
	f, err := os.OpenFile("a.png", os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
				_, _ = f.WriteString("x") // what cannot be written shows below
			}
		}
	})
	sum, l := enlarge(t, Request{Args: []string{"a.png"}}, nil)
	close(done)
	writing.Wait()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if sum.Failed != 1 || !errors.Is(l.errors[0], errChanged) || l.errors[0].Error() != "a.png: "+errChanged.Error() {
		t.Errorf("%+v, %v", sum, l.errors)
	}
	if got := names(t); !slices.Equal(got, []string{"a.png"}) {
		t.Errorf("left are %v", got)
	}
	work, err := (&Request{Args: []string{"."}, Naming: Enlarged("x2", "")}).Find(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove("a.png"); err != nil {
		t.Fatal(err)
	}
	var told log
	p := with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2})
	if sum, err := p.Run(context.Background(), work, &told); err != nil || sum.Failed != 1 || !errors.Is(told.errors[0], os.ErrNotExist) {
		t.Errorf("%+v, %v, %v", sum, err, told.errors)
	}
	if got := names(t); len(got) > 0 {
		t.Errorf("left are %v", got)
	}
}

// A picture that is in the way of a result of another is never overwritten, whatever its path looks like.
func TestInputsAreNotOverwritten(t *testing.T) {
	someFolder(t, "in/a.png", "in/b.png")
	linkOrSkip(t, "in", "linked")
	for _, r := range []Request{
		{Args: []string{"in/a.png"}, Output: "in/a.png"},
		{Args: []string{"in/a.png"}, Output: "linked/a.png"},
	} {
		sum, l := enlarge(t, r, func(p *Pipeline) { p.Overwrite = true })
		if sum.Failed != 1 || !strings.Contains(l.errors[0].Error(), "its output would overwrite the input in/a.png") {
			t.Errorf("%v: %+v, %v", r, sum, l.errors)
		}
	}
	png(t, "in/a_x2.png", branchtest.Patchwork(3, 3, 1, false, 8))
	sum, l := enlarge(t, Request{Args: []string{"in/a.png", "linked/a_x2.png"}}, func(p *Pipeline) { p.Overwrite = true })
	if sum.Failed != 1 || !strings.Contains(l.errors[0].Error(), "its output would overwrite the input linked/a_x2.png") {
		t.Errorf("%+v, %v", sum, l.errors)
	}
}

func TestPreview(t *testing.T) {
	someFolder(t, "in/a.png", "in/b.png", "in/wide.png")
	png(t, "in/wide.png", picture.New(40000, 1, 1, false, 8))
	enlarge(t, Request{Args: []string{"in"}, Output: "out"}, nil)
	if err := os.Remove("out/b_x2.png"); err != nil {
		t.Fatal(err)
	}
	before := names(t)
	for ending, want := range map[string]string{
		"":     "a.png skipped, b.png 9x7 to 18x14, wide.png skipped, ",
		".jpg": "a.png 9x7 to 18x14, b.png 9x7 to 18x14, wide.png failed: in/wide.png: JPEG cannot store 80000x2 pixels, ",
	} {
		work, err := (&Request{Args: []string{"in", "none.png"}, Output: "out", Naming: Enlarged("x2", ending)}).Find(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		p := with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2})
		got := ""
		sum, err := p.Preview(context.Background(), work, func(v Preview) error {
			name := filepath.Base(v.Input)
			switch {
			case v.Err != nil:
				got += fmt.Sprintf("%s failed: %s, ", name, filepath.ToSlash(v.Err.Error()))
			case v.Skip != "":
				got += name + " skipped, "
			default:
				got += fmt.Sprintf("%s %dx%d to %dx%d, ", name, v.Width, v.Height, v.OutWidth, v.OutHeight)
			}
			return nil
		})
		got, _, _ = strings.Cut(got, "at most")
		if err != nil || !strings.HasPrefix(got, want) || sum.Done+sum.Skipped+sum.Failed != 4 {
			t.Errorf("%q: %q, want %q; %+v, %v", ending, got, want, sum, err)
		}
	}
	if after := names(t); !slices.Equal(before, after) {
		t.Errorf("files %v became %v", before, after)
	}
}

// Several named files go on after a kill, too, but leave no journal when they have come to their end.
func TestNamedFilesGoOn(t *testing.T) {
	someFolder(t, "1.png", "2.png", "3.png", "in/4.png")
	r := Request{Args: []string{"1.png", "2.png", "3.png", "missing/5.png"}, Naming: Enlarged("x2", "")}
	work, err := r.Find(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	p := with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2})
	stopped := errors.New("stopped")
	if sum, err := p.Run(context.Background(), work, &log{broken: stopped}); !errors.Is(err, stopped) || sum.Done != 1 || !Exists(journal.Name) {
		t.Fatalf("%+v, %v", sum, err)
	}
	if sum, _ := enlarge(t, r, nil); sum.Done != 2 || sum.DoneBefore != 1 || sum.Failed != 1 || Exists(journal.Name) || Exists("missing") {
		t.Errorf("%+v", sum)
	}
	r.Args = append(r.Args, "in")
	if sum, _ := enlarge(t, r, nil); sum.Done != 1 || sum.Failed != 4 || Exists(journal.Name) || !Exists("in/"+journal.Name) {
		t.Errorf("with a folder: %+v", sum)
	}
	if err := os.Remove("in/" + journal.Name); err != nil {
		t.Fatal(err)
	}
	r.Args = []string{"in/4.png", "in/"}
	if sum, _ := enlarge(t, r, func(p *Pipeline) { p.Overwrite = true }); sum.Done != 1 || !Exists("in/"+journal.Name) {
		t.Errorf("a file and its folder: %+v", sum)
	}
}
