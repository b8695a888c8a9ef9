package jobs

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"classsr/fault"
	"classsr/server/blobs"
)

// written gives the file of a table with so many jobs, of which some are over, and uploads.
func written(t *testing.T, jobs int) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "jobs.db")
	table := open(t, path, Options{Queue: 10_000})
	for i := range jobs {
		add(t, table, job(fmt.Sprint("owner", i%3), byte(i)))
		if i%2 == 0 {
			e, _ := table.begin()
			table.end(t.Context(), e, Result{Bytes: 5}, nil)
		}
	}
	for i := range jobs / 2 {
		if err := table.AddPicture(Picture{Owner: "a", Sum: blobs.Sum{byte(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// folders gives each try of a property a folder of its own.
func folders(t *testing.T) func(*rapid.T) string {
	top := t.TempDir()
	n := 0
	return func(t *rapid.T) string {
		n++
		folder := filepath.Join(top, fmt.Sprint(n))
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(folder) })
		return folder
	}
}

// usable opens a file with some content, and uses it: that works whatever it holds.
func usable(t interface{ Fatalf(string, ...any) }, folder string, text []byte) (jobs int, aside string, log string) {
	path := filepath.Join(folder, "jobs.db")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatalf("%v", err)
	}
	var said bytes.Buffer
	table, err := Open(path, Options{Queue: 10_000, Log: slog.New(slog.NewTextHandler(&said, nil))})
	if err != nil {
		t.Fatalf("it cannot be opened: %v", err)
	}
	jobs = len(table.jobs)
	added, _, err := table.Add(job("z", 1), "")
	if err != nil {
		t.Fatalf("it takes no job: %v", err)
	}
	if e, _ := table.begin(); e == nil {
		t.Fatalf("no job is begun")
	}
	if err := table.Close(); err != nil {
		t.Fatalf("it cannot be closed: %v", err)
	}
	again, err := Open(path, Options{Queue: 10_000})
	if err != nil {
		t.Fatalf("it cannot be opened again: %v", err)
	}
	if again.Aside() != "" || len(again.jobs) != jobs+1 || again.jobs[added.ID] == nil {
		t.Fatalf("opened again it has %d jobs, not %d, and is put aside as %q, before as %q; said: %s", len(again.jobs), jobs+1, again.Aside(), table.Aside(), said.String())
	}
	_ = again.Close()
	return jobs, table.Aside(), said.String()
}

// TestDamage changes the file of a table anywhere: it opens, with what can be read, and is used; the damaged file stays.
func TestDamage(t *testing.T) {
	const jobs = 60
	good := written(t, jobs)
	if n, aside, log := usable(t, t.TempDir(), good); n != jobs || aside != "" || log != "" {
		t.Fatalf("a good file has %d jobs and is put aside as %q: %s", n, aside, log)
	}
	whole, folders := 0, folders(t)
	rapid.Check(t, func(t *rapid.T) {
		folder := folders(t)
		text := bytes.Clone(good)
		switch rapid.SampledFrom([]string{"bytes", "words", "page", "cut", "swap"}).Draw(t, "damage") {
		case "bytes":
			for range rapid.IntRange(1, 20).Draw(t, "bytes") {
				text[rapid.IntRange(0, len(text)-1).Draw(t, "at")] ^= rapid.Byte().Draw(t, "by")
			}
		case "words": // in the heads of pages and lists of records, where places are told
			for range rapid.IntRange(1, 4).Draw(t, "words") {
				at := os.Getpagesize()*rapid.IntRange(0, len(text)/os.Getpagesize()-1).Draw(t, "page") + 4*rapid.IntRange(0, 40).Draw(t, "word")
				copy(text[at:], rapid.SampledFrom([]string{"\x00\x00\x00\x00", "\xff\xff\xff\xff", "\x03\x00\x00\x00", "\x10\x00\x00\x00", "\x00\x10\x00\x00", "\xff\xff\xff\x7f"}).Draw(t, "value"))
			}
		case "page":
			at := os.Getpagesize() * rapid.IntRange(0, len(text)/os.Getpagesize()-1).Draw(t, "page")
			clear(text[at : at+os.Getpagesize()])
		case "cut":
			text = text[:rapid.IntRange(0, len(text)).Draw(t, "bytes")]
		case "swap":
			size := os.Getpagesize()
			a, b := rapid.IntRange(0, len(text)/size-1).Draw(t, "a"), rapid.IntRange(0, len(text)/size-1).Draw(t, "b")
			copy(text[a*size:(a+1)*size], good[b*size:(b+1)*size])
		}
		n, aside, _ := usable(t, folder, text)
		if n > jobs {
			t.Fatalf("of %d jobs %d were read", jobs, n)
		}
		if aside == "" {
			whole++
			return
		}
		if kept, err := os.ReadFile(aside); err != nil || !bytes.Equal(kept, text) {
			t.Fatalf("the damaged file is not kept: %v", err)
		}
	})
	t.Logf("%d times nothing was damaged that is in use", whole)
}

// TestMuchIsSaved damages one page of many.
func TestMuchIsSaved(t *testing.T) {
	const jobs = 200
	text := written(t, jobs)
	size := os.Getpagesize()
	for page := len(text)/size - 1; page > 1; page-- { // the last page of leaves
		at := page * size
		if text[at+8] == leafPage && bytes.Contains(text[at:at+size], []byte(`"state"`)) {
			clear(text[at : at+size/4])
			break
		}
	}
	n, aside, log := usable(t, t.TempDir(), text)
	if n < jobs/2 || n == jobs || aside == "" || !strings.Contains(log, "damaged") || !strings.Contains(log, aside) {
		t.Errorf("of %d jobs %d were read; put aside as %q; said: %s", jobs, n, aside, log)
	}
}

func TestRecordsThatAreNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	table := open(t, path, Options{})
	j := add(t, table, job("a", 1))
	strange := job("a", 1)
	strange.ID, strange.State = newID(5), "strange"
	bad := job("a", 1)
	bad.ID = "../../x"
	if err := table.write(jobChange(&strange), jobChange(&bad), change{jobsBucket, "y", 5}, change{picturesBucket, "z", "none"}, change{metaBucket, paceKey, "none"}); err != nil {
		t.Fatal(err)
	}
	_ = table.db.Close()
	var said bytes.Buffer
	table = open(t, path, Options{Log: slog.New(slog.NewTextHandler(&said, nil))})
	defer func() { _ = table.Close() }()
	if len(table.jobs) != 2 || table.jobs[j.ID] == nil || table.jobs[strange.ID].State != Queued || len(table.pictures) != 0 || !strings.Contains(said.String(), "records=4") {
		t.Errorf("%d jobs were read; said: %s", len(table.jobs), said.String())
	}
}

func TestFilesThatCannotBeUsed(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "jobs.db")
	table := open(t, path, Options{})
	_, err := Open(path, Options{})
	kind(t, "a file that is in use", err, fault.Busy)
	if err := table.write(change{metaBucket, schemaKey, schema + 1}); err != nil {
		t.Fatal(err)
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = Open(path, Options{})
	kind(t, "a file of a later version", err, fault.Unsupported)
	_, err = Open(folder, Options{})
	kind(t, "a folder", err, fault.Unavailable)
	_, err = Open(filepath.Join(folder, "none", "jobs.db"), Options{})
	kind(t, "a folder that is not there", err, fault.NotFound)
	if found, _ := filepath.Glob(filepath.Join(folder, "*.broken*")); len(found) > 0 {
		t.Errorf("put aside: %v", found)
	}
}

// TestReadPages reads files that bbolt wrote, of many forms, as bbolt does.
func TestReadPages(t *testing.T) {
	folders := folders(t)
	rapid.Check(t, func(t *rapid.T) {
		path := filepath.Join(folders(t), "x.db")
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, NoFreelistSync: true, PageSize: rapid.SampledFrom([]int{0, 1024, 16384}).Draw(t, "page size")})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for range rapid.IntRange(1, 4).Draw(t, "transactions") {
			err := db.Update(func(tx *bbolt.Tx) error {
				for range rapid.IntRange(0, 60).Draw(t, "records") {
					bucket, key := rapid.SampledFrom([]string{"x", "y"}).Draw(t, "bucket"), rapid.StringMatching("[a-z]{1,3}").Draw(t, "key")
					b, err := tx.CreateBucketIfNotExists([]byte(bucket))
					if err != nil {
						return err
					}
					value := strings.Repeat("v", rapid.SampledFrom([]int{0, 1, 100, 3000, 20_000}).Draw(t, "size"))
					if rapid.IntRange(0, 3).Draw(t, "remove") == 0 {
						delete(want, bucket+key)
						if err := b.Delete([]byte(key)); err != nil {
							return err
						}
						continue
					}
					want[bucket+key] = value
					if err := b.Put([]byte(key), []byte(value)); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		damage, err := readFile(path, func(bucket, key, value []byte) { got[string(bucket)+string(key)] = string(value) })
		if damage != nil || err != nil {
			t.Fatalf("a good file: %v %v", damage, err)
		}
		if len(got) != len(want) {
			t.Fatalf("%d records were read of %d", len(got), len(want))
		}
		for k, v := range want {
			if got[k] != v {
				t.Fatalf("the record %s differs", k)
			}
		}
	})
}
