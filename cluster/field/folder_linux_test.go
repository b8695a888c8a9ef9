package field

import (
	"testing"
	"time"
)

// fast are the options of pictures of which there are many.
var fast = map[string]string{"fast": "true"}

// Pictures of all kinds have the same bytes by a cluster of three hosts as by one process.
func TestFolder(t *testing.T) {
	p := plan{ownCores: true}
	if load(false, true, true) {
		p.net = newNet(t, hosts)
	}
	tryFolder(t, p)
}

// And so they have where the queue is a nats-server elsewhere: CLASSSR_NATS_SERVER (see make nats-server), or one like ours in a process of its own.
func TestOutside(t *testing.T) {
	p := plan{ownCores: true, outside: true}
	if load(false, true, true) {
		p.net = newNet(t, hosts)
	}
	tryFolder(t, p)
}

func tryFolder(t *testing.T, p plan) {
	t.Helper()
	all := folder(t, load(12, 40, 300), 60, load(100, 200, 200), fast)
	s := newSite(t, p)
	s.worker(1, "one")
	s.worker(2, "two")
	s.awaitWorkers(3)
	begun := time.Now()
	s.submit(all, fast)
	s.settle(10 * time.Minute)
	t.Logf("%d pictures in %.1f s", len(all), time.Since(begun).Seconds())
}
