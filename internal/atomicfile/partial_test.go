package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"classsr/fault"
)

func TestLongNames(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{
		strings.Repeat("a", 255), strings.Repeat("b", 244), strings.Repeat("é", 127), strings.Repeat("文", 85), strings.Repeat("\x80", 250), "x",
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Logf("no name of %d bytes like %.3q here: %v", len(name), name, err)
			continue
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := Writable(path); err != nil {
			t.Error(err)
		}
		if err := Write(path, false, text("long")); err != nil {
			t.Error(err)
		}
		onlyFile(t, path)
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
		if s := stem(name); utf8.ValidString(name) && !utf8.ValidString(s) || len(s) > longestStem {
			t.Errorf("%.3q... has the temporary name %q", name, s)
		}
	}
	if long := strings.Repeat("a", 200); stem(long) == stem(long+"b") {
		t.Error("two targets have the same temporary name")
	}
	path := filepath.Join(dir, strings.Repeat("a", 256))
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skip("the system, which may be wine, takes a name that no file can have for that of none")
	}
	if err := Writable(path); err == nil || fault.KindOf(err) == fault.Internal {
		t.Errorf("a name that no file can have: %v", err)
	}
}

// Two writers of one target do not disturb each other.
func TestWritersOfOneTarget(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	err := Write(path, true, func(w io.Writer) error {
		if err := Write(path, false, text("inner")); err != nil {
			t.Error(err)
		}
		if err := Writable(path); err != nil {
			t.Error(err)
		}
		if got, _ := os.ReadFile(path); string(got) != "inner" {
			t.Errorf("file holds %q", got)
		}
		return text("outer")(w)
	})
	if err != nil {
		t.Error(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "outer" {
		t.Errorf("file holds %q", got)
	}
	onlyFile(t, path)
}

func TestOnlyFilesAreReplaced(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	linkOrSkip(t, os.DevNull, link)
	for _, path := range []string{dir, link} {
		for _, err := range []error{Write(path, true, text("x")), Writable(path)} {
			if fault.KindOf(err) != fault.Conflict || !strings.HasPrefix(err.Error(), "cannot write "+path+": it is ") {
				t.Errorf("error %v of kind %s", err, fault.KindOf(err))
			}
		}
	}
	onlyFile(t, link)
}

func TestKindsOfErrors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	if err := Write(path, false, text("x")); err != nil {
		t.Fatal(err)
	}
	below := fault.Unavailable
	if runtime.GOOS == "windows" {
		below = fault.NotFound // it does not say that the folder is a file
	}
	for _, c := range []struct {
		err  error
		want fault.Kind
	}{
		{Write(path, false, text("y")), fault.Conflict},
		{Write(filepath.Join(dir, "no", "b"), false, text("y")), fault.NotFound},
		{Writable(filepath.Join(dir, "no", "b")), fault.NotFound},
		{Writable(filepath.Join(path, "b")), below},
		{Write(path, true, func(io.Writer) error { return &fs.PathError{Err: errors.New("no room")} }), fault.Unavailable},
		{Write(path, true, func(io.Writer) error { Abandon(); return nil }), fault.Unavailable},
	} {
		if got := fault.KindOf(c.err); got != c.want {
			t.Errorf("%v is of kind %s, want %s", c.err, got, c.want)
		}
	}
}
