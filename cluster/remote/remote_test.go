package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"classsr/branch/branchtest"
	"classsr/budget"
	"classsr/client"
	"classsr/fault"
	"classsr/imageio"
	"classsr/pipeline"
	"classsr/pipeline/order"
	"classsr/server"
	"classsr/server/limits"
)

// serve runs a server in this process and gives its address.
func serve(t *testing.T) (address string) {
	t.Helper()
	folder := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		c := server.Config{
			Listen: "127.0.0.1:0", Data: folder, Limits: limits.Default(), Jobs: 1, Budget: budget.New(500e6, 2), Log: slog.New(slog.DiscardHandler), Version: "test",
		}
		ended <- server.Run(ctx, c, func(urls []string) { ready <- urls[0] })
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the server ended with %v", err)
		}
	})
	select {
	case address = <-ready:
	case err := <-ended:
		ended <- err
		t.Fatal(err)
	}
	return address
}

// faulty sends requests, and does to what comes back what it is told; n counts them from 1 on.
type faulty func(n int64, r *http.Request, answer *http.Response) (*http.Response, error)

// open gives a Remote whose requests go through f, and the texts that it tells.
func open(t *testing.T, address string, f faulty, o Options) (*Remote, func() string) {
	t.Helper()
	var mu sync.Mutex
	var told []string
	o.Order = map[string]string{"fast": "true"}
	o.Tell = func(text string) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, text)
	}
	r, err := Open(address, "", o)
	if err != nil {
		t.Fatal(err)
	}
	if f != nil {
		through := &http.Client{Transport: &transport{f: f}}
		if r.client, err = client.New(address, client.Options{HTTP: through, Patience: o.Patience}); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(r.Close)
	return r, func() string {
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(told, "\n")
	}
}

type transport struct {
	f faulty
	n atomic.Int64
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	return t.f(t.n.Add(1), r, answer)
}

var errReset = errors.New("connection reset")

// cut is a body that breaks off.
type cut struct {
	io.Reader
	io.Closer
}

func cutAfter(n int64, body io.ReadCloser) io.ReadCloser {
	return cut{io.MultiReader(io.LimitReader(body, n), broken{}), body}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errReset }

// pictures makes pictures in a folder, and gives the work of enlarging them to others beside.
func pictures(t *testing.T, n int) (folder string, work func(to string) *pipeline.Work) {
	t.Helper()
	folder = t.TempDir()
	for i := range n {
		var b bytes.Buffer
		if err := imageio.Encode(&b, branchtest.Patchwork(30+i, 20, 3, false, 8), imageio.PNG, imageio.EncodeOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.png", i)), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder, func(to string) *pipeline.Work {
		var jobs []pipeline.Job
		for i := range n {
			jobs = append(jobs, pipeline.Job{Input: filepath.Join(folder, fmt.Sprintf("%d.png", i)), Output: filepath.Join(folder, to, fmt.Sprintf("%d.png", i))})
		}
		return pipeline.NewWork(jobs...)
	}
}

// watcher keeps what went wrong.
type watcher struct{ errors []error }

func (*watcher) Started(pipeline.Job, pipeline.Position) {}
func (*watcher) Finished(*pipeline.Result) error         { return nil }
func (*watcher) Skipped(pipeline.Job, string) error      { return nil }
func (w *watcher) Failed(f pipeline.Failure) error       { w.errors = append(w.errors, f.Err); return nil }

// here enlarges pictures in this process.
func here(t *testing.T, work *pipeline.Work) {
	t.Helper()
	var o order.Order
	if err := o.Set("fast", "true"); err != nil {
		t.Fatal(err)
	}
	p, err := o.Pipeline(nil, budget.New(500e6, 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	if sum, err := p.Run(t.Context(), work, &watcher{}); err != nil || sum.Failed > 0 {
		t.Fatal(sum, err)
	}
}

// left are the jobs on a server.
func left(t *testing.T, address string) (ids []string) {
	t.Helper()
	c, err := client.New(address, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for j, err := range c.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, j.ID)
	}
	return ids
}

// Answers that are lost and connections that break, wherever that is, change nothing.
func TestBadConnections(t *testing.T) {
	const n = 6
	address := serve(t)
	folder, work := pictures(t, n)
	here(t, work("here"))
	r, _ := open(t, address, func(n int64, r *http.Request, answer *http.Response) (*http.Response, error) {
		switch {
		case n%5 == 0: // the server has done it, and nobody knows
			_ = answer.Body.Close()
			return nil, errReset
		case n%7 == 0, n%2 == 0 && strings.HasSuffix(r.URL.Path, "/result") && r.Header.Get("Range") == "":
			answer.Body = cutAfter(700, answer.Body)
		}
		return answer, nil
	}, Options{})
	p := pipeline.Pipeline{Remote: r}
	var w watcher
	if sum, err := p.Run(t.Context(), work("there"), &w); err != nil || sum.Done != n {
		t.Fatal(sum, err, w.errors)
	}
	for i := range n {
		name := fmt.Sprintf("%d.png", i)
		want, wantErr := os.ReadFile(filepath.Join(folder, "here", name))
		got, err := os.ReadFile(filepath.Join(folder, "there", name))
		if err != nil || wantErr != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: other bytes (%v, %v)", name, err, wantErr)
		}
	}
	if ids := left(t, address); len(ids) > 0 {
		t.Errorf("left on the server: %v", ids)
	}
}

// Somebody removes jobs while they are waited for: they are done again.
func TestLostJobs(t *testing.T) {
	address := serve(t)
	_, work := pictures(t, 2)
	var removed atomic.Int32
	r, _ := open(t, address, func(_ int64, r *http.Request, answer *http.Response) (*http.Response, error) {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/result") && removed.Add(1) <= 2 {
			_ = answer.Body.Close()
			return &http.Response{StatusCode: http.StatusNotFound, Body: http.NoBody, Header: http.Header{}}, nil
		}
		return answer, nil
	}, Options{})
	p := pipeline.Pipeline{Remote: r}
	var w watcher
	if sum, err := p.Run(t.Context(), work("out"), &w); err != nil || sum.Done != 2 || removed.Load() != 4 {
		t.Errorf("%+v %v %v, %d results were asked for", sum, err, w.errors, removed.Load())
	}
	if ids := left(t, address); len(ids) > 0 {
		t.Errorf("left on the server: %v", ids)
	}
}

// A server that goes away ends the run; the same run again finds the jobs that it had.
func TestTheSameRunAgain(t *testing.T) {
	address := serve(t)
	_, work := pictures(t, 1)
	var away atomic.Bool // after the submission
	r, _ := open(t, address, func(_ int64, r *http.Request, answer *http.Response) (*http.Response, error) {
		if away.Load() && !strings.HasSuffix(r.URL.Path, "/events") {
			_ = answer.Body.Close()
			return nil, errReset
		}
		if r.Method == http.MethodPost {
			away.Store(true)
		}
		return answer, nil
	}, Options{Patience: -1})
	p := pipeline.Pipeline{Remote: r}
	var w watcher
	sum, err := p.Run(t.Context(), work("out"), &w)
	if fault.KindOf(err) != fault.Unavailable || !strings.HasSuffix(err.Error(), "give the same command again to go on") || sum.Done+sum.Failed > 0 {
		t.Fatal(sum, err, w.errors)
	}
	before := left(t, address)
	if len(before) != 1 {
		t.Fatalf("left on the server: %v", before)
	}
	var submitted atomic.Int32
	var removed []string
	p.Remote, _ = open(t, address, func(_ int64, r *http.Request, answer *http.Response) (*http.Response, error) {
		switch r.Method {
		case http.MethodPost:
			submitted.Add(1)
			if answer.Header.Get("Idempotency-Replayed") != "true" || r.ContentLength > 0 {
				t.Errorf("the picture is sent again, %d bytes: %v", r.ContentLength, answer.Header)
			}
		case http.MethodDelete:
			removed = append(removed, filepath.Base(r.URL.Path))
		}
		return answer, nil
	}, Options{})
	if sum, err := p.Run(t.Context(), work("out"), &w); err != nil || sum.Done != 1 || submitted.Load() != 1 || !slices.Equal(slices.Compact(removed), before) {
		t.Errorf("%+v %v %v; removed %v, of %v", sum, err, w.errors, removed, before)
	}
}

// What the server says of a picture is the picture's own error; what all others would be told, too, ends the run.
func TestErrors(t *testing.T) {
	for _, test := range []struct {
		status int
		kind   fault.Kind
		gone   bool
	}{
		{400, fault.Usage, false}, {413, fault.TooLarge, false}, {415, fault.Unsupported, false}, {500, fault.Internal, false},
		{401, fault.Unauthorized, true}, {403, "forbidden", true}, {429, fault.Busy, true}, {503, fault.Unavailable, true},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.Method {
			case http.MethodHead:
				w.WriteHeader(http.StatusNotFound)
			case http.MethodPost:
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(test.status)
				_, _ = fmt.Fprintf(w, `{"detail":"cannot read the picture: because","kind":%q}`, test.kind)
			default:
				_, _ = io.WriteString(w, `{}`)
			}
		}))
		r, _ := open(t, s.URL, nil, Options{Patience: -1})
		p := pipeline.Pipeline{Remote: r}
		_, work := pictures(t, 1)
		var w watcher
		sum, err := p.Run(t.Context(), work("out"), &w)
		var gone *pipeline.Gone
		if errors.As(err, &gone) != test.gone || test.gone && fault.KindOf(err) != test.kind {
			t.Errorf("%d: %v", test.status, err)
		}
		if !test.gone && (sum.Failed != 1 || fault.KindOf(w.errors[0]) != test.kind || !strings.HasSuffix(w.errors[0].Error(), "0.png: because")) {
			t.Errorf("%d: %v", test.status, w.errors)
		}
		s.Close()
	}
}

// A server that is not there is told of once, and then waited for.
func TestServerThatIsNotThere(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	r, told := open(t, s.URL, nil, Options{Patience: time.Second})
	p := pipeline.Pipeline{Remote: r}
	_, work := pictures(t, 3)
	sum, err := p.Run(t.Context(), work("out"), &watcher{})
	if fault.KindOf(err) != fault.Unavailable || !strings.HasPrefix(err.Error(), s.URL+": ") || sum.Failed > 0 {
		t.Errorf("%+v, %v", sum, err)
	}
	r.Close()
	if got := told(); strings.Count(got, "trying again for") != 1 {
		t.Errorf("told %q", got)
	}
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct{ address, token, want string }{
		{"http://studio:8080", "secret", "use https"},
		{"http://127.0.0.1:8080", "secret", ""},
		{"http://[::1]:8080", "secret", ""},
		{"http://localhost:8080", "secret", ""},
		{"http://studio:8080", "", ""},
		{"https://studio:8443", "secret", ""},
		{"classsr://studio:8443/#token=secret", "secret", "a token of its own"},
		{"classsr://studio:8443/#token=secret", "", ""},
		{"classsr://studio/#token=secret", "", "does not look like"},
		{"http://a,http://b", "", "no address"},
		{"studio:8443", "", "no address"},
	} {
		r, err := Open(c.address, c.token, Options{})
		switch {
		case (err == nil) != (c.want == ""), err != nil && (fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret")):
			t.Errorf("%s: %v", c.address, err)
		case err == nil && strings.Contains(r.server, "secret"):
			t.Errorf("it is called %s", r.server)
		}
	}
}
