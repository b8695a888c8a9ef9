package server

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"classsr/budget"
	"classsr/fault"
	"classsr/internal/par"
	"classsr/server/limits"
	"classsr/server/tokens"
)

// lines is a log that may be read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// config is that of a small server on a free port.
func config(t *testing.T, log io.Writer) Config {
	return Config{
		Listen: "127.0.0.1:0", Data: filepath.Join(t.TempDir(), "data"), Limits: limits.Default(), Jobs: 1, Grace: time.Second, Budget: budget.New(300<<20, 1),
		Log: slog.New(slog.NewJSONHandler(log, nil)), Version: "test",
	}
}

// running runs a server while do asks it at its address.
func running(t *testing.T, c Config, do func(url string)) {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	defer end()
	urls := make(chan string, 1)
	err := par.Do(context.Background(), 2, 2, func(_, i int) error {
		if i == 0 {
			defer close(urls)
			return Run(ctx, c, func(all []string) { urls <- strings.TrimSuffix(all[0], "/") })
		}
		defer end()
		if url, ok := <-urls; ok {
			do(url)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// ask sends a request and gives its status and its body.
func ask(t *testing.T, method, url, token string, body io.Reader) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Error(err)
	}
	return answer.StatusCode, string(text)
}

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 30, 20))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// eventually asks for the counts until one is there.
func eventually(t *testing.T, url, want string) (text string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		if _, text = ask(t, "GET", url+"/metrics", "", nil); strings.Contains(text, want) {
			return text
		}
	}
	t.Errorf("%s is not in\n%s", want, text)
	return text
}

func TestMetricsOfARun(t *testing.T) {
	for _, names := range []bool{false, true} {
		var log lines
		c := config(t, &log)
		c.Names = names
		running(t, c, func(url string) {
			sent := picture(t)
			if status, text := ask(t, "POST", url+"/v1/upscale?fast=true", "", bytes.NewReader(sent)); status != 200 {
				t.Errorf("%d %s", status, text)
			}
			if status, text := ask(t, "POST", url+"/v1/jobs?fast=true&name=secret-holiday.png", "", bytes.NewReader(sent)); status != 202 {
				t.Errorf("%d %s", status, text)
			}
			if status, _ := ask(t, "GET", url+"/v1/jobs/nothing", "", nil); status != 404 {
				t.Errorf("status %d", status)
			}
			text := ""
			for _, want := range []string{ // requests are counted a moment after they are answered
				`classsr_jobs_ended_total{state="done"} 1`,
				`classsr_requests_total{route="POST /v1/jobs",status="202"} 1`, `classsr_refused_total{kind="not_found"} 1`, `classsr_pixels_total{direction="in"} 1200`,
				`classsr_pixels_total{direction="out"} 19200`, `classsr_stage_seconds_total{stage="network"}`, `classsr_stage_seconds_total{stage="hash"}`,
				`classsr_class_pixels_total{model="`, `classsr_build_info{version="test"`, `classsr_jobs{state="done"} 1`, "\nclasssr_connections ",
			} {
				text = eventually(t, url, want)
			}
			if strings.Contains(text, "holiday") || strings.Contains(text, "nothing") {
				t.Error("something of a request is in the counts")
			}
		})
		if got := strings.Contains(log.String(), "secret-holiday"); got != names {
			t.Errorf("--log-names is %v; the name is in the log: %v\n%s", names, got, &log)
		}
	}
}

func TestMetricsNeedATokenForThem(t *testing.T) {
	c := config(t, io.Discard)
	c.TokenFile, c.PlainHTTP = filepath.Join(t.TempDir(), "tokens"), true
	one := tokens.Token{Name: "one"}
	scraper := tokens.Token{Name: "prometheus", Scopes: []string{tokens.ScopeMetrics}}
	user, err := tokens.Add(c.TokenFile, one)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := tokens.Add(c.TokenFile, scraper)
	if err != nil {
		t.Fatal(err)
	}
	running(t, c, func(url string) {
		for _, a := range []struct {
			path, token string
			want        int
		}{
			{"/metrics", "", 401}, {"/metrics", user, 403}, {"/metrics", reader, 200}, {"/v1/jobs", user, 200}, {"/v1/jobs", reader, 403}, {"/readyz", "", 200},
		} {
			if status, text := ask(t, "GET", url+a.path, a.token, nil); status != a.want {
				t.Errorf("%s with %.6s: %d, want %d: %s", a.path, a.token, status, a.want, text)
			}
		}
	})
}

func TestMetricsElsewhere(t *testing.T) {
	var log lines
	c := config(t, &log)
	c.Metrics = "127.0.0.1:0"
	running(t, c, func(url string) {
		if status, _ := ask(t, "GET", url+"/metrics", "", nil); status != 404 {
			t.Errorf("/metrics beside everything else: %d", status)
		}
		_, rest, found := strings.Cut(log.String(), `"msg":"metrics","address":"`)
		if !found {
			t.Error("the log does not tell the address")
			return
		}
		address, _, _ := strings.Cut(rest, `"`)
		if status, text := ask(t, "GET", "http://"+address+"/metrics", "", nil); status != 200 || !strings.Contains(text, "classsr_jobs") {
			t.Errorf("%d %s", status, text)
		}
		if status, _ := ask(t, "GET", "http://"+address+"/v1/jobs", "", nil); status != 404 {
			t.Errorf("jobs at the address of the counts: %d", status)
		}
	})
	for _, address := range []string{"0.0.0.0:9090", ":9090", "example.org:9090", "9090"} {
		c.Metrics = address
		if err := c.check(); fault.KindOf(err) != fault.Usage {
			t.Errorf("%s: %v", address, err)
		}
	}
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	taken := config(t, io.Discard)
	taken.Metrics = other.Addr().String()
	if err := Run(t.Context(), taken, func([]string) { t.Error("it listens") }); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("an address that another program has: %v", err)
	}
}
