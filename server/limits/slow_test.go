package limits

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"classsr/fault"
	"classsr/server/problem"
)

// pipes is a listener without a network, whose time is that of synctest.
type pipes struct {
	conns chan net.Conn
	ended chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}
func (p pipes) Close() error { close(p.ended); return nil }
func (pipes) Addr() net.Addr { return &net.TCPAddr{} }

// exchange serves one connection, on which client is what it does, in a time of its own, in which waiting takes none.
func exchange(t *testing.T, handler http.HandlerFunc, client func(t *testing.T, c net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := pipes{make(chan net.Conn), make(chan struct{})}
		g := Guard(l, 4)
		server := &http.Server{Handler: g.Serving(handler), ConnContext: g.ConnContext, ReadHeaderTimeout: 5 * time.Second}
		ended := make(chan error)
		go func() { ended <- server.Serve(g) }()
		here, there := net.Pipe()
		l.conns <- there
		client(t, here)
		_ = here.Close()
		_ = server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		time.Sleep(time.Second) // for what the server does after it has ended
	})
}

// receiving reads a body as the server does.
func receiving(l Limits, took *time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		n, err := io.Copy(io.Discard, Body(w, r, l))
		*took = time.Since(begun)
		if err != nil {
			problem.Write(w, err)
			return
		}
		time.Sleep(time.Minute) // what comes after the body may take its time
		if r.Context().Err() != nil {
			return
		}
		_, _ = fmt.Fprintf(w, "%d", n)
	}
}

// drip sends bytes, so many each second, until the server hears no more.
func drip(c net.Conn, total, perSecond int) {
	for sent := 0; sent < total; sent += perSecond {
		if _, err := c.Write(make([]byte, min(perSecond, total-sent))); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

func answer(t *testing.T, r *bufio.Reader) (*http.Response, problem.Problem) {
	t.Helper()
	a, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	var p problem.Problem
	if a.StatusCode != http.StatusOK {
		if err := json.Unmarshal(text, &p); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return a, p
}

func TestBodies(t *testing.T) {
	l := Default()
	l.MaxUpload = 2e6
	const size = 1e6
	header := fmt.Sprintf("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", int(size))
	for name, c := range map[string]struct {
		send   func(net.Conn)
		status int
		kind   fault.Kind
		took   time.Duration // about
	}{
		"fast enough":   {func(c net.Conn) { _, _ = io.WriteString(c, header); drip(c, size, 9000) }, 200, "", 111 * time.Second},
		"too slow":      {func(c net.Conn) { _, _ = io.WriteString(c, header); drip(c, size, 7000) }, 408, fault.Usage, 20 * time.Second},
		"byte by byte":  {func(c net.Conn) { _, _ = io.WriteString(c, header); drip(c, size, 1) }, 408, fault.Usage, 20 * time.Second},
		"nothing":       {func(c net.Conn) { _, _ = io.WriteString(c, header) }, 408, fault.Usage, 20 * time.Second},
		"stops halfway": {func(c net.Conn) { _, _ = io.WriteString(c, header); drip(c, size/2, size/4) }, 408, fault.Usage, 21 * time.Second},
		"more than told": {func(c net.Conn) {
			_, _ = io.WriteString(c, strings.Replace(header, "1000000", "3000000", 1))
			drip(c, 3e6, 3e5)
		}, 413, fault.TooLarge, 6 * time.Second},
		"bad chunks": {func(c net.Conn) {
			_, _ = io.WriteString(c, "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n")
		}, 400, fault.Usage, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var took time.Duration
			exchange(t, receiving(l, &took), func(t *testing.T, conn net.Conn) {
				go c.send(conn)
				a, p := answer(t, bufio.NewReader(conn))
				if a.StatusCode != c.status || p.Kind != c.kind || a.Close != (c.status != 200) {
					t.Errorf("%d, closed %v, %+v", a.StatusCode, a.Close, p)
				}
			})
			if took < c.took-time.Second || took > c.took+2*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// A body that ends early is not taken for one that is complete.
func TestACutBody(t *testing.T) {
	var got error
	exchange(t, func(w http.ResponseWriter, r *http.Request) { _, got = io.ReadAll(Body(w, r, Default())) }, func(_ *testing.T, c net.Conn) {
		_, _ = io.WriteString(c, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
		_ = c.Close()
		synctest.Wait()
	})
	if fault.KindOf(got) != fault.Usage {
		t.Errorf("%v", got)
	}
}

func TestWriters(t *testing.T) {
	const size = 2e6
	for name, c := range map[string]struct {
		perSecond int
		whole     bool
	}{"fast enough": {9000, true}, "too slow": {7000, false}, "byte by byte": {1, false}, "nothing": {0, false}} {
		t.Run(name, func(t *testing.T) {
			var failed error
			var took time.Duration
			handler := func(w http.ResponseWriter, _ *http.Request) {
				begun := time.Now()
				w = Writer(w, Default())
				if _, ok := w.(io.ReaderFrom); ok {
					t.Error("files would be sent in one go")
				}
				_, failed = io.Copy(w, bytes.NewReader(make([]byte, size)))
				took = time.Since(begun)
				if failed != nil {
					if _, err := w.Write([]byte("x")); !errors.Is(err, failed) || time.Since(begun) != took {
						t.Errorf("after that: %v", err)
					}
				}
			}
			exchange(t, handler, func(_ *testing.T, conn net.Conn) {
				_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
				got := int64(0)
				for c.perSecond > 0 {
					n, err := io.CopyN(io.Discard, conn, int64(c.perSecond))
					got += n
					if err != nil {
						break
					}
					time.Sleep(time.Second)
				}
				if c.perSecond == 0 {
					time.Sleep(time.Minute)
				}
				if (got > size) != c.whole {
					t.Errorf("%d bytes were taken", got)
				}
			})
			if (failed == nil) != c.whole || !c.whole && (took < 19*time.Second || took > 41*time.Second) {
				t.Errorf("after %v: %v", took, failed)
			}
		})
	}
}

// Between two writes a stream may rest as long as it likes, and each one is on its way at once.
func TestStreamsOfEvents(t *testing.T) {
	var failed error
	handler := func(w http.ResponseWriter, _ *http.Request) {
		w = Writer(w, Default())
		for range 10 {
			if _, err := io.WriteString(w, "event\n"); err != nil {
				failed = err
			}
			if err := http.NewResponseController(w).Flush(); err != nil {
				failed = err
			}
			time.Sleep(time.Minute)
		}
	}
	exchange(t, handler, func(t *testing.T, conn net.Conn) {
		begun := time.Now()
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		a, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(a.Body)
		for n := 0; lines.Scan(); n++ {
			if want := time.Duration(n) * time.Minute; time.Since(begun) != want {
				t.Errorf("event %d came after %v", n, time.Since(begun))
			}
		}
		if err := lines.Err(); err != nil || time.Since(begun) != 10*time.Minute {
			t.Errorf("it ended after %v: %v", time.Since(begun), err)
		}
	})
	if failed != nil {
		t.Error(failed)
	}
}
