package worker

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/server/blobs"
)

// HTTP is the Transport between machines: the routes of package wire.
type HTTP struct {
	base   *url.URL
	secret string
	client *http.Client
	sleep  func(ctx context.Context, d time.Duration) error
}

// Bounds of connections.
const (
	dialTime      = 10 * time.Second
	handshakeTime = 10 * time.Second
	keepAlive     = 15 * time.Second
	expectTime    = 2 * time.Second // for leave to send what may not be wanted
	idleTime      = 50 * time.Second
	silence       = time.Minute // without a byte, after which a connection is taken for broken
)

// NewHTTP speaks to the coordinator at an address as https://HOST:PORT. secret is the worker's token, "" where none is needed; check says which certificates are accepted, as
// tokens.Join.TLS gives it. Nothing is sent yet. Errors are of kind fault.Usage.
func NewHTTP(address, secret string, check *tls.Config) (*HTTP, error) {
	base, err := url.Parse(address)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, fault.New(fault.Usage, "that is no address of a server: give one as https://HOST:PORT or http://127.0.0.1:8080")
	}
	dialer := &net.Dialer{Timeout: dialTime, KeepAlive: keepAlive}
	return &HTTP{
		base: base, secret: secret, sleep: sleep,
		client: &http.Client{
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, TLSClientConfig: check, TLSHandshakeTimeout: handshakeTime,
				ExpectContinueTimeout: expectTime, IdleConnTimeout: idleTime, DisableCompression: true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the token is for nobody else
		},
	}, nil
}

// request is what is sent.
type request struct {
	method, path string
	query        url.Values
	header       map[string]string
	body         io.Reader
	size         int64
}

// send sends a request once. take reads an answer of 2xx; others are errors (answer), and so is a connection that breaks or on which nothing moves (broken).
func (h *HTTP) send(ctx context.Context, q request, take func(*http.Response, io.Reader) error) error {
	asking, cancel := context.WithCancel(ctx)
	defer cancel()
	quiet := time.AfterFunc(silence, cancel)
	defer quiet.Stop()
	u := h.base.JoinPath(q.path)
	u.RawQuery = q.query.Encode()
	r, err := http.NewRequestWithContext(asking, q.method, u.String(), nil)
	if err != nil {
		return fault.As(fault.Usage, err)
	}
	moving := func() { quiet.Reset(silence) }
	body := &moved{r: q.body, moving: moving}
	if q.body != nil && q.size > 0 {
		r.Body, r.ContentLength = body, q.size
	}
	defer func() { _ = body.Close() }() // it gives no error
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	if h.secret != "" {
		r.Header.Set("Authorization", "Bearer "+h.secret)
	}
	r.Header.Set("User-Agent", "classsr-worker")
	a, err := h.client.Do(r)
	if err != nil && body.failed() != nil { // which is why the connection broke
		return fault.As(fault.Unavailable, body.failed())
	}
	if err != nil {
		return connection(ctx, err)
	}
	defer func() { _ = a.Body.Close() }() // nothing was written
	from := &moved{r: a.Body, moving: moving}
	if a.StatusCode < 200 || a.StatusCode > 299 {
		return refusal(a, from)
	}
	err = take(a, from)
	if from.failed() != nil {
		return connection(ctx, err)
	}
	return err
}

// nothing takes an answer without content.
func nothing(*http.Response, io.Reader) error { return nil }

// Join implements Transport.
func (h *HTTP) Join(ctx context.Context, a wire.About) (j wire.Joined, err error) {
	const most = 64 << 10
	err = h.send(ctx, request{method: http.MethodPost, path: wire.PathWorkers, query: a.Values()}, func(_ *http.Response, r io.Reader) error {
		text, err := io.ReadAll(io.LimitReader(r, most))
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, &j); err != nil {
			return fault.New(fault.Internal, "the answer cannot be read, is this a classsr server? %w", err)
		}
		return nil
	})
	if err != nil {
		return wire.Joined{}, err
	}
	j.Login.URL, err = h.withHost(j.Login.URL)
	return j, err
}

// Leave implements Transport.
func (h *HTTP) Leave(ctx context.Context, worker string) error {
	return h.send(ctx, request{method: http.MethodDelete, path: wire.PathWorker(worker)}, nothing)
}

// withHost gives an address without a host that of the coordinator.
func (h *HTTP) withHost(address string) (string, error) {
	if address == "" { // where there is no other way than this one
		return "", nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", fault.New(fault.Internal, "the coordinator gives an address that is none: %w", err)
	}
	if u.Hostname() == "" {
		u.Host = net.JoinHostPort(h.base.Hostname(), u.Port())
	}
	return u.String(), nil
}

// Input implements Transport.
func (h *HTTP) Input(ctx context.Context, unit string, q wire.Query, to io.Writer) error {
	return h.download(ctx, wire.PathUnit(unit), q, to)
}

// Model implements Transport.
func (h *HTTP) Model(ctx context.Context, unit string, q wire.Query, sum blobs.Sum, to io.Writer) error {
	return h.download(ctx, wire.PathModel(unit, sum), q, to)
}

// download writes what is at a path, and goes on where it was when it was broken off.
func (h *HTTP) download(ctx context.Context, path string, q wire.Query, to io.Writer) error {
	t := tries{h: h}
	have, tag := int64(0), ""
	for {
		ask := request{method: http.MethodGet, path: path, query: q.Values()}
		if have > 0 {
			ask.header = map[string]string{"Range": "bytes=" + strconv.FormatInt(have, 10) + "-"}
			if tag != "" {
				ask.header["If-Range"] = tag
			}
		}
		out := &kept{w: to}
		err := h.send(ctx, ask, func(a *http.Response, r io.Reader) error {
			if have > 0 && !goesOn(a, tag, have) {
				return fault.New(fault.Conflict, "the connection broke, and the coordinator does not go on where it was")
			}
			tag = a.Header.Get("ETag")
			n, err := io.Copy(out, r)
			have += n
			if n > 0 {
				t.reset()
			}
			return err
		})
		if out.err != nil {
			return out.err
		}
		if err == nil {
			return nil
		}
		if err := t.again(ctx, err); err != nil {
			return err
		}
	}
}

// goesOn tells whether an answer is what follows so many bytes.
func goesOn(a *http.Response, tag string, have int64) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(a.Header.Get("Content-Range"), "bytes "), "-")
	return a.StatusCode == http.StatusPartialContent && first == strconv.FormatInt(have, 10) && (tag == "" || a.Header.Get("ETag") == tag)
}

// Append implements Transport.
func (h *HTTP) Append(ctx context.Context, unit string, q wire.Query, body io.ReadSeeker) (until int, err error) {
	size, err := body.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, fault.As(fault.Unavailable, err)
	}
	begin, end := q.Offset, q.Offset+size
	t := tries{h: h, patience: patience}
	for first := true; ; first = false {
		if _, err := body.Seek(q.Offset-begin, io.SeekStart); err != nil {
			return 0, fault.As(fault.Unavailable, err)
		}
		ask := request{method: http.MethodPut, path: wire.PathUnit(unit), query: q.Values(), body: body, size: end - q.Offset}
		ask.header = map[string]string{"Content-Type": "application/octet-stream"}
		if !first {
			ask.header["Expect"] = "100-continue" // it may be there already
		}
		err := h.send(ctx, ask, func(a *http.Response, _ io.Reader) error {
			until = untilOf(a.Header)
			return nil
		})
		if err == nil {
			return until, nil
		}
		if there, until, ok := isThere(err); ok {
			switch {
			case there < begin || there > end:
				return 0, fault.New(fault.Conflict, "the coordinator has %d bytes of a result, where %d to %d are sent: %w", there, begin, end, err)
			case there == end && !q.Last:
				return until, nil
			case there > q.Offset:
				q.Offset = there
				t.reset()
				continue
			}
			q.Offset = there
			err = &broken{err} // it may have lost what it had; that is not to go round and round without a wait
		}
		if err := t.again(ctx, err); err != nil {
			return 0, err
		}
	}
}

// untilOf is what an answer says of where a unit ends.
func untilOf(h http.Header) int {
	n, err := strconv.ParseUint(h.Get(wire.HeaderUntil), 10, 31)
	if err != nil {
		return 0
	}
	return int(n)
}

// Fail implements Transport.
func (h *HTTP) Fail(ctx context.Context, unit string, q wire.Query, p wire.Problem) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fault.As(fault.Internal, err)
	}
	t := tries{h: h}
	for {
		ask := request{method: http.MethodPost, path: wire.PathUnit(unit) + wire.FailedSuffix, query: q.Values(), body: strings.NewReader(string(text)), size: int64(len(text))}
		ask.header = map[string]string{"Content-Type": "application/json"}
		err := h.send(ctx, ask, nothing)
		if err == nil {
			return nil
		}
		if err := t.again(ctx, err); err != nil {
			return err
		}
	}
}
