package problem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"classsr/fault"
)

func TestAnswersByKind(t *testing.T) {
	const secret = "/var/lib/secret"
	missing := &fs.PathError{Op: "open", Path: secret, Err: syscall.ENOENT}
	for _, c := range []struct {
		err    error
		status int
		kind   fault.Kind
		detail string // part of it
		after  int
	}{
		{fault.New(fault.Usage, "scale 7 is not possible"), 400, fault.Usage, "scale 7 is not possible", 0},
		{fmt.Errorf("photo: %w", fault.New(fault.TooLarge, "100 MP")), 413, fault.TooLarge, "photo: 100 MP", 0},
		{fault.New(fault.Unsupported, "a PDF"), 415, fault.Unsupported, "a PDF", 0},
		{fault.New(fault.Damaged, "cut off"), 422, fault.Damaged, "cut off", 0},
		{fault.New(fault.Unauthorized, "no token"), 401, fault.Unauthorized, "no token", 0},
		{fault.New(Forbidden, "another host"), 403, Forbidden, "another host", 0},
		{fault.New(fault.NotFound, "no job"), 404, fault.NotFound, "no job", 0},
		{fault.New(fault.Conflict, "done"), 409, fault.Conflict, "done", 0},
		{fault.New(fault.Busy, "full"), 429, fault.Busy, "full", 2},
		{fault.New(fault.Unavailable, "ending"), 503, fault.Unavailable, "ending", 10},
		{fault.New(fault.Internal, "%s", secret), 500, fault.Internal, "made a mistake", 0},
		{fault.New("odd", "%s", secret), 500, fault.Internal, "made a mistake", 0},
		{errors.New(secret), 500, fault.Internal, "made a mistake", 0},
		{missing, 404, fault.NotFound, "not here any more", 0},
		{fault.As(fault.Damaged, missing), 422, fault.Damaged, "made a mistake", 0},
		{&fs.PathError{Op: "write", Path: secret, Err: syscall.EACCES}, 503, fault.Unavailable, "cannot do this now", 10},
		{fault.New(fault.Unavailable, "cannot write %s: %w", secret, diskFull), 503, fault.Unavailable, "disk takes nothing more", 10},
		{fmt.Errorf("job: %w", Later(fault.Busy, 1500*time.Millisecond, "%d wait", 9)), 429, fault.Busy, "job: 9 wait", 2},
		{Later(fault.Conflict, 0, "not done"), 409, fault.Conflict, "not done", 1},
		{WithStatus(405, fault.New(fault.Usage, "GET only")), 405, fault.Usage, "GET only", 0},
		{WithStatus(503, WithStatus(405, Later(fault.Busy, time.Minute, "no"))), 503, fault.Busy, "no", 60},
		{fmt.Errorf("read: %w", &http.MaxBytesError{Limit: 12}), 413, fault.TooLarge, "the 12 bytes", 0},
		{io.ErrUnexpectedEOF, 400, fault.Usage, "cut off", 0},
		{fault.As(fault.Damaged, io.ErrUnexpectedEOF), 422, fault.Damaged, "unexpected EOF", 0},
		{fmt.Errorf("read: %w", os.ErrDeadlineExceeded), 408, fault.Usage, "too slowly", 0},
		{context.Canceled, 503, fault.Unavailable, "send it again", 10},
		{fmt.Errorf("odd: %w", Of(Later(fault.Busy, 3*time.Second, "wait"))), 429, fault.Busy, "wait", 3},
	} {
		p := Of(c.err)
		if p.Status != c.status || p.Kind != c.kind || !strings.Contains(p.Detail, c.detail) || p.RetryAfter != c.after || p.Title != http.StatusText(c.status) {
			t.Errorf("%v became %+v", c.err, p)
		}
		if strings.Contains(p.Detail, secret) {
			t.Errorf("%v is told: %s", c.err, p.Detail)
		}
		if !errors.Is(p, c.err) && !errors.Is(c.err, p) {
			t.Errorf("what %v comes from is lost", c.err)
		}
	}
	if WithStatus(405, nil) != nil {
		t.Error("no error became one")
	}
}

func TestWrite(t *testing.T) {
	w := httptest.NewRecorder()
	w.Header().Set("ETag", `"1"`)
	w.Header().Set("Allow", "GET")
	w.Header().Set("Content-Length", "1000000")
	Write(w, Later(fault.Unauthorized, time.Minute, "no \"token\"\r\nX: y"))
	for name, want := range map[string]string{
		"Content-Type": ContentType, "Retry-After": "60", "WWW-Authenticate": "Bearer", "Allow": "GET", "ETag": "", "Content-Length": "", "Cache-Control": "no-store",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 401 {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	want := map[string]any{
		"type": "about:blank", "title": "Unauthorized", "status": 401.0, "detail": "no \"token\"\r\nX: y", "kind": "unauthorized", "retry_after": 60.0,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, not %v", got, want)
	}
}

func TestEveryKindHasAStatusOfItsOwn(t *testing.T) {
	seen := map[int]fault.Kind{}
	for kind := range statuses {
		if other, twice := seen[Status(kind)]; twice {
			t.Errorf("%s and %s are both %d", kind, other, Status(kind))
		}
		seen[Status(kind)] = kind
	}
	if Status("odd") != 500 {
		t.Error("a kind that is none is not the server's mistake")
	}
}
