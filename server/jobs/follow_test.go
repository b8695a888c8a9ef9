package jobs

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"classsr/fault"
)

// fetch gives all events that there are.
func fetch(t *testing.T, f *Following) (events []Event, ended bool) {
	t.Helper()
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		got, err := f.Next(ctx)
		cancel()
		events = append(events, got...)
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			return events, false
		case errors.Is(err, ErrEnd):
			return events, true
		case err != nil:
			t.Fatal(err)
		}
	}
}

// tale is what events tell: states, bands by their first row, and % for steps of progress.
func tale(events []Event) (told []any) {
	for _, e := range events {
		switch {
		case e.Gone:
			told = append(told, "gone")
		case e.Band != nil:
			told = append(told, e.Band.Top)
		case e.step:
			told = append(told, "%")
		default:
			told = append(told, e.Job.State)
		}
	}
	return told
}

func follow(t *testing.T, table *Table, owner, id string, after int) *Following {
	t.Helper()
	f, err := table.Follow(owner, id, after, true)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func expect(t *testing.T, what string, events []Event, want ...any) {
	t.Helper()
	if got := tale(events); !slices.Equal(got, want) {
		t.Errorf("%s is told %v, not %v", what, got, want)
	}
	if !slices.IsSortedFunc(events, func(a, b Event) int { return a.Number - b.Number }) {
		t.Errorf("%s gets events out of order", what)
	}
}

// TestEventsTellEverything gives slow listeners all states and all bands, and the last step of progress.
func TestEventsTellEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := fresh(t, Options{})
		j := add(t, table, job("a", 1))
		slow, all, other := follow(t, table, "a", j.ID, 0), follow(t, table, "a", "", 0), follow(t, table, "b", "", 0)
		defer all.Close()
		var before, late, again *Following
		runs(t, table, 0, runner(func(_ context.Context, _ Job, told Told) (Result, error) {
			for i := range 10 {
				told.Band(Band{Top: i, Height: 1, Width: 8, Whole: 10})
				for n := range 60 {
					time.Sleep(stepTime / 20)
					told.Progress(float64(i)/10 + float64(n+1)/600)
					told.Progress(0.05) // that was before
				}
				if i == 4 {
					before = follow(t, table, "a", j.ID, 0)
				}
			}
			late = follow(t, table, "a", j.ID, 0)
			events, _ := fetch(t, late)
			expect(t, "who comes late", events, Running, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
			if got := events[0].Job; got.Progress != 1 || got.ID != j.ID {
				t.Errorf("the job is at %g", got.Progress)
			}
			again = follow(t, table, "a", j.ID, events[8].Number)
			return Result{}, nil
		}), func() { waitFor(t, table, j, Done) })
		events, ended := fetch(t, slow)
		if !ended {
			t.Error("a job that is done does not end")
		}
		expect(t, "a slow one", events, Queued, Running, 0, "%", 1, "%", 2, "%", 3, "%", 4, "%", 5, "%", 6, "%", 7, "%", 8, "%", 9, "%", Done)
		events, ended = fetch(t, before)
		expect(t, "who comes in the middle", events, Running, 0, 1, 2, 3, 4, 5, "%", 6, "%", 7, "%", 8, "%", 9, "%", Done)
		if last := events[len(events)-2].Job.Progress; !ended || last < 0.98 {
			t.Errorf("the last step is %g", last)
		}
		events, _ = fetch(t, again)
		expect(t, "who comes again", events, Running, 8, 9, Done)
		events, _ = fetch(t, late)
		expect(t, "who was there at the end", events, Done)
		events, ended = fetch(t, all)
		if told := tale(events); ended || told[len(told)-1] != Done {
			t.Errorf("who follows all is told %v, ended: %v", told, ended)
		}
		number := events[len(events)-1].Number
		if events, _ := fetch(t, other); len(events) > 0 {
			t.Errorf("another owner is told %v", tale(events))
		}
		_, err := table.Follow("b", j.ID, 0, true)
		kind(t, "following another owner's job", err, fault.NotFound)
		if _, err := table.Delete("a", j.ID); err != nil {
			t.Fatal(err)
		}
		events, _ = fetch(t, all)
		expect(t, "who follows all", events, "gone")
		if events[0].Number <= number {
			t.Error("numbers do not rise")
		}
	})
}

// TestFollowingGoesOn tells who was away, even while the server was started anew, what changed meanwhile.
func TestFollowingGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "jobs.db")
		table := open(t, path, Options{})
		first, second := add(t, table, job("a", 1)), add(t, table, job("a", 2))
		e, _ := table.begin()
		table.end(t.Context(), e, Result{}, nil)
		f := follow(t, table, "a", "", 0)
		events, _ := fetch(t, f)
		expect(t, "a new one", events, Queued)
		f.Close()
		if _, err := f.Next(t.Context()); !errors.Is(err, ErrEnd) {
			t.Errorf("after Close: %v", err)
		}
		last := events[0].Number
		time.Sleep(time.Second)
		e, _ = table.begin()
		table.end(t.Context(), e, Result{}, nil)
		if err := table.Close(); err != nil {
			t.Fatal(err)
		}
		table = open(t, path, Options{})
		defer func() { _ = table.Close() }()
		f = follow(t, table, "a", "", last)
		events, _ = fetch(t, f)
		expect(t, "who was away", events, Done)
		if events[0].Job.ID != second.ID {
			t.Errorf("told of %s, not of %s", events[0].Job.ID, first.ID)
		}
		time.Sleep(time.Second)
		add(t, table, job("a", 3))
		if events, _ := fetch(t, f); events[0].Number <= last {
			t.Error("numbers do not rise from one process to the next")
		}
	})
}

// TestQueueMoves tells who waits of its place and time.
func TestQueueMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := fresh(t, Options{Jobs: 1})
		first, second := add(t, table, job("a", 1)), add(t, table, job("a", 2))
		f := follow(t, table, "a", second.ID, 0)
		if events, _ := fetch(t, f); events[0].Job.Position != 2 || events[0].Job.ETA != 2 {
			t.Errorf("at first: %+v", events[0].Job)
		}
		all := follow(t, table, "a", "", 0)
		fetch(t, all)
		e, _ := table.begin()
		table.progress(e, 0.5)
		time.Sleep(placeStep)
		events, _ := fetch(t, f)
		if got := events[len(events)-1].Job; got.Position != 1 || got.ETA < 1.4 || got.ETA > 2 {
			t.Errorf("when the first one is half done: place %d, %g seconds", got.Position, got.ETA)
		}
		events, _ = fetch(t, all)
		expect(t, "who follows all", events, Running, "%", "%")
		if events[2].Job.ID != second.ID || events[1].Job.ID != first.ID {
			t.Error("told of the wrong jobs")
		}
		time.Sleep(placeStep)
		if events, _ := fetch(t, f); len(events) > 1 {
			t.Errorf("told %v where nothing changed", tale(events))
		}
	})
}

func TestWhoDoesNotListenIsDropped(t *testing.T) {
	table := fresh(t, Options{})
	add(t, table, job("a", 1))
	f := follow(t, table, "a", "", 0)
	e, _ := table.begin()
	for i := range mostKept {
		table.band(e, Band{Top: i})
	}
	if len(f.events) > mostKept {
		t.Errorf("%d events are kept", len(f.events))
	}
	if _, err := f.Next(t.Context()); !errors.Is(err, ErrEnd) {
		t.Errorf("who has to begin anew gets %v", err)
	}
}
