package check

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/image/draw"

	"classsr/web"
)

// Fake answers as the server does, as far as the page asks: it keeps all in memory, and jobs do not compute networks but make pictures larger, in steps.
type Fake struct {
	Token string        // if not empty, what signs in
	Hold  chan struct{} // if not nil, jobs wait for it in the middle
	Pace  time.Duration // of one step of ten
	Most  int           // bytes of a picture; 0 means 200 MB
	Busy  int           // so many uploads are put off
	Cut   func()        // ends all connections
	Crew  []Machine     // that help; nil: the server takes no help
	Fails int           // so many jobs fail on several machines

	mu       sync.Mutex
	pictures map[string]picture
	jobs     []*job // the newest first
	turn     sync.Mutex
	streams  map[chan string]bool
	number   int
	Asked    []string // methods and URLs, with keys
}

// Machine is one that helps the server, as far as the page shows it.
type Machine struct {
	ID     string           `json:"id"`
	Name   string           `json:"name"`
	State  string           `json:"state"`
	Here   bool             `json:"here,omitempty"`
	Kernel string           `json:"kernel"`
	Cores  int              `json:"cores"`
	Speed  float64          `json:"speed"`
	Units  []string         `json:"units"`
	Doing  []map[string]any `json:"doing"`
	Done   int              `json:"done"`
	Failed int              `json:"failed"`
}

// Help changes what machines there are.
func (f *Fake) Help(crew []Machine) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Crew = crew
}

func (f *Fake) cluster(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.Crew == nil {
		refuse(w, 404, "not_found", "there is nothing at this address")
		return
	}
	units := 0
	for _, m := range f.Crew {
		units += len(m.Doing)
	}
	answer(w, 200, map[string]any{"workers": f.Crew, "units": units, "tasks": 3 * units, "seconds": 75.0, "done": 9, "failed": 1, "wrong": 0, "lost": 1})
}

type picture struct {
	name, format  string
	data          []byte
	width, height int
}

type job struct {
	ID            string         `json:"id"`
	State         string         `json:"state"`
	Progress      float64        `json:"progress"`
	QueuePosition int            `json:"queue_position"`
	ETASeconds    float64        `json:"eta_seconds"`
	Name          string         `json:"name"`
	Picture       string         `json:"picture"`
	Width         int            `json:"width"`
	Height        int            `json:"height"`
	OutWidth      int            `json:"out_width"`
	OutHeight     int            `json:"out_height"`
	Format        string         `json:"format"`
	ResultFormat  string         `json:"result_format"`
	Model         string         `json:"model"`
	Created       time.Time      `json:"created"`
	Expires       *time.Time     `json:"expires,omitempty"`
	Report        map[string]any `json:"report,omitempty"`
	Result        map[string]any `json:"result,omitempty"`
	Error         map[string]any `json:"error,omitempty"`
	Failures      []any          `json:"failures,omitempty"`
	result        []byte
}

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; manifest-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// Handler answers all requests.
func (f *Fake) Handler() http.Handler {
	f.pictures, f.streams = map[string]picture{}, map[chan string]bool{}
	mux := http.NewServeMux()
	files := http.FileServerFS(web.Files())
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		files.ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /v1/session", func(w http.ResponseWriter, r *http.Request) {
		owner := "local"
		if !f.signedIn(r) {
			owner = ""
		}
		answer(w, 200, map[string]any{"owner": owner, "needed": f.Token != ""})
	})
	mux.HandleFunc("POST /v1/session", func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("token") != f.Token {
			refuse(w, 401, "unauthorized", "the token is not known")
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "fake", Value: f.Token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
		answer(w, 200, map[string]any{"owner": "anna", "needed": true})
	})
	mux.HandleFunc("GET /v1/limits", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, map[string]any{"max_upload": cmp.Or(f.Most, 200_000_000), "max_pixels": 400_000_000, "max_pixels_in": 100_000_000, "retention_seconds": 86400, "cluster": f.Crew != nil})
	})
	mux.HandleFunc("GET /v1/cluster", f.cluster)
	mux.HandleFunc("POST /v1/pictures", f.send)
	mux.HandleFunc("GET /v1/pictures/{sum}", f.picture)
	mux.HandleFunc("DELETE /v1/pictures/{sum}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })
	mux.HandleFunc("GET /v1/pictures/{sum}/plan", f.plan)
	mux.HandleFunc("POST /v1/jobs", f.submit)
	mux.HandleFunc("GET /v1/jobs", func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		answer(w, 200, map[string]any{"jobs": append([]*job{}, f.jobs...)})
	})
	mux.HandleFunc("DELETE /v1/jobs/{id}", f.remove)
	mux.HandleFunc("POST /v1/jobs/{id}/retry", f.retry)
	mux.HandleFunc("GET /v1/jobs/{id}/result", f.result)
	mux.HandleFunc("GET /v1/jobs/{id}/route-map.png", func(w http.ResponseWriter, _ *http.Request) { _ = png.Encode(w, checkers()) })
	mux.HandleFunc("GET /v1/events", f.events)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.Asked = append(f.Asked, r.Method+" "+r.URL.String()+" "+r.Header.Get("Idempotency-Key"))
		f.mu.Unlock()
		if strings.HasPrefix(r.URL.Path, "/v1/") && r.URL.Path != "/v1/session" && !f.signedIn(r) {
			refuse(w, 401, "unauthorized", "this needs a token")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// Requests lists what was asked for, of those that begin so.
func (f *Fake) Requests(beginning string) (found []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.Asked {
		if strings.HasPrefix(a, beginning) {
			found = append(found, a)
		}
	}
	return found
}

func (f *Fake) signedIn(r *http.Request) bool {
	c, err := r.Cookie("fake")
	return f.Token == "" || err == nil && c.Value == f.Token
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, kind, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "kind": kind, "detail": detail})
}

func checkers() image.Image {
	p := image.NewPaletted(image.Rect(0, 0, 12, 9), color.Palette{color.NRGBA{0, 255, 0, 255}, color.NRGBA{255, 255, 0, 255}, color.NRGBA{255, 0, 0, 255}})
	for i := range p.Pix {
		p.Pix[i] = uint8(i * i % 7 % 3)
	}
	return p
}

func (f *Fake) send(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(io.LimitReader(r.Body, 50<<20))
	if err != nil {
		return
	}
	f.mu.Lock()
	busy := f.Busy > 0
	f.Busy--
	f.mu.Unlock()
	if busy {
		w.Header().Set("Retry-After", "1")
		refuse(w, 429, "busy", "too many pictures at a time")
		return
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		refuse(w, 415, "unsupported", "the file does not begin like a picture that can be read")
		return
	}
	sum := sha256.Sum256(data)
	p := picture{r.URL.Query().Get("name"), format, data, config.Width, config.Height}
	f.mu.Lock()
	f.pictures[hex.EncodeToString(sum[:])] = p
	f.mu.Unlock()
	answer(w, 201, map[string]any{"sha256": hex.EncodeToString(sum[:]), "name": p.name, "format": format, "width": p.width, "height": p.height, "bytes": len(data)})
}

func (f *Fake) known(w http.ResponseWriter, sum string) (picture, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, ok := f.pictures[sum]
	if !ok {
		refuse(w, 404, "not_found", "there is no such picture")
	}
	return p, ok
}

func (f *Fake) picture(w http.ResponseWriter, r *http.Request) {
	if p, ok := f.known(w, r.PathValue("sum")); ok {
		_, _ = w.Write(p.data)
	}
}

// outSize is how large a picture becomes.
func outSize(p picture, r *http.Request) (width, height int, err error) {
	q := r.URL.Query()
	if fit := q.Get("fit"); fit != "" {
		side, _, _ := strings.Cut(fit, "x")
		n, err := strconv.Atoi(side)
		times := float64(n) / float64(max(p.width, p.height))
		return int(times * float64(p.width)), int(times * float64(p.height)), err
	}
	times, err := strconv.ParseFloat(q.Get("scale"), 64)
	return int(times * float64(p.width)), int(times * float64(p.height)), err
}

func shares(hard float64) []map[string]any {
	return []map[string]any{{"name": "simple", "share": (1 - hard) * 0.7}, {"name": "medium", "share": (1 - hard) * 0.3}, {"name": "hard", "share": hard}}
}

func (f *Fake) plan(w http.ResponseWriter, r *http.Request) {
	p, ok := f.known(w, r.PathValue("sum"))
	if !ok {
		return
	}
	width, height, err := outSize(p, r)
	if err != nil || width*height > 400e6 {
		refuse(w, 413, "too_large", fmt.Sprintf("the result would have %dx%d pixels, 400 megapixels are allowed", width, height))
		return
	}
	kind, because := "clean", ""
	if p.format == "jpeg" {
		kind, because = "photo", "a JPEG of quality 71"
	}
	if k := r.URL.Query().Get("kind"); k != "" {
		kind, because = k, ""
	}
	full := float64(width*height) / 4e5
	points := []map[string]any{{"budget": 62.0, "seconds": full * 0.62, "loss_db": 0.02, "classes": shares(0.3)}}
	for _, b := range []float64{20, 30, 40, 60, 80, 100} {
		points = append(points, map[string]any{"budget": b, "seconds": full * b / 100, "loss_db": 0.5 * (100 - b) * (100 - b) / 6400, "classes": shares(b * b / 1e4)})
	}
	if kind == "real" {
		points = []map[string]any{{"budget": 100, "seconds": full * 0.62, "loss_db": 0, "classes": []any{}}}
	}
	answer(w, 200, map[string]any{"width": p.width, "height": p.height, "out_width": width, "out_height": height, "model": "span-x4", "kind": kind,
		"because": because, "seconds": full * 0.62, "points": points, "result_bytes": width * height * 3, "result_format": ".png"})
}

func (f *Fake) submit(w http.ResponseWriter, r *http.Request) {
	sum := r.URL.Query().Get("picture")
	p, ok := f.known(w, sum)
	if !ok {
		return
	}
	width, height, err := outSize(p, r)
	if err != nil {
		refuse(w, 400, "usage", err.Error())
		return
	}
	f.mu.Lock()
	f.number++
	j := &job{ID: fmt.Sprintf("01HZX3J5V7Q9K2M4N6P8R0%04d", f.number), State: "queued", QueuePosition: 1, ETASeconds: 9, Name: p.name, Picture: sum, Width: p.width,
		Height: p.height, OutWidth: width, OutHeight: height, Format: p.format, ResultFormat: ".png", Model: "span-x4", Created: time.Now()}
	f.jobs = append([]*job{j}, f.jobs...)
	answer(w, 202, j)
	f.mu.Unlock()
	go f.run(j, p)
}

// run does a job, one after the other.
func (f *Fake) run(j *job, p picture) {
	f.turn.Lock()
	defer f.turn.Unlock()
	small, _, err := image.Decode(bytes.NewReader(p.data))
	if err != nil {
		f.change(j, func() {
			j.State, j.Error = "failed", map[string]any{"kind": "damaged", "message": "the picture is cut short: " + err.Error()}
		})
		return
	}
	f.mu.Lock()
	fails := f.Fails > 0
	f.Fails--
	f.mu.Unlock()
	if fails {
		f.change(j, func() {
			j.State, j.Error = "failed", map[string]any{"kind": "internal", "message": "it failed each time that a machine of the cluster tried"}
			for _, machine := range []string{"shed-1a2b", "attic-3c4d"} {
				j.Failures = append(j.Failures, map[string]any{"machine": machine, "message": "cannot write the result: the disk of " + machine + " is full", "time": time.Now()})
			}
		})
		return
	}
	large := image.NewRGBA(image.Rect(0, 0, j.OutWidth, j.OutHeight))
	draw.CatmullRom.Scale(large, large.Rect, small, small.Bounds(), draw.Src, nil)
	view := image.NewRGBA(image.Rect(0, 0, 640, max(1, 640*j.OutHeight/j.OutWidth)))
	draw.BiLinear.Scale(view, view.Rect, large, large.Rect, draw.Src, nil)
	const steps = 10
	for i := range steps {
		if !f.change(j, func() {
			j.State, j.Progress, j.QueuePosition, j.ETASeconds = "running", float64(i)/steps, 0, float64(steps-i)*0.8
		}) {
			return
		}
		part := view.SubImage(image.Rect(0, i*view.Rect.Dy()/steps, 640, (i+1)*view.Rect.Dy()/steps))
		var b bytes.Buffer
		_ = jpeg.Encode(&b, part, nil)
		f.tell("band", map[string]any{"job": j.ID, "top": part.Bounds().Min.Y, "width": 640, "height": part.Bounds().Dy(), "whole": view.Rect.Dy(),
			"jpeg": base64.StdEncoding.EncodeToString(b.Bytes())})
		if i == steps/2 && f.Hold != nil {
			<-f.Hold
		}
		time.Sleep(f.Pace)
	}
	var b bytes.Buffer
	_ = png.Encode(&b, large)
	f.change(j, func() {
		until := time.Now().Add(24 * time.Hour)
		at := "/v1/jobs/" + j.ID
		j.State, j.Progress, j.ETASeconds, j.Expires, j.result = "done", 1, 0, &until, b.Bytes()
		j.Result = map[string]any{"bytes": b.Len(), "url": at + "/result", "name": strings.TrimSuffix(j.Name, ".png") + "_x4.png", "map": at + "/route-map.png"}
		j.Report = map[string]any{"model": "span-x4", "classes": shares(0.3), "macs": 62, "macs_full": 100, "seconds": map[string]any{"total": 7.4}}
	})
}

// change changes a job and tells of it; it reports whether the job goes on.
func (f *Fake) change(j *job, do func()) bool {
	f.mu.Lock()
	if j.State == "cancelled" {
		f.mu.Unlock()
		return false
	}
	do()
	f.mu.Unlock()
	f.tell("job", j)
	return true
}

func (f *Fake) tell(name string, v any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	data, _ := json.Marshal(v)
	for c := range f.streams {
		select {
		case c <- fmt.Sprintf("event: %s\ndata: %s\n\n", name, data):
		default:
		}
	}
}

func (f *Fake) remove(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	i := slices.IndexFunc(f.jobs, func(j *job) bool { return j.ID == r.PathValue("id") })
	if i < 0 {
		f.mu.Unlock()
		refuse(w, 404, "not_found", "there is no such job")
		return
	}
	j := f.jobs[i]
	if j.State == "queued" || j.State == "running" {
		j.State = "cancelled"
	} else {
		f.jobs = slices.Delete(f.jobs, i, i+1)
	}
	answer(w, 200, j)
	f.mu.Unlock()
}

func (f *Fake) retry(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, j := range f.jobs {
		if j.ID == r.PathValue("id") && j.State == "failed" {
			j.State, j.Error, j.Failures = "queued", nil, nil
			answer(w, 200, j)
			go f.run(j, f.pictures[j.Picture])
			return
		}
	}
	refuse(w, 409, "conflict", "the job did not fail")
}

func (f *Fake) result(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, j := range f.jobs {
		if j.ID == r.PathValue("id") && j.result != nil {
			w.Header().Set("Content-Type", "image/png")
			w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'")
			w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", j.Result["name"]))
			_, _ = w.Write(j.result)
			return
		}
	}
	refuse(w, 404, "not_found", "there is no such result")
}

func (f *Fake) events(w http.ResponseWriter, r *http.Request) {
	c := make(chan string, 1000)
	f.mu.Lock()
	f.streams[c] = true
	f.mu.Unlock()
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	_, _ = io.WriteString(w, ": here\n\n")
	_ = control.Flush()
	for {
		select {
		case text := <-c:
			_, _ = io.WriteString(w, text)
			_ = control.Flush()
		case <-r.Context().Done():
			f.mu.Lock()
			delete(f.streams, c)
			f.mu.Unlock()
			return
		}
	}
}
