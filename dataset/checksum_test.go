package dataset

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"classsr/fault"
)

// smallData gives the bytes of a file of one picture and two patches.
func smallData(t testing.TB) []byte {
	t.Helper()
	folder := t.TempDir()
	writePicture(t, filepath.Join(folder, "a.png"), 34, 20, 1)
	path := filepath.Join(folder, "data.sr")
	o := settings(t)
	o.Settings = Settings{Scale: 2, Patch: 8, Step: 9, Factors: []float64{1}, Thin: 1, Classes: 2, Judge: o.Judge}
	if _, err := Prepare(context.Background(), []string{folder}, path, o); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// storeOf opens the bytes of a file.
func storeOf(data []byte) (*Store, error) {
	s := &Store{name: "data.sr", file: bytes.NewReader(data), closer: io.NopCloser(nil)}
	return s, s.readIndex(int64(len(data)))
}

// early gives the file as early versions wrote it, without checksums of tiles.
func early(t testing.TB, data []byte) []byte {
	t.Helper()
	s, err := storeOf(data)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.meta.Entries {
		s.meta.Entries[i].TileSums = nil
	}
	b := bytes.NewBuffer(slices.Clone(data[:s.end]))
	if err := writeEnd(b, s.end, s.patches, s.meta); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func loadAll(s *Store) error {
	b := s.Sampler(nil, 1, 0).NewBatch()
	for i := range s.Len() {
		if err := s.Load(b.LR, b.HR, 0, i); err != nil {
			return err
		}
	}
	return nil
}

func TestDamagedTilesAreNoticed(t *testing.T) {
	good := smallData(t)
	s, err := storeOf(good)
	if err != nil || !s.Verified() || loadAll(s) != nil || s.Verify(context.Background()) != nil {
		t.Fatal(err)
	}
	tiles := s.meta.Entries[0].Offset
	for _, at := range []int64{tiles, tiles + 500, s.meta.Entries[0].Offset + int64(tileBytes(2)) + 3} {
		bad := slices.Clone(good)
		bad[at] ^= 1
		s, err := storeOf(bad)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{loadAll(s), s.Verify(context.Background())} {
			if fault.KindOf(err) != fault.Damaged || !strings.Contains(err.Error(), "data.sr") || !strings.Contains(err.Error(), "again") {
				t.Errorf("damage at %d: %v", at, err)
			}
		}
		if s, err = storeOf(early(t, bad)); err != nil || s.Verified() {
			t.Fatal(err)
		}
		if err := s.Verify(context.Background()); fault.KindOf(err) != fault.Damaged {
			t.Errorf("damage at %d of an early file: %v", at, err)
		}
	}
	// A file that is cut while it is in use.
	if s, err = storeOf(good); err != nil {
		t.Fatal(err)
	}
	s.file = bytes.NewReader(good[:tiles+100])
	if err := loadAll(s); fault.KindOf(err) != fault.Damaged {
		t.Errorf("a cut: %v", err)
	}
}

// Files and identities of early versions are still good.
func TestEarlyFilesAreRead(t *testing.T) {
	data := smallData(t)
	now, err := storeOf(data)
	if err != nil {
		t.Fatal(err)
	}
	old, err := storeOf(early(t, data))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(loadAll(old), old.Verify(context.Background())); err != nil {
		t.Error(err)
	}
	if old.Verified() || !now.Verified() {
		t.Error("what is verified is wrong")
	}
	if text, err := json.Marshal(old.meta); err != nil || strings.Contains(string(text), "tile_sums") {
		t.Error("the identity of an early file has changed")
	}
	if !old.Is(old.Identity()) || !now.Is(now.Identity()) || !now.Is(old.Identity()) || old.Is(now.Identity()) || now.Is("") {
		t.Error("identities are not known again")
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if err := old.Verify(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	// Other tiles, another identity.
	now.meta.Entries[0].TileSums[0] ^= 1
	if other, _ := storeOf(data); other.Is(now.Identity()) {
		t.Error("the identity does not tell tiles apart")
	}
}

// A run that an early version was stopped in is gone on with, to the bytes of one that was not.
func TestEarlyPartialFilesAreUsed(t *testing.T) {
	data := smallData(t)
	s, err := storeOf(data)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data[:s.end], []byte("tile_sums")) {
		t.Error("records differ from those of early versions")
	}
}
