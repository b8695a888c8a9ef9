package api

import (
	"context"
	"io"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"classsr/fault"
	"classsr/server/limits"
	"classsr/server/problem"
	"classsr/server/tokens"
)

// exchange is a request and its answer. Handlers find it in their context, since bodies are read and written by them and not by huma, which
// would hold them in memory.
type exchange struct {
	w     http.ResponseWriter
	r     *http.Request
	token tokens.Token
	job   string // that the request is about, for the log
	body  *body
}

type exchangeKey struct{}

// of gives the exchange of a handler's context.
func of(ctx context.Context) *exchange { return ctx.Value(exchangeKey{}).(*exchange) }

// body is a request's body whose bytes are counted.
type body struct {
	io.ReadCloser
	bytes int64
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.bytes += int64(n)
	return n, err
}

// answer is a response that remembers what was sent.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// ServeHTTP answers one request: it finds out who asks, guards against slow readers, and logs. Nothing that a request contains reaches a header or a
// log line unless it was checked.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := a.now()
	sent := &answer{ResponseWriter: w}
	r = r.WithContext(r.Context()) // the body of the server's own stays what it is
	came := &body{ReadCloser: r.Body}
	r.Body = came
	x := &exchange{w: limits.Writer(sent, a.Limits), r: r, body: came}
	defer func() {
		if mistake := recover(); mistake != nil {
			a.mistake(x, sent, mistake)
		}
		a.log(x, sent, begun)
	}()
	header := sent.Header()
	for name, value := range headers {
		header.Set(name, value)
	}
	if r.URL.Path != path.Clean(r.URL.Path) { // the mux would send it on to another one
		a.refuse(x, fault.New(fault.NotFound, "there is nothing at this path"))
		return
	}
	token, err := a.whoAsks(r)
	if err == nil {
		err = a.mayUse(token, r)
	}
	if err == nil && a.counted(r) {
		err = a.Meter.Request(token)
	}
	if err != nil {
		a.refuse(x, err)
		return
	}
	x.token = token
	x.r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
	a.mux.ServeHTTP(x.w, x.r)
}

// headers are sent with every answer.
var headers = map[string]string{
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cache-Control":                "private, no-cache",
	"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'",
}

// refuse answers with an error.
func (a *api) refuse(x *exchange, err error) {
	if fault.KindOf(err) == fault.Internal {
		a.Log.Error("internal error", "error", err.Error(), "route", route(x.r))
	}
	problem.Write(x.w, err)
}

// mistake answers after a panic, which is logged, if nothing was sent yet; otherwise the connection is closed, so that nobody takes what came for the whole.
func (a *api) mistake(x *exchange, sent *answer, mistake any) {
	if mistake == http.ErrAbortHandler { //nolint:errorlint // it is never wrapped
		panic(mistake)
	}
	a.Log.Error("mistake in the program", "panic", mistake, "stack", string(debug.Stack()), "route", route(x.r))
	if sent.status != 0 {
		panic(http.ErrAbortHandler)
	}
	problem.Write(x.w, fault.New(fault.Internal, "a mistake in the program; the server's log tells more"))
}

// route is the pattern of the route that answered, so that nothing of a request stands in logs and counts.
func route(r *http.Request) string {
	if r.Pattern == "" {
		return "none"
	}
	return r.Pattern
}

func (a *api) log(x *exchange, sent *answer, begun time.Time) {
	took := a.now().Sub(begun)
	a.Log.Info("request", "route", route(x.r), "status", sent.status, "bytes", sent.bytes, "ms", took.Milliseconds(), "owner", x.token.Name, "job", x.job)
	if a.Count == nil {
		return
	}
	a.Count.Request(route(x.r), sent.status, took.Seconds(), x.body.bytes, sent.bytes)
	if sent.status >= http.StatusBadRequest {
		a.Count.Refused(problem.KindOf(sent.status))
	}
}

// mayUse refuses tokens that are for something else.
func (a *api) mayUse(t tokens.Token, r *http.Request) error {
	scope := tokens.ScopeJobs
	if r.URL.Path == "/metrics" {
		scope = tokens.ScopeMetrics
	} else if of, known := a.clusterScope(r); known {
		scope = of
	}
	if open(r) || t.Has(scope) {
		return nil
	}
	return fault.New(problem.Forbidden, "the token %s is not for this: `classsr token new NAME --scopes %s` makes one that is", t.Name, scope)
}

// open are the paths that need no token: the page, which holds no secret, its sign-in, and what says whether the server is well.
func open(r *http.Request) bool {
	return !strings.HasPrefix(r.URL.Path, "/v1/") && r.URL.Path != "/metrics" || r.URL.Path == "/v1/session"
}

// counted tells whether a request counts against its token's rate. What the page shows of results does not: it comes in many parts. Nor does what workers do. To remove
// a job does not, either: its submission has counted, and whoever gives up many at once is to be rid of them.
func (a *api) counted(r *http.Request) bool {
	if scope, _ := a.clusterScope(r); scope == tokens.ScopeWorker {
		return false
	}
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	removes := r.Method == http.MethodDelete && strings.HasPrefix(r.URL.Path, "/v1/jobs/")
	return !open(r) && !removes && (!reads || !strings.HasPrefix(r.URL.Path, "/v1/"))
}

// whoAsks gives the token of a request. Without a token file, everyone who reaches the server is its owner.
func (a *api) whoAsks(r *http.Request) (tokens.Token, error) {
	if a.Tokens == nil {
		return tokens.Local(), nil
	}
	if open(r) {
		return tokens.Token{}, nil
	}
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return a.signIn(r, strings.TrimSpace(secret))
	}
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		return a.sessions.token(cookie.Value, a.Tokens, a.now())
	}
	return tokens.Token{}, fault.New(fault.Unauthorized, "a token is needed: send it as Authorization: Bearer TOKEN; `classsr token new` makes one")
}
