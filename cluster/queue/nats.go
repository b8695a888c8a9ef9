package queue

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/url"
	"time"

	"github.com/nats-io/nats.go"

	"classsr/fault"
)

// Account is the account of a nats-server in which everything happens.
const Account = "CSR"

// Limits of a nats-server that serves a coordinator and so many workers.
const (
	MostPayload = 16 << 10 // bytes of a message
	MostLine    = 2 << 10  // bytes of a line of the protocol
	MostStore   = 64 << 20 // bytes on disk
	MostMemory  = 1 << 20  // bytes of streams in memory, of which there are none
	mostSubs    = 16       // subscriptions of a worker
)

// Connections is how many connections a nats-server needs for so many workers: one that was cut off may come again before the old connection is given up.
func Connections(workers int) int { return 2*workers + 8 }

// patience is how long the server may take for an answer.
const patience = 5 * time.Second

// Subjects are csr.EPOCH.WHAT.SEAT. An epoch is a start of the coordinator, a seat a worker's place: neither is ever used again.
const (
	units  = "unit"  // what is stored in the stream
	beats  = "beat"  // a worker says that it lives
	tells  = "tell"  // the coordinator says something to a worker
	knocks = "knock" // a worker that gets nothing asks whether it has its place yet
)

// here is the answer to a knock by which the worker's consumer is there, gone the one by which it has to join again. Others mean that it has to wait.
const here, gone = "here", "gone"

func subject(epoch, what, seat string) string { return "csr." + epoch + "." + what + "." + seat }

// inbox begins the subjects of answers to a worker, which it alone may hear.
func inbox(seat string) string { return "_I_" + seat }

// Waits between tries to connect again. The coordinator is to be the first, since it is asked who else may come in.
func soon() nats.Option {
	return nats.CustomReconnectDelay(func(int) time.Duration { return 100 * time.Millisecond })
}
func later() nats.Option {
	return nats.CustomReconnectDelay(func(int) time.Duration { return 500*time.Millisecond + rand.N(500*time.Millisecond) })
}

// dial connects to a nats-server. With tls:// the connection is encrypted from its first byte on; one that is not never leaves this machine.
// Connections that are lost are made anew until the server refuses the login, but what was to be sent meanwhile is an error, not sent late.
func dial(ctx context.Context, address string, t *tls.Config, more ...nats.Option) (*nats.Conn, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "tls" && u.Scheme != "nats" {
		return nil, fault.New(fault.Usage, "%q is no address of a nats-server: it has to be like tls://HOST:4222", address)
	}
	wait := patience
	if end, ok := ctx.Deadline(); ok {
		wait = min(wait, max(time.Until(end), time.Millisecond))
	}
	all := []nats.Option{
		nats.Name("classsr"), nats.Timeout(wait), nats.PingInterval(patience), nats.MaxPingsOutstanding(2), nats.MaxReconnects(-1), nats.ReconnectBufSize(-1),
		nats.IgnoreDiscoveredServers(), nats.NoCallbacksAfterClientClose(),
	}
	if u.Scheme == "tls" {
		if t == nil {
			t = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		all = append(all, nats.Secure(t), nats.TLSHandshakeFirst())
	} else if !loopback(u.Hostname()) {
		return nil, fault.New(fault.Usage, "the nats-server %s is on another machine, and its address has no tls://: what goes between machines has to be encrypted", address)
	}
	nc, err := nats.Connect(address, append(all, more...)...)
	if err != nil {
		return nil, refusal(address, err)
	}
	return nc, nil
}

// refusal says why there is no connection. That the login is not, or no more, one that the server knows is an error of kind fault.Unauthorized.
func refusal(address string, err error) error {
	kind := fault.Unavailable
	var pin *tls.CertificateVerificationError
	if errors.Is(err, nats.ErrAuthorization) || errors.As(err, &pin) {
		kind = fault.Unauthorized
	}
	return fault.New(kind, "cannot connect to the nats-server %s: %w", address, err)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// unheard hears what the library has to say of a connection that goes on all the same.
func unheard(log *slog.Logger) nats.Option {
	return nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		log.Debug("connection to the queue", "error", err)
	})
}
