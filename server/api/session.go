package api

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"classsr/fault"
	"classsr/server/problem"
	"classsr/server/tokens"
)

// The page signs in once with a token and has a cookie from then on, so that pictures, downloads and events need no secret in their URLs. The cookie is a
// token's name and hash, and a time, with a keyed hash of both: the server keeps nothing, and a token that is removed ends its sessions.
const (
	sessionCookie = "__Host-classsr"
	sessionTime   = 30 * 24 * time.Hour
)

// sessions makes cookies and reads them. The key lives as long as the server's data.
type sessions struct{ key []byte }

func (s sessions) sign(text string) string {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// cookie makes the value of a cookie.
func (s sessions) cookie(t tokens.Token, until time.Time) string {
	var when [8]byte
	binary.BigEndian.PutUint64(when[:], uint64(until.Unix())) //nolint:gosec // after 1970
	text := base64.RawURLEncoding.EncodeToString([]byte(t.Name)) + "." + base64.RawURLEncoding.EncodeToString(t.Hash[:]) + "." + base64.RawURLEncoding.EncodeToString(when[:])
	return text + "." + s.sign(text)
}

// token gives the token of a cookie, if it is still one of the file.
func (s sessions) token(cookie string, known Checker, now time.Time) (tokens.Token, error) {
	over := fault.New(fault.Unauthorized, "the session is over: sign in again")
	at := strings.LastIndexByte(cookie, '.')
	if at < 0 || !hmac.Equal([]byte(s.sign(cookie[:at])), []byte(cookie[at+1:])) {
		return tokens.Token{}, over
	}
	parts := strings.Split(cookie[:at], ".")
	if len(parts) != 3 {
		return tokens.Token{}, over
	}
	var fields [3][]byte
	for i, p := range parts {
		var err error
		if fields[i], err = base64.RawURLEncoding.DecodeString(p); err != nil {
			return tokens.Token{}, over
		}
	}
	if len(fields[1]) != sha256.Size || len(fields[2]) != 8 || now.Unix() > int64(binary.BigEndian.Uint64(fields[2])) { //nolint:gosec // as it was written
		return tokens.Token{}, over
	}
	return known.Named(string(fields[0]), [32]byte(fields[1]))
}

// signIn checks a secret. Whoever fails often from one address has to wait; who has a right one does not, since behind a proxy all have the same address.
func (a *api) signIn(r *http.Request, secret string) (tokens.Token, error) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	t, err := a.Tokens.Check(secret)
	if err != nil && !a.failures.note(host, a.now()) {
		err = problem.Later(fault.Busy, failuresEach, "too many tokens that are wrong: wait some seconds")
	}
	return t, err
}

// failures counts wrong tokens by address: ten at once, and one in six seconds.
type failures struct {
	mu sync.Mutex
	of map[string]*rate.Limiter
}

const (
	failuresAtOnce = 10
	failuresEach   = 6 * time.Second
	addressesKept  = 4096
)

// note counts one. ok is false if there were too many.
func (f *failures) note(host string, now time.Time) (ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil || len(f.of) >= addressesKept {
		f.of = map[string]*rate.Limiter{}
	}
	if f.of[host] == nil {
		f.of[host] = rate.NewLimiter(rate.Every(failuresEach), failuresAtOnce)
	}
	return f.of[host].AllowN(now, 1)
}

// Session says who is signed in.
type Session struct {
	Owner string `json:"owner"`
	// Needed tells whether a token is needed at all.
	Needed bool `json:"needed"`
}

// session is the answer to signing in and out.
type session struct {
	Cookie http.Cookie `header:"Set-Cookie"`
	Body   Session
}

// open signs the page in: the form has the field token.
func (a *api) openSession(ctx context.Context, _ *struct{}) (*session, error) {
	x := of(ctx)
	if a.Tokens == nil {
		return &session{Body: Session{Owner: tokens.Local().Name}}, nil
	}
	x.r.Body = http.MaxBytesReader(x.w, x.r.Body, maxField)
	if err := x.r.ParseForm(); err != nil {
		return nil, problem.Of(fault.New(fault.Usage, "the form cannot be read: send the field token"))
	}
	t, err := a.signIn(x.r, strings.TrimSpace(x.r.PostForm.Get("token")))
	if err != nil {
		return nil, problem.Of(err)
	}
	until := a.now().Add(sessionTime)
	return &session{Cookie: sessionFor(a.sessions.cookie(t, until), int(sessionTime.Seconds())), Body: Session{t.Name, true}}, nil
}

// closeSession signs the page out.
func (a *api) closeSession(context.Context, *struct{}) (*session, error) {
	return &session{Cookie: sessionFor("", -1), Body: Session{Needed: a.Tokens != nil}}, nil
}

// whose tells who is signed in; it answers anybody.
func (a *api) whose(ctx context.Context, _ *struct{}) (*struct{ Body Session }, error) {
	x := of(ctx)
	out := Session{Needed: a.Tokens != nil}
	if !out.Needed {
		out.Owner = tokens.Local().Name
	} else if cookie, err := x.r.Cookie(sessionCookie); err == nil {
		if t, err := a.sessions.token(cookie.Value, a.Tokens, a.now()); err == nil {
			out.Owner = t.Name
		}
	}
	return &struct{ Body Session }{out}, nil
}

func sessionFor(value string, seconds int) http.Cookie {
	return http.Cookie{Name: sessionCookie, Value: value, Path: "/", MaxAge: seconds, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode}
}
