package field

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"classsr/client"
	"classsr/pipeline"
	"classsr/server/view"
)

// Machines with different processors, which round differently, choose the same classes, and their samples differ by a level at most. So it is with rows of one picture,
// too.
func TestMixed(t *testing.T) {
	options := map[string]string{"model": "fsrcnn-x4", "budget": "60"}
	s := newSite(t, plan{divide: 8e9})
	s.worker(0, "plain", "CLASSSR_KERNEL=generic")
	quick := s.worker(0, "quick", "CLASSSR_KERNEL=avx2")
	select {
	case <-quick.over:
		t.Skipf("there is no second processor here:\n%s", quick.story())
	case <-time.After(500 * time.Millisecond):
	}
	s.awaitWorkers(2)
	var all []sample
	for i := range load(6, 10, 30) {
		all = append(all, picture(t, 70+i, 60+2*i, len(kinds)*i)) // plain PNGs
	}
	all = append(all, picture(t, 320, load(450, 600, 600), len(kinds)*len(all)))
	s.submit(all, options)
	s.awaitDone(len(all), 5*time.Minute)
	shelf, kernels := pipeline.NewShelf(64<<20), map[string]bool{}
	for id, j := range s.jobs() {
		path, alone := enlarge(t, s.accepted[id], options, shelf)
		var r pipeline.Result
		if err := json.Unmarshal(j.Report, &r); err != nil || j.State != client.Done {
			t.Fatalf("%s: %v %v", j.State, j.Error, err)
		}
		if !slices.Equal(r.Classes, alone.Classes) || len(r.Classes) < 2 {
			t.Errorf("%s: classes %v, by one process %v", j.Name, r.Classes, alone.Classes)
		}
		kernels[r.Kernel] = true
		one, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var cluster bytes.Buffer
		if err := s.client.Result(t.Context(), id, &cluster); err != nil {
			t.Fatal(err)
		}
		if most := difference(t, cluster.Bytes(), one); most > 1 {
			t.Errorf("%s: samples are %d levels apart", j.Name, most)
		}
		s.compareMaps(id, alone)
	}
	if !kernels["generic"] || !kernels["avx2"] {
		t.Errorf("not all workers have done something: %v", kernels)
	}
	c, err := s.client.Cluster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range c.Workers {
		t.Logf("%s: %s, %d units", w.Name, w.Kernel, w.Done)
	}
}

// difference is how many levels two pictures differ by at most.
func difference(t *testing.T, a, b []byte) (most int) {
	t.Helper()
	x, y := samples(t, a), samples(t, b)
	if len(x) != len(y) || len(x) == 0 {
		t.Fatalf("%d samples, and %d", len(x), len(y))
	}
	for i := range x {
		most = max(most, int(x[i])-int(y[i]), int(y[i])-int(x[i]))
	}
	return most
}

func samples(t *testing.T, data []byte) []uint8 {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	rgb, ok := m.(*image.RGBA)
	if !ok {
		t.Fatalf("a picture of another kind: %T", m)
	}
	return rgb.Pix
}

// compareMaps sees that the map of classes of a job is that of one process.
func (s *site) compareMaps(id string, alone *pipeline.Result) {
	s.t.Helper()
	want := filepath.Join(scratch, "map.png")
	if made, err := view.SaveMap(alone.Route, want); err != nil || !made {
		s.t.Fatalf("there is no map: %v", err)
	}
	a, err := os.ReadFile(want)
	if err != nil {
		s.t.Fatal(err)
	}
	found, _ := filepath.Glob(filepath.Join(s.data(), "results", "*", id+view.MapEnding))
	if len(found) != 1 {
		s.t.Fatalf("maps: %v", found)
	}
	if b, err := os.ReadFile(found[0]); err != nil || !bytes.Equal(a, b) {
		s.t.Errorf("the map of %s is another one: %v", s.accepted[id].name, err)
	}
}
