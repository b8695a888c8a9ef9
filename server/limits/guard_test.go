package limits

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"classsr/server/tokens"
)

// Connections that send headers or bodies bit by bit, or take nothing of the answer, keep nobody out.
func TestSlowConnectionsKeepNobodyOut(t *testing.T) {
	const most, slow = 16, 100
	certificate, _, err := tokens.Certificate(filepath.Join(t.TempDir(), "tls"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, request := range map[string]string{
		"headers":  "GET / HTTP/1.1\r\nHost: x\r\nX: ",
		"nothing":  "",
		"bodies":   "PUT /read HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc",
		"answers":  "GET /write HTTP/1.1\r\nHost: x\r\n\r\n",
		"and keep": "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", name, secure), func(t *testing.T) {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				g := Guard(l, most)
				server := &http.Server{Handler: g.Serving(http.HandlerFunc(several)), ConnContext: g.ConnContext, ReadHeaderTimeout: 5 * time.Second, ErrorLog: silent}
				var listener net.Listener = g
				transport := &http.Transport{DisableKeepAlives: true}
				url := "http://" + l.Addr().String()
				dial := net.Dial
				if secure {
					listener = tls.NewListener(g, &tls.Config{Certificates: []tls.Certificate{certificate}})
					transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
					url = "https://" + l.Addr().String()
					dial = func(network, address string) (net.Conn, error) {
						return tls.Dial(network, address, transport.TLSClientConfig)
					}
				}
				ended := make(chan error)
				go func() { ended <- server.Serve(listener) }()
				client := &http.Client{Transport: transport, Timeout: 5 * time.Second}
				for n := range slow {
					c, err := dial("tcp", l.Addr().String())
					if err != nil {
						t.Fatal(err)
					}
					defer func() { _ = c.Close() }()
					if _, err := io.WriteString(c, request); err != nil {
						t.Fatal(err)
					}
					if n%20 != 19 {
						continue
					}
					begun := time.Now()
					a, err := client.Get(url + "/")
					if err != nil {
						t.Fatalf("with %d slow connections: %v", n+1, err)
					}
					_ = a.Body.Close()
					if took := time.Since(begun); took > time.Second || a.StatusCode != http.StatusOK {
						t.Errorf("with %d slow connections: %d after %v", n+1, a.StatusCode, took)
					}
				}
				if open, dropped := g.Open(), g.Dropped(); open > most || dropped < slow-most {
					t.Errorf("%d connections are open, %d were closed", open, dropped)
				}
				_ = server.Close()
				if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
					t.Error(err)
				}
			})
		}
	}
}

// silent is for what a server says of connections that were closed.
var silent = log.New(io.Discard, "", 0)

// several is a handler that reads, writes, or does neither.
func several(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/read":
		_, _ = io.Copy(io.Discard, Body(w, r, Default()))
	case "/write":
		_, _ = Writer(w, Default()).Write(make([]byte, 16<<20))
	}
}

func TestWhoIsClosedFirst(t *testing.T) {
	now := time.Now()
	g := Guard(nil, 1)
	add := func(serving int, age time.Duration, bytes int64) *conn {
		c := &conn{guard: g, serving: serving, since: now.Add(-age)}
		c.bytes.Store(bytes)
		g.conns[c] = true
		return c
	}
	young := add(0, time.Second, 0)
	old := add(0, time.Minute, 1e6)
	slow := add(1, 10*time.Second, 100)
	fast := add(1, 10*time.Second, 1e6)
	begins := add(1, time.Millisecond, 50) // 50 in its first second
	for _, want := range []*conn{old, young, slow, begins, fast} {
		got := g.worst()
		if got != want {
			t.Errorf("%+v is closed, not %+v", got, want)
		}
		delete(g.conns, want)
	}
}

func TestARequestThatIsRefusedEarlyGetsItsAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := Guard(l, 4)
	server := &http.Server{ConnContext: g.ConnContext, Handler: g.Serving(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	}))}
	ended := make(chan error)
	go func() { ended <- server.Serve(g) }()
	a, err := http.Post("http://"+l.Addr().String(), "image/png", io.LimitReader(zeros{}, 20<<20))
	if err != nil {
		t.Fatal(err)
	}
	_ = a.Body.Close()
	if a.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("%d", a.StatusCode)
	}
	_ = server.Close()
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
