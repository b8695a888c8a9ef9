package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"mime"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"classsr/fault"
	"classsr/server/jobs"
	"classsr/server/problem"
	"classsr/server/view"
)

// file answers with a file as content does.
func (a *api) file(x *exchange, name, etag, contentType, download string) error {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.NotFound, "that file is gone: its time was over")
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	content(x, f, info.ModTime(), etag, contentType, download)
	return nil
}

// anyView stands for one of viewTypes: which one, net/http sees by the first bytes.
const anyView = ""

var viewTypes = []string{"image/jpeg", "image/png"}

// content answers with what was found: whole, in ranges, or not at all if the asker has it already. etag is its own, without quotes.
func content(x *exchange, found io.ReadSeeker, changed time.Time, etag, contentType, download string) {
	h := x.w.Header()
	if contentType != anyView {
		h.Set("Content-Type", contentType)
	}
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("ETag", `"`+etag+`"`)
	h.Set("Cache-Control", "private, max-age=86400, immutable")
	if download != "" {
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": download}))
	}
	http.ServeContent(&fileAnswer{ResponseWriter: x.w}, x.r, "", changed, found)
}

// fileAnswer is a response whose refusals, by http.ServeContent, become problems.
type fileAnswer struct {
	http.ResponseWriter
	refused bool
}

func (f *fileAnswer) WriteHeader(status int) {
	if status < http.StatusBadRequest {
		f.ResponseWriter.WriteHeader(status)
		return
	}
	f.refused = true
	err := fault.New(fault.Internal, "the file cannot be read")
	switch status {
	case http.StatusPreconditionFailed:
		err = problem.WithStatus(status, fault.New(fault.Conflict, "the file is another one than If-Match says, or has changed"))
	case http.StatusRequestedRangeNotSatisfiable:
		err = problem.WithStatus(status, fault.New(fault.Usage, "the range is beyond the end of the file"))
	}
	problem.Write(f.ResponseWriter, err)
}

func (f *fileAnswer) Write(p []byte) (int, error) {
	if f.refused { // the text that goes with the status
		return len(p), nil
	}
	return f.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (f *fileAnswer) Unwrap() http.ResponseWriter { return f.ResponseWriter }

// stream makes a handler's answer of what writes it.
func (a *api) stream(write func(x *exchange) error) (*huma.StreamResponse, error) {
	return &huma.StreamResponse{Body: func(c huma.Context) {
		x := of(c.Context())
		if err := write(x); err != nil {
			a.refuse(x, err)
		}
	}}, nil
}

// oneJob is the input of routes about a job.
type oneJob struct {
	ID string `path:"id" maxLength:"40" doc:"the job, as POST /v1/jobs named it"`
}

// finished gives a job whose result is there.
func (a *api) finished(ctx context.Context, id string) (jobs.Job, error) {
	x := of(ctx)
	j, err := a.Jobs.Get(x.token.Name, id)
	if err != nil {
		return j, err
	}
	x.job = j.ID
	switch j.State {
	case jobs.Done:
		return j, nil
	case jobs.Queued, jobs.Running:
		return j, problem.Later(fault.Conflict, retryAfter(j.ETA), "the job is %s: its result is not there yet", j.State)
	}
	return j, fault.New(fault.Conflict, "the job is %s: it has no result", j.State)
}

// result answers with a job's result.
func (a *api) result(ctx context.Context, in *oneJob) (*huma.StreamResponse, error) {
	j, err := a.finished(ctx, in.ID)
	if err != nil {
		return nil, problem.Of(err)
	}
	return a.stream(func(x *exchange) error {
		return a.file(x, a.Store.Result(j.ID, j.Ending), j.Result.Sum.String(), contentType(j.Ending), downloadName(j))
	})
}

// routeMap answers with the map of a job's classes: a layer to lay over the result.
func (a *api) routeMap(ctx context.Context, in *oneJob) (*huma.StreamResponse, error) {
	j, err := a.finished(ctx, in.ID)
	if err == nil && !j.Result.Map {
		err = fault.New(fault.NotFound, "the job has no map: its model has no classes, or all was computed by one branch")
	}
	if err != nil {
		return nil, problem.Of(err)
	}
	return a.stream(func(x *exchange) error {
		return a.file(x, a.Store.Result(j.ID, view.MapEnding), j.Result.Sum.String()+"-map", "image/png", "")
	})
}

// view answers with what browsers are shown of a job's result, for formats that they do not show and for large ones.
func (a *api) view(ctx context.Context, in *oneJob) (*huma.StreamResponse, error) {
	j, err := a.finished(ctx, in.ID)
	if err == nil && !j.Result.View {
		err = fault.New(fault.NotFound, "the job has no view: its result is a video, or small and shown by browsers: see /v1/jobs/%s/result", j.ID)
	}
	var data []byte
	if err == nil {
		data, err = a.Work.ResultView(ctx, of(ctx).token, j)
	}
	if err != nil {
		return nil, problem.Of(err)
	}
	return a.stream(func(x *exchange) error {
		content(x, bytes.NewReader(data), time.Time{}, j.Result.Sum.String()+"-view", anyView, "")
		return nil
	})
}

// mediaTypes are those of results, by the endings of their files, and of pictures, by their formats with a dot.
var mediaTypes = map[string]string{
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".tiff": "image/tiff", ".tif": "image/tiff", ".bmp": "image/bmp",
	".gif": "image/gif", ".pnm": "image/x-portable-anymap", ".ppm": "image/x-portable-pixmap", ".pgm": "image/x-portable-graymap",
	".pam": "image/x-portable-arbitrarymap", ".tga": "image/x-tga", ".heic": "image/heic", ".heif": "image/heif", ".avif": "image/avif",
	".y4m": "video/x-yuv4mpeg",
}

// resultTypes are the media types of the formats that results have.
var resultTypes = []string{"image/png", "image/jpeg", "image/webp", "image/tiff", "image/x-portable-pixmap", "image/x-portable-arbitrarymap"}

// jobTypes are those of results of jobs, which may be videos.
var jobTypes = append(slices.Clone(resultTypes), "video/x-yuv4mpeg")

const anyType = "application/octet-stream"

// pictureTypes are the media types that pictures have.
func pictureTypes() []string { return append(slices.Sorted(maps.Values(mediaTypes)), anyType) }

func contentType(ending string) string {
	if t, ok := mediaTypes[ending]; ok {
		return t
	}
	return anyType
}

// downloadName is what a result is called: as the picture, and how much it was enlarged, as the command names results.
func downloadName(j jobs.Job) string {
	stem := strings.TrimSuffix(j.Name, path.Ext(j.Name))
	if stem == "" {
		stem = "picture"
	}
	if n := j.OutWidth / max(j.Width, 1); n*j.Width == j.OutWidth && n*j.Height == j.OutHeight {
		return fmt.Sprintf("%s_x%d%s", stem, n, j.Ending)
	}
	return fmt.Sprintf("%s_%dx%d%s", stem, j.OutWidth, j.OutHeight, j.Ending)
}
