package server

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"classsr/server/tokens"
)

// shared is a server that two tokens share.
type shared struct {
	t       *testing.T
	url     string
	secrets map[string]string // by names
}

func runShared(t *testing.T, do func(s *shared)) {
	t.Helper()
	c := config(t, io.Discard)
	c.TokenFile, c.PlainHTTP = filepath.Join(t.TempDir(), "tokens"), true
	s := &shared{t: t, secrets: map[string]string{"nobody": "", "stranger": "csr_" + strings.Repeat("x", 43)}}
	for _, name := range []string{"anna", "bert"} {
		secret, err := tokens.Add(c.TokenFile, tokens.Token{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		s.secrets[name] = secret
	}
	running(t, c, func(url string) { s.url = url; do(s) })
}

// ask sends a request as somebody. Headers are names and values in turn.
func (s *shared) ask(who, method, path string, body []byte, headers ...string) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if s.secrets[who] != "" {
		r.Header.Set("Authorization", "Bearer "+s.secrets[who])
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(r) // which follows nothing
	if err != nil {
		s.t.Error(err)
		return &http.Response{Header: http.Header{}}, ""
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Error(err)
	}
	s.guarded(method+" "+path, answer)
	return answer, string(text)
}

// guarded looks at what every answer must say to browsers, whatever it is.
func (s *shared) guarded(what string, answer *http.Response) {
	s.t.Helper()
	h := answer.Header
	policy := h.Get("Content-Security-Policy")
	if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(policy, "default-src 'none'") ||
		!strings.Contains(policy, "frame-ancestors 'none'") && !strings.Contains(policy, "sandbox") || strings.Contains(policy, "unsafe") {
		s.t.Errorf("%s: %v", what, h)
	}
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	page := strings.HasPrefix(policy, "default-src 'none'; script-src 'self'") || strings.Contains(what, "/docs")
	if answer.StatusCode != 204 && (err != nil || (kind == "text/html" || kind == "image/svg+xml" || strings.HasSuffix(kind, "xml")) && !page) {
		s.t.Errorf("%s: Content-Type %q", what, h.Get("Content-Type"))
	}
}

// submit makes a job and waits until it is done.
func (s *shared) submit(who, name string, headers ...string) (id, sum string) {
	s.t.Helper()
	_, text := s.ask(who, "POST", "/v1/jobs?scale=2&fast=true&name="+url.QueryEscape(name), picture(s.t), headers...)
	var j struct{ ID, Picture, State string }
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		if err := json.Unmarshal([]byte(text), &j); err != nil || j.ID == "" {
			s.t.Fatalf("%v %s", err, text)
		}
		if j.State == "done" {
			return j.ID, j.Picture
		}
		_, text = s.ask(who, "GET", "/v1/jobs/"+j.ID, nil)
	}
	s.t.Fatalf("the job does not end: %s", text)
	return "", ""
}

// Nobody sees, changes or uses what another token has, with whatever they know of it.
func TestOthersSeeNothing(t *testing.T) {
	runShared(t, func(s *shared) {
		id, sum := s.submit("anna", "a.png", "Idempotency-Key", "key")
		if a, text := s.ask("anna", "POST", "/v1/pictures?name=a.png", picture(t)); a.StatusCode != 201 || !strings.Contains(text, sum) {
			t.Errorf("%s %s", a.Status, text)
		}
		var about []string
		for _, path := range []string{"/v1/jobs/ID", "/v1/jobs/ID/result", "/v1/jobs/ID/view", "/v1/jobs/ID/route-map.png", "/v1/jobs/ID/events", "/v1/jobs.zip?id=ID", "/v1/pictures/SUM",
			"/v1/pictures/SUM/plan?scale=2"} {
			about = append(about, "GET "+path)
		}
		about = append(about, "DELETE /v1/jobs/ID", "DELETE /v1/pictures/SUM", "POST /v1/jobs?picture=SUM&scale=2", "PUT /v1/jobs?picture=SUM&scale=2")
		for who, want := range map[string]int{"bert": 404, "stranger": 401, "nobody": 401} {
			for _, one := range about {
				method, path, _ := strings.Cut(one, " ")
				a, text := s.ask(who, method, strings.NewReplacer("ID", id, "SUM", sum).Replace(path), nil)
				// After ten wrong tokens the next ones are told to wait.
				if a.StatusCode != want && (who != "stranger" || a.StatusCode != 429) || !strings.HasPrefix(a.Header.Get("Content-Type"), "application/problem+json") || strings.Contains(text, "anna") {
					t.Errorf("%s, %s: %s %s", who, one, a.Status, text)
				}
			}
		}
		for _, path := range []string{"/v1/jobs", "/v1/jobs?before=" + id, "/v1/jobs?before=ZZZZZZZZZZZZZZZZZZZZZZZZZZ"} {
			if a, text := s.ask("bert", "GET", path, nil); a.StatusCode != 200 || strings.Contains(text, id) {
				t.Errorf("%s: %s %s", path, a.Status, text)
			}
		}
		// The same key, and the same picture, are another job, and that is all that bert's events are about.
		other, _ := s.submit("bert", "b.png", "Idempotency-Key", "key")
		if other == id {
			t.Error("a key of another token gives its job")
		}
		if told := s.events("bert", other); strings.Contains(told, id) || strings.Contains(told, "a.png") {
			t.Errorf("events are about another's job: %s", told)
		}
		// All is there still.
		for _, path := range []string{"/v1/jobs/" + id + "/result", "/v1/pictures/" + sum} {
			if a, _ := s.ask("anna", "GET", path, nil); a.StatusCode != 200 {
				t.Errorf("%s: %s", path, a.Status)
			}
		}
	})
}

// events are those of all jobs from the first on, until one is about this job.
func (s *shared) events(who, id string) (told string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), "GET", s.url+"/v1/events", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.secrets[who])
	r.Header.Set("Last-Event-ID", "1")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	s.guarded("events", answer)
	for lines := bufio.NewScanner(answer.Body); lines.Scan() && !strings.Contains(told, id); {
		told += lines.Text() + "\n"
	}
	return told
}

// Whatever a picture is called, it is a file's name and no more where it is downloaded.
func TestNamesOfDownloadsAreTame(t *testing.T) {
	runShared(t, func(s *shared) {
		for _, name := range []string{
			`quo"te.png`, "line\r\nX-Evil: 1.png", "Grüße 世界.png", "\u202egnp.exe", strings.Repeat("long", 400) + ".png", "../../../etc/passwd", `..\..\x.png`, "C:evil.png", "<script>.png",
			"semi;colon=1.png", ".png", "", "same.png", "SAME.png", "same.png", "per%2fcent.png",
		} {
			id, _ := s.submit("anna", name)
			a, _ := s.ask("anna", "GET", "/v1/jobs/"+id+"/result", nil)
			kind, params, err := mime.ParseMediaType(a.Header.Get("Content-Disposition"))
			got := params["filename"]
			if err != nil || kind != "attachment" || got == "" || strings.ContainsAny(got, "/\\\r\n\u202e") || len(got) > 160 || a.Header.Get("X-Evil") != "" {
				t.Errorf("%q: %q: %v", name, a.Header.Get("Content-Disposition"), err)
			}
		}
		const name = "Grüße 🎈 世界\r\n\".png"
		direct, _ := s.ask("anna", "POST", "/v1/upscale?fast=true&name="+url.QueryEscape(name), picture(t))
		report := direct.Header.Get("X-Classsr-Report")
		var told struct{ Input string }
		if err := json.Unmarshal([]byte(report), &told); err != nil || told.Input != "Grüße 🎈 世界\".png" || strings.IndexFunc(report, func(r rune) bool { return r < ' ' || r > '~' }) >= 0 {
			t.Errorf("%v %q in %s", err, told.Input, report)
		}
		a, text := s.ask("anna", "GET", "/v1/jobs.zip", nil)
		z, err := zip.NewReader(strings.NewReader(text), int64(len(text)))
		if err != nil || a.StatusCode != 200 {
			t.Fatalf("%s: %v", a.Status, err)
		}
		seen := map[string]bool{}
		for _, f := range z.File {
			if name := strings.ToLower(f.Name); seen[name] || !filepath.IsLocal(f.Name) || strings.ContainsAny(f.Name, "<>:\"/\\|?*\r\n\u202e") || f.Mode()&os.ModeSymlink != 0 {
				t.Errorf("an entry is called %q", f.Name)
			}
			seen[strings.ToLower(f.Name)] = true
		}
		if len(z.File) != 16 {
			t.Errorf("%d entries", len(z.File))
		}
	})
}

// The page's cookie is for this server only, and nothing that scripts see.
func TestCookiesOfThePage(t *testing.T) {
	runShared(t, func(s *shared) {
		form := []byte("token=" + url.QueryEscape(s.secrets["anna"]))
		a, text := s.ask("nobody", "POST", "/v1/session", form, "Content-Type", "application/x-www-form-urlencoded")
		cookies := a.Cookies()
		if a.StatusCode != 200 || len(cookies) != 1 || strings.Contains(text+fmt.Sprint(a.Header), s.secrets["anna"]) {
			t.Fatalf("%s %v %s", a.Status, a.Header, text)
		}
		c := cookies[0]
		if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || !strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("%+v", c)
		}
		asked := func(value string, headers ...string) int {
			a, _ := s.ask("nobody", "GET", "/v1/jobs", nil, append([]string{"Cookie", c.Name + "=" + value}, headers...)...)
			return a.StatusCode
		}
		if asked(c.Value) != 200 || asked(c.Value[:len(c.Value)-2]) != 401 || asked("") != 401 {
			t.Error("the cookie does not sign in, or one that was changed does")
		}
		for _, header := range [][]string{{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "null"}} {
			if status := asked(c.Value, header...); status != 403 {
				t.Errorf("%v: %d", header, status)
			}
		}
		if asked(c.Value, "Authorization", "Bearer wrong") != 401 {
			t.Error("a wrong token is let in by a cookie")
		}
	})
}

// What browsers are told holds for all kinds of answers: pages, files, problems of all layers.
func TestAllAnswersAreGuarded(t *testing.T) {
	runShared(t, func(s *shared) {
		for one, want := range map[string]int{
			"GET /": 200, "GET /app.js": 200, "GET /docs": 200, "GET /docs.css": 200, "GET /openapi.json": 200, "GET /healthz": 200, "GET /readyz": 200, "GET /nothing": 404, "GET /v1/nothing": 404,
			"GET /v1/jobs": 200, "GET /v1/jobs?limit=x": 400, "PATCH /v1/jobs": 405, "GET /metrics": 403, "GET /v1/limits": 200, "GET /v1/models": 200, "GET //": 404, "DELETE /v1/session": 200,
			"POST /v1/jobs": 400, "GET /v1/session": 200, "OPTIONS /v1/jobs": 405, "TRACE /": 405, "POST /": 405, "DELETE /app.js": 405, "HEAD /": 200,
		} {
			method, path, _ := strings.Cut(one, " ")
			if a, text := s.ask("anna", method, path, nil); a.StatusCode != want {
				t.Errorf("%s: %s %.200s", one, a.Status, text)
			}
		}
		s.ask("nobody", "GET", "/v1/jobs", nil)
		s.ask("anna", "GET", "/", nil, "Origin", "https://evil.example")
	})
}
