package field

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"syscall"
	"testing"
	"time"

	"classsr/models"
	"classsr/pipeline"
	"classsr/server/blobs"
	"classsr/weights"
)

// changedModel is a model in a file that says that it is another, built-in one, and its file.
func changedModel(t *testing.T) (m *weights.Model, file []byte, sum blobs.Sum) {
	t.Helper()
	file, sum = changedModelBy(t, 1.25)
	m, err := weights.Read(bytes.NewReader(file), int64(len(file)), 0)
	if err != nil {
		t.Fatal(err)
	}
	return m, file, sum
}

// changedModelBy is its file, with some weights so many times as large as those of a built-in model.
func changedModelBy(t *testing.T, factor float32) (file []byte, sum blobs.Sum) {
	t.Helper()
	m, _, err := models.Open(models.Fast)
	if err != nil {
		t.Fatal(err)
	}
	m.Name = models.Default
	for _, b := range m.Branches {
		p := b.Params[b.Params.Names()[0]]
		for i := range p.Data {
			p.Data[i] *= factor
		}
	}
	var data bytes.Buffer
	if err := m.Write(&data); err != nil {
		t.Fatal(err)
	}
	return data.Bytes(), sha256.Sum256(data.Bytes())
}

// sendModel sends a model to the coordinator.
func (s *site) sendModel(file []byte, sum blobs.Sum) blobs.Sum {
	s.t.Helper()
	name, err := s.client.SendModel(s.t.Context(), bytes.NewReader(file))
	if err != nil || name != models.InFile(sum) {
		s.t.Fatalf("the model is called %q: %v", name, err)
	}
	return sum
}

// A model in a file, which has the name of a built-in one, makes on several machines the bytes that it makes at home, of small pictures and of one that is divided. Each
// worker fetches it once, and still has it when it comes again.
func TestModelInAFile(t *testing.T) {
	m, file, sum := changedModel(t)
	options := map[string]string{"model": models.InFile(sum), "format": "png"}
	shelf := pipeline.NewShelf(64 << 20)
	shelf.Files = func([sha256.Size]byte) (*weights.Model, error) {
		named := *m
		named.Name = models.InFile(sum)
		return &named, nil
	}
	var all []sample
	for i := range load(6, 10, 30) {
		all = append(all, picture(t, 70+i, 60+2*i, i))
	}
	large := []sample{picture(t, 600, load(600, 1200, 1800), len(kinds)*len(all))}
	expectWith(t, shelf, all, options)
	expectWith(t, shelf, large, options)
	s := newSite(t, plan{divide: 5e9})
	s.sendModel(file, sum)
	parts := []part{s.workerPart("one"), s.workerPart("two")}
	run := func(all []sample, want int) (workers []*process) {
		for _, p := range parts {
			workers = append(workers, s.start(0, p))
		}
		s.awaitWorkers(len(parts))
		s.submit(all, options)
		s.settle(5 * time.Minute)
		c, err := s.client.Cluster(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range c.Workers {
			if w.Done == 0 {
				t.Errorf("%s has done nothing", w.Name)
			}
		}
		for _, w := range workers {
			if n := strings.Count(w.log.String(), "fetching a model"); n != want {
				t.Errorf("a worker has fetched the model %d times, not %d:\n%s", n, want, w.log.String())
			}
		}
		return workers
	}
	for _, w := range run(append(all, large...), 1) {
		w.signal(syscall.SIGTERM)
	}
	s.awaitWorkers(0)
	run(all, 0)
}
