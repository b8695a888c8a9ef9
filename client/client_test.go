package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"classsr/fault"
	"classsr/server/tokens"
)

// fake answers requests as h does, and gives a client of it whose waits are noted and take no time.
func fake(t *testing.T, h http.HandlerFunc) (*Client, *[]time.Duration) {
	t.Helper()
	var mu sync.Mutex // a handler that ends its connection is over before the next one begins, and the race detector is to see that
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		order := func() { mu.Lock(); defer mu.Unlock() }
		order()
		defer order()
		h(w, r)
	}))
	t.Cleanup(s.Close)
	c, err := New(s.URL, Options{Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	var waits []time.Duration
	c.sleep = func(ctx context.Context, d time.Duration) error {
		waits = append(waits, d)
		return ctx.Err()
	}
	return c, &waits
}

func refuse(w http.ResponseWriter, status int, kind fault.Kind, after int) {
	w.Header().Set("Content-Type", "application/problem+json")
	if after > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(after))
	}
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"type":"about:blank","title":"x","status":%d,"detail":"because","kind":%q}`, status, kind)
}

func TestSubmitTriesAgain(t *testing.T) {
	picture := bytes.Repeat([]byte("picture"), 30000)
	for name, r := range map[string]func() io.Reader{
		"memory": func() io.Reader { return bytes.NewReader(picture) },
		"pipe":   func() io.Reader { return iotest.HalfReader(bytes.NewReader(picture)) },
		"rest": func() io.Reader {
			r := bytes.NewReader(append([]byte("before"), picture...))
			_, _ = r.Seek(6, io.SeekStart)
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			var keys []string
			c, waits := fake(t, func(w http.ResponseWriter, r *http.Request) {
				keys = append(keys, r.Header.Get("Idempotency-Key"))
				if r.Header.Get("Authorization") != "Bearer secret" || r.ContentLength != int64(len(picture)) || r.URL.RawQuery != "name=a.png&scale=2" {
					t.Errorf("%v %d %s", r.Header, r.ContentLength, r.URL.RawQuery)
				}
				switch len(keys) {
				case 1:
					refuse(w, 429, fault.Busy, 7)
				case 2:
					http.Error(w, "a proxy's", http.StatusServiceUnavailable)
				case 3:
					panic(http.ErrAbortHandler)
				default:
					got, err := io.ReadAll(r.Body)
					if err != nil || !bytes.Equal(got, picture) {
						t.Errorf("%d bytes came, %v", len(got), err)
					}
					w.WriteHeader(202)
					_, _ = io.WriteString(w, `{"id":"A1","state":"queued"}`)
				}
			})
			j, err := c.Submit(t.Context(), r(), "dir/a.png", map[string]string{"scale": "2"})
			if err != nil || j.ID != "A1" {
				t.Fatal(j, err)
			}
			if len(keys) != 4 || keys[0] == "" || len(slices.Compact(keys)) != 1 {
				t.Errorf("keys %q", keys)
			}
			if want := []time.Duration{7 * time.Second, time.Second, 2 * time.Second}; !slices.Equal(*waits, want) {
				t.Errorf("waited %v, want %v", *waits, want)
			}
		})
	}
}

func TestPatienceEnds(t *testing.T) {
	for _, test := range []struct {
		status, after int
		kind          fault.Kind
		patience      time.Duration
		waits         int
	}{
		{429, 3600, fault.Busy, time.Minute, 0},
		{429, 20, fault.Busy, time.Minute, 3},
		{503, 0, fault.Unavailable, 10 * time.Second, 4}, // 0.5 + 1 + 2 + 4
		{429, 1, fault.Busy, -1, 0},
		{409, 1, fault.Conflict, time.Minute, 0},
		{500, 1, fault.Internal, time.Minute, 0},
		{403, 0, "forbidden", time.Minute, 0},
	} {
		c, waits := fake(t, func(w http.ResponseWriter, _ *http.Request) { refuse(w, test.status, test.kind, test.after) })
		c.patience = test.patience
		_, err := c.Models(t.Context())
		var e *Error
		if fault.KindOf(err) != test.kind || !errors.As(err, &e) || e.Status != test.status || e.Detail != "because" || e.RetryAfter != time.Duration(test.after)*time.Second {
			t.Errorf("%+v: %v", test, err)
		}
		if len(*waits) != test.waits {
			t.Errorf("%+v: waited %v", test, *waits)
		}
	}
}

func TestEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		refuse(w, 503, fault.Unavailable, 1)
	})
	if _, err := c.Wait(ctx, "A1", nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestWaitAsksWhereThereAreNoEvents(t *testing.T) {
	asked := 0
	c, waits := fake(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/events") {
			if asked == 1 {
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = io.WriteString(w, ": here\n\nevent: band\ndata: {}\n\nevent: job\ndata: {\"id\":\"A1\",\"state\":\"running\",\"progress\":0.5}\n\nevent: bye\ndata: {}\n\n")
				return
			}
			refuse(w, 429, fault.Busy, 60)
			return
		}
		switch asked++; asked {
		case 1:
			_, _ = io.WriteString(w, `{"id":"A1","state":"queued","eta_seconds":50}`)
		case 2:
			refuse(w, 503, fault.Unavailable, 3)
		case 3:
			_, _ = io.WriteString(w, `{"id":"A1","state":"running","eta_seconds":1e9}`)
		default:
			_, _ = io.WriteString(w, `{"id":"A1","state":"failed","error":{"kind":"damaged","message":"cut off"}}`)
		}
	})
	var told []State
	j, err := c.Wait(t.Context(), "A1", func(j Job) { told = append(told, j.State) })
	if err != nil || j.State != Failed || j.Error == nil || j.Error.Kind != fault.Damaged {
		t.Fatalf("%+v %v", j, err)
	}
	if want := []State{Queued, Running, Running, Failed}; !slices.Equal(told, want) {
		t.Errorf("told of %v, want %v", told, want)
	}
	if want := []time.Duration{5 * time.Second, 3 * time.Second, 15 * time.Second}; !slices.Equal(*waits, want) {
		t.Errorf("waited %v, want %v", *waits, want)
	}
}

func TestResultsAreCompared(t *testing.T) {
	c, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"`+strings.Repeat("ab", 32)+`"`)
		_, _ = io.WriteString(w, "a picture")
	})
	if err := c.Result(t.Context(), "A1", io.Discard); fault.KindOf(err) != fault.Damaged {
		t.Error(err)
	}
	full := errors.New("full")
	if err := c.Result(t.Context(), "A1", failing{full}); !errors.Is(err, full) {
		t.Error(err)
	}
}

// A connection that breaks behind the last byte has brought all.
func TestResultsThatBreakAtTheirEnd(t *testing.T) {
	sum := sha256.Sum256([]byte("a picture"))
	n := 0
	c, _ := fake(t, func(w http.ResponseWriter, r *http.Request) {
		if n++; r.Header.Get("Range") != "" {
			refuse(w, 416, fault.Usage, 0)
			return
		}
		w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
		w.Header().Set("Content-Length", "1000") // more than comes
		_, _ = io.WriteString(w, "a picture")
	})
	var got bytes.Buffer
	if err := c.Result(t.Context(), "A1", &got); err != nil || got.String() != "a picture" || n != 1 {
		t.Errorf("%q after %d requests, %v", got.String(), n, err)
	}
}

type failing struct{ error }

func (f failing) Write([]byte) (int, error) { return 0, f.error }

// A removed job whose removal's answer was lost is no error.
func TestCancelOfWhatIsGone(t *testing.T) {
	var asked atomic.Int32 // a connection that is ended and the next one are two goroutines of the server
	c, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		refuse(w, 404, fault.NotFound, 0)
	})
	if err := c.Cancel(t.Context(), "A1"); err != nil {
		t.Error(err)
	}
	if err := c.Cancel(t.Context(), "A1"); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}

func TestAddressesAndJoins(t *testing.T) {
	digits := strings.Repeat("0f", 32)
	for _, address := range []string{"", "localhost", "ftp://x", "http://", "http://a@b", "http://a?b", "http://a#b", "http://a b"} {
		if _, err := New(address, Options{}); fault.KindOf(err) != fault.Usage {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, o := range []Options{{Token: "a b"}, {Token: "a\nb"}, {Fingerprint: "12"}, {Fingerprint: digits, HTTP: http.DefaultClient}} {
		if _, err := New("https://a", o); fault.KindOf(err) != fault.Usage {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, err := New("http://a", Options{Fingerprint: digits}); fault.KindOf(err) != fault.Usage {
		t.Error(err)
	}
	for _, text := range []string{"", "https://a:1/#token=secret", "classsr://a/#token=x", "classsr://a:0/#token=x", "classsr://:1/#token=x", "classsr://a:1/", "classsr://a:1/x#token=y",
		"classsr://a:1/?q#token=x", "classsr://b@a:1/#token=x", "classsr://a:1/#token=x&token=y", "classsr://a:1/#token=x&more=y", "classsr://a:1/#token=secret&sha256=", "classsr://a:1/#token=secret&sha256=12"} {
		_, err := Join(text)
		if fault.KindOf(err) != fault.Usage || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// What `classsr token new` prints is understood.
func TestJoinsAreThoseOfTheServer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := tokens.Join{
			Address: rapid.SampledFrom([]string{"studio.local", "10.0.0.1", "[fe80::1]"}).Draw(t, "host") + fmt.Sprintf(":%d", rapid.IntRange(1, 65535).Draw(t, "port")),
			Secret:  "csr_" + rapid.StringMatching(`[0-9A-Za-z]{43}`).Draw(t, "secret"),
		}
		copy(j.Fingerprint[:], rapid.SliceOfN(rapid.Byte(), 0, 32).Draw(t, "fingerprint"))
		c, err := Join(j.String())
		if err != nil {
			t.Fatal(err)
		}
		if c.base.String() != "https://"+j.Address || c.token != j.Secret {
			t.Errorf("%s gives %s", j, c.base)
		}
		check := c.http.Transport.(*http.Transport).TLSClientConfig
		if check.InsecureSkipVerify != (j.Fingerprint != tokens.Fingerprint{}) {
			t.Errorf("%s with fingerprint %s", j, hex.EncodeToString(j.Fingerprint[:]))
		}
	})
}
