package problem

import (
	"cmp"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"syscall"
	"time"

	"classsr/fault"
)

// Of makes the answer to an error, which is not nil, by its kind. Errors of kind fault.Internal, and what the operating system says, are not
// told: they may name files of the server. The caller logs them.
func Of(err error) *Problem {
	var ready *Problem
	if errors.As(err, &ready) {
		return ready
	}
	known := recognised(err)
	kind := fault.KindOf(known)
	p := &Problem{Type: "about:blank", Kind: kind, Detail: detail(kind, known), cause: err}
	if statuses[kind] == 0 { // a kind of some other package: nobody has promised to know it
		p.Kind = fault.Internal
	}
	var after time.Duration
	for s := (*special)(nil); errors.As(known, &s); known = s.error { // the outermost one counts
		p.Status, after = cmp.Or(p.Status, s.status), cmp.Or(after, s.after)
	}
	p.Status = cmp.Or(p.Status, Status(kind))
	p.RetryAfter = seconds(cmp.Or(after, patience[kind]))
	p.Title = http.StatusText(p.Status)
	return p
}

// patience is when to come again where nobody has said it.
var patience = map[fault.Kind]time.Duration{fault.Busy: 2 * time.Second, fault.Unavailable: 10 * time.Second}

// recognised gives a kind to errors of other packages that say what is wrong with a request.
func recognised(err error) error {
	if fault.KindOf(err) != fault.Internal {
		return err
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return fault.New(fault.TooLarge, "the request's body has more than the %d bytes that are allowed", tooLarge.Limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return WithStatus(http.StatusRequestTimeout, fault.New(fault.Usage, "the request's body came too slowly: send it again"))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fault.New(fault.Usage, "the request's body is cut off: send it again")
	case errors.Is(err, multipart.ErrMessageTooLarge), errors.Is(err, http.ErrNotMultipart), errors.Is(err, http.ErrMissingBoundary):
		return fault.As(fault.Usage, err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		// Mostly the client is gone and gets no answer. If it is there, it was the server that gave up.
		return fault.New(fault.Unavailable, "the request was ended before it was answered: send it again")
	}
	return err
}

// plain says what can be said of errors whose own texts are not told.
var plain = map[fault.Kind]string{
	fault.NotFound:    "it is not here any more",
	fault.Conflict:    "something is there already that would be lost",
	fault.Busy:        "it is in use: try again later",
	fault.Unavailable: "the server cannot do this now: try again later",
}

// detail is what an answer tells of an error.
func detail(kind fault.Kind, err error) string {
	var system syscall.Errno
	switch {
	case statuses[kind] == 0 || kind == fault.Internal:
	case fault.Disk(err) != nil:
		return "the server's disk takes nothing more: try again later"
	case !errors.As(err, &system):
		return err.Error()
	case plain[kind] != "":
		return plain[kind]
	}
	return "the server made a mistake; its log tells more"
}
