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
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

func TestWriteReplacesOnlyWhenAllowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	if err := Write(path, false, text("first")); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, false, text("second")); !errors.Is(err, ErrExists) {
		t.Errorf("got error %v, want ErrExists", err)
	}
	if err := Write(path, true, text("third")); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "third" {
		t.Errorf("file holds %q", got)
	}
	onlyFile(t, path)
}

func TestFailedWriteLeavesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	if err := Write(path, false, text("old")); err != nil {
		t.Fatal(err)
	}
	failure := errors.New("encoder broke")
	err := Write(path, true, func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return failure
	})
	if !errors.Is(err, failure) {
		t.Errorf("got error %v, want the writer's own", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "old" {
		t.Errorf("file holds %q, want the old content", got)
	}
	onlyFile(t, path)
}

func TestErrorNamesTheWantedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no", "such", "a.txt")
	err := Write(path, false, text("x"))
	if err == nil || !strings.HasPrefix(err.Error(), "cannot write "+path+":") {
		t.Errorf("got error %v", err)
	}
}

func onlyFile(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("folder holds %v (error %v), want only the file", entries, err)
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

func TestModesAndLinksAreKept(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "a.txt"), filepath.Join(dir, "link")
	if err := os.WriteFile(path, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	before, err := os.Lstat(path) // Windows has fewer modes
	if err != nil {
		t.Fatal(err)
	}
	linkOrSkip(t, "a.txt", link)
	if err := Write(link, true, text("new")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Perm() != before.Mode().Perm() {
		t.Errorf("mode %v, error %v; want %v", info.Mode(), err, before.Mode())
	}
	if got, _ := os.ReadFile(path); string(got) != "new" {
		t.Errorf("the link's target holds %q", got)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced")
	}
}

func TestAbandonRemovesWhatIsUnderWay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	err := Write(path, false, func(io.Writer) error {
		if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
			t.Fatalf("folder holds %v (error %v) while a file is written", entries, err)
		}
		Abandon()
		return nil
	})
	if err == nil {
		t.Error("an abandoned file was finished")
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}

// What is noted of a file before it gets its name is true afterwards.
func TestWriteThen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	var noted fs.FileInfo
	err := WriteThen(path, false, text("whole"), func(info fs.FileInfo) error {
		if _, err := os.Stat(path); err == nil {
			t.Error("it has its name already")
		}
		noted = info
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() != noted.Size() || !info.ModTime().Equal(noted.ModTime()) || info.Size() != 5 {
		t.Errorf("noted were %d bytes of %v: %v, %v", noted.Size(), noted.ModTime(), info, err)
	}
	refused := errors.New("refused")
	if err := WriteThen(path, true, text("another"), func(fs.FileInfo) error { return refused }); !errors.Is(err, refused) {
		t.Error(err)
	}
	onlyFile(t, path)
}

func TestGoingBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	err := Write(path, false, func(w io.Writer) error {
		if _, err := io.WriteString(w, "hello, world"); err != nil {
			return err
		}
		if _, err := w.(io.WriterAt).WriteAt([]byte("J"), 0); err != nil {
			return err
		}
		_, err := io.WriteString(w, "!")
		return err
	})
	if got, _ := os.ReadFile(path); err != nil || string(got) != "Jello, world!" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestPrivateFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	for _, want := range []string{"first", "second"} {
		if err := WritePrivate(path, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("file holds %q: %v", got, err)
		}
		if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("its mode is %v: %v", info.Mode(), err)
		}
		onlyFile(t, path)
	}
}
