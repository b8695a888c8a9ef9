package api

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"classsr/fault"
	"classsr/server/blobs"
	"classsr/server/jobs"
	"classsr/server/problem"
)

// upscale enlarges a small picture and answers with the result.
func (a *api) upscale(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
	x := of(ctx)
	got, err := a.receive(x, "name")
	if err != nil {
		return nil, problem.Of(err)
	}
	if got.picture == nil {
		return nil, problem.Of(fault.New(fault.Usage, "no picture came: send its bytes as the body"))
	}
	return a.stream(func(x *exchange) error {
		defer got.discard()
		return a.direct(x, got)
	})
}

// direct does the picture and sends the result.
func (a *api) direct(x *exchange, got *asked) error {
	done, err := a.Work.Direct(x.r.Context(), x.token, got.picture.Path(), got.name, got.order)
	if err != nil {
		return err
	}
	defer done.Release()
	if report, err := json.Marshal(done.Report); err == nil {
		x.w.Header().Set("X-Classsr-Report", ascii(string(report)))
	}
	sum, _, err := blobs.HashFile(done.Path)
	if err != nil {
		return err
	}
	j := jobs.Job{
		Name: got.name, Ending: done.Ending, Width: done.Width, Height: done.Height, OutWidth: done.OutWidth, OutHeight: done.OutHeight,
	}
	for _, name := range []string{"Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"} {
		x.r.Header.Del(name) // they are about files that are there already
	}
	return a.file(x, done.Path, sum.String(), contentType(done.Ending), downloadName(j))
}

// ascii is a JSON text with escapes for what headers do not hold: the report has the picture's name.
func ascii(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < utf8.RuneSelf {
			b.WriteByte(byte(r))
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			_, _ = fmt.Fprintf(&b, `\u%04x`, unit) // a Builder takes everything
		}
	}
	return b.String()
}
