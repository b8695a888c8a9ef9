package field

import (
	"testing"
	"time"
)

// fast are the options of most pictures here: there are many.
var fast = map[string]string{"fast": "true"}

// Pictures of all kinds have the same bytes by a cluster as by one process.
func TestFolder(t *testing.T) {
	all := folder(t, load(12, 40, 300), 60, load(100, 200, 200), fast)
	s := newSite(t, plan{ownCores: true})
	s.worker(1, "one")
	s.worker(2, "two")
	s.awaitWorkers(3)
	s.submit(all, fast)
	s.settle(10 * time.Minute)
}
