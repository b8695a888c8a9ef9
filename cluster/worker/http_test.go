package worker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"classsr/branch/branchtest"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/server/problem"
	"classsr/server/tokens"
)

const secret = "the-secret"

// trouble is what becomes of one request.
type trouble struct {
	status  int           // the answer, in place of what would be done
	after   time.Duration // Retry-After of it
	cut     int           // bytes of the body that are read (PUT) or sent (GET) before the connection breaks; 0: all
	silent  bool          // all is done, and the connection breaks before the answer
	forgets bool          // what came of the result before is gone
}

// site serves a desk by HTTP, as package wire says, with troubles: request by request, until there are none left.
type site struct {
	*desk
	server *httptest.Server

	mu       sync.Mutex
	troubles []trouble
	requests []string // of units
}

func newSite(t *testing.T, troubles ...trouble) *site {
	s := &site{desk: newDesk(t), troubles: troubles}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+wire.PathWorkers, s.join)
	mux.HandleFunc("GET "+wire.PathUnits, s.input)
	mux.HandleFunc("PUT "+wire.PathUnits, s.append)
	mux.HandleFunc("POST "+wire.PathUnits+wire.FailedSuffix, s.fail)
	s.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+secret {
			refuse(w, fault.New(fault.Unauthorized, "no such token"))
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.server.Close)
	return s
}

// transport speaks to the site, with its certificate, and does not really wait.
func (s *site) transport() (h *HTTP, waits *[]time.Duration) {
	s.t.Helper()
	j := tokens.Join{Address: s.server.Listener.Addr().String(), Secret: secret, Fingerprint: sha256.Sum256(s.server.Certificate().Raw)}
	h, err := NewHTTP("https://"+j.Address, j.Secret, j.TLS())
	if err != nil {
		s.t.Fatal(err)
	}
	waits = &[]time.Duration{}
	h.sleep = func(ctx context.Context, d time.Duration) error {
		*waits = append(*waits, d)
		return ctx.Err()
	}
	return h, waits
}

func refuse(w http.ResponseWriter, err error) {
	refuseWith(w, problem.Status(fault.KindOf(err)), err)
}

func refuseWith(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", problem.ContentType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"detail": err.Error(), "kind": string(fault.KindOf(err))})
}

// next is the trouble with this request. It is true if that was all.
func (s *site) next(w http.ResponseWriter, r *http.Request) (x trouble, all bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r.Method)
	if len(s.troubles) == 0 {
		return x, false
	}
	x, s.troubles = s.troubles[0], s.troubles[1:]
	if x.status == 0 {
		return x, false
	}
	if x.after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(x.after/time.Second)))
	}
	refuseWith(w, x.status, fault.New(problem.KindOf(x.status), "trouble"))
	return x, true
}

func (s *site) join(w http.ResponseWriter, r *http.Request) {
	if _, all := s.next(w, r); all {
		return
	}
	a, err := wire.ParseAbout(r.URL.Query())
	if err != nil {
		refuse(w, err)
		return
	}
	j, err := s.Join(r.Context(), a)
	if err != nil {
		refuse(w, err)
		return
	}
	j.Login.URL = "tls://:4222"
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(j)
}

// cutting breaks the connection after so many bytes.
type cutting struct {
	http.ResponseWriter
	left int
}

func (c *cutting) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b[:min(len(b), c.left)])
	if c.left -= n; c.left == 0 {
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, err
}

func (s *site) input(w http.ResponseWriter, r *http.Request) {
	x, all := s.next(w, r)
	if all {
		return
	}
	q, err := wire.ParseQuery(r.URL.Query())
	if err != nil {
		refuse(w, err)
		return
	}
	u, err := s.ask("input", r.PathValue("unit"), q)
	if err != nil {
		refuse(w, err)
		return
	}
	if x.cut > 0 {
		w = &cutting{w, x.cut}
	}
	w.Header().Set("ETag", `"`+r.PathValue("unit")+`.0"`)
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(u.input))
}

func (s *site) append(w http.ResponseWriter, r *http.Request) {
	x, all := s.next(w, r)
	if all {
		return
	}
	q, err := wire.ParseQuery(r.URL.Query())
	if err != nil {
		refuse(w, err)
		return
	}
	unit := r.PathValue("unit")
	u, err := s.ask("append", unit, q)
	if err != nil {
		refuse(w, err)
		return
	}
	s.desk.mu.Lock()
	if x.forgets {
		u.result = nil
	}
	there := int64(len(u.result))
	s.desk.mu.Unlock()
	w.Header().Set(wire.HeaderOffset, strconv.FormatInt(there, 10))
	w.Header().Set(wire.HeaderUntil, strconv.Itoa(u.until))
	if there != q.Offset {
		refuse(w, fault.New(fault.Conflict, "%d bytes are there", there))
		return
	}
	if x.cut > 0 { // as of a pack, of which what came is kept
		part, _ := io.ReadAll(io.LimitReader(r.Body, int64(x.cut)))
		q.Last = false
		_, err = s.Append(r.Context(), unit, q, bytes.NewReader(part))
		if err != nil {
			s.t.Error(err)
		}
		panic(http.ErrAbortHandler)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, fault.As(fault.Usage, err))
		return
	}
	until, err := s.Append(r.Context(), unit, q, bytes.NewReader(body))
	if err != nil {
		refuse(w, err)
		return
	}
	if x.silent {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set(wire.HeaderOffset, strconv.FormatInt(q.Offset+int64(len(body)), 10))
	w.Header().Set(wire.HeaderUntil, strconv.Itoa(until))
	w.WriteHeader(http.StatusNoContent)
}

func (s *site) fail(w http.ResponseWriter, r *http.Request) {
	if _, all := s.next(w, r); all {
		return
	}
	q, err := wire.ParseQuery(r.URL.Query())
	var p wire.Problem
	if err == nil {
		err = json.NewDecoder(r.Body).Decode(&p)
	}
	if err == nil {
		err = s.Fail(r.Context(), r.PathValue("unit"), q, p)
	}
	if err != nil {
		refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// set makes a unit with that input, without giving it.
func (s *site) set(unit string, input []byte) *asked {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	s.units[unit] = &asked{input: input}
	return s.units[unit]
}

var mine = wire.Query{Worker: me}

// Inputs come as they are, wherever the connection breaks.
func TestInputsGoOn(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 100_000)
	for name, c := range map[string]struct {
		troubles []trouble
		kind     fault.Kind // "": it comes
	}{
		"no trouble":   {},
		"broken":       {troubles: []trouble{{cut: 1}, {cut: 500_000}, {status: 503, after: 7 * time.Second}, {cut: 499_990}, {status: 429}, {status: 408}, {status: 500}}},
		"not ours":     {troubles: []trouble{{cut: 10}, {status: 404}}, kind: fault.NotFound},
		"no token":     {troubles: []trouble{{status: 401}}, kind: fault.Unauthorized},
		"quarantined":  {troubles: []trouble{{status: 403}}, kind: problem.Forbidden},
		"strange":      {troubles: []trouble{{status: 400}}, kind: fault.Usage},
		"not goes on":  {troubles: []trouble{{cut: 10}, {status: 302}}, kind: fault.Usage},
		"other status": {troubles: []trouble{{status: 418}}, kind: fault.Usage},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, c.troubles...)
			h, waits := s.transport()
			s.set("u1", data)
			var b bytes.Buffer
			err := h.Input(t.Context(), "u1", mine, &b)
			if c.kind == "" && (err != nil || !bytes.Equal(b.Bytes(), data)) {
				t.Errorf("%d bytes came: %v", b.Len(), err)
			}
			if c.kind != "" && fault.KindOf(err) != c.kind {
				t.Errorf("%v", err)
			}
			if name == "broken" && (len(*waits) != len(c.troubles) || (*waits)[2] < 7*time.Second || (*waits)[2] > 8*time.Second) {
				t.Errorf("it waited %v", *waits)
			}
		})
	}
	s := newSite(t)
	h, _ := s.transport()
	s.set("u1", data)
	full := errors.New("disk full")
	if err := h.Input(t.Context(), "u1", mine, &failing{full}); !errors.Is(err, full) {
		t.Error(err)
	}
	if err := h.Input(t.Context(), "u2", mine, io.Discard); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f *failing) Write([]byte) (int, error)      { return 0, f.err }
func (f *failing) Read([]byte) (int, error)       { return 0, f.err }
func (f *failing) Seek(int64, int) (int64, error) { return 1000, nil }

// Results arrive as they are, once, wherever the connection breaks.
func TestResultsGoOn(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 100_000)
	for name, c := range map[string]struct {
		troubles []trouble
		kind     fault.Kind // "": it arrives
		second   bool       // it is the second part that has the troubles
		lost     bool       // what was there at first is lost
	}{
		"no trouble":         {},
		"broken":             {troubles: []trouble{{cut: 1}, {status: 503, after: 2 * time.Second}, {cut: 500_000}, {status: 500}}},
		"without an answer":  {troubles: []trouble{{silent: true}}},
		"the second broken":  {troubles: []trouble{{cut: 1000}, {cut: 1000}}, second: true},
		"over":               {troubles: []trouble{{silent: true}}, second: true, kind: fault.NotFound},
		"not ours":           {troubles: []trouble{{status: 404}}, kind: fault.NotFound},
		"wrong":              {troubles: []trouble{{status: 422}}, kind: fault.Damaged},
		"too large":          {troubles: []trouble{{status: 413}}, kind: fault.TooLarge},
		"what came is lost":  {troubles: []trouble{{cut: 5000}, {forgets: true}}},
		"the first is lost":  {troubles: []trouble{{forgets: true}}, second: true, kind: fault.Conflict, lost: true},
		"conflict of others": {troubles: []trouble{{status: 409}}, kind: fault.Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			h, _ := s.transport()
			u := s.set("u1", nil)
			u.until = 77
			if !c.second {
				s.troubles = c.troubles
			}
			until, err := h.Append(t.Context(), "u1", mine, bytes.NewReader(data))
			if err == nil && until != 77 {
				t.Errorf("until row %d", until)
			}
			if err == nil {
				if c.second {
					s.mu.Lock()
					s.troubles = c.troubles
					s.mu.Unlock()
				}
				q := mine
				q.Offset, q.Last, q.Seconds, q.MACs = int64(len(data)), true, 1.5, 1e12
				_, err = h.Append(t.Context(), "u1", q, bytes.NewReader(data))
				if err == nil && (u.last == nil || u.last.Seconds != 1.5 || u.last.MACs != 1e12) {
					t.Errorf("%+v", u.last)
				}
			}
			if c.kind == "" && (err != nil || !bytes.Equal(u.result, append(bytes.Clone(data), data...))) {
				t.Errorf("%d bytes arrived: %v", len(u.result), err)
			}
			if c.kind != "" && fault.KindOf(err) != c.kind {
				t.Error(err)
			}
		})
	}
	s := newSite(t)
	h, _ := s.transport()
	s.set("u1", nil)
	gone := errors.New("the disk is gone")
	if _, err := h.Append(t.Context(), "u1", mine, &failing{gone}); !errors.Is(err, gone) || fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
}

// A coordinator without room is asked for ten minutes; one that is not there, for ever.
func TestPatience(t *testing.T) {
	full := make([]trouble, 1000)
	for i := range full {
		full[i] = trouble{status: http.StatusServiceUnavailable}
	}
	s := newSite(t, full...)
	h, waits := s.transport()
	s.set("u1", nil)
	_, err := h.Append(t.Context(), "u1", mine, strings.NewReader("result"))
	all := time.Duration(0)
	for i, d := range *waits {
		if all += d; d > mostWait || d < firstWait/2 || i > 8 && d < mostWait/2 {
			t.Errorf("wait %d took %v", i, d)
		}
	}
	if fault.KindOf(err) != fault.Unavailable || all < patience-2*mostWait || all > patience {
		t.Errorf("%v after %v", err, all)
	}
	s.server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	h.sleep = func(ctx context.Context, _ time.Duration) error {
		if n++; n == 200 {
			cancel()
		}
		return ctx.Err()
	}
	if _, err := h.Append(ctx, "u1", mine, strings.NewReader("result")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := h.Join(t.Context(), wire.About{}); fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
}

// A joining worker gives its token to the right server only, and learns where the queue is.
func TestJoinByHTTP(t *testing.T) {
	s := newSite(t)
	h, _ := s.transport()
	a := wire.About{Name: "attic", Version: "1", Kernel: "avx2", Cores: 2, Memory: 1, Speed: 1, Models: [32]byte{1}}
	j, err := h.Join(t.Context(), a)
	if err != nil || j.Worker != me || j.Epoch != epoch || j.Login.URL != "tls://127.0.0.1:4222" {
		t.Errorf("%+v %v", j, err)
	}
	if _, err := h.Join(t.Context(), wire.About{}); fault.KindOf(err) != fault.Usage || isRefusal(err) {
		t.Error(err)
	}
	h.secret = "another"
	if _, err := h.Join(t.Context(), a); fault.KindOf(err) != fault.Unauthorized || !isRefusal(err) || !strings.Contains(err.Error(), "no such token") {
		t.Error(err)
	}
	join := tokens.Join{Address: s.server.Listener.Addr().String(), Secret: secret, Fingerprint: [32]byte{1}}
	h, err = NewHTTP("https://"+join.Address, secret, join.TLS())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Join(t.Context(), a); !isRefusal(err) {
		t.Errorf("another certificate: %v", err)
	}
	for _, address := range []string{"", "127.0.0.1:1", "ftp://a", "https://", "http://a/?b=c", "http://u@a"} {
		if _, err := NewHTTP(address, "", nil); fault.KindOf(err) != fault.Usage {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// A worker does pictures and rows by HTTP, through all kinds of trouble.
func TestWorkByHTTP(t *testing.T) {
	p := divide(t, "fsrcnn-x2", nil, branchtest.Patchwork(120, 600, 3, false, 8))
	s := newSite(t, trouble{status: 500}, trouble{status: 503})
	o := s.options()
	o.Transport, _ = s.transport()
	o.About = wire.About{Name: "attic", Version: "1", Kernel: "avx2", Cores: 2, Memory: 1, Speed: 1, Models: [32]byte{1}}
	s.start(o)
	s.mu.Lock()
	s.troubles = []trouble{{cut: 100}, {status: 503}, {}, {silent: true}, {status: 500}, {cut: 3}, {silent: true}, {cut: 50}, {silent: true}, {status: 408}}
	s.mu.Unlock()
	s.give("u1", wire.Rows, s.pack("u1", p.input(0, 600)...))
	got := s.over("u1")
	if n := p.check("rows", got.result, 0); got.last == nil || n != 600 {
		t.Errorf("%d rows came: %+v", n, got.failed)
	}
	s.mu.Lock()
	s.troubles = []trouble{{cut: 1000}, {cut: 5000}, {}, {cut: 100}, {cut: 1000}, {status: 503}, {cut: 10}}
	s.mu.Unlock()
	good := uploads(t)
	s.give("u2", wire.Pictures, s.pack("u2", good...))
	got = s.over("u2")
	files, data, err := got.unpack()
	if err != nil || len(files) < 3 {
		t.Fatal(err, got.failed)
	}
	if want, _ := alone(t, good[0]); !bytes.Equal(data[0], want) {
		t.Error("another picture")
	}
	s.give("u3", wire.Rows, []byte("nothing of use, and longer than the head of a pack is: more than 36 bytes"))
	if got := s.over("u3"); got.failed == nil || got.failed.Message == "" {
		t.Errorf("%+v", got.last)
	}
}
