package coordinator

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"testing"
	"time"

	"classsr/cluster/queue"
	"classsr/cluster/wire"
	"classsr/fault"
)

// puppet is a worker whose every step a test does.
type puppet struct {
	id, epoch string
	queue.Taker
}

func (b *bench) puppet(t *testing.T, name string) *puppet {
	t.Helper()
	joined, err := b.Join(t.Context(), "alice", about(name))
	if err != nil {
		t.Fatal(err)
	}
	taker, err := b.places.Join(joined.Worker, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &puppet{joined.Worker, joined.Epoch, taker}
}

// next takes a unit.
func (p *puppet) next(t *testing.T) wire.Unit {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	u, _, err := p.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Beat(wire.Beat{Worker: p.id, Epoch: p.epoch, Has: []wire.Held{{Unit: u.ID, Stage: wire.Computing}}}); err != nil {
		t.Fatal(err)
	}
	return u
}

// begin has a picture done, and gives what waits for the end.
func (b *bench) begin(t *testing.T, ctx context.Context, p Picture) (end func() (Outcome, error)) { //nolint:revive // as all helpers of tests
	t.Helper()
	type both struct {
		Outcome
		error
	}
	ended := make(chan both, 1)
	go func() {
		o, err := b.Do(ctx, p, nil)
		ended <- both{o, err}
	}()
	return func() (Outcome, error) {
		t.Helper()
		select {
		case e := <-ended:
			return e.Outcome, e.error
		case <-time.After(10 * time.Second):
			t.Fatal("it does not end")
			return Outcome{}, nil
		}
	}
}

// A result that comes for ever keeps nobody waiting when its unit is over, and ends then.
func TestAResultThatComesForEver(t *testing.T) {
	b, _ := start(t, t.TempDir(), 0)
	p := b.puppet(t, "shed")
	ctx, cancel := context.WithCancel(t.Context())
	end := b.begin(t, ctx, b.ordered(t, "1"))
	u := p.next(t)
	from, to := io.Pipe()
	over := make(chan error, 1)
	go func() {
		_, _, err := b.append(u.ID, wire.Query{Worker: p.id}, from)
		over <- err
	}()
	if _, err := to.Write(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := end(); err == nil {
		t.Error("it was done")
	}
	b.until(t, "the unit is over", func() bool { return len(b.units) == 0 })
	go func() { _, _ = to.Write(make([]byte, 1000)) }() // at most this is taken
	select {
	case err := <-over:
		if fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on")
	}
	_ = from.Close()
	b.idle(t)
}

// Two workers have the same unit, each by its own attempt, and so has the queue when it is made anew.
func TestAttemptsOfASecondCopy(t *testing.T) {
	b, _ := start(t, t.TempDir(), 0)
	first := b.puppet(t, "shed")
	end := b.begin(t, t.Context(), b.ordered(t, "1"))
	u := first.next(t)
	second := b.puppet(t, "attic")
	v := second.next(t) // when the first one is late
	if u.ID != v.ID || u.Attempt == v.Attempt {
		t.Errorf("%+v and %+v", u, v)
	}
	given := b.given()
	if a := given[first.id]; len(a) != 1 || a[0].Attempt != u.Attempt {
		t.Errorf("the first one would get %+v", a)
	}
	if a := given[second.id]; len(a) != 1 || a[0].Attempt != v.Attempt {
		t.Errorf("the second one would get %+v", a)
	}
	for i, p := range []*puppet{second, first} {
		stream := packOf(t, v, "enlarged 1", "JOB1")
		_, _, err := b.append(u.ID, wire.Query{Worker: p.id, Last: true}, bytes.NewReader(stream))
		if kind := fault.KindOf(err); (i == 0) != (err == nil) || i == 1 && kind != fault.NotFound {
			t.Errorf("%s: %v", p.id, err)
		}
	}
	if o, err := end(); err != nil || o.Worker != second.id {
		t.Errorf("%+v, %v", o, err)
	}
	b.idle(t)
}

// packOf is a result of pictures, all the same.
func packOf(t *testing.T, u wire.Unit, text string, tasks ...string) []byte {
	t.Helper()
	pack := wire.Pack{Unit: u.ID, Attempt: u.Attempt}
	for _, task := range tasks {
		pack.Files = append(pack.Files, wire.File{Task: task, Role: wire.Result, Bytes: int64(len(text)), Sum: sumOf(text), Ending: ".png", Report: []byte(`{}`)})
	}
	var stream bytes.Buffer
	err := wire.WritePack(&stream, pack, func(int) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader([]byte(text))), nil })
	if err != nil {
		t.Fatal(err)
	}
	return stream.Bytes()
}

// leftovers are files of units.
func (b *bench) leftovers(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(b.Folder, unitsFolder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}
