package coordinator

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/server/jobs"
	"classsr/server/problem"
)

// actor is a worker that goes through its part in its own time.
type actor struct {
	Name  string
	Kind  string
	Joins time.Duration // when
	Pace  time.Duration // that a unit takes
	After int           // units after which it does what its kind is

	bench *bench
	done  int // units

	mu   sync.Mutex
	held []wire.Unit
	more chan struct{}
}

// The kinds of actors.
const (
	good    = "good"
	flips   = "flips"   // bits of its results
	dies    = "dies"    // and says nothing
	again   = "again"   // joins while it has units
	hangs   = "hangs"   // lives and computes nothing
	forgets = "forgets" // what it was given, now and then
	drains  = "drains"  // ends as it should
	refuses = "refuses" // cannot do units as a whole
)

// act plays until ctx is done, or the part is over.
func (a *actor) act(t *testing.T, ctx context.Context, b *bench) {
	a.bench = b
	pause(ctx, a.Joins)
	for ctx.Err() == nil {
		joined, err := b.Join(ctx, "alice", about(a.Name))
		if fault.KindOf(err) == problem.Forbidden {
			return
		}
		if err == nil && a.session(t, ctx, joined) {
			return
		}
		pause(ctx, 3*time.Second)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// session is the time until the actor joins again, or its part is over.
func (a *actor) session(t *testing.T, ctx context.Context, joined wire.Joined) (over bool) {
	ctx, cancel := context.WithCancel(ctx)
	h := &hand{t: t, bench: a.bench, id: joined.Worker, result: enlarged}
	a.mu.Lock()
	a.held, a.more = nil, make(chan struct{}, 1)
	a.mu.Unlock()
	var err error
	if h.taker, err = a.bench.places.Join(joined.Worker, func(tell wire.Tell) { a.hear(tell) }); err != nil {
		cancel()
		return false
	}
	if a.Kind == flips {
		h.spoil = func(stream []byte) { stream[len(stream)-2] ^= 1 }
	}
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	draining := atomic.Bool{}
	beat := func() {
		var has []wire.Held
		a.mu.Lock()
		for i, u := range a.held {
			stage := wire.Fetching
			if i == 0 && a.Kind != forgets {
				stage = wire.Computing
			}
			has = append(has, wire.Held{Unit: u.ID, Attempt: u.Attempt, Stage: stage})
		}
		a.mu.Unlock()
		_ = h.taker.Beat(wire.Beat{Worker: h.id, Epoch: joined.Epoch, Has: has, Draining: draining.Load()})
	}
	all.Go(func() {
		defer cancel() // its place is another's
		for {
			u, _, err := h.taker.Next(ctx)
			if err != nil {
				return
			}
			if draining.Load() {
				continue
			}
			a.mu.Lock()
			a.held = append(a.held, u)
			a.mu.Unlock()
			beat()
			a.wake()
		}
	})
	all.Go(func() {
		for ctx.Err() == nil {
			beat()
			pause(ctx, 5*time.Second)
		}
	})
	for {
		u, ok := a.first(ctx)
		if !ok {
			return false
		}
		if a.Kind == hangs {
			<-ctx.Done()
			return false
		}
		pause(ctx, a.Pace)
		a.done++
		turn := a.done > a.After
		switch {
		case turn && a.Kind == dies:
			return true
		case turn && a.Kind == again:
			a.After = 1 << 30
			return false
		case turn && a.Kind == forgets:
			a.After = a.done + 2
		case turn && a.Kind == refuses:
			a.After = a.done + 2
			_ = a.bench.fail(u.ID, wire.Query{Worker: h.id}, wire.Problem{Kind: fault.Unavailable, Message: "no room", Elsewhere: true})
		default:
			_ = h.unit(ctx, u) // what is wrong with it shows at the end
		}
		a.drop(u.ID)
		if turn && a.Kind == drains {
			draining.Store(true)
			a.mu.Lock()
			a.held = nil
			a.mu.Unlock()
			beat()
			return true
		}
		beat()
	}
}

func enlarged(text string) (string, *wire.Problem) {
	switch text[0] {
	case 'D':
		return "", wire.ProblemOf(fault.New(fault.Damaged, "it is cut off"), false)
	case 'B':
		return "", wire.ProblemOf(fault.New(fault.Internal, "a mistake"), false)
	}
	return "enlarged " + text, nil
}

func (a *actor) wake() {
	select {
	case a.more <- struct{}{}:
	default:
	}
}

// first waits for a unit.
func (a *actor) first(ctx context.Context) (u wire.Unit, ok bool) {
	for ctx.Err() == nil {
		a.mu.Lock()
		if len(a.held) > 0 {
			u, ok = a.held[0], true
		}
		a.mu.Unlock()
		if ok {
			return u, true
		}
		select {
		case <-ctx.Done():
		case <-a.more:
		}
	}
	return u, false
}

func (a *actor) drop(unit string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.held = slices.DeleteFunc(a.held, func(u wire.Unit) bool { return u.ID == unit })
}

func (a *actor) hear(tell wire.Tell) {
	for _, unit := range tell.Drop {
		a.drop(unit)
	}
}

// piece is a picture of a play.
type piece struct {
	Text   string
	Cost   float64
	Starts time.Duration
	Cancel time.Duration // 0: never
}

// happening is something that is done to the cluster.
type happening struct {
	At   time.Duration
	What string // renew, blind, drain
}

// play is what happens in a test.
type play struct {
	Actors []*actor
	Pieces []piece
	Events []happening
}

// drawPlay makes one up in which every picture can end: there is a machine that works, and few vanish.
func drawPlay(t *rapid.T) (p play) {
	seconds := func(most int) *rapid.Generator[time.Duration] {
		return rapid.Custom(func(t *rapid.T) time.Duration {
			return time.Duration(rapid.IntRange(0, most*1000).Draw(t, "ms")) * time.Millisecond
		})
	}
	p.Actors = []*actor{{Name: "rock", Kind: good, Joins: seconds(60).Draw(t, "rock joins"), Pace: seconds(5).Draw(t, "rock's pace")}}
	kinds := []string{good, flips, dies, again, forgets, drains, refuses}
	if rapid.Bool().Draw(t, "one hangs") {
		p.Actors = append(p.Actors, &actor{Name: "hung", Kind: hangs})
	}
	for i := range rapid.IntRange(0, 5).Draw(t, "actors") {
		p.Actors = append(p.Actors, &actor{
			Name: fmt.Sprintf("a%d", i), Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Joins: seconds(90).Draw(t, "joins"), Pace: seconds(40).Draw(t, "pace"),
			After: rapid.IntRange(0, 4).Draw(t, "after"),
		})
	}
	for i := range rapid.IntRange(1, 40).Draw(t, "pictures") {
		x := piece{
			Text: fmt.Sprintf("%s%d", rapid.SampledFrom([]string{"G", "G", "G", "G", "G", "D", "B"}).Draw(t, "fate"), i),
			Cost: rapid.Float64Range(0, 20).Draw(t, "cost"), Starts: seconds(60).Draw(t, "starts"),
		}
		if rapid.IntRange(0, 4).Draw(t, "cancelled") == 0 {
			x.Cancel = x.Starts + seconds(60).Draw(t, "cancel")
		}
		p.Pieces = append(p.Pieces, x)
	}
	for range rapid.IntRange(0, 4).Draw(t, "events") {
		p.Events = append(p.Events, happening{seconds(120).Draw(t, "at"), rapid.SampledFrom([]string{"renew", "blind", "drain", "release"}).Draw(t, "what")})
	}
	return p
}

// happen does what is done to the cluster.
func (b *bench) happen(ctx context.Context, what string) {
	switch what {
	case "renew":
		b.renew.Store(true)
	case "blind":
		b.blind(true)
		pause(ctx, 20*time.Second)
		b.blind(false)
	default:
		for _, m := range b.everybody() {
			if m.about.Name[0] == 'a' && what == "drain" {
				_ = b.Drain(m.id)
				return
			}
			_ = b.Release(m.id)
		}
	}
}

// Whatever workers do, each picture is done once, or ends with an error that is its own, and nothing is left.
func TestPlays(t *testing.T) {
	const enough = 40 // each takes some 70 ms
	plays := 0
	rapid.Check(t, func(rt *rapid.T) {
		p := drawPlay(rt)
		if plays++; plays > enough && flag.Lookup("rapid.checks").Value.String() == flag.Lookup("rapid.checks").DefValue {
			return
		}
		var mistakes []string
		synctest.Test(t, func(t *testing.T) { mistakes = p.perform(t) })
		if len(mistakes) > 0 {
			rt.Fatal(mistakes)
		}
	})
}

// perform does a play, and tells what was wrong.
func (p *play) perform(t *testing.T) (mistakes []string) {
	var mu sync.Mutex
	wrong := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		mistakes = append(mistakes, fmt.Sprintf(format, args...))
	}
	b, stop := start(t, t.TempDir(), 0)
	ctx, cancel := context.WithCancel(t.Context())
	var actors, pieces sync.WaitGroup
	for _, a := range p.Actors {
		actors.Go(func() { a.act(t, ctx, b) })
	}
	for _, e := range p.Events {
		actors.Go(func() {
			pause(ctx, e.At)
			b.happen(ctx, e.What)
		})
	}
	actors.Go(func() {
		for ctx.Err() == nil {
			if text := b.odd(); text != "" {
				wrong("%s", text)
			}
			pause(ctx, time.Second)
		}
	})
	for _, x := range p.Pieces {
		picture := b.ordered(t, x.Text)
		picture.Cost = x.Cost
		pieces.Go(func() {
			pause(ctx, x.Starts)
			if text := b.watch(ctx, x, picture); text != "" {
				wrong("%s: %s", x.Text, text)
			}
		})
	}
	over := make(chan struct{})
	go func() {
		pieces.Wait()
		close(over)
	}()
	select {
	case <-over:
	case <-time.After(2 * time.Hour): // of the bubble
		b.mu.Lock()
		wrong("it does not end: %+v", b.schedule.Look())
		b.mu.Unlock()
		cancel()
		<-over
	}
	if len(mistakes) == 0 {
		b.idle(t)
	}
	cancel()
	actors.Wait()
	stop()
	return mistakes
}

// odd tells what contradicts itself.
func (b *bench) odd() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	look := b.schedule.Look()
	for _, w := range look.Workers {
		if b.members[w.ID] == nil {
			return w.ID + " is known to the scheduler only"
		}
	}
	if len(b.members) < len(look.Workers) || len(b.tasks) < look.Tasks { // of what is lost or dead the coordinator hears a moment later
		return fmt.Sprintf("%d members and %d tasks, but %d and %d for the scheduler", len(b.members), len(b.tasks), len(look.Workers), look.Tasks)
	}
	return ""
}

// watch has a picture done, and tells what was wrong.
func (b *bench) watch(ctx context.Context, x piece, picture Picture) string {
	var over, late atomic.Bool
	if x.Cancel > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, x.Cancel-x.Starts)
		defer cancel()
	}
	o, err := b.Do(ctx, picture, func(float64) { late.Store(late.Load() || over.Load()) })
	over.Store(true)
	text, missing := os.ReadFile(b.Result(picture.Job, picture.Ending))
	var several *jobs.Failures
	switch {
	case x.Cancel > 0 && errors.Is(err, context.DeadlineExceeded), errors.Is(err, ErrNobody):
		if missing == nil {
			return fmt.Sprintf("it ends by %v, and has a result", err)
		}
	case x.Text[0] == 'D':
		if fault.KindOf(err) != fault.Damaged {
			return fmt.Sprintf("%v", err)
		}
	case x.Text[0] == 'B':
		if !errors.As(err, &several) {
			return fmt.Sprintf("%v", err)
		}
	case err != nil:
		if errors.As(err, &several) {
			return fmt.Sprintf("%v: %+v", err, several.All)
		}
		return err.Error()
	case string(text) != "enlarged "+x.Text || o.Sum != sumOf(string(text)) || o.Bytes != int64(len(text)):
		return fmt.Sprintf("its result is %q: %+v, %v", text, o, missing)
	}
	time.Sleep(time.Minute)
	if late.Load() {
		return "it hears of progress when it is over"
	}
	return ""
}
