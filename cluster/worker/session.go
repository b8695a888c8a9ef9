package worker

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"classsr/cluster/queue"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/internal/par"
	"classsr/server/problem"
)

// session is the time from one Join to the next.
type session struct {
	*worker
	joined wire.Joined
	taker  queue.Taker

	taking  context.Context //nolint:containedctx // it ends when no more units are taken
	stop    context.CancelFunc
	working context.Context //nolint:containedctx // it ends when nothing is done for units any more
	abandon context.CancelFunc

	inputs chan *unit    // whose inputs are there
	out    chan delivery // to be sent
	news   chan struct{} // something has changed that the coordinator is to hear of

	mu       sync.Mutex
	units    map[string]*unit
	draining bool
	grace    *time.Timer // ends what is computed; nil: nothing does
	again    error       // why the worker has to join again
}

func newSession(ctx context.Context, w *worker, joined wire.Joined) *session {
	s := &session{
		worker: w, joined: joined, inputs: make(chan *unit), out: make(chan delivery), news: make(chan struct{}, 1), units: map[string]*unit{},
	}
	s.taking, s.stop = context.WithCancel(ctx)
	s.working, s.abandon = context.WithCancel(context.WithoutCancel(ctx))
	return s
}

// run works until the worker is to end, or to join again.
func (s *session) run(ctx context.Context) (again bool, err error) {
	defer context.AfterFunc(ctx, s.drain)()
	over := make(chan struct{})
	beating := par.Start(1, func(int) error { s.beatUntil(over); return nil })
	working := par.Start(3, func(i int) error {
		[]func(){s.fetch, s.compute, s.send}[i]()
		return nil
	})
	_ = working() // there are no errors, but panics are passed on
	close(over)
	_ = beating()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.grace != nil {
		s.grace.Stop()
	}
	return s.again != nil, s.again
}

// drain lets the worker end: what has not begun is given back, and what is computed has some time left.
func (s *session) drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return
	}
	s.draining = true
	for _, u := range s.units {
		if u.stage == wire.Fetching || u.stage == wire.Waiting {
			s.drop(u)
		}
	}
	s.Log.Info("ending", "computing", len(s.units))
	s.grace = time.AfterFunc(s.Grace, s.abandon)
	s.stop()
	s.wake()
}

// rejoin ends the session: the coordinator has another one in mind, of which these units are no part.
func (s *session) rejoin(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.again == nil && !s.draining {
		s.again = why
	}
	s.stop()
	s.abandon()
}

// hear does what the coordinator says.
func (s *session) hear(t wire.Tell) {
	if t.Join {
		s.rejoin(fault.New(fault.Unavailable, "the coordinator has begun anew"))
		return
	}
	s.mu.Lock()
	for _, id := range t.Drop {
		if u := s.units[id]; u != nil {
			s.drop(u)
		}
	}
	for id, until := range t.Until {
		if u := s.units[id]; u != nil {
			u.shorten(until)
		}
	}
	s.mu.Unlock()
	if t.Drain {
		s.drain()
	}
}

// fetch takes units and fetches what goes into them.
func (s *session) fetch() {
	defer close(s.inputs)
	for {
		w, receipt, err := s.taker.Next(s.taking)
		switch {
		case s.taking.Err() != nil: // what came at the last moment is given elsewhere
			return
		case err != nil:
			s.rejoin(err)
			return
		}
		if u := s.hold(w, receipt); u != nil {
			s.bring(u)
		}
	}
}

// bring fetches the input of a unit, and passes the unit on.
func (s *session) bring(u *unit) {
	asked, err := s.input(u)
	if asked == nil && err == nil {
		asked, err = s.models(u)
	}
	switch {
	case u.ctx.Err() != nil:
		s.end(u)
	case asked != nil:
		s.refused(u, asked)
		s.end(u)
	case err != nil: // of the disk, or what came is damaged
		s.pass(u, delivery{unit: u, problem: wire.ProblemOf(err, true)})
	default:
		s.enter(u, wire.Waiting)
		select {
		case s.inputs <- u:
		case <-u.ctx.Done():
			s.end(u)
		}
	}
}

// mostInput is how many bytes an input may have, far more than any has.
const mostInput = 1 << 40

// input fetches the input of a unit into its folder. asked is what the coordinator has against it, err what is wrong here.
func (s *session) input(u *unit) (asked, err error) {
	if err := os.Mkdir(u.folder, 0o700); err != nil {
		return nil, err
	}
	return piped(func(to io.Writer) error { return s.Transport.Input(u.ctx, u.ID, s.query(u), to) }, func(r io.Reader) error {
		return wire.ReadPack(r, mostInput, nil, func(f wire.File, r io.Reader) error {
			u.files = append(u.files, f)
			return save(u.input(len(u.files)-1), r)
		})
	})
}

// piped has something fetched while it is read. asked is the error of fetching, err of reading.
func piped(fetch func(to io.Writer) error, read func(r io.Reader) error) (asked, err error) {
	r, w := io.Pipe()
	fetching := par.Start(1, func(int) error {
		err := fetch(w)
		_ = w.CloseWithError(err) // it gives none
		return err
	})
	err = read(r)
	if err != nil {
		_ = r.CloseWithError(&stopped{err}) // it gives none
	}
	asked = fetching()
	var own *stopped
	if asked != nil && !errors.As(asked, &own) {
		return asked, nil
	}
	return nil, err
}

// stopped is that what comes is read no further.
type stopped struct{ error }

func (s *stopped) Unwrap() error { return s.error }

func save(path string, r io.Reader) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}

// refused does what is to be done when the coordinator does not take what is asked about a unit. The unit is over then.
func (s *session) refused(u *unit, err error) {
	u.cancel()
	switch kind := fault.KindOf(err); kind {
	case fault.NotFound:
	case fault.Damaged, fault.TooLarge:
		s.Log.Error("the coordinator does not take a result", "unit", u.ID, "error", err.Error())
	case fault.Unauthorized, problem.Forbidden:
		s.rejoin(err)
	default:
		s.Log.Error("a unit cannot be ended", "unit", u.ID, "error", err.Error())
		if err := s.Transport.Fail(s.working, u.ID, s.query(u), *wire.ProblemOf(err, true)); err != nil {
			s.Log.Debug("nor can that be said", "unit", u.ID, "error", err.Error())
		}
	}
}
