// Package api answers the server's HTTP requests: what it offers is described by huma, and what it does is done by the packages below it. It knows no
// pictures. Bodies are never in memory as a whole: they go to disk, and results come from there.
package api

import (
	"context"
	_ "embed"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"classsr/fault"
	"classsr/pipeline/order"
	"classsr/server/blobs"
	"classsr/server/jobs"
	"classsr/server/library"
	"classsr/server/limits"
	"classsr/server/problem"
	"classsr/server/tokens"
	"classsr/server/work"
)

// Backends is what the API stands on.
type Backends struct {
	Jobs   *jobs.Table
	Work   Work
	Store  *blobs.Store
	Meter  *limits.Meter
	Limits limits.Limits
	// Tokens checks tokens; nil means that everyone who reaches the server is its owner.
	Tokens Checker
	// Key signs the page's sessions: 32 bytes.
	Key []byte
	// Page is the page's files; nil means that there is none.
	Page fs.FS
	// Metrics answers /metrics; nil means that it is elsewhere.
	Metrics http.Handler
	// Cluster answers what is about the machines of a cluster; there may be none.
	Cluster []ClusterRoute
	// Count counts requests; nil means that nobody does.
	Count Counter
	Log   *slog.Logger
	// Ready tells why the server cannot take work now; nil means that it can.
	Ready   func() error
	Version string
	// Closing is done when the server ends: streams of events say so and end.
	Closing context.Context //nolint:containedctx // of the server, not of a request
	// Now is the clock; nil stands for time.Now.
	Now func() time.Time
}

// Checker knows tokens.
type Checker interface {
	// Check gives the token of a secret.
	Check(secret string) (tokens.Token, error)
	// Named gives the token of that name if it still has that hash.
	Named(name string, hash [32]byte) (tokens.Token, error)
}

// Counter counts requests.
type Counter interface {
	// Request is told of each answer: the pattern of its route, its status, the seconds that it took, and the bytes of both bodies.
	Request(route string, status int, seconds float64, in, out int64)
	// Refused is told of each answer that is an error.
	Refused(kind fault.Kind)
}

// Work is what the API has done by others.
type Work interface {
	// RefuseName and First refuse pictures by their names, and by their first bytes, before the rest is read.
	RefuseName(name string) error
	First(first []byte) error
	// Judge looks at a file's headers, and at what an order would make of it.
	Judge(path, name string, o order.Order) (*work.Judged, error)
	// Direct enlarges a small picture now.
	Direct(ctx context.Context, t tokens.Token, path, name string, o order.Order) (*work.Done, error)
	// Plan forecasts what a picture takes, after a look at it if that may be.
	Plan(ctx context.Context, t tokens.Token, path, name string, o order.Order) (*work.Plan, error)
	// View gives what browsers are shown of a stored picture of so many pixels: a JPEG or a PNG.
	View(ctx context.Context, t tokens.Token, sum blobs.Sum, pixels int64) ([]byte, error)
	// ResultView gives what browsers are shown of a job's result.
	ResultView(ctx context.Context, t tokens.Token, j jobs.Job) ([]byte, error)
	// Models lists the built-in models.
	Models() []work.Model
	// AddModel keeps the model that r holds, of so many bytes, or -1, after a look at it.
	AddModel(ctx context.Context, t tokens.Token, r io.Reader, size int64) (library.Described, error)
	// Model tells of a model that was sent.
	Model(sum blobs.Sum) (library.Described, error)
	// MostModel is how many bytes one may have.
	MostModel() int64
}

type api struct {
	Backends
	mux      *http.ServeMux
	sessions sessions
	failures failures
	closing  context.Context   //nolint:containedctx // of the server
	scopes   map[string]string // of tokens, by the patterns of the cluster's routes
}

func (a *api) now() time.Time {
	if a.Now != nil {
		return a.Now()
	}
	return time.Now()
}

// New makes the handler of all requests.
func New(b Backends) (http.Handler, error) {
	problem.Install()
	a := &api{Backends: b, mux: http.NewServeMux(), sessions: sessions{b.Key}, closing: b.Closing}
	if a.closing == nil {
		a.closing = context.Background()
	}
	description := a.routes()
	page, err := docs(description)
	if err != nil {
		return nil, err
	}
	a.cluster()
	a.mux.HandleFunc("GET /docs", serveDocs(page))
	a.mux.HandleFunc("GET /docs.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(docsStyle)
	})
	a.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { health(w, nil) })
	a.mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { health(w, a.Ready) })
	if b.Metrics != nil {
		a.mux.Handle("GET /metrics", b.Metrics)
	}
	a.mux.Handle("/", a.otherwise(pageFiles(a.Page)))
	return a, nil
}

//go:embed docs.css
var docsStyle []byte

func health(w http.ResponseWriter, ready func() error) {
	if ready != nil {
		if err := ready(); err != nil {
			problem.Write(w, fault.Default(fault.Unavailable, err))
			return
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// Description is the description of the API, OpenAPI 3.1 as JSON.
func Description() ([]byte, error) {
	problem.Install() // the description tells of the errors that it makes
	a := &api{mux: http.NewServeMux()}
	return json.MarshalIndent(a.routes().OpenAPI(), "", "  ")
}

// routes registers all operations and describes them.
func (a *api) routes() huma.API {
	config := huma.DefaultConfig("classsr", a.version())
	config.Info.Description = "Enlarges pictures with super-resolution networks. Options are the flags of the command."
	config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", nil
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer", Description: "only where the server was started with --token-file"},
		"session": {Type: "apiKey", In: "cookie", Name: sessionCookie, Description: "the page's, from POST /v1/session"},
	}
	h := humago.New(a.mux, config)
	a.uploads(h)
	a.jobRoutes(h)
	a.modelRoutes(h)
	huma.Register(h, operation("limits", http.MethodGet, "/v1/limits", "What is allowed", "about"), a.allowed)
	huma.Register(h, operation("openSession", http.MethodPost, "/v1/session", "Signs the page in with a token", "session"), a.openSession)
	huma.Register(h, operation("closeSession", http.MethodDelete, "/v1/session", "Signs the page out", "session"), a.closeSession)
	huma.Register(h, operation("getSession", http.MethodGet, "/v1/session", "Who is signed in", "session"), a.whose)
	d := h.OpenAPI()
	d.Paths["/v1/session"].Post.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{
		"application/x-www-form-urlencoded": {Schema: &huma.Schema{Type: "object", Properties: map[string]*huma.Schema{"token": {Type: "string"}}}},
	}}
	finish(d)
	return h
}

func (a *api) version() string {
	if a.Version == "" {
		return "1"
	}
	return a.Version
}

// uploads registers what takes pictures, by POST and, since curl -T sends that, by PUT.
func (a *api) uploads(h huma.API) {
	d := h.OpenAPI()
	for _, method := range []string{http.MethodPost, http.MethodPut} {
		suffix := ""
		if method == http.MethodPut {
			suffix = "ByPut"
		}
		huma.Register(h, operation("upscale"+suffix, method, "/v1/upscale", "Enlarges a small picture and answers with the result", "direct"), a.upscale)
		huma.Register(h, operation("submit"+suffix, method, "/v1/jobs", "Takes a picture, or a video (y4m), and puts a job into the queue", "jobs"), a.submit)
		huma.Register(h, operation("send"+suffix, method, "/v1/pictures", "Takes a picture for plans and jobs to come", "pictures"), a.send)
	}
	for _, path := range []string{"/v1/upscale", "/v1/jobs", "/v1/pictures"} {
		for _, o := range []*huma.Operation{d.Paths[path].Post, d.Paths[path].Put} {
			describeUpload(o, path != "/v1/jobs")
		}
	}
	for _, o := range []*huma.Operation{d.Paths["/v1/upscale"].Post, d.Paths["/v1/upscale"].Put} {
		describeFile(o, resultTypes...)
		o.Responses["200"].Headers["X-Classsr-Report"] = header("what the command prints with --json")
	}
	huma.Register(h, operation("getPicture", http.MethodGet, "/v1/pictures/{sha256}", "A picture as it was sent", "pictures"), a.picture)
	huma.Register(h, operation("removePicture", http.MethodDelete, "/v1/pictures/{sha256}", "Removes a picture that no job needs", "pictures"), a.forget)
	huma.Register(h, operation("plan", http.MethodGet, "/v1/pictures/{sha256}/plan", "What enlarging a picture takes", "pictures"), a.plan)
	d.Paths["/v1/pictures/{sha256}/plan"].Get.Parameters = append(d.Paths["/v1/pictures/{sha256}/plan"].Get.Parameters, options()...)
	huma.Register(h, operation("viewPicture", http.MethodGet, "/v1/pictures/{sha256}/view", "What browsers are shown of a picture, of at most 1280x1280 pixels", "pictures"), a.viewPicture)
	describeParts(d.Paths["/v1/pictures/{sha256}"].Get, pictureTypes()...)
	describeParts(d.Paths["/v1/pictures/{sha256}/view"].Get, viewTypes...)
}

// jobRoutes registers what is about jobs.
func (a *api) jobRoutes(h huma.API) {
	d := h.OpenAPI()
	huma.Register(h, operation("listJobs", http.MethodGet, "/v1/jobs", "Jobs, the newest first", "jobs"), a.list)
	huma.Register(h, operation("getJob", http.MethodGet, "/v1/jobs/{id}", "A job", "jobs"), a.one)
	huma.Register(h, operation("removeJob", http.MethodDelete, "/v1/jobs/{id}", "Cancels a job, or removes one that is finished", "jobs"), a.remove)
	huma.Register(h, operation("retryJob", http.MethodPost, "/v1/jobs/{id}/retry", "Puts a job that failed back into the queue", "jobs"), a.retry)
	huma.Register(h, operation("getResult", http.MethodGet, "/v1/jobs/{id}/result", "The enlarged picture or video", "jobs"), a.result)
	huma.Register(h, operation("getView", http.MethodGet, "/v1/jobs/{id}/view", "What browsers are shown of a result that they do not show as it is, or that is large", "jobs"), a.view)
	huma.Register(h, operation("getRouteMap", http.MethodGet, "/v1/jobs/{id}/route-map.png", "Which class computed which part", "jobs"), a.routeMap)
	huma.Register(h, operation("followJob", http.MethodGet, "/v1/jobs/{id}/events", "Server-sent events about a job: job, band, bye", "jobs"), a.follow)
	huma.Register(h, operation("followJobs", http.MethodGet, "/v1/events", "Server-sent events about all jobs", "jobs"), a.followAll)
	huma.Register(h, operation("getResults", http.MethodGet, "/v1/jobs.zip", "Several results as one zip file", "jobs"), a.archive)
	describeParts(d.Paths["/v1/jobs/{id}/result"].Get, jobTypes...)
	describeParts(d.Paths["/v1/jobs/{id}/view"].Get, viewTypes...)
	describeParts(d.Paths["/v1/jobs/{id}/route-map.png"].Get, "image/png")
	describeFile(d.Paths["/v1/jobs.zip"].Get, "application/zip")
	for _, path := range []string{"/v1/jobs/{id}/events", "/v1/events"} {
		d.Paths[path].Get.Responses["200"] = &huma.Response{Description: "the events", Content: map[string]*huma.MediaType{
			"text/event-stream": {Schema: &huma.Schema{Type: "string"}},
		}}
	}
}

// Allowed is what the server takes.
type Allowed struct {
	MaxUpload   int64 `json:"max_upload" doc:"bytes"`
	MaxPixels   int64 `json:"max_pixels" doc:"of a result"`
	MaxPixelsIn int64 `json:"max_pixels_in" doc:"of a picture"`
	Retention   int64 `json:"retention_seconds" doc:"how long results are kept"`
	Cluster     bool  `json:"cluster" doc:"whether other machines may help: then GET /v1/cluster lists them"`
}

func (a *api) allowed(context.Context, *struct{}) (*struct{ Body Allowed }, error) {
	l := a.Limits
	return &struct{ Body Allowed }{Allowed{l.MaxUpload, l.MaxPixels, l.MaxPixelsIn, int64(l.Retention.Seconds()), len(a.Cluster) > 0}}, nil
}

// otherwise answers what no route of the API takes: with the page's files, or with 404 and 405 as problems.
func (a *api) otherwise(files http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := of(r.Context())
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			allowed := a.methods(r)
			if len(allowed) == 0 && !strings.HasPrefix(r.URL.Path, "/v1/") {
				allowed = []string{http.MethodGet, http.MethodHead} // the page's files
			}
			if len(allowed) > 0 {
				w.Header().Set("Allow", strings.Join(allowed, ", "))
				problem.Write(w, problem.WithStatus(http.StatusMethodNotAllowed, fault.New(fault.Usage, "%s is not possible here: %s is", printable(r.Method), strings.Join(allowed, ", "))))
				return
			}
		}
		if strings.HasPrefix(r.URL.Path, "/v1/") || files == nil {
			a.refuse(x, fault.New(fault.NotFound, "there is nothing at this path: /docs lists what there is"))
			return
		}
		files.ServeHTTP(w, r)
	})
}

// methods lists the methods that the path of a request takes.
func (a *api) methods(r *http.Request) (allowed []string) {
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := a.mux.Handler(other); pattern != "" && pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	return allowed
}

// pagePolicy is that of the page, which may run its own scripts, show pictures and ask the API.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; manifest-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// pageFiles serves the page's files; what is not there is a problem.
func pageFiles(files fs.FS) http.Handler {
	if files == nil {
		return nil
	}
	server := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		if name == "" {
			name = "index.html"
		}
		if info, err := fs.Stat(files, name); err != nil || info.IsDir() {
			problem.Write(w, fault.New(fault.NotFound, "there is nothing at this path"))
			return
		}
		w.Header().Set("Content-Security-Policy", pagePolicy)
		server.ServeHTTP(w, r)
	})
}
