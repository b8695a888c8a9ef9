package pipeline

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"classsr"
	"classsr/branch/branchtest"
	"classsr/fault"
)

// What comes through standard input may be another picture each time, so that no result of it is up to date.
func TestStandardInputIsNeverDoneBefore(t *testing.T) {
	someFolder(t, "a.png")
	first, second := png(t, "1.png", branchtest.Patchwork(9, 7, 3, false, 8)), png(t, "2.png", branchtest.Patchwork(7, 9, 3, false, 8))
	r := Request{Args: []string{Std, "a.png"}, Output: "out"}
	enlarge(t, r, func(p *Pipeline) { p.In = bytes.NewReader(first) })
	sum, l := enlarge(t, r, func(p *Pipeline) { p.In = bytes.NewReader(second) })
	if sum.DoneBefore != 1 || sum.Failed != 1 || fault.KindOf(l.errors[0]) != fault.Conflict || !strings.HasPrefix(filepath.ToSlash(l.errors[0].Error()), "out/stdin_x2.png exists already: use") {
		t.Errorf("%+v, %v", sum, l.errors)
	}
	sum, l = enlarge(t, r, func(p *Pipeline) { p.In, p.Overwrite = bytes.NewReader(second), true })
	if sum.Failed > 0 || l.results[0].OutWidth != 14 {
		t.Errorf("%+v, %v", sum, l.lines)
	}
}

// Where small and capital letters are the same, here because of a link, one result does not take the place of another.
func TestNamesInCapitals(t *testing.T) {
	someFolder(t, "in/A.png", "in/a.png", "in/b.png")
	if files, err := os.ReadDir("in"); err != nil || len(files) < 3 {
		t.Skip("there is only one of two such pictures here, as on Windows")
	}
	file(t, "in/s.tif", scan(2))
	file(t, "in/S.tif", scan(2))
	r := Request{Args: []string{"in"}, Output: "out", AllPages: true}
	if sum, l := enlarge(t, r, nil); sum.Done != 7 {
		t.Fatalf("%+v, %v", sum, l.errors)
	}
	if err := os.RemoveAll("out"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("out", 0o700); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"out/a_x2.png": "A_x2.png", "out/s_p002_x2.tif": "S_p002_x2.tif"} {
		linkOrSkip(t, to, link)
	}
	sum, l := enlarge(t, r, func(p *Pipeline) { p.Overwrite = true })
	if sum.Done != 5 || sum.Failed != 2 || fault.KindOf(l.errors[0]) != fault.Conflict ||
		!strings.Contains(filepath.ToSlash(l.errors[0].Error()), "its output out/a_x2.png is also that of another picture, out/A_x2.png") ||
		!strings.Contains(filepath.ToSlash(l.errors[1].Error()), "its output out/s_p002_x2.tif is also that of another picture, out/S_p002_x2.tif") {
		t.Errorf("%+v, %v", sum, l.errors)
	}
}

// Results in a folder inside the one that is searched are taken in by no later run, wherever that writes.
func TestOutputInsideInput(t *testing.T) {
	someFolder(t, "in/a.png", "in/sub/b.png")
	file(t, "in/sub/s.tif", scan(2))
	for i, r := range []Request{
		{Args: []string{"in"}, Output: "in/out"}, {Args: []string{"in"}, Output: "in/out/deeper"}, {Args: []string{"in"}}, {Args: []string{"in"}, Output: "in"},
		{Args: []string{"in/**/*"}, Output: "in/matched"},
	} {
		for _, pages := range []bool{false, true} {
			r.Recursive, r.AllPages = true, pages
			sum, l := enlarge(t, r, nil)
			if n := sum.Done + sum.DoneBefore; sum.Failed > 0 || pages && n != 4 || !pages && n != 3 {
				t.Errorf("%d, all pages %v: %+v, %q", i, pages, sum, l.lines)
			}
		}
	}
}

// A folder that cannot be written to is told of once, with what to do.
func TestFoldersThatCannotBeWritten(t *testing.T) {
	someFolder(t, "in/a.png", "in/b.png")
	if err := os.Chmod("in", 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod("in", 0o700) }) // to be removed
	if os.WriteFile("in/x", nil, 0o600) == nil {
		t.Skip("this user may write everywhere")
	}
	work, err := (&Request{Args: []string{"in"}, Naming: Enlarged("x2", "")}).Find(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	p := with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2})
	if _, err := p.Run(context.Background(), work, &log{}); err == nil || !strings.HasSuffix(err.Error(), "; choose another output folder with -o") {
		t.Error(err)
	}
}

// A page that is not there any more when its turn comes fails alone.
func TestFilesThatShrink(t *testing.T) {
	inFolder(t)
	file(t, "scan.tif", scan(3))
	work, err := (&Request{Args: []string{"scan.tif"}, Naming: Enlarged("x2", ""), AllPages: true}).Find(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	p := with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2})
	w := &meddler{log: &log{}, meddle: func() { file(t, "scan.tif", scan(2)) }}
	sum, err := p.Run(context.Background(), work, w)
	if err != nil || sum.Done != 2 || sum.Failed != 1 || !strings.Contains(w.errors[0].Error(), "there is no page 3: the file has 2") {
		t.Errorf("%+v, %v, %v", sum, err, w.errors)
	}
	if Exists("scan_p003_x2.png") {
		t.Error("a page that is not there has a result")
	}
}

// meddler does something when the first result is finished.
type meddler struct {
	*log
	meddle func()
}

func (m *meddler) Finished(r *Result) error {
	if m.meddle != nil {
		m.meddle()
		m.meddle = nil
	}
	return m.log.Finished(r)
}
