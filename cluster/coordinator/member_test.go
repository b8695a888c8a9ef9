package coordinator

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"classsr/cluster/queue"
	"classsr/cluster/schedule"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/server/blobs"
	"classsr/server/problem"
)

// until waits for something, with the coordinator's lock held.
func (b *bench) until(t *testing.T, what string, happens func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		b.mu.Lock()
		ok := happens()
		b.mu.Unlock()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: that does not happen", what)
		}
		b.wake()
		time.Sleep(5 * time.Millisecond)
	}
}

func TestReleaseOfAWorkerThatIsNotInQuarantine(t *testing.T) {
	b, _ := start(t, t.TempDir(), 0)
	h := b.join(t, &hand{}, "shed")
	if err := b.Release(h.id); fault.KindOf(err) != fault.Conflict {
		t.Error(err)
	}
	if err := b.Release("nobody"); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
	if errs := b.all(t, 5, nil); len(errs) > 0 {
		t.Error(errs)
	}
	b.idle(t)
}

// A quarantine lasts when the worker has left, and can be ended then, too.
func TestReleaseOfAWorkerThatHasLeft(t *testing.T) {
	b, stop := start(t, t.TempDir(), 0)
	stop() // so that it leaves before the loop knows of the quarantine
	joined, err := b.Join(t.Context(), "alice", about("shed"))
	if err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	for _, id := range []string{"a", "b"} {
		if err := b.schedule.Add(b.now(), schedule.Task{ID: id, Cost: 1}); err != nil {
			t.Error(err)
		}
	}
	for range 2 {
		for _, a := range b.schedule.Decide(b.now()) {
			if a.Kind == schedule.Give {
				b.schedule.Failed(b.now(), a.Unit.ID, joined.Worker, "", schedule.Wrong, "flipped")
			}
		}
	}
	b.leave(b.members[joined.Worker])
	b.mu.Unlock()
	b.step(t.Context())
	if _, err := b.Join(t.Context(), "alice", about("shed")); err == nil {
		t.Fatal("it is not in quarantine")
	}
	if err := b.Release(joined.Worker); err != nil {
		t.Error(err)
	}
	if _, err := b.Join(t.Context(), "alice", about("shed")); err != nil {
		t.Error(err)
	}
}

// What the scheduler had to say of a worker is not said of the same one that has joined again.
func TestJoiningAgainBeforeItIsKnownThatTheWorkerIsLost(t *testing.T) {
	b, stop := start(t, t.TempDir(), 0)
	stop()
	joined, err := b.Join(t.Context(), "alice", about("shed"))
	if err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	if err := b.schedule.Add(b.now(), schedule.Task{ID: "a", Cost: 1}); err != nil {
		t.Error(err)
	}
	now := b.now()
	b.schedule.Decide(now)
	for i := range 4 {
		b.schedule.Beat(now+time.Duration(i+1)*31*time.Second, joined.Worker, nil) // it never has what it is given
	}
	b.mu.Unlock()
	if _, err := b.Join(t.Context(), "alice", about("shed")); err != nil {
		t.Fatal(err)
	}
	b.step(t.Context())
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.members[joined.Worker] == nil || len(b.schedule.Look().Workers) != 1 {
		t.Error("the one that joined again is taken for lost")
	}
}

// A worker on the same machine, of the same name, is another one than that of the server's own process.
func TestAWorkerOfTheServersName(t *testing.T) {
	b, _ := start(t, t.TempDir(), 0)
	here, err := b.Local().Join(t.Context(), about("studio"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := b.Join(t.Context(), "", about("studio"))
	if err != nil || other.Worker == here.Worker {
		t.Errorf("both are called %q: %v", other.Worker, err)
	}
	if s := b.Status(); len(s.Workers) != 2 {
		t.Errorf("%+v", s.Workers)
	}
	if err := b.owns("", here.Worker); fault.KindOf(err) != fault.NotFound {
		t.Errorf("somebody else may speak as %s: %v", here.Worker, err)
	}
	if err := b.owns("", other.Worker); err != nil {
		t.Error(err)
	}
	if _, err := wire.Encode(wire.Beat{Worker: here.Worker, Epoch: here.Epoch}); err != nil {
		t.Error(err)
	}
}

// Nobody waits for a worker that is there and gets nothing.
func TestOnlyWorkersThatGetNothing(t *testing.T) {
	for name, end := range map[string]func(b *bench, h *hand) error{
		"quarantined": func(b *bench, h *hand) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			for i := 0; i < 2; i++ {
				b.schedule.Decide(b.now())
				for _, u := range b.schedule.Look().Units {
					b.schedule.Failed(b.now(), u.ID, h.id, "", schedule.Wrong, "flipped")
				}
			}
			return nil
		},
		"draining": func(b *bench, h *hand) error { return b.Drain(h.id) }, // which it does not hear
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, _ := start(t, t.TempDir(), 500*time.Millisecond)
			h := b.join(t, &hand{stops: func() bool { return true }}, "shed")
			done := make(chan error, 1)
			go func() {
				_, err := b.Do(t.Context(), b.ordered(t, "1"), nil)
				done <- err
			}()
			b.until(t, "it waits", func() bool { return len(b.tasks) == 1 })
			if err := end(b, h); err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			for beating := true; beating; { // it lives
				_ = h.taker.Beat(wire.Beat{Worker: h.id, Epoch: b.epoch})
				select {
				case err := <-done:
					if !errors.Is(err, ErrNobody) {
						t.Error(err)
					}
					beating = false
				case <-time.After(50 * time.Millisecond):
				}
				if time.Since(begun) > 10*time.Second {
					t.Fatal("it waits for ever")
				}
			}
			if n := b.Workers(); n != 0 {
				t.Errorf("%d workers could be given something", n)
			}
		})
	}
}

// A worker that did not hear that it is to end is told so again.
func TestAWorkerThatIsToldTwiceToEnd(t *testing.T) {
	b, _ := start(t, t.TempDir(), 0)
	joined, err := b.Join(t.Context(), "alice", about("shed"))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Drain(joined.Worker); err != nil {
		t.Fatal(err)
	}
	told := make(chan wire.Tell, 1)
	taker, err := b.places.Join(joined.Worker, func(tell wire.Tell) { told <- tell })
	if err != nil {
		t.Fatal(err)
	}
	if err := taker.Beat(wire.Beat{Worker: joined.Worker, Epoch: joined.Epoch}); err != nil {
		t.Error(err)
	}
	if tell := <-told; !tell.Drain {
		t.Errorf("%+v", tell)
	}
}

// Two machines of one name, and one token, do not take each other's place: the second waits until the first is gone.
func TestTwoMachinesOfOneName(t *testing.T) {
	t.Parallel()
	b, _ := start(t, t.TempDir(), 300*time.Millisecond)
	first, second := about("ubuntu"), about("ubuntu")
	first.Process, second.Process = "a", "b"
	joined, err := b.Join(t.Context(), "alice", first)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Join(t.Context(), "alice", second); fault.KindOf(err) != fault.Busy {
		t.Error(err)
	}
	if _, err := b.Join(t.Context(), "alice", first); err != nil { // its connection broke
		t.Error(err)
	}
	if _, err := b.Join(t.Context(), "bob", second); err != nil {
		t.Error(err)
	}
	b.until(t, "the first is silent for long enough", func() bool {
		m := b.members[joined.Worker]
		return m == nil || b.mayJoin(&member{id: joined.Worker, about: second}) == nil
	})
	if _, err := b.Join(t.Context(), "alice", second); err != nil {
		t.Error(err)
	}
}

func TestNoMoreWorkersThanAreAllowed(t *testing.T) {
	c, err := New(Options{Folder: t.TempDir(), Version: version, Models: blobs.Sum{1}, Most: 2})
	if err != nil {
		t.Fatal(err)
	}
	c.Serve(queue.NewMemory(c.Heard()))
	if _, err := c.Local().Join(t.Context(), about("here")); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"shed", "attic", "shed", "barn"} {
		_, err := c.Join(t.Context(), "alice", about(name))
		if (i == 3) != (fault.KindOf(err) == fault.Busy) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A worker leaves by HTTP, too; not for another one, and not for this process's own.
func TestLeaving(t *testing.T) {
	b, _ := start(t, t.TempDir(), 0)
	p := b.puppet(t, "shed")
	here, err := b.Local().Join(t.Context(), about("studio"))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, r := range b.Routes() {
		mux.HandleFunc(r.Pattern, func(w http.ResponseWriter, q *http.Request) {
			if err := r.Handle(w, q, q.Header.Get("Owner")); err != nil {
				w.WriteHeader(problem.Of(err).Status)
			}
		})
	}
	for _, x := range []struct {
		owner, worker string
		status        int
	}{{"bob", p.id, 404}, {"", here.Worker, 404}, {"alice", p.id, 204}, {"alice", p.id, 404}} {
		q := httptest.NewRequest(http.MethodDelete, wire.PathWorker(x.worker), nil)
		q.Header.Set("Owner", x.owner)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, q)
		if w.Code != x.status {
			t.Errorf("%s of %q: %d", x.worker, x.owner, w.Code)
		}
	}
	if s := b.Status(); len(s.Workers) != 1 || b.Workers() != 0 {
		t.Errorf("%+v", s.Workers)
	}
}

// The place of a worker that has left is taken away.
func TestThePlaceOfAWorkerThatHasLeft(t *testing.T) {
	b, _ := start(t, t.TempDir(), 0)
	p := b.puppet(t, "shed")
	if err := p.Beat(wire.Beat{Worker: p.id, Epoch: p.epoch, Draining: true}); err != nil {
		t.Fatal(err)
	}
	b.until(t, "its place is gone", func() bool { return fault.KindOf(b.places.Tell(p.id, wire.Tell{})) == fault.NotFound })
}
