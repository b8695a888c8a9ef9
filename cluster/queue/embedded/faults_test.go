package embedded_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"classsr/cluster/queue"
	"classsr/cluster/queue/queuetest"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/internal/par"
	"classsr/internal/smalldisk"
)

// hands is the queue as its owner sees it, by a connection of the test's own.
func (s *site) hands(t *testing.T) jetstream.JetStream {
	t.Helper()
	nc, err := nats.Connect(s.url, nats.UserInfo(s.options.User, s.options.Password))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// waiting takes a unit on another goroutine, and tells which.
func waiting(t *testing.T, i *queue.Inbox) (took func() string) {
	var u wire.Unit
	wait := par.Start(1, func(int) (err error) {
		u, _, err = i.Next(t.Context())
		return err
	})
	return func() string {
		if err := wait(); err != nil {
			t.Error(err)
		}
		return u.ID
	}
}

// A server that is lost comes again with nothing in its store. Both ends find back to it, and Renew makes all as it was.
func TestServerIsLostAndComesAgain(t *testing.T) {
	for name, encrypted := range map[string]bool{"plain": false, "encrypted": true} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, t.TempDir(), encrypted)
			s.connect(t, s.coordinator(false))
			heard := make(chan wire.Tell, 1)
			a, b := join(t, s.open(t, "a"), func(w wire.Tell) { heard <- w }), join(t, s.open(t, "b"), nil)
			s.give(t, "a", "u1")
			took := waiting(t, b)
			s.server.Stop()
			if !<-s.blind {
				t.Fatal("not blind")
			}
			if err := s.queue.Give(t.Context(), "b", queuetest.Unit("u2")); fault.KindOf(err) != fault.Unavailable {
				t.Error(err)
			}
			if err := a.Beat(wire.Beat{Worker: "a", Epoch: "e1"}); fault.KindOf(err) != fault.Unavailable {
				t.Error(err)
			}
			s.start(t)
			if <-s.blind {
				t.Fatal("blind")
			}
			if err := s.queue.Give(t.Context(), "b", queuetest.Unit("u2")); fault.KindOf(err) != fault.Unavailable {
				t.Error(err)
			}
			if err := s.queue.Renew(t.Context(), func() map[string][]wire.Unit {
				return map[string][]wire.Unit{"a": {queuetest.Unit("u1")}, "b": {queuetest.Unit("u2")}}
			}); err != nil {
				t.Fatal(err)
			}
			if x, y := queuetest.Next(t, a), took(); x != "u1" || y != "u2" {
				t.Errorf("%s %s", x, y)
			}
			if err := s.queue.Tell("a", wire.Tell{Drain: true}); err != nil || !(<-heard).Drain {
				t.Error(err)
			}
			if err := a.Beat(wire.Beat{Worker: "a", Epoch: "e1", Seq: 2}); err != nil || (<-s.beats).Seq != 2 {
				t.Error(err)
			}
		})
	}
}

// The consumer of a worker is gone, which it finds out and has made anew. What waited is still there.
func TestConsumerIsGone(t *testing.T) {
	s := newSite(t, t.TempDir(), false)
	s.connect(t, s.coordinator(true))
	l := s.open(t, "a")
	i := join(t, l, nil)
	took := waiting(t, i)
	if err := s.hands(t).DeleteConsumer(t.Context(), "CLASSSR", l.User); err != nil {
		t.Fatal(err)
	}
	s.give(t, "a", "u1")
	if x := took(); x != "u1" {
		t.Error(x)
	}
}

// A consumer that gives nothing is made anew when the coordinator gives again what did not come.
func TestConsumerIsStuck(t *testing.T) {
	s := newSite(t, t.TempDir(), false)
	s.connect(t, s.coordinator(true))
	l := s.open(t, "a")
	i := join(t, l, nil)
	if _, err := s.hands(t).PauseConsumer(t.Context(), "CLASSSR", l.User, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	s.give(t, "a", "u1")
	queuetest.Nothing(t, i)
	again := queuetest.Unit("u1")
	again.Attempt = 1
	if err := s.queue.Give(t.Context(), "a", again); err != nil {
		t.Fatal(err)
	}
	if x, y := queuetest.Next(t, i), queuetest.Next(t, i); x != "u1" || y != "u1" { // the first one waited in the stream
		t.Errorf("%s %s", x, y)
	}
}

// A worker that waits while its consumer is made anew loses it and knocks at once. What is made for its knock is not made from what is removed.
func TestConsumerIsStuckWhileItsWorkerWaits(t *testing.T) {
	s := newSite(t, t.TempDir(), false)
	s.connect(t, s.coordinator(true))
	hands := s.hands(t)
	for n := range 30 {
		worker := fmt.Sprintf("w%d", n)
		l := s.open(t, worker)
		i := join(t, l, nil)
		if _, err := hands.PauseConsumer(t.Context(), "CLASSSR", l.User, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		s.give(t, worker, "u1")
		took := waiting(t, i)
		time.Sleep(10 * time.Millisecond) // it waits now, mostly
		again := queuetest.Unit("u1")
		again.Attempt = 1
		if err := s.queue.Give(t.Context(), worker, again); err != nil {
			t.Fatal(err)
		}
		c, err := hands.Consumer(t.Context(), "CLASSSR", l.User)
		if err != nil {
			t.Fatal(err)
		}
		if c.CachedInfo().Paused {
			t.Fatalf("the consumer %d is as it was", n)
		}
		if x := took(); x != "u1" {
			t.Error(x)
		}
		if err := errors.Join(s.queue.Close(worker), i.Close()); err != nil {
			t.Error(err)
		}
	}
}

// A unit whose receipt is forgotten comes again some times, then no more, and is in nobody's way.
func TestForgottenUnits(t *testing.T) {
	s := newSite(t, t.TempDir(), false)
	o := s.coordinator(true)
	o.AckWait = 100 * time.Millisecond
	s.connect(t, o)
	i := join(t, s.open(t, "a"), nil)
	s.give(t, "a", "u1")
	_, working, err := i.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 5 { // five times 60 ms are more than AckWait
		if err := working.Working(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
		if u, _, err := i.Next(ctx); err == nil {
			t.Errorf("%s came again while it was worked on", u.ID)
		}
		cancel()
	}
	for range 4 {
		if u, _, err := i.Next(t.Context()); err != nil || u.ID != "u1" {
			t.Fatalf("%v %v", u, err)
		}
	}
	queuetest.Nothing(t, i)
	have, err := s.hands(t).Stream(t.Context(), "CLASSSR")
	if err != nil {
		t.Fatal(err)
	}
	if n := have.CachedInfo().State.Msgs; n != 0 {
		t.Errorf("%d units are left", n)
	}
}

// The same attempt of a unit is stored once, whoever did not hear the answer the first time.
func TestGivenTwice(t *testing.T) {
	s := newSite(t, t.TempDir(), false)
	s.connect(t, s.coordinator(true))
	i := join(t, s.open(t, "a"), nil)
	s.give(t, "a", "u1")
	s.give(t, "a", "u1")
	if x := queuetest.Next(t, i); x != "u1" {
		t.Error(x)
	}
	queuetest.Nothing(t, i)
}

// The disk of the store is full: units cannot be given, and then not even when there is room again, until the store is made anew.
func TestFullDisk(t *testing.T) {
	smalldisk.Run(t, "6m", func(folder string) {
		s := newSite(t, filepath.Join(folder, "nats"), false)
		s.connect(t, s.coordinator(true))
		i := join(t, s.open(t, "a"), nil)
		filler := filepath.Join(folder, "filler")
		if err := os.WriteFile(filler, make([]byte, 16<<20), 0o600); err == nil {
			t.Fatal("the disk is not full")
		}
		var err error
		for n := 0; err == nil && n < 20; n++ { // the first may go into blocks that are there
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			err = s.queue.Give(ctx, "a", queuetest.Unit("u"+strings.Repeat("x", n)))
			cancel()
		}
		if fault.KindOf(err) != fault.Unavailable {
			t.Fatal(err)
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		if err := s.queue.Renew(t.Context(), func() map[string][]wire.Unit { return map[string][]wire.Unit{"a": {queuetest.Unit("u1")}} }); err != nil {
			t.Fatal(err)
		}
		s.give(t, "a", "u2")
		if x, y := queuetest.Next(t, i), queuetest.Next(t, i); x != "u1" || y != "u2" {
			t.Errorf("%s %s", x, y)
		}
	})
}

// Another start of the coordinator knows no worker of the one before: they have to join again, connected or not.
func TestCoordinatorBeginsAnew(t *testing.T) {
	s := newSite(t, t.TempDir(), false)
	s.connect(t, s.coordinator(true))
	l := s.open(t, "a")
	i := join(t, l, nil)
	s.give(t, "a", "u1")
	s.queue.Stop()
	o := s.coordinator(true)
	o.Epoch = "e2"
	s.connect(t, o)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if u, _, err := i.Next(ctx); fault.KindOf(err) != fault.NotFound || ctx.Err() != nil {
		t.Errorf("%v %v", u, err)
	}
	if _, err := queue.Join(t.Context(), l, nil, nil); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
	i = join(t, s.open(t, "a"), nil)
	s.give(t, "a", "u2")
	if x := queuetest.Next(t, i); x != "u2" {
		t.Error(x)
	}
}

// A worker whose connection breaks after it has lost its place learns of it when the server refuses it.
func TestLostPlaceAndConnection(t *testing.T) {
	s := newSite(t, t.TempDir(), false)
	o := s.coordinator(false)
	s.connect(t, o)
	i := join(t, s.open(t, "a"), nil)
	s.server.Stop()
	s.queue.Stop()
	s.start(t)
	s.connect(t, o)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if u, _, err := i.Next(ctx); fault.KindOf(err) != fault.NotFound || ctx.Err() != nil {
		t.Errorf("%v %v", u, err)
	}
}

// While the coordinator is away, nobody says that a worker's login is void, so it tries on; and then hears it.
func TestCoordinatorIsAway(t *testing.T) {
	if os.Getenv("CLASSSR_SLOW") == "" {
		t.Skip("takes 12 seconds; CLASSSR_SLOW is not set")
	}
	s := newSite(t, t.TempDir(), false)
	o := s.coordinator(false)
	s.connect(t, o)
	l := s.open(t, "a")
	i := join(t, l, nil)
	s.server.Stop()
	s.queue.Stop()
	s.start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second) // the server waits 5 for the coordinator
	defer cancel()
	refused(t, l, nil, fault.Unavailable)
	if _, _, err := i.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	s.connect(t, o)
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if u, _, err := i.Next(ctx); fault.KindOf(err) != fault.NotFound || ctx.Err() != nil {
		t.Errorf("%v %v", u, err)
	}
}

// What an earlier server has left, damaged or not, is in nobody's way.
func TestDamagedStore(t *testing.T) {
	folder := t.TempDir()
	s := newSite(t, folder, false)
	s.connect(t, s.coordinator(true))
	s.open(t, "a")
	s.give(t, "a", "u1")
	s.queue.Stop()
	s.server.Stop()
	damaged := 0
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			damaged++
			err = os.WriteFile(path, bytes.Repeat([]byte("damaged"), 100), 0o600)
		}
		return err
	})
	if err != nil || damaged < 3 {
		t.Fatal(damaged, err)
	}
	s.start(t)
	s.connect(t, s.coordinator(true))
	i := join(t, s.open(t, "a"), nil)
	s.give(t, "a", "u2")
	if x := queuetest.Next(t, i); x != "u2" {
		t.Error(x)
	}
}

func TestServerDoesNotStart(t *testing.T) {
	s := newSite(t, t.TempDir(), false)
	log := &text{}
	o := s.options
	o.Folder, o.Log = t.TempDir(), slog.New(slog.NewTextHandler(log, nil))
	start(t, o, fault.Unavailable, "listening on port")
	if !strings.Contains(log.String(), "listening on port") {
		t.Errorf("%q", log)
	}
	o.Listen = "here"
	start(t, o, fault.Usage, "no address")
	o.Listen = "127.0.0.1:0"
	o.Folder = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(o.Folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, o, fault.Unavailable, "file")
}
