package pipeline

import (
	"context"
	"errors"
	"hash/fnv"
	"time"

	"github.com/fsnotify/fsnotify"

	"classsr/fault"
	"classsr/imageio"
	"classsr/pipeline/journal"
)

// Times of watching. A file is taken for complete when it was not written for settled, or, if it seems to be cut short, for patience.
const (
	settled       = time.Second
	patience      = 15 * time.Second
	polling       = 2 * time.Second        // between looks where the system does not tell of changes
	safety        = 30 * time.Second       // between looks where it does: it may lose some
	afterAChange  = 200 * time.Millisecond // more changes usually follow
	scansPerPause = 5                      // pauses are so many times as long as a look takes, so that large folders do not keep a core busy
)

// Watch enlarges the pictures in the folders of a Request, and those that arrive or change, each when it is complete, until ctx is done, which is no
// error. It looks at all files again after the system has told of a change, or every few seconds where it does not tell.
func (p *Pipeline) Watch(ctx context.Context, request *Request, w Watcher) (Summary, error) {
	start := time.Now()
	v := newVigil(p, request, w)
	if n, err := fsnotify.NewWatcher(); err == nil {
		v.notify = n
		defer func() { _ = n.Close() }() // perhaps again; nothing can be lost
	}
	err := v.run(ctx)
	if ctx.Err() != nil {
		err = nil
	}
	v.summary.Seconds = time.Since(start).Seconds()
	return v.summary, err
}

// vigil is a watch that is kept over folders.
type vigil struct {
	pipeline *Pipeline
	request  *Request
	watcher  Watcher
	notify   *fsnotify.Watcher        // nil if the system does not tell of changes
	known    map[uint64]journal.Stamp // of files that were dealt with
	arriving map[uint64]arrival
	told     map[string]bool // errors about folders
	busy     bool            // another run kept this one from its work
	summary  Summary
}

// arrival is a file that may not be complete.
type arrival struct {
	stamp   journal.Stamp
	since   time.Time // when it got this stamp, as far as is known
	checked bool      // it seems to be cut short
}

func newVigil(p *Pipeline, request *Request, w Watcher) *vigil {
	return &vigil{
		pipeline: p, request: request, watcher: w,
		known: map[uint64]journal.Stamp{}, arriving: map[uint64]arrival{}, told: map[string]bool{},
	}
}

func (v *vigil) run(ctx context.Context) error {
	for {
		start := time.Now()
		if err := v.look(ctx); err != nil {
			return err
		}
		if err := v.pause(ctx, v.next(), scansPerPause*time.Since(start)); err != nil {
			return err
		}
	}
}

// look looks at all files and enlarges those that are complete.
func (v *vigil) look(ctx context.Context) error {
	work, err := v.request.Find(ctx)
	if err != nil {
		return err
	}
	v.watchFolders(work.visited)
	failures := work.Failures
	work.Failures = nil
	for _, f := range failures {
		if fault.KindOf(f.Err) != fault.NotFound && !v.told[f.Err.Error()] {
			v.told[f.Err.Error()] = true
			work.Failures = append(work.Failures, f)
		}
	}
	ready := v.ready(work)
	if len(ready) == 0 && len(work.Failures) == 0 {
		return nil
	}
	// What is up to date stays, also with Overwrite: that is for pictures that change.
	w := &patient{Watcher: v.watcher}
	r := &run{looker: looker{Pipeline: v.pipeline, work: work}, watcher: w, only: ready}
	err = r.all(ctx)
	r.journal.Close()
	r.summary.Failed -= len(w.later)
	for _, path := range w.later {
		delete(v.known, pathID(path))
	}
	v.summary.add(r.summary)
	v.busy = fault.KindOf(err) == fault.Busy && ctx.Err() == nil
	if v.busy { // another run writes to the folder: it will end
		for in := range ready {
			delete(v.known, pathID(in.Path()))
		}
		return nil
	}
	return err
}

// watchFolders has the system tell of changes in more folders. Where it cannot, it is not asked any more.
func (v *vigil) watchFolders(folders []string) {
	for _, folder := range folders {
		if v.notify == nil {
			return
		}
		// Again each time, since a folder may have been replaced by another of its name.
		if err := v.notify.Add(folder); err != nil {
			_ = v.notify.Close() // nothing can be lost
			v.notify = nil
			return
		}
	}
}

// ready gives the files that are new, or written again, and complete.
func (v *vigil) ready(work *Work) map[*source]bool {
	now := time.Now()
	ready, arriving, known := map[*source]bool{}, map[uint64]arrival{}, map[uint64]journal.Stamp{}
	for i := range work.folders {
		for k := range work.folders[i].sources {
			in := &work.folders[i].sources[k]
			id, stamp := pathID(in.Path()), journal.Stamp{Size: in.file.Size, Modified: in.file.Modified}
			if v.known[id] == stamp {
				known[id] = stamp
				continue
			}
			a, seen := v.arriving[id]
			if !seen || a.stamp != stamp {
				a = arrival{stamp: stamp, since: now}
				if written := time.Unix(0, stamp.Modified); !seen && written.Before(now) {
					a.since = written // moved here as a whole, or here before
				}
			}
			if v.complete(in, &a, now) {
				known[id], ready[in] = stamp, true
			} else {
				arriving[id] = a
			}
		}
	}
	v.arriving, v.known = arriving, known
	return ready
}

// complete tells whether nobody seems to write a file any more.
func (v *vigil) complete(in *source, a *arrival, now time.Time) bool {
	age := now.Sub(a.since)
	if age < settled || age < patience && a.checked {
		return false
	}
	if age < patience {
		err := imageio.CheckFile(in.Path(), imageio.Limits{})
		if fault.Locked(err) { // look again in a while
			a.since = now
			return false
		}
		a.checked = fault.KindOf(err) == fault.Damaged
	}
	return age >= patience || !a.checked
}

// pathID stands for a path in memory.
func pathID(path string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(path)) // a hash never returns an error
	return h.Sum64()
}

// next is how long it takes until a file may be complete, or until it is time to look anyway.
func (v *vigil) next() time.Duration {
	wait := polling
	if v.notify != nil && !v.busy {
		wait = safety
	}
	for _, a := range v.arriving {
		until := settled
		if a.checked {
			until = patience
		}
		wait = min(wait, time.Until(a.since.Add(until)))
	}
	return max(wait, afterAChange)
}

// pause waits so long, or until something changes, but at least so long.
func (v *vigil) pause(ctx context.Context, most, least time.Duration) error {
	timer := time.NewTimer(max(most, least))
	defer timer.Stop()
	var events chan fsnotify.Event
	var lost chan error
	if v.notify != nil {
		events, lost = v.notify.Events, v.notify.Errors
	}
	changed := false
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			return nil
		case <-events:
		case err := <-lost:
			_ = err // too many changes at once: all files are looked at in any case
		}
		if !changed {
			changed = true
			timer.Reset(min(max(most, least), max(afterAChange, least)))
		}
	}
}

// patient passes on what happens, but for pictures that are written again at this moment, or that another program keeps to itself, as Windows
// allows. Their turn comes later.
type patient struct {
	Watcher
	later []string // their paths
}

func (p *patient) Failed(f Failure) error {
	if errors.Is(f.Err, errChanged) || fault.Locked(f.Err) && kept(f.Input) {
		p.later = append(p.later, f.Input)
		return nil
	}
	return p.Watcher.Failed(f)
}

// kept tells whether another program keeps a picture to itself.
func kept(path string) bool { return fault.Locked(imageio.CheckFile(path, imageio.Limits{})) }

func (s *Summary) add(o Summary) {
	s.Done += o.Done
	s.Skipped += o.Skipped
	s.DoneBefore += o.DoneBefore
	s.Failed += o.Failed
	s.Megapixels += o.Megapixels
}
