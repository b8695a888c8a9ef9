package queue

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"classsr/cluster/wire"
	"classsr/fault"
)

// Options are what a coordinator needs of a nats-server.
type Options struct {
	// Server is one within the process; else URL is where it is, tls:// or, on this machine only, nats://, with TLS to check it by.
	Server interface{ InProcessConn() (net.Conn, error) }
	URL    string
	TLS    *tls.Config

	User, Password string        // the coordinator's
	Issuer         *Issuer       // whose public key the server knows
	Login          Login         // what workers are told: URL and SHA256
	Epoch          string        // letters and digits that no other start of the coordinator has
	Workers        int           // at most
	AckWait        time.Duration // after which a unit comes again of which nothing is heard; 0: 30 s

	Heard Heard
	Log   *slog.Logger
}

// Queue is the coordinator's end in a nats-server.
type Queue struct {
	o  Options
	nc *nats.Conn
	js jetstream.JetStream

	anew sync.RWMutex // held for writing while the stream is made anew

	mu    sync.Mutex
	seats map[string]*seat // by worker
}

// seat is a worker's place: a consumer of that name.
type seat struct {
	worker, name, password string
	given                  []string // the last units, so that it is seen when one is given again

	making sync.Mutex // held while the consumer is made or removed: a worker that loses it knocks at once
}

// mostGiven is more than a worker holds.
const mostGiven = 16

// Connect makes everything anew in a nats-server: what an earlier coordinator left there is removed. Errors are of kind fault.Unauthorized if the server
// refuses the login, fault.Unavailable if there is none, or none with JetStream.
func Connect(ctx context.Context, o Options) (*Queue, error) {
	if o.AckWait == 0 {
		o.AckWait = 30 * time.Second
	}
	q := &Queue{o: o, seats: map[string]*seat{}}
	more := []nats.Option{
		// A server that has just begun may not know its users yet; and the login is the owner's, who can change it there.
		nats.UserInfo(o.User, o.Password), nats.IgnoreAuthErrorAbort(), soon(), unheard(o.Log),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			o.Log.Warn("the connection to the nats-server is lost", "error", err)
			q.blind(true)
		}),
		nats.ReconnectHandler(func(*nats.Conn) {
			o.Log.Info("the connection to the nats-server is there again")
			q.blind(false)
		}),
	}
	address := o.URL
	if o.Server != nil {
		address, more = "nats://localhost", append(more, nats.InProcessServer(o.Server))
	}
	var err error
	if q.nc, err = dial(ctx, address, o.TLS, more...); err != nil {
		return nil, err
	}
	if err := q.begin(ctx); err != nil {
		q.nc.Close()
		return nil, fault.New(fault.Unavailable, "the nats-server cannot be used: %w; see that it has the configuration that `classsr cluster nats-config` prints", err)
	}
	return q, nil
}

func (q *Queue) begin(ctx context.Context) (err error) {
	if q.js, err = jetstream.New(q.nc, jetstream.WithDefaultTimeout(patience)); err != nil {
		return err
	}
	if err := q.makeStream(ctx); err != nil {
		return err
	}
	for at, heard := range map[string]nats.MsgHandler{
		callout:                        q.admit,
		subject(q.o.Epoch, beats, "*"): q.beat,
		subject("*", knocks, "*"):      q.knocked, // of earlier epochs, too: they are told to join again
		tooOften:                       q.tooOften,
	} {
		if _, err := q.nc.Subscribe(at, heard); err != nil {
			return err
		}
	}
	return q.nc.FlushTimeout(patience)
}

// Stop ends the connection. Workers' places stay in the server until the next Connect.
func (q *Queue) Stop() { q.nc.Close() }

func (q *Queue) blind(is bool) {
	if q.o.Heard.Blind != nil {
		q.o.Heard.Blind(is)
	}
}

// of gives the place of a worker.
func (q *Queue) of(worker string) (*seat, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.seats[worker]
	if s == nil {
		return nil, fault.New(fault.NotFound, "there is no worker %s", worker)
	}
	return s, nil
}

// named gives the place of that name, or nil.
func (q *Queue) named(name string) *seat {
	worker, _, _ := cutLast(name)
	s, err := q.of(worker)
	if err != nil || s.name != name {
		return nil
	}
	return s
}

// cutLast cuts the name of a seat into the worker's name and what tells its seats apart.
func cutLast(name string) (worker, nonce string, ok bool) {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return "", "", false
	}
	return name[:i], name[i+1:], true
}

// Tell implements Giver.
func (q *Queue) Tell(worker string, t wire.Tell) error {
	s, err := q.of(worker)
	if err != nil {
		return err
	}
	text, err := wire.Encode(t)
	if err == nil {
		err = q.nc.Publish(subject(q.o.Epoch, tells, s.name), text)
	}
	if err != nil {
		return fmt.Errorf("cannot tell worker %s something: %w", worker, fault.Default(fault.Unavailable, err))
	}
	return nil
}

// beat hears that a worker lives. What is said by one that has lost its place, or for another one, is not listened to.
func (q *Queue) beat(m *nats.Msg) {
	b, err := wire.Decode[wire.Beat](m.Data)
	_, name := parts(m.Subject)
	if s := q.named(name); err == nil && s != nil && s.worker == b.Worker && q.o.Heard.Beat != nil {
		q.o.Heard.Beat(b)
		return
	}
	q.o.Log.Debug("a beat is not listened to", "from", name, "error", err)
}

// parts takes epoch and seat from a subject.
func parts(of string) (epoch, seat string) {
	p := strings.SplitN(of, ".", 4)
	if len(p) < 4 {
		return "", ""
	}
	return p[1], p[3]
}

// knocked answers a worker that gets nothing. Its consumer is made anew if it is gone: what waits for it is in the stream.
func (q *Queue) knocked(m *nats.Msg) {
	epoch, name := parts(m.Subject)
	answer := gone
	if s := q.named(name); s != nil && epoch == q.o.Epoch {
		answer = here
		if err := q.ensure(s); err != nil {
			q.o.Log.Debug("the queue of a worker cannot be made anew yet", "worker", s.worker, "error", err)
			answer = "later"
		}
	}
	if err := m.Respond([]byte(answer)); err != nil {
		q.o.Log.Debug("a worker cannot be answered", "worker", name, "error", err)
	}
}
