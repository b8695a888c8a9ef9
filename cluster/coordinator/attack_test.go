package coordinator

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"classsr/cluster/queue"
	"classsr/cluster/schedule"
	"classsr/cluster/wire"
	"classsr/fault"
)

// puppet is a worker whose every step a test does.
type puppet struct {
	id, epoch string
	queue.Taker
	has []wire.Held
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
	return &puppet{id: joined.Worker, epoch: joined.Epoch, Taker: taker}
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
	p.has = append(p.has, wire.Held{Unit: u.ID, Stage: wire.Computing})
	if err := p.Beat(wire.Beat{Worker: p.id, Epoch: p.epoch, Has: p.has}); err != nil {
		t.Fatal(err)
	}
	return u
}

// begin has a picture done, and gives what waits for the end.
func (b *bench) begin(t *testing.T, ctx context.Context, p Picture) (end func() (Outcome, error)) {
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

// Whoever asks for a picture hears when this process is about to begin with it, and not when another one is.
func TestPicturesThatThisProcessBeginsWith(t *testing.T) {
	b, _ := start(t, t.TempDir(), 0)
	joined, err := b.Local().Join(t.Context(), about("studio"))
	if err != nil {
		t.Fatal(err)
	}
	taker, err := b.own.Join(joined.Worker, nil)
	if err != nil {
		t.Fatal(err)
	}
	here := &puppet{id: joined.Worker, epoch: joined.Epoch, Taker: taker}
	for i, begin := range []func() *puppet{func() *puppet { return here }, func() *puppet { return b.puppet(t, "shed") }} {
		p := begin()
		var told atomic.Int32
		x := b.ordered(t, strconv.Itoa(i))
		x.Here, x.Apart = func() { told.Add(1) }, i == 1
		end := b.begin(t, t.Context(), x)
		u := p.next(t)
		if got := told.Load(); got != int32(1-i) {
			t.Errorf("%s: told %d times", p.id, got)
		}
		if _, _, err := b.append(u.ID, wire.Query{Worker: p.id, Last: true}, bytes.NewReader(packOf(t, u, "enlarged", x.Job))); err != nil {
			t.Error(err)
		}
		if _, err := end(); err != nil {
			t.Error(err)
		}
	}
	b.idle(t)
}

// Two workers have the same unit, each by its own attempt, and so has the queue when it is made anew.
func TestAttemptsOfASecondCopy(t *testing.T) {
	t.Parallel()
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

// A unit that is given when the queue is about to be made anew is in it afterwards.
func TestAUnitThatIsGivenBeforeTheQueueIsMadeAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := start(t, t.TempDir(), 0)
		p := b.puppet(t, "shed")
		var end func() (Outcome, error)
		before := func() {
			end = b.begin(t, t.Context(), b.ordered(t, "1"))
			synctest.Wait() // until it was given
		}
		b.places.before.Store(&before)
		b.renew.Store(true)
		time.Sleep(2 * renewPause)
		u := p.next(t)
		if _, _, err := b.append(u.ID, wire.Query{Worker: p.id, Last: true}, bytes.NewReader(packOf(t, u, "enlarged", "JOB1"))); err != nil {
			t.Error(err)
		}
		if _, err := end(); err != nil {
			t.Error(err)
		}
		b.idle(t)
	})
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

// gate is a store that keeps the first who stores a result waiting.
type gate struct {
	shelf
	passed    atomic.Bool
	at, leave chan bool
}

func (g *gate) Result(job, ending string) string {
	if !g.passed.Swap(true) {
		g.at <- true
		<-g.leave
	}
	return g.shelf.Result(job, ending)
}

// The result of a worker that loses its unit while that is taken does not take the place of another one's.
func TestAResultThatIsOvertaken(t *testing.T) {
	b, _ := start(t, t.TempDir(), 0)
	g := &gate{shelf: b.shelf, at: make(chan bool), leave: make(chan bool)}
	b.Store = g
	late := b.puppet(t, "shed")
	end := b.begin(t, t.Context(), b.ordered(t, "1"))
	u := late.next(t)
	over := make(chan error, 1)
	go func() {
		_, _, err := b.append(u.ID, wire.Query{Worker: late.id, Last: true}, bytes.NewReader(packOf(t, u, "late", "JOB1")))
		over <- err
	}()
	<-g.at
	b.mu.Lock()
	b.leave(b.members[late.id])
	b.mu.Unlock()
	quick := b.puppet(t, "attic")
	u = quick.next(t)
	if _, _, err := b.append(u.ID, wire.Query{Worker: quick.id, Last: true}, bytes.NewReader(packOf(t, u, "quick", "JOB1"))); err != nil {
		t.Error(err)
	}
	if o, err := end(); err != nil || o.Sum != sumOf("quick") {
		t.Error(o, err)
	}
	close(g.leave)
	if err := <-over; fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
	if text, err := os.ReadFile(b.Result("JOB1", ".png")); err != nil || string(text) != "quick" {
		t.Errorf("%q, %v", text, err)
	}
	b.idle(t)
}

// What is wrong with a machine is not taken for the picture's own fault, and a machine that sends without end is stopped.
func TestFailuresThatAreTheMachines(t *testing.T) {
	t.Parallel()
	b, _ := start(t, t.TempDir(), 0)
	bad := b.puppet(t, "shed")
	picture := b.ordered(t, "1")
	picture.Most = 100
	end := b.begin(t, t.Context(), picture)
	u := bad.next(t)
	pack := wire.Pack{Unit: u.ID, Files: []wire.File{{Task: "JOB1", Role: wire.Result, Error: wire.ProblemOf(os.ErrNotExist, false)}}}
	var stream bytes.Buffer
	if err := wire.WritePack(&stream, pack, nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.append(u.ID, wire.Query{Worker: bad.id, Last: true}, &stream); err != nil {
		t.Error(err)
	}
	fat := b.puppet(t, "barn")
	u = fat.next(t)
	if _, _, err := b.append(u.ID, wire.Query{Worker: fat.id}, io.LimitReader(zeros{}, 1<<40)); fault.KindOf(err) != fault.TooLarge {
		t.Error(err)
	}
	for u = bad.next(t); ; u = bad.next(t) {
		if _, _, err := b.append(u.ID, wire.Query{Worker: bad.id, Last: true}, bytes.NewReader(packOf(t, u, "enlarged", "JOB1"))); err == nil {
			break
		}
	}
	if _, err := end(); err != nil {
		t.Error(err)
	}
	b.idle(t)
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// A picture that is gone from the store ends by itself: the others of its unit are done.
func TestAPictureThatIsGone(t *testing.T) {
	t.Parallel()
	b, _ := start(t, t.TempDir(), 0)
	gone := b.ordered(t, "1")
	ends := []func() (Outcome, error){b.begin(t, t.Context(), gone), b.begin(t, t.Context(), b.ordered(t, "2"))}
	b.until(t, "both wait", func() bool { return len(b.tasks) == 2 })
	if err := os.Remove(b.Picture(gone.Sum)); err != nil {
		t.Fatal(err)
	}
	b.join(t, &hand{gives: true}, "shed")
	if _, err := ends[0](); fault.KindOf(err) != fault.Damaged {
		t.Error(err)
	}
	if _, err := ends[1](); err != nil {
		t.Error(err)
	}
	if _, err := b.Do(t.Context(), gone, nil); fault.KindOf(err) != fault.Damaged {
		t.Error(err)
	}
	odd := b.ordered(t, "3")
	odd.Name = "no/name"
	if _, err := b.Do(t.Context(), odd, nil); !errors.Is(err, ErrNobody) {
		t.Error(err)
	}
	b.idle(t)
}

// A mistake while the input of a unit is made ends what it is part of, and nothing else.
func TestAMistakeWhileAnInputIsMade(t *testing.T) {
	b, _ := start(t, t.TempDir(), 0)
	b.join(t, &hand{}, "shed")
	e := &enlarging{c: b.Coordinator, id: "rows-0", ctx: t.Context(), news: make(chan struct{}, 1)} // without a picture
	rows := &schedule.Rows{Cuts: []int{10}, Cost: []float64{1}}
	if err := b.add(e.id, e, schedule.Task{ID: e.id, Rows: rows}); err != nil {
		t.Fatal(err)
	}
	<-e.news
	if _, err := e.next(); fault.KindOf(err) != fault.Internal {
		t.Error(err)
	}
	if errs := b.all(t, 3, nil); len(errs) > 0 {
		t.Error(errs)
	}
	b.idle(t)
}

// The result of a unit of which a picture was cancelled is as right as before.
func TestAPictureThatIsCancelledAmongOthers(t *testing.T) {
	t.Parallel()
	b, _ := start(t, t.TempDir(), 0)
	ctx, cancel := context.WithCancel(t.Context()) // of the first
	var ends []func() (Outcome, error)
	for i, cost := range []float64{0.01, 0.01, 100} { // the third makes it worth while to give the others together
		x := b.ordered(t, strconv.Itoa(i+1))
		x.Cost = cost
		ends = append(ends, b.begin(t, ctx, x))
		b.until(t, "it waits", func() bool { return len(b.tasks) == i+1 })
		ctx = t.Context()
	}
	p := b.puppet(t, "shed")
	u, v := p.next(t), p.next(t) // in any order
	if u.Seconds > v.Seconds {
		u, v = v, u
	}
	cancel()
	if _, err := ends[0](); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, _, err := b.append(u.ID, wire.Query{Worker: p.id, Last: true}, bytes.NewReader(packOf(t, u, "enlarged", "JOB1", "JOB2"))); err != nil {
		t.Error(err)
	}
	if _, err := ends[1](); err != nil {
		t.Error(err)
	}
	if _, _, err := b.append(v.ID, wire.Query{Worker: p.id, Last: true}, bytes.NewReader(packOf(t, v, "enlarged", "JOB3"))); err != nil {
		t.Error(err)
	}
	if _, err := ends[2](); err != nil {
		t.Error(err)
	}
	if s := b.Status(); s.Wrong != 0 || s.Failed != 0 {
		t.Errorf("%+v", s)
	}
	if _, err := os.Stat(b.Result("JOB1", ".png")); err == nil {
		t.Error("what was cancelled has a result")
	}
	b.idle(t)
}

// A worker that is given a unit once more, of which it has sent something, begins with nothing.
func TestAUnitThatIsGivenOnceMore(t *testing.T) {
	synctest.Test(t, givenOnceMore)
}

func givenOnceMore(t *testing.T) {
	b, _ := start(t, t.TempDir(), 0)
	hung := b.puppet(t, "shed")
	end := b.begin(t, t.Context(), b.ordered(t, "1"))
	hung.next(t)
	p := b.puppet(t, "attic")
	u := p.next(t) // when the other one is late
	if _, _, err := b.append(u.ID, wire.Query{Worker: p.id}, bytes.NewReader([]byte("something"))); err != nil {
		t.Error(err)
	}
	p.has = nil // it has lost it
	for range 7 {
		for _, x := range []*puppet{hung, p} {
			if err := x.Beat(wire.Beat{Worker: x.id, Epoch: x.epoch, Has: x.has}); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(5 * time.Second)
	}
	v := p.next(t)
	if v.ID != u.ID || v.Attempt == u.Attempt {
		t.Errorf("%+v after %+v", v, u)
	}
	if _, _, err := b.append(v.ID, wire.Query{Worker: p.id, Last: true}, bytes.NewReader(packOf(t, v, "enlarged", "JOB1"))); err != nil {
		t.Error(err)
	}
	if _, err := end(); err != nil {
		t.Error(err)
	}
	b.idle(t)
}
