package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// folder makes a folder to be packed, whose files have this time.
func folder(t *testing.T, at time.Time) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "release")
	for name, mode := range map[string]os.FileMode{"program": 0o700, "man/page.1": 0o600, "README": 0o664} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTheSameFilesGiveTheSameBytes(t *testing.T) {
	for _, name := range []string{"a.tar.gz", "a.zip"} {
		var first []byte
		for _, at := range []time.Time{time.Unix(1e9, 0), time.Unix(1.5e9, 0)} {
			out := filepath.Join(t.TempDir(), name)
			if err := pack(out, folder(t, at), time.Unix(1.7e9, 0)); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = got
			} else if !bytes.Equal(first, got) {
				t.Errorf("%s differs with the files' times", name)
			}
		}
	}
}

func TestWhatIsInATar(t *testing.T) {
	out := filepath.Join(t.TempDir(), "a.tar.gz")
	if err := pack(out, folder(t, time.Unix(1e9, 0)), time.Unix(1.7e9, 0)); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	plain, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for r := tar.NewReader(plain); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.ModTime.Unix() != 1.7e9 || h.Uid != 0 || h.Gid != 0 {
			t.Errorf("%s has the time %v and belongs to %d:%d", h.Name, h.ModTime, h.Uid, h.Gid)
		}
		list = append(list, h.FileInfo().Mode().String()+" "+h.Name)
	}
	want := "drwxr-xr-x release/, -rw-r--r-- release/README, drwxr-xr-x release/man/, -rw-r--r-- release/man/page.1, -rwxr-xr-x release/program"
	if got := strings.Join(list, ", "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhatCannotBePacked(t *testing.T) {
	dir := folder(t, time.Unix(1e9, 0))
	out := filepath.Join(t.TempDir(), "a.rar")
	if err := pack(out, dir, time.Unix(0, 0)); err == nil {
		t.Error("an archive of an unknown kind was written")
	}
	out = filepath.Join(t.TempDir(), "a.zip")
	if err := pack(out, filepath.Join(dir, "nowhere"), time.Unix(0, 0)); err == nil {
		t.Error("a folder that is not there was packed")
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("an archive was left that is not complete")
	}
}
