package pipeline

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"classsr/fault"
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

func TestJobs(t *testing.T) {
	inFolder(t, "a.jpg", "b.png", "in/a.jpg", "in/a.png", "in/c.tiff", "in/c_x4.png", "in/notes.txt", "other/a.png", "none/x.txt")
	for _, c := range []struct {
		name   string
		args   []string
		output string
		jobs   string // input>output, ...
		failed []string
	}{
		{"beside", []string{"a.jpg"}, "", "a.jpg>a_x4.png", nil},
		{"a file", []string{"a.jpg"}, "out/big.jpg", "a.jpg>out/big.jpg", nil},
		{"a folder", []string{"a.jpg"}, "out/", "a.jpg>out/a_x4.png", nil},
		{"a folder that is there", []string{"a.jpg"}, "none", "a.jpg>none/a_x4.png", nil},
		{"several", []string{"a.jpg", "b.png"}, "new", "a.jpg>new/a_x4.png b.png>new/b_x4.png", nil},
		{"streams", []string{Std}, "", "->-", nil},
		{"stream to file", []string{Std}, "x.png", "->x.png", nil},
		{"stream to folder", []string{Std}, "out/", "->out/stdin_x4.png", nil},
		{"file to stream", []string{"a.jpg"}, Std, "a.jpg>-", nil},
		{
			"a.jpg and a.png, and without the result of an earlier run", []string{"in"}, "",
			"in/a.jpg>in/a_jpg_x4.png in/a.png>in/a_png_x4.png in/c.tiff>in/c_x4.png", nil,
		},
		{"into itself", []string{"in"}, "in", "in/a.jpg>in/a_jpg_x4.png in/a.png>in/a_png_x4.png in/c.tiff>in/c_x4.png", nil},
		{"one name in two folders", []string{"in/a.png", "other/a.png"}, "out", "in/a.png>out/a_x4.png", []string{"other/a.png: its output"}},
		{"twice the same", []string{"a.jpg", "a.jpg"}, "", "a.jpg>a_x4.png", nil},
		{"two to a stream", []string{"a.jpg", "b.png"}, Std, "a.jpg>-", []string{"b.png: its output - is also the output of a.jpg"}},
		{"over the input", []string{"a.jpg"}, "a.jpg", "", []string{"would overwrite the input a.jpg"}},
		{"over another input", []string{"in/c.tiff", "in/c_x4.png"}, "", "in/c_x4.png>in/c_x4_x4.png", []string{"in/c.tiff: its output would overwrite"}},
		{"no pictures", []string{"none", "a.jpg"}, "", "a.jpg>a_x4.png", []string{"folder none contains no pictures"}},
		{"what is not there is told when it is read", []string{"missing.png"}, "", "missing.png>missing_x4.png", nil},
		{"a file as a folder", []string{"a.jpg", "b.png"}, "b.png", "", []string{"cannot make the output folder"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			jobs, failed := Jobs(c.args, c.output, 4)
			var got []string
			for _, j := range jobs {
				got = append(got, j.Input+">"+j.Output)
			}
			if strings.Join(got, " ") != c.jobs {
				t.Errorf("jobs %v, want %s", got, c.jobs)
			}
			if len(failed) != len(c.failed) {
				t.Fatalf("errors %v, want %q", failed, c.failed)
			}
			for i, err := range failed {
				if !strings.Contains(err.Error(), c.failed[i]) {
					t.Errorf("error %v, want %q", err, c.failed[i])
				}
			}
			if c.name == "a folder" && !IsFolder("out") {
				t.Error("the folder was not made")
			}
		})
	}
}

func TestKindsOfErrorsOfJobs(t *testing.T) {
	inFolder(t, "a.jpg", "b/a.jpg", "empty/x.txt")
	for want, args := range map[fault.Kind][]string{fault.NotFound: {"empty"}, fault.Conflict: {"a.jpg", "b/a.jpg"}} {
		if _, failed := Jobs(args, "out/", 2); len(failed) != 1 || fault.KindOf(failed[0]) != want {
			t.Errorf("%v: errors %v, want one of kind %s", args, failed, want)
		}
	}
}

func TestEnlargedName(t *testing.T) {
	for input, want := range map[string]string{
		"a.jpg": "a_x4.png", "dir.d/a": "dir.d/a_x4.png", "a.tar.PNG": "a.tar_x4.png", Std: "stdin_x4.png", "ä b.webp": "ä b_x4.png",
	} {
		if got := EnlargedName(input, 4); got != want {
			t.Errorf("%s is enlarged to %s, want %s", input, got, want)
		}
	}
}

func TestFoldersThatCannotBeRead(t *testing.T) {
	inputs, failed := Expand([]string{"x.png", "y.png"})
	if !slices.Equal(inputs, []string{"x.png", "y.png"}) || failed != nil {
		t.Errorf("%v, %v", inputs, failed)
	}
	if err := readError("x.png", &fs.PathError{Op: "open", Path: "/x.png", Err: fs.ErrNotExist}); !errors.Is(err, fs.ErrNotExist) ||
		err.Error() != "cannot read x.png: file does not exist" {
		t.Error(err)
	}
}
