package worker

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"classsr/cluster/queue"
	"classsr/cluster/wire"
)

// unit is a unit that the worker has. It is passed on from goroutine to goroutine; the last one ends it.
type unit struct {
	wire.Unit
	folder string
	ctx    context.Context //nolint:containedctx // it ends when the unit is to be forgotten
	cancel context.CancelFunc

	files []wire.File // of its input, which is in the folder
	at    int64       // bytes of its result that were sent

	until atomic.Int64 // the row before which a unit of rows ends, as far as it was told

	// Guarded by the session.
	receipt queue.Receipt
	stage   wire.Stage
	share   float64
}

// input is the path of a file of the input.
func (u *unit) input(i int) string { return filepath.Join(u.folder, "in"+strconv.Itoa(i)) }

// output is the path of a file of the result.
func (u *unit) output(i int, ending string) string {
	return filepath.Join(u.folder, "out"+strconv.Itoa(i)+ending)
}

// shorten lets a unit of rows end earlier.
func (u *unit) shorten(until int) {
	for now := u.until.Load(); int64(until) < now; now = u.until.Load() {
		if u.until.CompareAndSwap(now, int64(until)) {
			return
		}
	}
}

// query begins what is asked about a unit.
func (s *session) query(u *unit) wire.Query {
	return wire.Query{Worker: s.joined.Worker, Attempt: u.Attempt}
}

// hold makes a unit that has come one of the worker's. It gives nil if it is one already, or none that the worker is to have.
func (s *session) hold(w wire.Unit, receipt queue.Receipt) *unit {
	s.mu.Lock()
	old := s.units[w.ID]
	known := old != nil && old.Attempt == w.Attempt
	var u *unit
	switch {
	case known:
		old.receipt = receipt // it came again, since the queue has not heard of it for a while
	case s.draining || w.Epoch != s.joined.Epoch || old != nil && old.Attempt > w.Attempt:
	default:
		if old != nil {
			s.drop(old)
		}
		u = s.newUnit(w, receipt)
	}
	s.mu.Unlock()
	switch {
	case known:
		s.told(w.ID, receipt.Working())
	case u == nil:
		s.told(w.ID, receipt.Done())
	}
	return u
}

// told notes that the queue could not be told of a unit, which does no harm.
func (s *session) told(unit string, err error) {
	if err != nil {
		s.Log.Debug("the queue was not told of a unit", "unit", unit, "error", err.Error())
	}
}

func (s *session) newUnit(w wire.Unit, receipt queue.Receipt) *unit {
	s.taken++
	u := &unit{Unit: w, folder: filepath.Join(s.Folder, strconv.Itoa(s.taken)), receipt: receipt, stage: wire.Fetching}
	u.until.Store(math.MaxInt64)
	u.ctx, u.cancel = context.WithCancel(s.working)
	s.units[w.ID] = u
	s.wake()
	return u
}

// enter says how far a unit has come. It is false if the unit is to be forgotten.
func (s *session) enter(u *unit, stage wire.Stage) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.ctx.Err() != nil {
		return false
	}
	if u.stage != stage {
		u.stage = stage
		s.wake()
	}
	return true
}

// progress says which share of a unit is computed.
func (s *session) progress(u *unit, share float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u.share = min(max(u.share, share), 1)
}

// drop forgets a unit: the coordinator hears no more of it, and the goroutine that has it ends it. To be called with mu held.
func (s *session) drop(u *unit) {
	u.cancel()
	if s.units[u.ID] == u {
		delete(s.units, u.ID)
		s.wake()
	}
}

// end ends a unit, whatever became of it.
func (s *session) end(u *unit) {
	s.mu.Lock()
	s.drop(u)
	receipt := u.receipt
	s.mu.Unlock()
	s.told(u.ID, receipt.Done())
	if err := os.RemoveAll(u.folder); err != nil {
		s.Log.Warn("files of a unit stay", "unit", u.ID, "error", err.Error())
	}
}
