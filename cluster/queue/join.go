package queue

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/server/tokens"
)

// Inbox is a worker's end in a nats-server.
type Inbox struct {
	login Login
	nc    *nats.Conn
	js    jetstream.JetStream

	mu    sync.Mutex
	alive context.Context // ends when the connection is lost
	lost  context.CancelFunc
}

// Join comes to a worker's place. Where the login has no fingerprint, t checks the server's certificate (nil: by the system's authorities). told, which may be
// nil, hears what the coordinator says, on another goroutine, one thing after the other. Errors are of kind fault.NotFound if the login is void, so that the
// worker has to join again, else mostly fault.Unavailable.
func Join(ctx context.Context, l Login, t *tls.Config, told func(wire.Tell)) (*Inbox, error) {
	if l.SHA256 != "" {
		f, err := tokens.ParseFingerprint(l.SHA256)
		if err != nil {
			return nil, fmt.Errorf("the certificate of the nats-server is not said rightly: %w", err)
		}
		t = tokens.Join{Address: l.URL, Fingerprint: f}.TLS()
	}
	i := &Inbox{login: l}
	i.again()
	var err error
	i.nc, err = dial(ctx, l.URL, t, nats.UserInfo(l.User, l.Password), nats.CustomInboxPrefix(inbox(l.User)), later(), unheard(slog.New(slog.DiscardHandler)),
		nats.DisconnectErrHandler(func(*nats.Conn, error) { i.again() }))
	if errors.Is(err, nats.ErrAuthorization) {
		return nil, void(err)
	}
	if err != nil {
		return nil, err
	}
	if err := i.begin(told); err != nil {
		i.nc.Close()
		return nil, fault.New(fault.Unavailable, "the nats-server %s cannot be used: %w", l.URL, err)
	}
	return i, nil
}

// again ends what waits for an answer by a connection that is lost: it would not come.
func (i *Inbox) again() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.lost != nil {
		i.lost()
	}
	i.alive, i.lost = context.WithCancel(context.Background())
}

// while gives a context for one question to the server.
func (i *Inbox) while(ctx context.Context) (context.Context, func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	within, cancel := context.WithTimeout(ctx, patience)
	stop := context.AfterFunc(i.alive, cancel)
	return within, func() { stop(); cancel() }
}

func (i *Inbox) begin(told func(wire.Tell)) (err error) {
	if i.js, err = jetstream.New(i.nc, jetstream.WithDefaultTimeout(patience)); err != nil {
		return err
	}
	if told == nil {
		return nil
	}
	_, err = i.nc.Subscribe(subject(i.login.Epoch, tells, i.login.User), func(m *nats.Msg) {
		if t, err := wire.Decode[wire.Tell](m.Data); err == nil { // what cannot be read is said again, or was not needed
			told(t)
		}
	})
	if err == nil {
		err = i.nc.FlushTimeout(patience) // from now on it hears
	}
	return err
}

// void is the error by which a worker joins again.
func void(err error) error {
	return fault.New(fault.NotFound, "the worker has no place here any more: it has to join again (%w)", err)
}

var errGone = errors.New("its place is another's")

// Next implements Taker. A server that does not answer is asked again and again; when it answers that there is nothing to take from, the coordinator is asked.
func (i *Inbox) Next(ctx context.Context) (wire.Unit, Receipt, error) {
	wait := shortest
	for {
		u, r, err := i.fetch(ctx)
		switch {
		case r != nil:
			return u, r, nil
		case ctx.Err() != nil:
			return u, nil, ctx.Err()
		case err == nil:
			wait = shortest
			continue
		case i.nc.IsClosed(): // the server has refused the login twice
			return u, nil, void(cmp.Or(i.nc.LastError(), nats.ErrConnectionClosed))
		}
		if i.knock(ctx) == gone {
			return u, nil, void(errGone)
		}
		select {
		case <-ctx.Done():
			return u, nil, ctx.Err()
		case <-time.After(wait):
		}
		wait = min(2*wait, longest)
	}
}

// Waits between tries.
const shortest, longest = 50 * time.Millisecond, 2 * time.Second

// fetch waits for a unit for some seconds. There is no receipt if none came. Each call subscribes anew, so that nothing of an earlier connection can be in the way.
func (i *Inbox) fetch(ctx context.Context) (u wire.Unit, r Receipt, err error) {
	within, cancel := i.while(ctx)
	defer cancel()
	from, err := i.js.Consumer(within, stream, i.login.User)
	if err != nil {
		return u, nil, err
	}
	batch, err := from.Fetch(1, jetstream.FetchContext(within))
	if err != nil {
		return u, nil, err
	}
	if m, ok := <-batch.Messages(); ok {
		return receive(m)
	}
	if ctx.Err() != nil {
		_ = i.nc.FlushTimeout(time.Second) // the server has to forget that somebody waits, or would send a unit to nobody
		return u, nil, ctx.Err()
	}
	if err := batch.Error(); !errors.Is(err, context.DeadlineExceeded) {
		return u, nil, err
	}
	return u, nil, nil
}

func receive(m jetstream.Msg) (wire.Unit, Receipt, error) {
	u, err := wire.Decode[wire.Unit](m.Data())
	if err != nil {
		_ = m.Term() // it does not come again; the coordinator sees that the worker does not have it
		return u, nil, err
	}
	return u, delivered{m}, nil
}

// knock asks the coordinator whether this worker has its place yet. No answer is "".
func (i *Inbox) knock(ctx context.Context) string {
	within, cancel := i.while(ctx)
	defer cancel()
	m, err := i.nc.RequestWithContext(within, subject(i.login.Epoch, knocks, i.login.User), nil)
	if err != nil {
		return ""
	}
	return string(m.Data)
}

// Beat implements Taker. While there is no connection, it is an error of kind fault.Unavailable.
func (i *Inbox) Beat(b wire.Beat) error {
	text, err := wire.Encode(b)
	if err == nil {
		err = i.nc.Publish(subject(i.login.Epoch, beats, i.login.User), text)
	}
	if err != nil {
		return fmt.Errorf("cannot beat: %w", fault.Default(fault.Unavailable, err))
	}
	return nil
}

// Close implements Taker. Units whose receipts are open come again, to whoever takes this place.
func (i *Inbox) Close() error {
	i.nc.Close()
	i.again()
	return nil
}

// delivered is a Receipt.
type delivered struct{ m jetstream.Msg }

func (d delivered) Working() error { return fault.Default(fault.Unavailable, d.m.InProgress()) }

// Done waits until the server has heard it.
func (d delivered) Done() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return fault.Default(fault.Unavailable, d.m.DoubleAck(ctx))
}
