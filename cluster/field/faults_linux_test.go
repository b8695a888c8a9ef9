package field

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"
)

// fault is something that goes wrong while a cluster works.
type fault struct {
	name string
	plan plan
	// happen lets it happen, and ends it.
	happen func(t *testing.T, b *battle)
}

// battle is a cluster with three workers to which something happens.
type battle struct {
	*site
	workers []*process
}

var faults = []fault{
	{name: "a worker is killed", happen: func(_ *testing.T, b *battle) { b.workers[0].kill() }},
	{name: "the coordinator is killed", happen: func(_ *testing.T, b *battle) {
		b.coordinator.kill()
		b.startCoordinator()
	}},
}

const (
	lease = 3 * time.Second
	// divide lets the larger picture of a fault be divided, and the others not.
	divide = 60e9
)

// whole are the options of pictures that are computed in full, so that it takes a while.
var whole = map[string]string{"model": "carn-x4", "mode": "full"}

// Whatever goes wrong during work, it ends by itself: nothing is lost, nothing is wrong, nothing is done twice, and nothing is left.
func TestFaults(t *testing.T) {
	large := []sample{picture(t, load(400, 400, 600), load(400, 600, 900), 0)}
	expect(t, large, whole)
	all := append(large, folder(t, load(6, 20, 40), 60, load(80, 120, 200), whole)...)
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			for range load(1, 1, 10) {
				f.try(t, all)
			}
		})
	}
}

// notDivided tells that no rows have come, as yet or any more.
func (b *battle) notDivided() string {
	if files, _ := filepath.Glob(filepath.Join(b.data(), "cluster/rows/*/*/*")); len(files) == 0 {
		return "no rows have come"
	}
	return ""
}

// try lets a fault happen once.
func (f fault) try(t *testing.T, all []sample) {
	t.Helper()
	p := f.plan
	if p.lease == 0 {
		p.lease = lease
	}
	p.divide = divide
	b := &battle{site: newSite(t, p)}
	for i := range 3 {
		b.workers = append(b.workers, b.worker(i, fmt.Sprintf("w%d", i)))
	}
	b.awaitWorkers(len(b.workers))
	begun := time.Now()
	b.submit(all, whole)
	b.await(time.Minute, b.notDivided)
	time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
	if b.notDivided() != "" {
		t.Error("the picture in rows was done before something happened")
	}
	f.happen(t, b)
	b.settle(5 * time.Minute)
	t.Logf("%s: %d pictures in %.1f s", f.name, len(all), time.Since(begun).Seconds())
}
