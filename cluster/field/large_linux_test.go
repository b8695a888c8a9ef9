package field

import (
	"testing"
	"time"
)

// Rows of a large picture, computed by three workers, make the bytes that one process makes, and the coordinator takes no more memory than it may, however large the
// picture is.
func TestLarge(t *testing.T) {
	for _, model := range load([]string{"fsrcnn-x4"}, []string{"fsrcnn-x4"}, []string{"fsrcnn-x4", "span-x4"}) {
		t.Run(model, func(t *testing.T) { tryLarge(t, model) })
	}
}

func tryLarge(t *testing.T, model string) {
	t.Helper()
	const besides = 60 << 20
	options := map[string]string{"model": model, "mode": "full", "format": "png"}
	p := plan{divide: load[float64](5e9, 10e9, 300e9), memory: load[int64](200<<20, 200<<20, 400<<20)}
	width, height := load(600, 1200, 5000), load(600, 1800, 3750)
	all := []sample{picture(t, width, height, 1)}
	expect(t, all, options)
	s := newSite(t, p)
	for _, name := range []string{"one", "two", "three"} {
		s.worker(0, name)
	}
	s.awaitWorkers(3)
	begun := time.Now()
	s.submit(all, options)
	most := int64(0)
	s.await(10*time.Minute, func() string {
		most = max(most, s.coordinator.resident())
		for _, j := range s.jobs() {
			if !j.State.Over() {
				return "it is not done"
			}
		}
		return ""
	})
	s.settle(time.Minute)
	c, err := s.client.Cluster(t.Context())
	if err != nil || c.Done < 2 {
		t.Errorf("it was not divided: %+v %v", c, err)
	}
	if most > s.memory+besides {
		t.Errorf("the coordinator had %d MB resident, %d allowed", most>>20, (s.memory+besides)>>20)
	}
	t.Logf("%dx%d in %.1f s by %d units, the coordinator had at most %d MB resident with --memory %d MB", 4*width, 4*height, time.Since(begun).Seconds(), c.Done, most>>20, s.memory>>20)
}
