// Package worker computes units of work for a coordinator: whole pictures by the pipeline, as the server does, and rows of large ones by infer.Parts.
//
// Three goroutines pass units on: one takes them and fetches their inputs, one computes, one sends what came of them. So a network and the cores are both busy. Nothing of
// it is lasting: a coordinator gives again what a worker does not end.
package worker

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"os"
	"time"

	"classsr/budget"
	"classsr/cluster/queue"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/pipeline"
	"classsr/server/library"
	"classsr/server/problem"
)

// Options is what a worker stands on.
type Options struct {
	About     wire.About // what it says of itself: see About
	Transport Transport
	// Queue comes to the worker's place in the coordinator's queue. told hears what the coordinator says, from any goroutine.
	Queue func(ctx context.Context, j wire.Joined, told func(wire.Tell)) (queue.Taker, error)
	// Near says that the coordinator is on this machine, so that rows are sent as they are.
	Near   bool
	Folder string // for files of units, which are removed as they end; emptied by Run
	Budget *budget.Budget
	Shelf  *pipeline.Shelf // models that are ready to run; nil: each unit opens its own
	// Library keeps models in files that are fetched from the coordinator, for the Shelf's Files; nil: the Shelf has those of the coordinator.
	Library *library.Library
	Grace   time.Duration // how long what is computed may still take when the worker is to end
	Log     *slog.Logger  // nil: nothing is logged
	// Corrupt, if not nil, changes what is sent, after its hash was taken: for tests.
	Corrupt func([]byte)

	sleep func(ctx context.Context, d time.Duration) error // nil: sleep
}

// Run joins a coordinator and works until ctx is done, or the coordinator says that the worker is to end. Then what has not begun is given back, what is computed is finished
// within Grace, and Run returns nil. A coordinator that refuses the worker (another version, other models, no such token, quarantined) is an error that is returned, mostly
// at once, of kind fault.Conflict, fault.Unauthorized or problem.Forbidden. Everything else is tried again, for ever.
func Run(ctx context.Context, o Options) error {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.sleep == nil {
		o.sleep = sleep
	}
	if err := empty(o.Folder); err != nil {
		return err
	}
	if o.About.Process == "" {
		o.About.Process = rand.Text()
	}
	w := &worker{Options: o, line: line{near: o.Near}}
	var waits pauses
	unknown := 0 // times in a row that the token was not known
	for {
		joined, err := o.Transport.Join(ctx, o.About)
		if fault.KindOf(err) == fault.Unauthorized {
			unknown++
		} else {
			unknown = 0
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case isRefusal(err) && (unknown == 0 || unknown > newTokenTries):
			return err
		case err == nil:
			o.Log.Info("joined", "worker", joined.Worker)
			begun := time.Now()
			var again bool
			if again, err = w.work(ctx, joined); !again {
				return nil
			}
			if time.Since(begun) > mostWait {
				waits = pauses{}
			}
		}
		o.Log.Warn("away from the coordinator; trying again", "error", err.Error())
		if o.sleep(ctx, waits.next()) != nil {
			return nil
		}
	}
}

// newTokenTries is how often a token that is not known is tried again: a server takes a second or two to see one that was just made.
const newTokenTries = 3

// isRefusal tells whether an error of Join is final.
func isRefusal(err error) bool {
	switch fault.KindOf(err) {
	case fault.Unauthorized, problem.Forbidden, fault.Conflict:
		return err != nil
	}
	return false
}

// empty makes a folder, with nothing in it.
func empty(folder string) error {
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	return os.MkdirAll(folder, 0o700)
}

// worker is what stays from one time to the next that the worker joins.
type worker struct {
	Options
	line  line // to the coordinator
	beats int  // that were sent
	taken int  // units, which name their folders
}

// work works for a coordinator that the worker has joined, until the worker is to end, or to join again.
func (w *worker) work(ctx context.Context, joined wire.Joined) (again bool, err error) {
	s := newSession(ctx, w, joined)
	defer s.abandon()
	defer s.stop()
	if s.taker, err = w.Queue(ctx, joined, s.hear); err != nil {
		return true, err
	}
	defer closing(s.taker, w.Log)
	return s.run(ctx)
}

func closing(c io.Closer, log *slog.Logger) {
	if err := c.Close(); err != nil {
		log.Debug("cannot leave the queue", "error", err.Error())
	}
}
