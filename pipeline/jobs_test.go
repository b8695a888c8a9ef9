package pipeline

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"classsr/fault"
	"classsr/pipeline/walk"
)

// inFolder makes empty files in a new folder and goes there.
func inFolder(t *testing.T, names ...string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, name := range names {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// find lists what a Request asks for as input>output, and what is wrong.
func find(t *testing.T, r Request) (jobs string, failed []error, w *Work) {
	t.Helper()
	w, err := r.Find(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range w.Failures {
		failed = append(failed, f.Err)
	}
	var all []string
	for i := range w.folders {
		for _, j := range w.folders[i].jobs(w.naming) {
			if j.err != nil {
				failed = append(failed, j.err)
				continue
			}
			all = append(all, filepath.ToSlash(j.Input)+">"+filepath.ToSlash(j.Output))
		}
	}
	return strings.Join(all, " "), failed, w
}

func patterns(t *testing.T, texts ...string) walk.Patterns {
	t.Helper()
	p, err := walk.NewPatterns(texts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFind(t *testing.T) {
	inFolder(t, "a.jpg", "b.png", "in/a.jpg", "in/a.png", "in/a.webp", "in/c.tiff", "in/c_x4.png", "in/notes.txt", "other/a.png", "none/x.txt",
		"tree/2.png", "tree/10.JPG", "tree/sub/3.png", "tree/sub/deep/4.jpeg", "tree/out/2_x4.png", "odd[1].png")
	for _, c := range []struct {
		name    string
		request Request
		jobs    string // input>output, ...
		failed  []string
	}{
		{"beside", Request{Args: []string{"a.jpg"}}, "a.jpg>a_x4.png", nil},
		{"a file", Request{Args: []string{"a.jpg"}, Output: "out/big.jpg"}, "a.jpg>out/big.jpg", nil},
		{"a folder", Request{Args: []string{"a.jpg"}, Output: "out/"}, "a.jpg>out/a_x4.png", nil},
		{"a folder that is there", Request{Args: []string{"a.jpg"}, Output: "none"}, "a.jpg>none/a_x4.png", nil},
		{"several", Request{Args: []string{"a.jpg", "b.png"}, Output: "new"}, "a.jpg>new/a_x4.png b.png>new/b_x4.png", nil},
		{"streams", Request{Args: []string{Std}}, "->-", nil},
		{"stream to file", Request{Args: []string{Std}, Output: "x.png"}, "->x.png", nil},
		{"stream to folder", Request{Args: []string{Std}, Output: "out/"}, "->out/stdin_x4.png", nil},
		{"file to stream", Request{Args: []string{"a.jpg"}, Output: Std}, "a.jpg>-", nil},
		{
			"a folder: JPEG and TIFF stay, others become PNG, without the result of an earlier run", Request{Args: []string{"in"}},
			"in/a.jpg>in/a_x4.jpg in/a.png>in/a_png_x4.png in/a.webp>in/a_webp_x4.png in/c.tiff>in/c_x4.tif", nil,
		},
		{
			"a folder in one format", Request{Args: []string{"in"}, Naming: Enlarged("x4", ".png")},
			"in/a.jpg>in/a_jpg_x4.png in/a.png>in/a_png_x4.png in/a.webp>in/a_webp_x4.png in/c.tiff>in/c_x4.png", nil,
		},
		{"a file in a format", Request{Args: []string{"b.png"}, Naming: Enlarged("x4", ".jpg")}, "b.png>b_x4.jpg", nil},
		{
			"into itself", Request{Args: []string{"in"}, Output: "in"},
			"in/a.jpg>in/a_x4.jpg in/a.png>in/a_png_x4.png in/a.webp>in/a_webp_x4.png in/c.tiff>in/c_x4.tif", nil,
		},
		{
			"one name in two folders", Request{Args: []string{"in/a.png", "other/a.png"}, Output: "out"},
			"in/a.png>out/a_x4.png", []string{"other/a.png: its output"},
		},
		{"twice the same", Request{Args: []string{"a.jpg", "./a.jpg"}}, "a.jpg>a_x4.png", nil},
		{"a picture and its folder", Request{Args: []string{"other", "other/a.png"}, Output: "out"}, "other/a.png>out/a_x4.png", nil},
		{"a folder twice", Request{Args: []string{"other", "other/"}}, "other/a.png>other/a_x4.png", nil},
		{"no pictures", Request{Args: []string{"none", "a.jpg"}}, "a.jpg>a_x4.png", []string{"folder none contains no pictures"}},
		{"what is not there is told when it is read", Request{Args: []string{"missing.png"}}, "missing.png>missing_x4.png", nil},
		{
			"a tree", Request{Args: []string{"tree"}, Output: "big", Recursive: true},
			"tree/2.png>big/2_x4.png tree/10.JPG>big/10_x4.jpg tree/out/2_x4.png>big/out/2_x4_x4.png tree/sub/3.png>big/sub/3_x4.png " +
				"tree/sub/deep/4.jpeg>big/sub/deep/4_x4.jpg", nil,
		},
		{
			"a tree with its output in it", Request{Args: []string{"tree"}, Output: "tree/out", Recursive: true},
			"tree/2.png>tree/out/2_x4.png tree/10.JPG>tree/out/10_x4.jpg tree/sub/3.png>tree/out/sub/3_x4.png " +
				"tree/sub/deep/4.jpeg>tree/out/sub/deep/4_x4.jpg", nil,
		},
		{
			"part of a tree", Request{
				Args: []string{"tree"}, Recursive: true, Include: patterns(t, "*.jp*g", "sub/*"), Exclude: patterns(t, "deep", "out"),
			},
			"tree/10.JPG>tree/10_x4.jpg tree/sub/3.png>tree/sub/3_x4.png", nil,
		},
		{
			"a pattern", Request{Args: []string{"tree/**/*.png"}, Output: "big"},
			"tree/2.png>big/2_x4.png tree/out/2_x4.png>big/out/2_x4_x4.png tree/sub/3.png>big/sub/3_x4.png", nil,
		},
		{"a pattern of one level", Request{Args: []string{"tree/s*/*"}}, "tree/sub/3.png>tree/sub/3_x4.png", nil},
		{"a name that looks like a pattern", Request{Args: []string{"odd[1].png"}}, "odd[1].png>odd[1]_x4.png", nil},
		{"a pattern that matches nothing", Request{Args: []string{"in/*.gif"}}, "", []string{"no picture matches in/*.gif"}},
		{"a pattern in no folder", Request{Args: []string{"gone/*.png"}}, "", []string{"no picture matches gone/*.png: there is no folder gone"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.request.Naming.Suffix == "" {
				c.request.Naming = Enlarged("x4", "")
			}
			jobs, failed, w := find(t, c.request)
			if jobs != c.jobs {
				t.Errorf("jobs %v, want %s", jobs, c.jobs)
			}
			if len(failed) != len(c.failed) {
				t.Fatalf("errors %v, want %q", failed, c.failed)
			}
			for i, err := range failed {
				if !strings.Contains(err.Error(), c.failed[i]) {
					t.Errorf("error %v, want %q", err, c.failed[i])
				}
			}
			if n := strings.Count(jobs, ">") + len(failed) - len(w.Failures); w.Len() != n {
				t.Errorf("%d pictures are counted, want %d", w.Len(), n)
			}
		})
	}
	if Exists("out") || Exists("big") || Exists("new") {
		t.Error("looking for pictures made folders")
	}
}

// linkOrSkip makes a symbolic link. Windows lets only some users do that, and wine says that it did.
func linkOrSkip(t *testing.T, target, link string) {
	t.Helper()
	err := os.Symlink(target, link)
	if err == nil {
		_, err = os.Lstat(link)
	}
	if err != nil {
		t.Skip("no symbolic links here:", err)
	}
}

func TestWhatIsLeftOutIsSaid(t *testing.T) {
	inFolder(t, "in/a.png", "in/a_x2.png", "in/one/b.png", "in/two/c.png", "dry/x/y.png")
	linkOrSkip(t, "..", "in/up")
	_, _, w := find(t, Request{Args: []string{"in"}, Naming: Enlarged("x4", "")})
	if want := "in: left out: 2 subfolders (--recursive takes them in), a link to a folder, a result of an earlier run"; len(w.LeftOut) != 1 ||
		w.LeftOut[0] != want {
		t.Errorf("%q, want %q", w.LeftOut, want)
	}
	_, failed, _ := find(t, Request{Args: []string{"dry"}, Naming: Enlarged("x4", "")})
	if len(failed) != 1 || !strings.HasSuffix(failed[0].Error(), "; left out: a subfolder (--recursive takes it in)") {
		t.Errorf("%v", failed)
	}
	_, _, w = find(t, Request{Args: []string{"in"}, Recursive: true, Exclude: patterns(t, "*_x2.*"), Naming: Enlarged("x4", "")})
	if len(w.LeftOut) != 1 || w.LeftOut[0] != "in: left out: a link to a folder" {
		t.Errorf("%q", w.LeftOut)
	}
}

func TestKindsOfErrorsOfJobs(t *testing.T) {
	inFolder(t, "a.jpg", "b/a.jpg", "empty/x.txt")
	for want, args := range map[fault.Kind][]string{fault.NotFound: {"empty"}, fault.Conflict: {"a.jpg", "b/a.jpg"}} {
		_, failed, _ := find(t, Request{Args: args, Output: "out/", Naming: Enlarged("x2", "")})
		if len(failed) != 1 || fault.KindOf(failed[0]) != want {
			t.Errorf("%v: errors %v, want one of kind %s", args, failed, want)
		}
	}
}

func TestNames(t *testing.T) {
	n := Enlarged("x4", "")
	for input, want := range map[string]string{
		"a.jpg": "a_x4.png", "dir.d/a": "dir.d/a_x4.png", "a.tar.PNG": "a.tar_x4.png", Std: "-", "ä b.webp": "ä b_x4.png",
	} {
		if got, _, _ := find(t, Request{Args: []string{input}, Naming: n}); got != input+">"+want {
			t.Errorf("%s is enlarged to %s, want %s", input, got, want)
		}
	}
	for _, letter := range []string{"x", "ü", "\xff"} {
		long := strings.Repeat(letter, 251/len(letter))
		got, other := n.name(long, ".png"), n.name(long[1:]+"y", ".png")
		if len(got) > longestName || got == other || !strings.HasSuffix(got, "_x4.png") || !strings.HasPrefix(long, got[:200]) {
			t.Errorf("the names of long ones are %q and %q", got, other)
		}
	}
}

func TestResultsOfEarlierRuns(t *testing.T) {
	long := strings.Repeat("l", 250) + ".png"
	names := []string{"a.jpg", "b.png", "c_x2.png", long}
	var files []walk.File
	for _, name := range names {
		files = append(files, walk.File{Name: name})
	}
	for name, want := range map[string]bool{
		"a_x4.png": true, "a_x2.jpg": true, "a_jpg_x3.png": true, "a_x2.5.png": true, "a_x16.png": true, "c_x2_x4.png": true,
		"a_x4.webp": true, "a_x4.heic": false, "a_x1.png": false, "a_x.png": false, "a_x4b.png": false, "c_x4.png": false, "_x4.png": false, "a_xInf.png": false,
		"a_p001_x4.png": true, "a_jpg_p1234_x2.5.tif": true, "c_x2_p001_x4.png": true, "a_p01_x4.png": false, "a_p001.png": false, "c_p001_x4.png": false,
		Enlarged("x4", "").ofPage(2, 3).name(stem(long), ".png"): true,
		Enlarged("x4", "").name(stem(long), ".png"):              true, Enlarged("x4", "").name(stem(long)+"y", ".png"): false,
	} {
		if got := newFolderNames(files).isResult(name); got != want {
			t.Errorf("%s is the result of an earlier run: %v", name, got)
		}
	}
}

func TestFoldersThatCannotBeRead(t *testing.T) {
	if err := readError("x.png", &fs.PathError{Op: "open", Path: "/x.png", Err: fs.ErrNotExist}); !errors.Is(err, fs.ErrNotExist) ||
		err.Error() != "cannot read x.png: file does not exist" {
		t.Error(err)
	}
}
