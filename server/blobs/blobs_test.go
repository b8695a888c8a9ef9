package blobs

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"classsr/fault"
	"classsr/internal/par"
)

// roomy is a disk that is never full.
func roomy(string) (disk, error) { return disk{1 << 40, 1 << 40}, nil }

func open(t *testing.T, o Options) *Store {
	t.Helper()
	if o.disk == nil {
		o.disk = roomy
	}
	s, err := Open(t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// files lists all files below a folder, and their bytes.
func files(t *testing.T, folder string) (names []string, size int64) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		names, size = append(names, path), size+info.Size()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names, size
}

// nothingPromised fails if some room was not given back, or used is not what there is.
func nothingPromised(t *testing.T, s *Store) {
	t.Helper()
	_, size := files(t, s.folder)
	if s.promised != 0 || s.written != 0 || s.used != size || len(s.incoming) != 0 {
		t.Errorf("%d bytes are promised, %d written of these, %d used where %d are there, %d uploads under way", s.promised, s.written, s.used, size, len(s.incoming))
	}
}

func receive(t *testing.T, s *Store, content []byte) *Received {
	t.Helper()
	r, err := s.Receive(bytes.NewReader(content), int64(len(content)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReceiveAndKeep(t *testing.T) {
	for _, size := range []int{1, chunk - 1, chunk, chunk + 1, 3*chunk + 5} {
		for _, told := range []int64{-1, int64(size), int64(size) + 1000, 1} {
			s := open(t, Options{Most: 1 << 30})
			content := bytes.Repeat([]byte{1, 2, 3, 5, 8}, size)[:size]
			var seen []byte
			r, err := s.Receive(iotest.DataErrReader(iotest.HalfReader(bytes.NewReader(content))), told, func(b []byte) error {
				seen = bytes.Clone(b)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(seen, content[:min(size, chunk)]) {
				t.Errorf("the first %d bytes were shown", len(seen))
			}
			if r.Sum != sha256.Sum256(content) || r.Size != int64(size) {
				t.Errorf("%d bytes became %d, %s", size, r.Size, r.Sum)
			}
			if err := r.Keep(); err != nil {
				t.Fatal(err)
			}
			if r.Path() != s.Picture(r.Sum) {
				t.Errorf("it is at %s", r.Path())
			}
			r.Discard()
			r.Discard()
			sum, n, err := HashFile(s.Picture(r.Sum))
			if err != nil || sum != r.Sum || n != r.Size {
				t.Errorf("on disk are %d bytes, %s: %v", n, sum, err)
			}
			nothingPromised(t, s)
		}
	}
}

func TestNothingIsLeftOfWhatFails(t *testing.T) {
	broken := errors.New("broken")
	content := make([]byte, 3*chunk)
	for name, c := range map[string]struct {
		r     io.Reader
		first func([]byte) error
		want  error
	}{
		"refused":    {bytes.NewReader(content), func([]byte) error { return broken }, broken},
		"breaks off": {io.MultiReader(bytes.NewReader(content), iotest.ErrReader(broken)), nil, broken},
		"cut off":    {io.MultiReader(bytes.NewReader(content), iotest.ErrReader(io.ErrUnexpectedEOF)), nil, io.ErrUnexpectedEOF},
		"wrapped":    {io.MultiReader(bytes.NewReader(content), iotest.ErrReader(&fs.PathError{Err: io.EOF})), nil, io.EOF},
	} {
		s := open(t, Options{Most: 1 << 30})
		r, err := s.Receive(c.r, -1, c.first)
		if r != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if names, _ := files(t, s.folder); len(names) > 0 {
			t.Errorf("%s: %v is left", name, names)
		}
		nothingPromised(t, s)
	}
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("odd") }

func TestNothingIsLeftAfterAPanic(t *testing.T) {
	s := open(t, Options{Most: 1 << 30})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was lost")
			}
		}()
		_, _ = s.Receive(panicking{}, 100, nil)
	}()
	if names, _ := files(t, s.folder); len(names) > 0 {
		t.Errorf("%v is left", names)
	}
	nothingPromised(t, s)
}

func TestEmptyUploadsAreNotAskedAbout(t *testing.T) {
	s := open(t, Options{Most: 1 << 30})
	r, err := s.Receive(strings.NewReader(""), 0, func([]byte) error { return errors.New("asked") })
	if err != nil || r.Size != 0 {
		t.Fatal(err)
	}
	r.Discard()
	nothingPromised(t, s)
}

func TestTheSamePictureAtOnce(t *testing.T) {
	s := open(t, Options{Most: 1 << 30})
	content := []byte("a picture")
	wait := par.Start(8, func(int) error {
		r, err := s.Receive(bytes.NewReader(content), -1, nil)
		if err != nil {
			return err
		}
		defer r.Discard()
		if err := r.Keep(); err != nil {
			return err
		}
		got, err := os.ReadFile(r.Path())
		if err == nil && !bytes.Equal(got, content) {
			err = errors.New("another content")
		}
		return err
	})
	if err := wait(); err != nil {
		t.Fatal(err)
	}
	if names, _ := files(t, s.folder); len(names) != 1 {
		t.Errorf("there are %v", names)
	}
	nothingPromised(t, s)
}

// A picture whose content somebody has cut is not taken for the one that comes.
func TestADamagedPictureIsReplaced(t *testing.T) {
	s := open(t, Options{Most: 1 << 30})
	content := []byte("a picture")
	path := s.Picture(sha256.Sum256(content))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content[:3], 0o400); err != nil {
		t.Fatal(err)
	}
	r := receive(t, s, content)
	if err := r.Keep(); err != nil {
		t.Fatal(err)
	}
	r.Discard()
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%q, %v", got, err)
	}
	nothingPromised(t, s)
}

func TestAPictureInUseIsNotRemoved(t *testing.T) {
	for _, needed := range []bool{false, true} {
		s := open(t, Options{Most: 1 << 30})
		asked := false
		if _, _, err := s.Sweep(func(Sum) bool { asked = true; return needed }, nil); err != nil {
			t.Fatal(err)
		}
		a, b := receive(t, s, []byte("x")), receive(t, s, []byte("x"))
		for _, r := range []*Received{a, b} {
			if err := r.Keep(); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.RemovePicture(a.Sum); err != nil {
			t.Fatal(err)
		}
		a.Discard()
		if _, err := os.Stat(b.Path()); err != nil || asked {
			t.Fatalf("the picture went while it was in use: %v", err)
		}
		b.Discard()
		if _, err := os.Stat(b.Path()); (err == nil) != needed || !asked {
			t.Errorf("needed %v, asked %v: %v", needed, asked, err)
		}
		nothingPromised(t, s)
		if err := errors.Join(s.RemovePicture(a.Sum), s.RemovePicture(a.Sum)); err != nil {
			t.Error(err)
		}
		nothingPromised(t, s)
	}
}

func TestResults(t *testing.T) {
	s := open(t, Options{Most: 1 << 30})
	const job, other = "01HZX3J5V7Q9K2M4N6P8R0S1T3", "01HZX3J5V7Q9K2M4N6P8R0S0T3"
	for _, ending := range []string{".png", ".map.png", ".json"} {
		if err := os.WriteFile(s.Result(job, ending), make([]byte, 10), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(s.Result(other, ".png"), make([]byte, 7), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a job that is done again counts once
		if n, err := s.AddResult(job); n != 30 || err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if _, err := s.AddResult(other); err != nil {
		t.Fatal(err)
	}
	nothingPromised(t, s)
	if err := errors.Join(s.RemoveResult(job), s.RemoveResult(job), s.RemoveResult("0000000000")); err != nil {
		t.Error(err)
	}
	if used, _, err := s.Usage(); used != 7 || err != nil {
		t.Errorf("%d bytes are used: %v", used, err)
	}
	nothingPromised(t, s)
}

func TestRoom(t *testing.T) {
	free := int64(1000)
	s := open(t, Options{Most: 500, KeepFree: 300, disk: func(string) (disk, error) { return disk{2000, free}, nil }})
	release, err := s.Reserve(400)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reserve(101); fault.KindOf(err) != fault.Busy {
		t.Errorf("more than the most: %v", err)
	}
	if _, err := s.Reserve(501); fault.KindOf(err) != fault.TooLarge { // which no waiting changes
		t.Errorf("more than the most alone: %v", err)
	}
	free = 799
	if _, err := s.Reserve(100); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("more than is free: %v", err)
	}
	if _, err := s.Receive(strings.NewReader("x"), -1, nil); fault.KindOf(err) != fault.Busy { // a step is too much
		t.Errorf("an upload of unknown size: %v", err)
	}
	release()
	release()
	again, err := s.Reserve(100)
	if err != nil {
		t.Error(err)
	}
	again()
	free = 299
	if _, err := s.Reserve(0); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a full disk: %v", err)
	}
	free = 300
	if _, err := s.Reserve(0); err != nil {
		t.Errorf("a disk that is not full any more: %v", err)
	}
	nothingPromised(t, s)
}

// What is written of an upload is not counted twice: as promised, and as taken from the disk.
func TestRoomWhileReceiving(t *testing.T) {
	var s *Store
	s = open(t, Options{Most: 1 << 30, KeepFree: 1, disk: func(string) (disk, error) {
		free := int64(10 * chunk)
		if s != nil {
			_, size := files(t, s.folder)
			free -= size
		}
		return disk{free, free}, nil
	}})
	const size = 6 * chunk
	asked := false
	r, err := s.Receive(io.MultiReader(bytes.NewReader(make([]byte, 5*chunk)), readerFunc(func([]byte) (int, error) {
		asked = true
		if release, err := s.Reserve(3 * chunk); err != nil { // 5 are written, 1 comes
			t.Error(err)
		} else {
			release()
		}
		if _, err := s.Reserve(4 * chunk); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("too much: %v", err)
		}
		return 0, io.EOF
	})), size, nil)
	if err != nil || !asked {
		t.Fatal(err)
	}
	r.Discard()
	nothingPromised(t, s)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestBounds(t *testing.T) {
	const gb = 1e9
	for _, c := range []struct {
		size, free, most, keep int64
		wantMost, wantKeep     int64
	}{
		{1000 * gb, 500 * gb, 0, 0, 50 * gb, 256 << 20},
		{10 * gb, 5 * gb, 0, 0, 5 * gb / 2, gb / 5},
		{10 * gb, 5 * gb, gb, 7, gb, 7},
	} {
		s := open(t, Options{Most: c.most, KeepFree: c.keep, disk: func(string) (disk, error) { return disk{c.size, c.free}, nil }})
		if s.Bound() != c.wantMost || s.KeepFree != c.wantKeep {
			t.Errorf("%+v: at most %d, %d kept free", c, s.Bound(), s.KeepFree)
		}
	}
	if d, err := diskOf(t.TempDir()); err == nil && (d.free <= 0 || d.size < d.free) {
		t.Errorf("this disk has %d bytes, %d free", d.size, d.free)
	}
}

func TestParseSum(t *testing.T) {
	sum := Sum(sha256.Sum256([]byte("x")))
	if got, err := ParseSum(sum.String()); got != sum || err != nil {
		t.Errorf("%s: %v", got, err)
	}
	for _, text := range []string{"", "..", strings.ToUpper(sum.String()), sum.String()[1:], sum.String() + "00", sum.String()[:62] + "/x"} {
		if _, err := ParseSum(text); fault.KindOf(err) != fault.Usage {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzResult(f *testing.F) {
	s, err := Open(f.TempDir(), Options{Most: 1, disk: roomy})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][2]string{{"01HZX3", ".png"}, {"../../x", ".png"}, {"ab", "./x"}, {"..", "."}, {"a\x00", ".png"}, {"ab", "..png"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, job, ending string) {
		defer func() { _ = recover() }() // that is how bad names end
		path := s.Result(job, ending)
		rel, err := filepath.Rel(filepath.Join(s.folder, resultsFolder), path)
		if err != nil || !filepath.IsLocal(rel) || len(strings.Split(rel, string(filepath.Separator))) != 2 {
			t.Errorf("%q and %q are at %s", job, ending, path)
		}
		if owner, ok := ownerOf(filepath.Base(path)); !ok || owner != job {
			t.Errorf("%s is taken for %s's", path, owner)
		}
	})
}
