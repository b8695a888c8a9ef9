package worker

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/server/problem"
)

// answer is one of the coordinator's that is an error. Its kind is what the coordinator says, or what the status stands for.
type answer struct {
	status int
	detail string
	after  time.Duration // after which it may be tried again; 0 if the coordinator did not say
	there  int64         // bytes of a result that are there; -1 if it did not say
	until  int
}

func (a *answer) Error() string { return a.detail }

// refusal reads an answer that is an error.
func refusal(r *http.Response, body io.Reader) error {
	const most = 64 << 10
	var p struct {
		Detail string
		Kind   fault.Kind
	}
	a := &answer{status: r.StatusCode, there: -1, until: untilOf(r.Header)}
	kind := problem.KindOf(r.StatusCode)
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	text, readErr := io.ReadAll(io.LimitReader(body, most))
	if err == nil && readErr == nil && media == problem.ContentType && json.Unmarshal(text, &p) == nil && p.Kind != "" {
		kind, a.detail = p.Kind, p.Detail
	}
	a.detail = cmp.Or(a.detail, fmt.Sprintf("the coordinator answered %d %s", r.StatusCode, http.StatusText(r.StatusCode)))
	if n, err := strconv.ParseUint(r.Header.Get("Retry-After"), 10, 31); err == nil {
		a.after = time.Duration(n) * time.Second
	}
	if n, err := strconv.ParseInt(r.Header.Get(wire.HeaderOffset), 10, 64); err == nil && n >= 0 {
		a.there = n
	}
	return fault.As(kind, a)
}

// isThere tells how much of a result is there, if an error says that it is something else than was thought.
func isThere(err error) (there int64, until int, ok bool) {
	var a *answer
	if errors.As(err, &a) && a.status == http.StatusConflict && a.there >= 0 {
		return a.there, a.until, true
	}
	return 0, 0, false
}

// broken is that a connection was not made, or broke: it may be better the next time.
type broken struct{ error }

func (b *broken) Unwrap() error { return b.error }

// connection gives an error of a connection its kind.
func connection(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var wrong *tls.CertificateVerificationError
	if errors.As(err, &wrong) {
		return fault.New(fault.Unauthorized, "the coordinator's certificate is not accepted: %w", err)
	}
	var asked *url.Error
	if errors.As(err, &asked) {
		err = asked.Err // without all that was asked
	}
	return &broken{fault.New(fault.Unavailable, "the coordinator was not reached, or broke the connection: %w", err)}
}

// patience is how long a coordinator that answers may have no room for a result.
const patience = 10 * time.Minute

// tries counts the waits of one call.
type tries struct {
	h        *HTTP
	patience time.Duration // for answers that it cannot be done now, all waits together; 0: for ever
	waits    pauses
	waited   time.Duration
}

// again waits before the next try, and gives err back if there is to be none.
func (t *tries) again(ctx context.Context, err error) error {
	var a *answer
	var b *broken
	after := time.Duration(0)
	switch {
	case errors.As(err, &b):
	case !errors.As(err, &a):
		return err
	case a.status == http.StatusRequestTimeout, a.status == http.StatusTooManyRequests, a.status >= http.StatusInternalServerError:
		after = a.after
	default:
		return err
	}
	d := t.waits.next()
	if after > 0 {
		d = after + spread(firstWait)
	}
	if a != nil && a.status >= http.StatusInternalServerError && t.patience > 0 {
		if t.waited += d; t.waited > t.patience {
			return fault.As(fault.Unavailable, err)
		}
	}
	return t.h.sleep(ctx, d)
}

// reset is called when something went well.
func (t *tries) reset() { t.waits, t.waited = pauses{}, 0 }

// moved is a reader that tells when something moves, and keeps its error. When it is closed, nothing reads from r any more: a connection may still do so when the
// answer is there.
type moved struct {
	moving func()

	mu     sync.Mutex
	r      io.Reader
	closed bool
	err    error
}

func (m *moved) Read(b []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return 0, io.ErrClosedPipe
	}
	n, err := m.r.Read(b)
	m.moving()
	if err != nil && !errors.Is(err, io.EOF) {
		m.err = err
	}
	return n, err
}

func (m *moved) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

// failed is the error of reading, if there was one.
func (m *moved) failed() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

// kept keeps the error of a writer, to tell it from one of what is written.
type kept struct {
	w   io.Writer
	err error
}

func (k *kept) Write(b []byte) (int, error) {
	n, err := k.w.Write(b)
	k.err = err
	return n, err
}
