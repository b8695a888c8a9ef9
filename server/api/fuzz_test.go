package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"log/slog"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"classsr/budget"
	"classsr/server/blobs"
	"classsr/server/jobs"
	"classsr/server/library"
	"classsr/server/limits"
	"classsr/server/tokens"
	"classsr/server/work"
)

// bench is an API with all that it stands on, and its description.
type bench struct {
	handler     http.Handler
	table       *jobs.Table
	description *huma.OpenAPI
	operations  []operationAt
	picture     []byte // 6x5 pixels
	mistakes    *bytes.Buffer
}

type operationAt struct {
	path string
	*huma.Operation
}

func newBench(t testing.TB) *bench {
	t.Helper()
	folder := t.TempDir()
	l := limits.Default()
	l.Rate, l.MaxUpload, l.MaxPixels, l.MaxPixelsIn, l.Queue, l.MaxDisk = 1e9, 1<<16, 1e5, 1e4, 8, 1<<30
	b := &bench{mistakes: new(bytes.Buffer)}
	log := slog.New(slog.NewTextHandler(b.mistakes, &slog.HandlerOptions{Level: slog.LevelError}))
	store := must(blobs.Open(folder, blobs.Options{Most: 1 << 30}))(t)
	b.table = must(jobs.Open(filepath.Join(folder, "jobs.db"), jobs.Options{Queue: l.Queue, Jobs: 1, Retention: time.Hour, Files: store, Log: log}))(t)
	models := must(library.Open(filepath.Join(folder, "models"), library.Options{MostFile: 1 << 16}))(t)
	works := must(work.New(work.Options{
		Budget: budget.New(500e6, 1), Store: store, Library: models, Limits: l, Pace: b.table.Pace(), Folder: filepath.Join(folder, "direct"), Log: log,
	}))(t)
	closing, stop := context.WithCancel(context.Background())
	stop() // streams of events end after what there is to tell
	b.handler = must(New(Backends{Jobs: b.table, Work: works, Store: store, Meter: limits.NewMeter(l, time.Now), Limits: l, Log: log, Closing: closing,
		Tokens: one{tokens.Local()}, Key: make([]byte, 32)}))(t)
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.table.Run(ctx, 0, works) }()
	t.Cleanup(func() {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = b.table.Close()
	})
	b.description = (&api{mux: http.NewServeMux()}).routes().OpenAPI()
	for path, item := range b.description.Paths {
		for _, o := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if o != nil {
				b.operations = append(b.operations, operationAt{path, o})
			}
		}
	}
	slices.SortFunc(b.operations, func(a, b operationAt) int { return strings.Compare(a.OperationID, b.OperationID) })
	var p bytes.Buffer
	if err := png.Encode(&p, image.NewRGBA(image.Rect(0, 0, 6, 5))); err != nil {
		t.Fatal(err)
	}
	b.picture = p.Bytes()
	return b
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (b *bench) do(method, target string, header http.Header, body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, bytes.NewReader(body))
	r.Header.Set("Authorization", "Bearer secret")
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	return w
}

// job gives a job that is done, and its picture, which is made again if they are gone.
func (b *bench) job(t testing.TB) (id, sum string) {
	t.Helper()
	for j := range slices.Values(must(b.table.List(tokens.Local().Name, "", 1000))(t)) {
		if j.State == jobs.Done {
			id, sum = j.ID, j.Picture.String()
			break
		}
	}
	if sum == "" || b.do("GET", "/v1/pictures/"+sum, nil, nil).Code != 200 {
		if w := b.do("POST", "/v1/pictures?name=a.png", nil, b.picture); w.Code != 201 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	if id != "" {
		return id, sum
	}
	w := b.do("POST", "/v1/jobs?name=a.png&scale=2&fast=true", nil, b.picture)
	var j Job
	if err := json.Unmarshal(w.Body.Bytes(), &j); err != nil || w.Code != 202 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	f := must(b.table.Follow(tokens.Local().Name, j.ID, 0, true))(t)
	defer f.Close()
	for {
		if _, err := f.Next(t.Context()); err != nil {
			break
		}
	}
	if done := must(b.table.Get(tokens.Local().Name, j.ID))(t); done.State != jobs.Done {
		t.Fatalf("%+v", done)
	}
	return j.ID, j.Picture
}

// check compares an answer with what is said of the operation.
func (b *bench) check(t testing.TB, o *huma.Operation, w *httptest.ResponseRecorder) {
	t.Helper()
	said := o.Responses[fmt.Sprint(w.Code)]
	if said == nil || w.Code >= 500 && w.Code != 503 {
		t.Fatalf("%s answers %d, of which nothing is said: %.500s %s", o.OperationID, w.Code, w.Body, b.mistakes)
	}
	if len(said.Content) == 0 {
		if w.Body.Len() > 0 {
			t.Fatalf("%s answers %d with a body: %.500s", o.OperationID, w.Code, w.Body)
		}
		return
	}
	media, _, _ := mime.ParseMediaType(w.Header().Get("Content-Type"))
	content := said.Content[media]
	if content == nil {
		t.Fatalf("%s answers %d with %q, of which nothing is said", o.OperationID, w.Code, w.Header().Get("Content-Type"))
	}
	if (w.Code == 429 || w.Code == 503) && w.Header().Get("Retry-After") == "" {
		t.Fatalf("%s answers %d without Retry-After", o.OperationID, w.Code)
	}
	if media != "application/json" && media != "application/problem+json" {
		return
	}
	var value any
	if err := json.Unmarshal(w.Body.Bytes(), &value); err != nil {
		t.Fatalf("%s answers %d: %v in %s", o.OperationID, w.Code, err, w.Body)
	}
	var found huma.ValidateResult
	huma.Validate(b.description.Components.Schemas, content.Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, value, &found)
	for _, err := range found.Errors {
		t.Fatalf("%s answers %d: %v in %s", o.OperationID, w.Code, err, w.Body)
	}
}

// bytesOf gives what a fuzzer chose, piece by piece; zeros when it is used up.
type bytesOf struct{ rest []byte }

func (f *bytesOf) byte() byte {
	if len(f.rest) == 0 {
		return 0
	}
	c := f.rest[0]
	f.rest = f.rest[1:]
	return c
}

func (f *bytesOf) text() []byte {
	n := min(int(f.byte())%32, len(f.rest))
	text := f.rest[:n]
	f.rest = f.rest[n:]
	return text
}

// value makes a value of a parameter: mostly one that fits.
func (f *bytesOf) value(s *huma.Schema, known string) string {
	c := f.byte()
	switch {
	case c >= 240:
		return string(f.text())
	case known != "":
		return known
	case len(s.Enum) > 0:
		return fmt.Sprint(s.Enum[int(c)%len(s.Enum)])
	case s.Type == "boolean":
		return []string{"true", "false", ""}[c%3]
	case s.Type == "integer" || s.Type == "number":
		if s.Minimum != nil && s.Maximum != nil && c%2 == 0 {
			return fmt.Sprint([]float64{*s.Minimum, *s.Maximum}[c/2%2])
		}
		return []string{"2", "3", "50", "0.5", "-1", "0", "1e9"}[c%7]
	}
	return []string{"png", "20x20", "auto", "keep", "white", "1", "bytes=0-9", "bytes=999999-", "*", `"x"`}[c%10]
}

// body makes a body and its headers.
func (f *bytesOf) body(o *huma.Operation, picture []byte, header http.Header) []byte {
	switch c := f.byte(); c % 8 {
	case 0, 1, 2:
		return picture
	case 3:
		return picture[:int(f.byte())%len(picture)]
	case 4:
		header.Set("Content-Type", []string{"application/json", "image/png", "multipart/form-data", "application/x-www-form-urlencoded"}[c/8%4])
		return f.text()
	case 5:
		damaged := bytes.Clone(picture)
		damaged[int(f.byte())%len(damaged)] ^= f.byte()
		return damaged
	}
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for range f.byte() % 4 {
		if p := o.Parameters[int(f.byte())%len(o.Parameters)]; p.In == "query" {
			_ = m.WriteField(p.Name, f.value(p.Schema, ""))
		}
	}
	part, _ := m.CreateFormFile("file", "a.png")
	_, _ = part.Write(picture)
	_ = m.Close()
	header.Set("Content-Type", m.FormDataContentType())
	return b.Bytes()[:b.Len()-int(f.byte())/250]
}

// request makes a request of an operation.
func (b *bench) request(f *bytesOf, o operationAt, known map[string]string) (method, target string, header http.Header, body []byte) {
	path, query, header := o.path, url.Values{}, http.Header{}
	for _, p := range o.Parameters {
		least := 245 // few options: many contradict each other
		if known[p.Name] != "" || p.In == "header" {
			least = 160
		}
		if p.In != "path" && int(f.byte()) < least {
			continue
		}
		value := f.value(p.Schema, known[p.Name])
		switch p.In {
		case "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(value))
		case "query":
			query.Add(p.Name, value)
		case "header":
			header.Set(p.Name, strings.Map(func(r rune) rune {
				if r < ' ' || r > '~' {
					return -1
				}
				return r
			}, value))
		}
	}
	if f.byte() >= 250 {
		header.Set("Authorization", "Basic secret")
	}
	if f.byte() == 255 {
		query.Add(string(f.text()), string(f.text()))
	}
	if o.RequestBody != nil && len(o.Parameters) > 0 {
		body = f.body(o.Operation, b.picture, header)
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return o.Method, path, header, body
}

// Whatever is asked, the answer is one that the description tells of.
func FuzzAPI(f *testing.F) {
	b := newBench(f)
	for i := range b.operations {
		for _, more := range []string{"", "\x01\x02", strings.Repeat("\xe8\x07", 40), strings.Repeat("\xff\x03abc", 30)} {
			f.Add(append([]byte{byte(i)}, more...))
		}
	}
	random := rand.New(rand.NewPCG(1, 1)) // the same each time
	for range 300 {
		data := make([]byte, 100)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		id, sum := b.job(t)
		in := &bytesOf{data}
		o := b.operations[int(in.byte())%len(b.operations)]
		method, target, header, body := b.request(in, o, map[string]string{"id": id, "sha256": sum, "picture": sum, "before": id})
		if _, err := url.ParseRequestURI(target); err != nil || strings.Contains(target, "/../") || strings.HasSuffix(target, "/..") {
			return
		}
		w := b.do(method, target, header, body)
		if r := (&http.Request{URL: must(url.Parse(target))(t)}); strings.Count(r.URL.Path, "/") != strings.Count(o.path, "/") || strings.Contains(r.URL.Path, "//") || strings.HasSuffix(r.URL.Path, "/") || strings.HasSuffix(r.URL.Path, "/.") {
			return // another operation's, or nobody's
		}
		b.check(t, o.Operation, w)
		var j Job
		if w.Code == 202 && json.Unmarshal(w.Body.Bytes(), &j) == nil && j.ID != id {
			for range 2 { // cancelled, then removed; one that runs goes later
				_, _ = b.table.Delete(tokens.Local().Name, j.ID)
			}
		}
	})
}

// Files are answered as the description says, their refusals too.
func TestAnswersAboutFilesAreDescribed(t *testing.T) {
	b := newBench(t)
	id, sum := b.job(t)
	for _, c := range []struct {
		path, at, header, value string
		status                  int
	}{
		{"/v1/jobs/{id}/result", id, "", "", 200},
		{"/v1/jobs/{id}/result", id, "Range", "bytes=0-9", 206},
		{"/v1/jobs/{id}/result", id, "Range", "bytes=999999-", 416},
		{"/v1/jobs/{id}/result", id, "Range", "bytes=9-1", 416},
		{"/v1/jobs/{id}/result", id, "If-None-Match", "*", 304},
		{"/v1/jobs/{id}/result", id, "If-Match", `"other"`, 412},
		{"/v1/pictures/{sha256}", sum, "Range", "bytes=1-2", 206},
		{"/v1/pictures/{sha256}", strings.Repeat("0", 64), "", "", 404},
		{"/v1/jobs/{id}/view", id, "", "", 404},
	} {
		name := c.path[strings.Index(c.path, "{") : strings.Index(c.path, "}")+1]
		w := b.do("GET", strings.Replace(c.path, name, c.at, 1), http.Header{http.CanonicalHeaderKey(c.header): {c.value}}, nil)
		if w.Code != c.status {
			t.Errorf("%+v: %d %s", c, w.Code, w.Body)
		}
		b.check(t, b.description.Paths[c.path].Get, w)
		if c.status == 416 && w.Header().Get("Content-Range") == "" && c.value == "bytes=999999-" {
			t.Errorf("%+v does not say how long the file is", c)
		}
	}
	// What is made for one request has no parts.
	w := b.do("POST", "/v1/upscale?scale=2&fast=true", http.Header{"Range": {"bytes=0-9"}, "If-None-Match": {"*"}}, b.picture)
	b.check(t, b.description.Paths["/v1/upscale"].Post, w)
	if w.Code != 200 || w.Header().Get("X-Classsr-Report") == "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if _, err := png.Decode(io.Reader(w.Body)); err != nil {
		t.Error(err)
	}
}
