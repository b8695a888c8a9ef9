package limits

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Guarded is a listener with a bound of connections.
type Guarded struct {
	net.Listener
	most    int
	dropped atomic.Int64

	mu    sync.Mutex
	conns map[*conn]bool
}

// conn is a connection, what it is used for, and how much.
type conn struct {
	net.Conn
	guard *Guarded
	bytes atomic.Int64 // read and written

	// With the guard's lock.
	serving int       // requests, which are one mostly
	since   time.Time // when it began to serve, or to serve nothing
	before  int64     // bytes at that time
}

// Guard bounds the connections of a listener. When there are too many, one is closed: the oldest of those on which no request is served, so that
// connections that send a request's headers bit by bit, or nothing, keep nobody out; where all serve, the one that moved the fewest bytes for the
// time that its request takes. The newest is never closed. TLS comes on top of it: tls.NewListener(Guard(l, most), config).
func Guard(l net.Listener, most int) *Guarded {
	return &Guarded{Listener: l, most: max(most, 1), conns: map[*conn]bool{}}
}

// Accept is net.Listener's.
func (g *Guarded) Accept() (net.Conn, error) {
	accepted, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: accepted, guard: g, since: time.Now()}
	g.mu.Lock()
	var worst *conn
	if len(g.conns) >= g.most {
		worst = g.worst()
		delete(g.conns, worst)
	}
	g.conns[c] = true
	g.mu.Unlock()
	if worst != nil {
		g.dropped.Add(1)
		if tcp, ok := worst.Conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // what it did not take is of no use
		}
		_ = worst.Close() // that is all that is wanted of it
	}
	return c, nil
}

// worst is the connection that is closed next. There is one.
func (g *Guarded) worst() (worst *conn) {
	now := time.Now()
	for c := range g.conns {
		if worst == nil || c.worseThan(worst, now) {
			worst = c
		}
	}
	return worst
}

func (c *conn) worseThan(other *conn, now time.Time) bool {
	switch {
	case c.serving == 0 && other.serving == 0:
		return c.since.Before(other.since)
	case c.serving > 0 && other.serving > 0:
		return c.speed(now) < other.speed(now)
	}
	return c.serving == 0
}

// speed is how many bytes a second a connection moves for its request. The first second does not count, since every request begins with nothing.
func (c *conn) speed(now time.Time) float64 {
	return float64(c.bytes.Load()-c.before) / max(now.Sub(c.since).Seconds(), 1)
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.bytes.Add(int64(n))
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.bytes.Add(int64(n))
	return n, err
}

// CloseWrite is for http.Server, so that who still sends gets the answer.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

func (c *conn) Close() error {
	c.guard.mu.Lock()
	delete(c.guard.conns, c)
	c.guard.mu.Unlock()
	return c.Conn.Close()
}

// serves notes that a request begins (1) or ends (-1).
func (c *conn) serves(change int) {
	c.guard.mu.Lock()
	defer c.guard.mu.Unlock()
	c.serving += change
	c.since, c.before = time.Now(), c.bytes.Load()
}

// Open is how many connections there are.
func (g *Guarded) Open() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.conns)
}

// Dropped is how many connections were closed because there were too many.
func (g *Guarded) Dropped() int64 { return g.dropped.Load() }

type connKey struct{}

// ConnContext is for http.Server: it lets Serving know the connection of a request.
func (g *Guarded) ConnContext(ctx context.Context, c net.Conn) context.Context {
	for c != nil {
		if own, ok := c.(*conn); ok {
			return context.WithValue(ctx, connKey{}, own)
		}
		inner, ok := c.(interface{ NetConn() net.Conn }) // TLS
		if !ok {
			break
		}
		c = inner.NetConn()
	}
	return ctx
}

// lastWrite is how long the last bytes of an answer may take, which are sent after the handler has returned.
const lastWrite = 20 * time.Second

// Serving is a handler that tells the guard which connections serve requests.
func (g *Guarded) Serving(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.SetWriteDeadline(time.Time{}) // of the request before
		if c, ok := r.Context().Value(connKey{}).(*conn); ok {
			c.serves(1)
			defer c.serves(-1)
		}
		next.ServeHTTP(w, r)
		_ = control.SetWriteDeadline(time.Now().Add(lastWrite))
	})
}
