package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net"
	"net/http"
	"strconv"
	"time"

	"classsr/fault"
)

// Error is an answer of the server's that is an error. fault.KindOf gives its kind: "forbidden", besides those of package fault, means that the server
// does not know the name that it was reached by.
type Error struct {
	Status     int           // of HTTP
	Detail     string        // what happened, and what to do
	RetryAfter time.Duration // after which it may be tried again; 0 if the server did not say
}

// Error gives the detail.
func (e *Error) Error() string { return e.Detail }

// maxProblem is how many bytes of an error answer are read.
const maxProblem = 64 << 10

// kinds are those of answers that do not say it: they come from something between here and the server.
var kinds = map[int]fault.Kind{
	http.StatusUnauthorized: fault.Unauthorized, http.StatusForbidden: "forbidden", http.StatusNotFound: fault.NotFound, http.StatusConflict: fault.Conflict,
	http.StatusRequestEntityTooLarge: fault.TooLarge, http.StatusUnsupportedMediaType: fault.Unsupported, http.StatusTooManyRequests: fault.Busy,
	http.StatusBadGateway: fault.Unavailable, http.StatusServiceUnavailable: fault.Unavailable, http.StatusGatewayTimeout: fault.Unavailable,
}

// refusal reads an error answer.
func refusal(r *http.Response) error {
	var p struct {
		Detail string
		Kind   fault.Kind
	}
	e := &Error{Status: r.StatusCode}
	kind := cmp.Or(kinds[r.StatusCode], fault.Internal)
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	body, readErr := io.ReadAll(io.LimitReader(r.Body, maxProblem))
	if err == nil && readErr == nil && media == "application/problem+json" && json.Unmarshal(body, &p) == nil && p.Kind != "" {
		kind, e.Detail = p.Kind, p.Detail
	}
	e.Detail = cmp.Or(e.Detail, fmt.Sprintf("the server answered %d %s", r.StatusCode, http.StatusText(r.StatusCode)))
	if n, err := strconv.ParseUint(r.Header.Get("Retry-After"), 10, 31); err == nil {
		e.RetryAfter = time.Duration(n) * time.Second
	}
	return fault.As(kind, e)
}

// broken is that a connection was not made, or broke, or that what came over it was cut off.
type broken struct{ error }

func (b broken) Unwrap() error { return b.error }

// connection gives an error of a connection its kind, and tells apart what may be better the next time.
func connection(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var wrong *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var name *net.DNSError
	switch {
	case errors.As(err, &wrong):
		return fault.New(fault.Unauthorized, "the server's certificate is not accepted: %w", err)
	case errors.As(err, &record):
		return fault.New(fault.Usage, "the server does not speak TLS: give its address with http, if it is this machine's: %w", err)
	case errors.As(err, &name) && name.IsNotFound:
		return fault.New(fault.Usage, "the server's name is not known: %w", err)
	}
	return broken{fault.New(fault.Unavailable, "the server was not reached, or broke the connection: %w", err)}
}

// Waits between tries where the server does not say how long.
const (
	firstWait = 500 * time.Millisecond
	mostWait  = 30 * time.Second
	doublings = 10 // beyond which waits would not fit their type
)

// wait is how long to wait before a try, the n-th one from 1 on, after an error that came before; again is false if trying again will not help.
func wait(err error, n int) (d time.Duration, again bool) {
	var b broken
	var e *Error
	switch {
	case errors.As(err, &e) && (e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable || e.Status == http.StatusBadGateway):
		if e.RetryAfter > 0 {
			return e.RetryAfter, true
		}
	case !errors.As(err, &b):
		return 0, false
	}
	return min(time.Duration(math.Ldexp(float64(firstWait), min(n-1, doublings))), mostWait), true
}

// tries counts the waits of one call.
type tries struct {
	c      *Client
	n      int
	waited time.Duration
}

// again waits before the next try, and gives err back if there is to be none.
func (t *tries) again(ctx context.Context, err error) error {
	t.n++
	d, again := wait(err, t.n)
	if !again || t.waited+d > t.c.patience {
		return err
	}
	t.waited += d
	return t.c.sleep(ctx, d)
}

// reset is called when something went well: patience is for what comes from now on.
func (t *tries) reset() { t.n, t.waited = 0, 0 }

// trying calls something until it works, or does not help any more.
func (c *Client) trying(ctx context.Context, call func() error) error {
	t := tries{c: c}
	for {
		err := call()
		if err == nil {
			return nil
		}
		if err := t.again(ctx, err); err != nil {
			return err
		}
	}
}
