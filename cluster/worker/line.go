package worker

import (
	"sync"
	"time"

	"classsr/cluster/wire"
)

const (
	// rawSpeed is from how many bytes a second on rows are sent as they are: then coding them takes longer than sending more.
	rawSpeed = 150e6
	// probeSpeed is from how many coded bytes a second on the line may be as fast as that: what the other end takes for decoding is in the figure, too.
	probeSpeed = 40e6
	probeEach  = 64      // bands that are coded between two that try
	leastBytes = 1 << 18 // shorter messages tell nothing about speed
	newShare   = 0.3     // of the last message in the mean
)

// line knows how fast bands of rows go to the coordinator, and so how to code them. It is safe for concurrent use.
type line struct {
	near bool // the coordinator is on this machine: nothing is gained by sending less

	mu    sync.Mutex
	speed [2]float64 // bytes a second, by coding; 0: not known
	coded int        // bands since the last that was sent as it was
}

// coding is that of the next band.
func (l *line) coding() byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.near {
		return wire.Raw
	}
	raw, coded := l.speed[wire.Raw], l.speed[wire.S2]
	if raw >= rawSpeed || coded >= rawSpeed || coded >= probeSpeed && (raw == 0 || l.coded >= probeEach) {
		l.coded = 0
		return wire.Raw
	}
	l.coded++
	return wire.S2
}

// sent says how long a message took.
func (l *line) sent(bytes int64, took time.Duration, coding byte) {
	if bytes < leastBytes || took <= 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	speed := float64(bytes) / took.Seconds()
	if old := l.speed[coding]; old > 0 {
		speed = old + newShare*(speed-old)
	}
	l.speed[coding] = speed
}
