package coordinator

import (
	"context"
	"encoding/json"
	"path/filepath"

	"classsr/cluster/schedule"
	"classsr/internal/atomicfile"
	"classsr/server/blobs"
)

// Picture is a stored picture that is to be enlarged as a whole.
type Picture struct {
	Job    string // what its result is called in the store
	Sum    blobs.Sum
	Bytes  int64
	Name   string // as it was uploaded
	Ending string // of the result
	Order  map[string]string
	Cost   float64 // canonical seconds
	Most   int64   // bytes that the result takes at most, about; 0: it is not known
	Width  int     // of the result, in pixels; 0: it is not known
	Height int
	Frames int // of a video (y4m); 0 for pictures
	// Apart keeps it out of this process, which may have ended with it.
	Apart bool
	// Here, if not nil, is called before this process begins with it. It may take a moment, and may be called when nobody waits any more.
	Here func()
	// File, if not empty, is where the picture is in place of the store, and Output where its result is to be, which has no other files.
	File, Output string
}

// output is where a file of the result is to be.
func (c *Coordinator) output(p *Picture, ending string) string {
	if p.Output != "" {
		return p.Output
	}
	return c.Store.Result(p.Job, ending)
}

// pictureFile is where the picture is.
func (c *Coordinator) pictureFile(p *Picture) string {
	if p.File != "" {
		return p.File
	}
	return c.Store.Picture(p.Sum)
}

// Outcome is what became of it. The files are in the store.
type Outcome struct {
	Sum    blobs.Sum // of the result
	Bytes  int64
	Map    bool // there is a map of classes
	Report json.RawMessage
	Worker string
}

// whole is a picture that somebody waits for.
type whole struct {
	Picture
	told  func(share float64)
	ended chan ended // has room for one
	wrong error      // what a worker said that is the picture's fault
}

// ended is what is told to whoever waits.
type ended struct {
	outcome Outcome
	err     error
}

func (w *whole) die(err error) { w.ended <- ended{err: err} }

const (
	// copies is how often a result may be on the disk besides where it is to be: in what comes from a worker, and where this process's own one has computed it.
	copies = 2
	// reportHead is about how many bytes tell more of a result than of the picture: its report, and its view and map.
	reportHead = 2 << 10
)

// Do has a whole picture enlarged by some machine, whose files are in the store then. told, which may be nil, is told of its progress and must not block. Errors that
// are the picture's have the kinds of the pipeline's; ErrNobody means that no machine could do it, jobs.Failures that several tried. It returns ctx's error if ctx is done.
func (c *Coordinator) Do(ctx context.Context, p Picture, told func(share float64)) (Outcome, error) {
	w := &whole{Picture: p, told: told, ended: make(chan ended, 1)}
	head, err := c.readable(w)
	if err != nil {
		return Outcome{}, err
	}
	give, err := c.Store.Reserve(copies * p.Most)
	if err != nil {
		c.Log.Warn("a picture is computed here: what comes from other machines has no room on the disk", "job", p.Job, "error", err.Error())
		return Outcome{}, ErrNobody
	}
	defer give()
	if err := c.add(p.Job, w, schedule.Task{ID: p.Job, Cost: p.Cost, Bytes: p.Bytes, Head: head + reportHead, Apart: p.Apart}); err != nil {
		return Outcome{}, err
	}
	select {
	case e := <-w.ended:
		return c.lasting(p, e)
	case <-ctx.Done():
	}
	if !c.remove(p.Job) { // it has ended meanwhile
		return c.lasting(p, <-w.ended)
	}
	return Outcome{}, ctx.Err()
}

// lasting gives an outcome when the names of its files are on disk.
func (c *Coordinator) lasting(p Picture, e ended) (Outcome, error) {
	if e.err == nil && p.Output == "" {
		e.err = disk(atomicfile.SyncFolder(filepath.Dir(c.Store.Result(p.Job, p.Ending))))
	}
	return e.outcome, e.err
}

// add puts a task in line.
func (c *Coordinator) add(id string, t task, about schedule.Task) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.schedule.Add(c.now(), about); err != nil {
		return err
	}
	c.tasks[id] = t
	c.wake()
	return nil
}

// remove takes a task away, and tells whether it was there.
func (c *Coordinator) remove(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tasks[id] == nil {
		return false
	}
	delete(c.tasks, id)
	c.schedule.Remove(c.now(), id)
	c.wake()
	return true
}
