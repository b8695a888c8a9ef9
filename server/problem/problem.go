// Package problem makes answers of errors: an HTTP status and a JSON object by RFC 9457, from an error's kind. Every error that the server
// answers with comes from here, those of huma too.
package problem

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"

	"classsr/fault"
)

// Forbidden means that the request comes from a page, or for a host, that is not the server's. It is a kind of answers only.
const Forbidden fault.Kind = "forbidden"

// ContentType is the media type of problems.
const ContentType = "application/problem+json"

// Problem is an error as an answer (RFC 9457).
type Problem struct {
	Type       string     `json:"type" doc:"always about:blank: kind tells errors apart" example:"about:blank"`
	Title      string     `json:"title" doc:"the status in words" example:"Bad Request"`
	Status     int        `json:"status" minimum:"400" maximum:"599" doc:"HTTP status" example:"400"`
	Detail     string     `json:"detail" doc:"what happened, to what, and what to do"`
	Kind       fault.Kind `json:"kind" enum:"usage,too_large,unsupported,damaged,busy,unavailable,unauthorized,forbidden,not_found,conflict,internal" doc:"what the error calls for"`
	Job        string     `json:"job,omitempty" doc:"the job that it is about"`
	RetryAfter int        `json:"retry_after,omitempty" minimum:"1" doc:"seconds after which it may be tried again"`

	cause error
}

// Error gives the detail.
func (p *Problem) Error() string { return p.Detail }

// Unwrap gives the error that the problem was made of, which may tell more than the answer does: log this one.
func (p *Problem) Unwrap() error { return p.cause }

// GetStatus is for huma.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is for huma: problems have a media type of their own.
func (p *Problem) ContentType(string) string { return ContentType }

// GetHeaders gives the headers that belong to the answer: Retry-After, and WWW-Authenticate where a token is missing.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	return h
}

// statuses are the answers to the kinds of errors.
var statuses = map[fault.Kind]int{
	fault.Usage:        http.StatusBadRequest,
	fault.Unauthorized: http.StatusUnauthorized,
	Forbidden:          http.StatusForbidden,
	fault.NotFound:     http.StatusNotFound,
	fault.Conflict:     http.StatusConflict,
	fault.TooLarge:     http.StatusRequestEntityTooLarge,
	fault.Unsupported:  http.StatusUnsupportedMediaType,
	fault.Damaged:      http.StatusUnprocessableEntity,
	fault.Busy:         http.StatusTooManyRequests,
	fault.Unavailable:  http.StatusServiceUnavailable,
	fault.Internal:     http.StatusInternalServerError,
}

// Status is the HTTP status of a kind of errors; of those that are none, 500.
func Status(k fault.Kind) int {
	if status, ok := statuses[k]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// KindOf is the kind of the errors that are answered with a status of 400 or more.
func KindOf(status int) fault.Kind {
	for kind, s := range statuses {
		if s == status {
			return kind
		}
	}
	if status >= http.StatusInternalServerError {
		return fault.Internal
	}
	return fault.Usage
}

// special is an error that is answered in another way than its kind says.
type special struct {
	error
	status int           // 0: that of its kind
	after  time.Duration // 0: that of its kind
}

func (s *special) Unwrap() error { return s.error }

// Later is an error that says when to come again; the header has whole seconds, at least one. Its kind is mostly fault.Busy or
// fault.Unavailable.
func Later(kind fault.Kind, after time.Duration, format string, args ...any) error {
	return &special{error: fault.New(kind, format, args...), after: max(after, time.Second)}
}

// WithStatus is err, to be answered with another status than that of its kind, 405 for instance; nil stays nil.
func WithStatus(status int, err error) error {
	if err == nil {
		return nil
	}
	return &special{error: err, status: status}
}

// seconds are whole ones, as Retry-After has them.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// Write answers with an error, which is not nil. Headers about a file that was to be sent are removed. It does nothing once the answer has
// begun.
func Write(w http.ResponseWriter, err error) {
	p := Of(err)
	body, err := json.Marshal(p)
	if err != nil {
		panic("problem: an answer cannot be encoded")
	}
	h := w.Header()
	for _, name := range []string{"Accept-Ranges", "Content-Disposition", "Content-Encoding", "Content-Length", "ETag", "Last-Modified"} {
		h.Del(name)
	}
	if p.Status != http.StatusRequestedRangeNotSatisfiable { // which says how long the file is
		h.Del("Content-Range")
	}
	for name, values := range p.GetHeaders() {
		h[name] = values
	}
	h.Set("Content-Type", ContentType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(body, '\n')) // who does not listen any more is not told
}
