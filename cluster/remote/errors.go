package remote

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"

	"classsr/client"
	"classsr/fault"
	"classsr/pipeline"
)

// gone is an error that all other pictures would have, too. What may be better later says so.
func (r *Remote) gone(err error) error {
	advice := ""
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Busy:
		advice = "; give the same command again to go on"
	}
	return &pipeline.Gone{Err: fault.New(fault.KindOf(err), "%s: %w%s", r.server, err, advice)}
}

// judged is an error of a call of the client's about a picture: ctx's, one of the server that all other pictures would have, too, or the picture's own, with its name.
func (r *Remote) judged(ctx context.Context, e *pipeline.Errand, err error) error {
	var answer *client.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case !errors.As(err, &answer):
		return r.gone(err)
	}
	switch answer.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return r.gone(err)
	}
	return about(e, fault.KindOf(err), r.called(answer.Detail))
}

// called is what the server says with the model called as it is here.
func (r *Remote) called(text string) string {
	if r.Model == nil {
		return text
	}
	return strings.ReplaceAll(text, r.Model.Name(), r.Model.name)
}

// about is an error about a picture, which takes the place of what the server calls it.
func about(e *pipeline.Errand, kind fault.Kind, text string) error {
	for _, name := range []string{"cannot read the picture: ", "the picture: ", filepath.Base(e.Input) + ": "} {
		text = strings.TrimPrefix(text, name)
	}
	return fault.New(kind, "%s: %s", e.Picture(), text)
}

// lost is that a job, or a part of its result, is not there any more: it is done again.
type lost struct{ error }

func (l lost) Unwrap() error { return l.error }
