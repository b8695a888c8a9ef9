package blobs

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSweep(t *testing.T) {
	s := open(t, Options{Most: 1 << 30})
	wanted, unwanted, gone := Sum(sha256.Sum256([]byte("a"))), Sum(sha256.Sum256([]byte("b"))), Sum(sha256.Sum256([]byte("c")))
	keep := []string{
		s.Picture(wanted), s.view(wanted), s.Result("JOB1", ".png"), s.Result("JOB1", ".map.png"), filepath.Join(s.folder, "jobs.db"),
		filepath.Join(s.folder, picturesFolder, "README"), filepath.Join(s.folder, picturesFolder, "ab", "README"), filepath.Join(s.folder, "tls", "key.pem"),
	}
	remove := []string{
		filepath.Join(s.folder, incomingFolder, "X"), s.Picture(unwanted), s.view(unwanted), s.view(gone), s.Result("JOB2", ".png"), s.Result("JOB2", ".json"),
		filepath.Join(s.folder, resultsFolder, "B1", ".JOB1.png.0.partial"),
		filepath.Join(filepath.Dir(s.Picture(wanted)), "."+filepath.Base(s.view(wanted))+".0.partial"),
	}
	for _, path := range slices.Concat(keep, remove) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, make([]byte, 3), 0o600); err != nil {
			t.Fatal(err)
		}
		old := time.Now().Add(-time.Hour) // without locks only that tells what is abandoned
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	inUse := receive(t, s, []byte("upload"))
	kept := receive(t, s, []byte("no record yet"))
	if err := kept.Keep(); err != nil {
		t.Fatal(err)
	}
	n, size, err := s.Sweep(func(sum Sum) bool { return sum == wanted }, func(job string) bool { return job == "JOB1" })
	if err != nil || n != len(remove) || size != 3*6 { // half-written ones are not weighed
		t.Errorf("%d files, %d bytes: %v", n, size, err)
	}
	want := append(keep, inUse.Path(), kept.Path())
	got, _ := files(t, s.folder)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("there are %q, not %q", got, want)
	}
	if used, _, err := s.Usage(); used != 12+kept.Size || err != nil {
		t.Errorf("%d bytes are used: %v", used, err)
	}
	if err := inUse.file.Close(); err != nil { // as when it is killed
		t.Fatal(err)
	}
	again, err := Open(s.folder, Options{disk: roomy})
	if err != nil {
		t.Fatal(err)
	}
	if n, _, err := again.Sweep(func(Sum) bool { return true }, func(string) bool { return true }); n != 1 || err != nil {
		t.Errorf("of a killed server's upload %d files were removed: %v", n, err)
	}
}

// Whatever is done, what is counted is what is there, and all room is given back.
func TestCounting(t *testing.T) {
	root, tries := t.TempDir(), 0
	rapid.Check(t, func(rt *rapid.T) {
		tries++
		s, err := Open(filepath.Join(root, strconv.Itoa(tries)), Options{Most: 1 << 30, disk: roomy})
		if err != nil {
			rt.Fatal(err)
		}
		var uploads []*Received
		content := rapid.SliceOfN(rapid.ByteRange(0, 1), 0, 2) // so that the same come again
		job := rapid.SampledFrom([]string{"JOBA", "JOBB", "JOBAA"})
		needed := rapid.Bool()
		rt.Repeat(map[string]func(*rapid.T){
			"receive": func(rt *rapid.T) {
				r, err := s.Receive(bytes.NewReader(content.Draw(rt, "content")), rapid.Int64Range(-1, 5).Draw(rt, "size"), nil)
				if err != nil {
					rt.Fatal(err)
				}
				uploads = append(uploads, r)
			},
			"keep": func(rt *rapid.T) {
				if len(uploads) == 0 {
					rt.Skip()
				}
				r := rapid.SampledFrom(uploads).Draw(rt, "upload")
				if err := r.Keep(); err != nil {
					rt.Fatal(err)
				}
				if sum, _, err := HashFile(r.Path()); sum != r.Sum || err != nil {
					rt.Fatalf("%s: %v", sum, err)
				}
			},
			"discard": func(rt *rapid.T) {
				if len(uploads) == 0 {
					rt.Skip()
				}
				i := rapid.IntRange(0, len(uploads)-1).Draw(rt, "upload")
				uploads[i].Discard()
				uploads = slices.Delete(uploads, i, i+1)
			},
			"removePicture": func(rt *rapid.T) {
				if err := s.RemovePicture(sha256.Sum256(content.Draw(rt, "content"))); err != nil {
					rt.Fatal(err)
				}
			},
			"addView": func(rt *rapid.T) {
				if err := s.AddView(sha256.Sum256(content.Draw(rt, "content")), make([]byte, rapid.IntRange(0, 9).Draw(rt, "bytes"))); err != nil {
					rt.Fatal(err)
				}
			},
			"addResult": func(rt *rapid.T) {
				id := job.Draw(rt, "job")
				for i := range rapid.IntRange(0, 2).Draw(rt, "files") {
					if err := os.WriteFile(s.Result(id, fmt.Sprintf(".%d.png", i)), make([]byte, rapid.IntRange(0, 9).Draw(rt, "bytes")), 0o600); err != nil {
						rt.Fatal(err)
					}
				}
				if _, err := s.AddResult(id); err != nil {
					rt.Fatal(err)
				}
			},
			"removeResult": func(rt *rapid.T) {
				if err := s.RemoveResult(job.Draw(rt, "job")); err != nil {
					rt.Fatal(err)
				}
			},
			"sweep": func(rt *rapid.T) {
				picture, result := needed.Draw(rt, "picture"), needed.Draw(rt, "result")
				if _, _, err := s.Sweep(func(Sum) bool { return picture }, func(string) bool { return result }); err != nil {
					rt.Fatal(err)
				}
			},
			"": func(*rapid.T) {
				for _, r := range uploads { // what is in use is there
					if _, err := os.Stat(r.Path()); err != nil {
						rt.Fatal(err)
					}
				}
				if bytes, err := s.taken(); err != nil || bytes != s.used {
					rt.Fatalf("%d bytes are counted, %d are there: %v", s.used, bytes, err)
				}
			},
		})
		for _, r := range uploads {
			r.Discard()
		}
		nothingPromised(t, s)
	})
}
