package worker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"classsr/budget"
	"classsr/cluster/queue"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/internal/par"
	"classsr/server/blobs"
)

const (
	memory300 = 300 << 20
	me        = "shed-attic"
	epoch     = "e1"
)

// desk is a coordinator for tests, and a Transport to it within the process.
type desk struct {
	t      *testing.T
	memory *queue.Memory

	mu      sync.Mutex
	changed *sync.Cond
	units   map[string]*asked
	beats   []wire.Beat
	joins   int
	left    []string
	fetched int                  // models
	models  map[blobs.Sum][]byte // in files
	// hook, if not nil, is asked before anything is done: join, input, model, append or fail.
	hook     func(what, unit string, q wire.Query) error
	blockers []*blocker
}

// asked is a unit that the worker is asked to do.
type asked struct {
	input  []byte
	result []byte
	until  int
	last   *wire.Query   // with what it was completed
	failed *wire.Problem // why it was not
	puts   int
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, units: map[string]*asked{}}
	d.changed = sync.NewCond(&d.mu)
	d.memory = queue.NewMemory(queue.Heard{Beat: func(b wire.Beat) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.beats = append(d.beats, b)
		d.changed.Broadcast()
	}})
	return d
}

// await waits until something is so.
func (d *desk) await(what string, so func() bool) {
	d.t.Helper()
	late := false
	defer time.AfterFunc(60*time.Second, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		late = true
		d.changed.Broadcast()
	}).Stop()
	d.mu.Lock()
	defer d.mu.Unlock()
	for !so() {
		if late {
			for _, b := range d.blockers {
				b.free()
			}
			d.t.Fatalf("%s: it did not happen", what)
		}
		d.changed.Wait()
	}
}

// over waits until a unit has ended.
func (d *desk) over(unit string) asked {
	d.t.Helper()
	d.await(unit+" ends", func() bool { return d.units[unit].last != nil || d.units[unit].failed != nil })
	d.mu.Lock()
	defer d.mu.Unlock()
	return *d.units[unit]
}

// has waits until the worker says that it has those units and no others.
func (d *desk) has(units ...string) {
	d.t.Helper()
	d.await("the worker has the units", func() bool {
		if len(d.beats) == 0 || len(d.beats[len(d.beats)-1].Has) != len(units) {
			return false
		}
		for i, held := range d.beats[len(d.beats)-1].Has {
			if held.Unit != units[i] {
				return false
			}
		}
		return true
	})
}

func (d *desk) ask(what, unit string, q wire.Query) (*asked, error) {
	if hook := d.hooked(); hook != nil {
		if err := hook(what, unit, q); err != nil {
			return nil, err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	u := d.units[unit]
	if u == nil || u.last != nil || u.failed != nil || q.Worker != me {
		return nil, fault.New(fault.NotFound, "unit %s is not that worker's", unit)
	}
	return u, nil
}

func (d *desk) hooked() func(string, string, wire.Query) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.hook
}

func (d *desk) Join(ctx context.Context, _ wire.About) (wire.Joined, error) {
	if hook := d.hooked(); hook != nil {
		if err := hook("join", "", wire.Query{}); err != nil {
			return wire.Joined{}, err
		}
	}
	l, err := d.memory.Open(ctx, me)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.joins++
	d.changed.Broadcast()
	return wire.Joined{Worker: me, Epoch: epoch, Login: l, Beat: 0.05}, err
}

func (d *desk) Leave(ctx context.Context, worker string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left = append(d.left, worker)
	return ctx.Err()
}

func (d *desk) Input(ctx context.Context, unit string, q wire.Query, to io.Writer) error {
	u, err := d.ask("input", unit, q)
	if err != nil {
		return err
	}
	if _, err := to.Write(u.input); err != nil {
		return err
	}
	return ctx.Err()
}

func (d *desk) Model(_ context.Context, unit string, q wire.Query, sum blobs.Sum, to io.Writer) error {
	if _, err := d.ask("model", unit, q); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fetched++
	file, there := d.models[sum]
	if !there {
		return fault.New(fault.Conflict, "it is gone")
	}
	_, err := to.Write(file)
	return err
}

func (d *desk) Append(_ context.Context, unit string, q wire.Query, body io.ReadSeeker) (int, error) {
	u, err := d.ask("append", unit, q)
	if err != nil {
		return 0, err
	}
	data, err := io.ReadAll(body)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil || q.Offset != int64(len(u.result)) {
		return 0, fault.New(fault.Conflict, "%d bytes are there, not %d (%w)", len(u.result), q.Offset, err)
	}
	u.result = append(u.result, data...)
	u.puts++
	if q.Last {
		u.last = &q
	}
	d.changed.Broadcast()
	return u.until, nil
}

func (d *desk) Fail(_ context.Context, unit string, q wire.Query, p wire.Problem) error {
	u, err := d.ask("fail", unit, q)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	u.failed = &p
	d.changed.Broadcast()
	return nil
}

// options are those of a worker of the desk.
func (d *desk) options() Options {
	return Options{
		About: wire.About{Name: "attic"}, Transport: d, Folder: filepath.Join(d.t.TempDir(), "units"), Budget: budget.New(memory300, 2), Grace: time.Minute,
		Log: slog.New(slog.NewTextHandler(d.t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
		Queue: func(_ context.Context, j wire.Joined, told func(wire.Tell)) (queue.Taker, error) {
			return d.memory.Join(j.Worker, told)
		},
		sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
}

// start starts a worker, and waits until it has joined. end lets it end, and gives what Run returned.
func (d *desk) start(o Options) (end func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	wait := par.Start(1, func(int) error { return Run(ctx, o) })
	end = sync.OnceValue(func() error {
		cancel()
		return wait()
	})
	d.t.Cleanup(func() {
		if err := end(); err != nil {
			d.t.Errorf("the worker: %v", err)
		}
		if reserved, _ := o.Budget.InUse(); reserved != 0 {
			d.t.Errorf("%d bytes are still reserved", reserved)
		}
		if left, err := filepath.Glob(filepath.Join(o.Folder, "*")); err != nil || len(left) != 0 {
			d.t.Errorf("there are still %v (%v)", left, err)
		}
	})
	d.await("the worker beats", func() bool { return len(d.beats) > 0 })
	return end
}

// content is a file of a pack.
type content struct {
	wire.File
	data []byte
}

// pack makes the input of a unit.
func (d *desk) pack(unit string, files ...content) []byte {
	d.t.Helper()
	p := wire.Pack{Unit: unit}
	for _, f := range files {
		f.Bytes = int64(len(f.data))
		if f.Role != wire.Samples {
			f.Sum = blobs.Sum(sha256.Sum256(f.data))
		}
		p.Files = append(p.Files, f.File)
	}
	var b bytes.Buffer
	err := wire.WritePack(&b, p, func(i int) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files[i].data)), nil })
	if err != nil {
		d.t.Fatal(err)
	}
	return b.Bytes()
}

// give gives the worker a unit with that input.
func (d *desk) give(unit string, kind wire.Kind, input []byte) {
	d.t.Helper()
	d.mu.Lock()
	d.units[unit] = &asked{input: input}
	d.mu.Unlock()
	u := wire.Unit{ID: unit, Epoch: epoch, Kind: kind, Bytes: int64(len(input)), Seconds: 1}
	if err := d.memory.Give(d.t.Context(), me, u); err != nil {
		d.t.Fatal(err)
	}
}

// unpack reads the result of a unit of pictures: files, and what they hold. An error is what a coordinator has against it.
func (a *asked) unpack() (files []wire.File, data [][]byte, err error) {
	err = wire.ReadPack(bytes.NewReader(a.result), 1<<30, nil, func(f wire.File, r io.Reader) error {
		all, err := io.ReadAll(r)
		files, data = append(files, f), append(data, all)
		return err
	})
	return files, data, err
}

// blocker lets the worker come to a place, and no further until it is let free.
type blocker struct {
	reached, leave chan struct{}
	once, freed    sync.Once
}

func (d *desk) newBlocker() *blocker {
	b := &blocker{reached: make(chan struct{}), leave: make(chan struct{})}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.blockers = append(d.blockers, b)
	return b
}

// here is called at the place. Only the first call waits.
func (b *blocker) here() {
	b.once.Do(func() {
		close(b.reached)
		<-b.leave
	})
}

func (b *blocker) free() { b.freed.Do(func() { close(b.leave) }) }
