package wire

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"classsr/fault"
)

// onDisk writes the files of a pack into a folder.
func (p packed) onDisk(t rapid.TB, folder string) (paths []string) {
	for i, content := range p.contents {
		path := ""
		if len(content) > 0 {
			path = filepath.Join(folder, strconv.Itoa(i))
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		paths = append(paths, path)
	}
	return paths
}

func TestSectionsAreWhatIsWritten(t *testing.T) {
	folder := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		p := packs.Draw(t, "pack")
		stream := p.bytes(t)
		s, size, err := Section(p.Pack, p.onDisk(t, folder))
		if err != nil || size != int64(len(stream)) {
			t.Fatal(size, err)
		}
		defer func() { _ = s.Close() }()
		for range 3 {
			begin := rapid.Int64Range(0, size).Draw(t, "begin")
			end := rapid.Int64Range(begin, size).Draw(t, "end")
			var err error
			switch at, _ := s.Seek(0, io.SeekCurrent); rapid.IntRange(0, 2).Draw(t, "whence") {
			case io.SeekStart:
				_, err = s.Seek(begin, io.SeekStart)
			case io.SeekCurrent:
				_, err = s.Seek(begin-at, io.SeekCurrent)
			default:
				_, err = s.Seek(begin-size, io.SeekEnd)
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(io.LimitReader(s, end-begin))
			if err != nil || !bytes.Equal(got, stream[begin:end]) {
				t.Fatalf("%d to %d: %x, want %x: %v", begin, end, got, stream[begin:end], err)
			}
		}
	})
}

func TestASectionIsAReadSeeker(t *testing.T) {
	p := aPack()
	s, _, err := Section(p.Pack, p.onDisk(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	if err := iotest.TestReader(s, p.bytes(t)); err != nil {
		t.Error(err)
	}
	if _, err := s.Seek(0, 7); err == nil {
		t.Error("there is a seventh way to seek")
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if _, err := s.Read(make([]byte, 1)); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// A worker whose connection breaks goes on where it was.
func TestSectionsAreServedInRanges(t *testing.T) {
	p := aPack()
	stream, paths := p.bytes(t), p.onDisk(t, t.TempDir())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, _, err := Section(p.Pack, paths)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = s.Close() }()
		w.Header().Set("ETag", `"u1.2"`)
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", time.Time{}, s)
	}))
	defer server.Close()
	var parts []byte
	for begin := 0; begin < len(stream); begin += 100 {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Range", "bytes="+strconv.Itoa(begin)+"-"+strconv.Itoa(begin+99))
		request.Header.Set("If-Range", `"u1.2"`)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusPartialContent {
			t.Fatal(answer.Status, err)
		}
		parts = append(parts, b...)
	}
	if got, err := read(bytes.NewReader(parts), 1<<20); err != nil || len(got.Files) != len(p.Files) {
		t.Errorf("%d bytes, %d files: %v", len(parts), len(got.Files), err)
	}
}

func TestSectionsOfFilesThatAreNotThere(t *testing.T) {
	p := aPack()
	paths := p.onDisk(t, t.TempDir())
	s, _, err := Section(p.Pack, paths)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	last := len(paths) - 1
	if err := os.WriteFile(paths[last], []byte("l"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(s); fault.KindOf(err) != fault.Damaged {
		t.Errorf("a file that shrank: %v", err)
	}
	for _, content := range []string{"l", "last and more"} {
		if err := os.WriteFile(paths[last], []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Section(p.Pack, paths); fault.KindOf(err) != fault.Damaged {
			t.Errorf("a file of %d bytes: %v", len(content), err)
		}
	}
	if err := os.Remove(paths[0]); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Section(p.Pack, paths); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a file that is gone: %v", err)
	}
	if err := os.Mkdir(paths[0], 0o700); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Section(p.Pack, paths); fault.KindOf(err) != fault.Damaged {
		t.Errorf("a folder: %v", err)
	}
	p.Unit = ""
	if _, _, err := Section(p.Pack, paths); fault.KindOf(err) != fault.Internal {
		t.Errorf("a pack that cannot be: %v", err)
	}
}
