package worker

import (
	"runtime/metrics"
	"slices"
	"strings"
	"time"

	"classsr/cluster/queue"
	"classsr/cluster/wire"
)

// beatTime is between two beats at most, where the coordinator does not say.
const beatTime = 5 * time.Second

// wake lets a beat tell at once what has changed.
func (s *session) wake() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// beatUntil tells the coordinator, from time to time and when something changes, that the worker lives and what it has, and the queue that the worker
// still has it. It ends with a beat when over is closed.
func (s *session) beatUntil(over <-chan struct{}) {
	every := time.Duration(s.joined.Beat * float64(time.Second))
	if every <= 0 {
		every = beatTime
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		s.beat()
		select {
		case <-over:
			s.beat()
			return
		case <-s.news:
		case <-ticker.C:
			s.keep()
		}
	}
}

// beat beats once.
func (s *session) beat() {
	s.beats++
	b := wire.Beat{Worker: s.joined.Worker, Epoch: s.joined.Epoch, Seq: s.beats, RSS: memory()}
	s.mu.Lock()
	b.Draining = s.draining
	for _, u := range s.units {
		b.Has = append(b.Has, wire.Held{Unit: u.ID, Attempt: u.Attempt, Stage: u.stage, Share: u.share})
		b.Waiting += u.Seconds * (1 - u.share)
	}
	s.mu.Unlock()
	slices.SortFunc(b.Has, func(a, b wire.Held) int { return strings.Compare(a.Unit, b.Unit) })
	if err := s.taker.Beat(b); err != nil {
		s.Log.Debug("a beat was not heard", "error", err.Error())
	}
}

// keep tells the queue that all units are worked on.
func (s *session) keep() {
	s.mu.Lock()
	receipts := map[string]queue.Receipt{}
	for id, u := range s.units {
		receipts[id] = u.receipt
	}
	s.mu.Unlock()
	for id, receipt := range receipts {
		s.told(id, receipt.Working())
	}
}

// memory is about how many bytes of memory the process takes.
func memory() int64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64() - samples[1].Value.Uint64())
}
