package limits

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"classsr/fault"
	"classsr/server/problem"
)

// patience is how long a client is waited for; if whole is 0, for ever. It is used up by waiting, and full again when so many bytes have come as
// should have in that time. What the server does between does not count.
type patience struct {
	whole time.Duration
	bytes int64 // that fill it again

	left  time.Duration
	moved int64
}

func newPatience(l Limits) patience {
	return patience{whole: l.SpeedTime, bytes: int64(float64(l.Speed) * l.SpeedTime.Seconds()), left: l.SpeedTime}
}

// until is when it is over.
func (p *patience) until(now time.Time) time.Time {
	if p.whole <= 0 {
		return time.Time{}
	}
	return now.Add(p.left)
}

// used notes a wait, and what came of it.
func (p *patience) used(wait time.Duration, n int) {
	p.left -= wait
	if p.moved += int64(n); p.moved >= p.bytes {
		p.left, p.moved = p.whole, 0
	}
}

// body is a request's body.
type body struct {
	r        io.Reader
	w        http.ResponseWriter
	control  *http.ResponseController
	patience patience
	speed    int64
	err      error
}

// Body is a request's body that must come at no less than l.Speed bytes a second, on average over l.SpeedTime, and have no more than l.MaxUpload
// bytes. Errors of reading are of kind fault.Usage, answered with 408 if it was too slow, or fault.TooLarge. w is the answer to the request.
func Body(w http.ResponseWriter, r *http.Request, l Limits) io.Reader {
	return &body{r: http.MaxBytesReader(w, r.Body, l.MaxUpload), w: w, control: http.NewResponseController(w), patience: newPatience(l), speed: l.Speed}
}

func (b *body) Read(p []byte) (n int, err error) {
	if b.err != nil {
		return 0, b.err
	}
	begun := time.Now()
	_ = b.control.SetReadDeadline(b.patience.until(begun)) // where there is none, as in tests, nothing waits
	n, err = b.r.Read(p)
	b.patience.used(time.Since(begun), n)
	if err != nil {
		// Otherwise it would be taken for the end of the connection while the answer is made.
		_ = b.control.SetReadDeadline(time.Time{})
		b.err = b.describe(err)
	}
	return n, b.err
}

// describe gives an error of a body its kind.
func (b *body) describe(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case err == io.EOF: //nolint:errorlint // an end inside of something is no end
		return err
	case errors.As(err, &tooLarge):
		err = fault.New(fault.TooLarge, "the request has more than the %d bytes that are allowed", tooLarge.Limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = problem.WithStatus(http.StatusRequestTimeout,
			fault.New(fault.Usage, "the request came at less than %d bytes a second: send it again when the connection is better", b.speed))
	default:
		err = fault.As(fault.Usage, fmt.Errorf("the request is cut off: send it again (%w)", err))
	}
	b.w.Header().Set("Connection", "close") // what comes next is no request
	return err
}

// piece is how many bytes are written at a time: few beside those that fill the patience again, since a piece counts when all of it was taken.
const piece = 16 << 10

// writer is a response.
type writer struct {
	http.ResponseWriter
	control  *http.ResponseController
	patience patience
	piece    int
	err      error
}

// Writer is a response that must be taken at no less than l.Speed bytes a second, on average over l.SpeedTime; if it is not, writing fails from
// then on. It has no ReadFrom: files would be sent in one go, with one deadline for all.
func Writer(w http.ResponseWriter, l Limits) http.ResponseWriter {
	p := newPatience(l)
	return &writer{ResponseWriter: w, control: http.NewResponseController(w), patience: p, piece: int(max(min(piece, p.bytes), 1))}
}

func (w *writer) Write(p []byte) (n int, err error) {
	for {
		part := p[n:min(n+w.piece, len(p))]
		wrote, err := w.within(func() (int, error) { return w.ResponseWriter.Write(part) })
		if n += wrote; err != nil || n == len(p) {
			return n, err
		}
	}
}

// within does something before the patience is over.
func (w *writer) within(do func() (int, error)) (n int, err error) {
	if w.err != nil {
		return 0, w.err
	}
	begun := time.Now()
	_ = w.control.SetWriteDeadline(w.patience.until(begun)) // where there is none, as in tests, nothing waits
	n, w.err = do()
	w.patience.used(time.Since(begun), n)
	if w.err == nil {
		_ = w.control.SetWriteDeadline(time.Time{}) // what comes next may take its time to be made
	}
	return n, w.err
}

// FlushError is for http.ResponseController.
func (w *writer) FlushError() error {
	_, err := w.within(func() (int, error) { return 0, w.control.Flush() })
	return err
}

// Unwrap is for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
