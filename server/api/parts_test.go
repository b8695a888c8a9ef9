package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"classsr/fault"
	"classsr/server/jobs"
	"classsr/server/tokens"
)

func TestNamesAreCleaned(t *testing.T) {
	for name, want := range map[string]string{
		"photo.jpg": "photo.jpg", "/etc/passwd": "passwd", `C:\pictures\a.png`: "a.png", "../../x.png": "x.png", "..": "", ".": "", "": "", "/": "",
		"a\r\nSet-Cookie: x.png": "aSet-Cookie: x.png", "\u202egpj.exe": "gpj.exe", " a.png ": "a.png", "\xff\xfea.png": "a.png",
		strings.Repeat("é", 200) + ".png": strings.Repeat("é", 62) + ".png",
	} {
		if got := cleanName(name); got != want {
			t.Errorf("%q became %q, not %q", name, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		got := cleanName(rapid.String().Draw(t, "name"))
		if len(got) > maxName || !utf8.ValidString(got) || strings.ContainsAny(got, "/\\\r\n\x00") {
			t.Fatalf("%q", got)
		}
	})
}

func TestEntriesOfArchivesDiffer(t *testing.T) {
	names := map[string]int{}
	seen := map[string]bool{}
	for _, name := range []string{"a.png", "A.png", "a.png", "a (2).png", "b.png", "a.png", `C:\..\a.png`, "C:x.png", "../b.png", `<a>|"?*.png`} {
		got := strings.ToLower(entryName(names, name))
		if strings.ContainsAny(got, `<>:"/\|?*`) {
			t.Errorf("%q is no name on every system", got)
		}
		if seen[got] {
			t.Errorf("two entries are called %q", got)
		}
		seen[got] = true
	}
}

// A stream tells nothing to a token that was removed after it began.
func TestEventsEndWithTheToken(t *testing.T) {
	b := newBench(t)
	id, _ := b.job(t)
	for _, may := range []bool{true, false} {
		f := must(b.table.Follow(tokens.Local().Name, id, 0, true))(t)
		w := httptest.NewRecorder()
		s := events{w: w, control: http.NewResponseController(w), may: func() bool { return may }}
		if more, err := s.next(t.Context(), f, context.Background()); more != may || err != nil || (w.Body.Len() > 0) != may {
			t.Errorf("with a token that holds: %v; more: %v, %v: %s", may, more, err, w.Body)
		}
		f.Close()
	}
}

// Whoever has a right token is let in, even if others at the same address, a proxy's, try wrong ones.
func TestWrongTokensStopOnlyThemselves(t *testing.T) {
	a := &api{Backends: Backends{Tokens: strict{one{tokens.Local()}}, Now: func() time.Time { return time.Unix(1e9, 0) }}}
	r := httptest.NewRequest("GET", "/v1/jobs", nil)
	for i := range 2 * failuresAtOnce {
		want := fault.Unauthorized
		if i >= failuresAtOnce {
			want = fault.Busy
		}
		if _, err := a.signIn(r, "wrong"); fault.KindOf(err) != want {
			t.Errorf("try %d: %v", i, err)
		}
	}
	if _, err := a.signIn(r, "right"); err != nil {
		t.Error(err)
	}
}

// The scheme's name is written in whatever case (RFC 9110).
func TestSchemeOfAuthorization(t *testing.T) {
	a := &api{Backends: Backends{Tokens: strict{one{tokens.Local()}}}}
	for value, want := range map[string]bool{
		"Bearer right": true, "bearer right": true, "BEARER  right ": true, "Bearer wrong": false, "Bearer": false, "right": false, "Basic right": false, "Bearerright": false, "": false,
	} {
		r := httptest.NewRequest("GET", "/v1/jobs", nil)
		r.Header.Set("Authorization", value)
		if _, err := a.whoAsks(r); (err == nil) != want {
			t.Errorf("%q: %v", value, err)
		}
	}
}

// Only what makes work counts against a token's rate.
func TestWhatCounts(t *testing.T) {
	for request, want := range map[string]bool{
		"POST /v1/jobs": true, "PUT /v1/jobs": true, "POST /v1/upscale": true, "DELETE /v1/pictures/AB": true, "GET /metrics": true, "PATCH /v1/jobs/A1": true,
		"DELETE /v1/jobs/A1": false, "GET /v1/jobs": false, "HEAD /v1/pictures/AB": false, "GET /": false,
	} {
		method, path, _ := strings.Cut(request, " ")
		if got := (&api{}).counted(httptest.NewRequest(method, path, nil)); got != want {
			t.Errorf("%s counts: %v", request, got)
		}
	}
}

// strict knows a token by the secret "right".
type strict struct{ one }

func (s strict) Check(secret string) (tokens.Token, error) {
	if secret != "right" {
		return tokens.Token{}, fault.New(fault.Unauthorized, "not known")
	}
	return s.Token, nil
}

// one knows a single token.
type one struct{ tokens.Token }

func (o one) Check(string) (tokens.Token, error) { return o.Token, nil }

func (o one) Named(name string, hash [32]byte) (tokens.Token, error) {
	if name != o.Name || hash != o.Hash {
		return tokens.Token{}, fault.New(fault.Unauthorized, "not known")
	}
	return o.Token, nil
}

func TestSessions(t *testing.T) {
	s := sessions{bytes.Repeat([]byte{7}, 32)}
	anna := tokens.Token{Name: "anna", Hash: [32]byte{1}}
	now := time.Now()
	cookie := s.cookie(anna, now.Add(time.Hour))
	if got, err := s.token(cookie, one{anna}, now); err != nil || got.Name != "anna" {
		t.Fatalf("%v %v", got, err)
	}
	if _, err := s.token(cookie, one{anna}, now.Add(2*time.Hour)); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("after its time: %v", err)
	}
	if _, err := s.token(cookie, one{tokens.Token{Name: "anna", Hash: [32]byte{2}}}, now); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("with another token of that name: %v", err)
	}
	if _, err := (sessions{make([]byte, 32)}).token(cookie, one{anna}, now); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("with another key: %v", err)
	}
	for i := range cookie {
		changed := []byte(cookie)
		changed[i] ^= 1
		if got, err := s.token(string(changed), one{anna}, now); err == nil && got.Name != "anna" {
			t.Errorf("changed at %d: %v", i, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		if _, err := s.token(rapid.String().Draw(t, "cookie"), one{anna}, now); fault.KindOf(err) != fault.Unauthorized {
			t.Fatalf("anything signs in: %v", err)
		}
	})
}

func TestTail(t *testing.T) {
	text := strings.Repeat("0123456789", 100) + "the end"
	for _, size := range []int{1, 7, 256, 300, 5000} {
		r := &tail{r: strings.NewReader(text)}
		buffer := make([]byte, size)
		for {
			if _, err := r.Read(buffer); err != nil {
				break
			}
		}
		if string(r.last) != text[len(text)-tailBytes:] {
			t.Errorf("read by %d: %q", size, r.last)
		}
	}
}

func TestNamesOfDownloads(t *testing.T) {
	for want, j := range map[string]jobs.Job{
		"a_x4.png":       {Name: "a.jpg", Ending: ".png", Width: 10, Height: 5, OutWidth: 40, OutHeight: 20},
		"a_33x17.jpg":    {Name: "a.jpg", Ending: ".jpg", Width: 10, Height: 5, OutWidth: 33, OutHeight: 17},
		"picture_x2.png": {Ending: ".png", Width: 10, Height: 5, OutWidth: 20, OutHeight: 10},
	} {
		if got := downloadName(j); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

// Bodies of requests are never read by huma, which would hold them in memory: none of its operations has one that it knows of while it makes handlers. What is
// described of them is put in afterwards, and always a picture.
func TestBodiesAreDescribedOnly(t *testing.T) {
	text, err := Description()
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			RequestBody *struct{ Content map[string]any }
		}
	}
	if err := json.Unmarshal(text, &d); err != nil || d.OpenAPI != "3.1.0" {
		t.Fatalf("%v %s", err, d.OpenAPI)
	}
	operations := map[string]bool{}
	for path, methods := range d.Paths {
		for method, o := range methods {
			if operations[o.OperationID] {
				t.Errorf("two operations are called %s", o.OperationID)
			}
			operations[o.OperationID] = true
			if o.RequestBody != nil && o.RequestBody.Content["application/json"] != nil {
				t.Errorf("%s %s takes JSON", method, path)
			}
		}
	}
	if len(operations) < 20 {
		t.Errorf("only %d operations", len(operations))
	}
}
