package embedded_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"classsr/cluster/queue"
	"classsr/cluster/queue/embedded"
	"classsr/cluster/queue/queuetest"
	"classsr/cluster/wire"
	"classsr/server/tokens"
)

// site is a server that is tried, with what is around it.
type site struct {
	options embedded.Options
	server  *embedded.Server
	url     string
	print   tokens.Fingerprint // zero: without TLS
	queue   *queue.Queue
	beats   chan wire.Beat
	blind   chan bool
}

const workers = 8

// newSite starts a server on a port of its own, with its store in a folder. Whatever is started ends with the test, which fails if something goes on.
func newSite(t *testing.T, folder string, encrypted bool) *site {
	t.Helper()
	awaitGoroutines(t)
	issuer, err := queue.NewIssuer()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{beats: make(chan wire.Beat, 100), blind: make(chan bool, 100)}
	s.options = embedded.Options{
		Listen: "127.0.0.1:0", Folder: folder, User: "coordinator", Password: "secret", Issuer: issuer, Workers: workers, Log: slog.New(slog.DiscardHandler),
	}
	if encrypted {
		pair, of := certificate(t)
		s.print = of
		s.options.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	s.start(t)
	s.url = s.server.URL("127.0.0.1")
	s.options.Listen = fmt.Sprintf("127.0.0.1:%d", s.server.Port())
	t.Cleanup(func() { s.server.Stop() })
	return s
}

func certificate(t *testing.T) (tls.Certificate, tokens.Fingerprint) {
	t.Helper()
	pair, of, err := tokens.Certificate(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return pair, of
}

func (s *site) start(t *testing.T) {
	t.Helper()
	var err error
	if s.server, err = embedded.Start(s.options); err != nil {
		t.Fatal(err)
	}
}

// coordinator is what a coordinator connects with: within the process, or by the network.
func (s *site) coordinator(within bool) queue.Options {
	o := queue.Options{
		User: s.options.User, Password: s.options.Password, Issuer: s.options.Issuer, Epoch: "e1", Workers: workers, Log: s.options.Log,
		Login: queue.Login{URL: s.url},
		Heard: queue.Heard{Beat: func(b wire.Beat) { s.beats <- b }, Blind: func(b bool) { s.blind <- b }},
	}
	if s.print != (tokens.Fingerprint{}) {
		o.Login.SHA256 = s.print.String()
	}
	if within {
		o.Server = s.server
	} else {
		o.URL, o.TLS = s.url, tokens.Join{Fingerprint: s.print}.TLS()
	}
	return o
}

func (s *site) connect(t *testing.T, o queue.Options) {
	t.Helper()
	var err error
	if s.queue, err = queue.Connect(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.queue.Stop)
}

func (s *site) open(t *testing.T, worker string) queue.Login {
	t.Helper()
	l, err := s.queue.Open(t.Context(), worker)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func join(t *testing.T, l queue.Login, told func(wire.Tell)) *queue.Inbox {
	t.Helper()
	i, err := queue.Join(t.Context(), l, nil, told)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.Close() })
	return i
}

func (s *site) give(t *testing.T, worker, unit string) {
	t.Helper()
	if err := s.queue.Give(t.Context(), worker, queuetest.Unit(unit)); err != nil {
		t.Fatal(err)
	}
}

func (s *site) ends() queuetest.Ends {
	return queuetest.Ends{Giver: s.queue, Beats: s.beats, Join: func(l queue.Login, told func(wire.Tell)) (queue.Taker, error) {
		return queue.Join(context.Background(), l, nil, told)
	}}
}

// awaitGoroutines sees, at the end of a test, that no goroutine is left of it.
func awaitGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for range 500 {
			if runtime.NumGoroutine() <= before {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		text := make([]byte, 1<<20)
		t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, text[:runtime.Stack(text, true)])
	})
}
