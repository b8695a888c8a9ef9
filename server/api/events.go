package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"classsr/server/jobs"
	"classsr/server/problem"
	"classsr/server/tokens"
)

// Band is rows of a result's view as they are finished, from top to bottom.
type Band struct {
	Job    string `json:"job"`
	Top    int    `json:"top" doc:"first row, in pixels of the view"`
	Width  int    `json:"width" doc:"of the view"`
	Height int    `json:"height" doc:"of this band"`
	Whole  int    `json:"whole" doc:"height of the whole view"`
	JPEG   string `json:"jpeg" contentEncoding:"base64"`
}

// following is the input of streams of events.
type following struct {
	ID   string `path:"id" maxLength:"40"`
	Last int    `header:"Last-Event-ID" minimum:"0" doc:"go on after this event"`
	Bands
}

// Bands says whether somebody shows results while they are computed.
type Bands struct {
	Bands bool `query:"bands" default:"true" doc:"send bands of views, too; views of small results are made for that"`
}

// followingAll is the same without a job.
type followingAll struct {
	Last int `header:"Last-Event-ID" minimum:"0" doc:"go on after this event"`
	Bands
}

// follow sends what changes of a job until it is finished.
func (a *api) follow(ctx context.Context, in *following) (*huma.StreamResponse, error) {
	x := of(ctx)
	j, err := a.Jobs.Get(x.token.Name, in.ID)
	if err != nil {
		return nil, problem.Of(err)
	}
	x.job = j.ID
	return a.events(x, j.ID, in.Last, in.Bands.Bands)
}

// followAll sends what changes of any of the asker's jobs.
func (a *api) followAll(ctx context.Context, in *followingAll) (*huma.StreamResponse, error) {
	return a.events(of(ctx), "", in.Last, in.Bands.Bands)
}

// beat is how often something is sent when nothing changes, so that connections that are gone are noticed.
const beat = 15 * time.Second

func (a *api) events(x *exchange, id string, after int, bands bool) (*huma.StreamResponse, error) {
	release, err := a.Meter.Stream(x.token)
	if err != nil {
		return nil, problem.Of(err)
	}
	f, err := a.Jobs.Follow(x.token.Name, id, after, bands)
	if err != nil {
		release()
		return nil, problem.Of(err)
	}
	return a.stream(func(x *exchange) error {
		defer release()
		defer f.Close()
		h := x.w.Header()
		h.Set("Content-Type", "text/event-stream")
		h.Set("Cache-Control", "no-store")
		x.w.WriteHeader(http.StatusOK)
		s := events{w: x.w, control: http.NewResponseController(x.w), may: func() bool { return a.still(x.token) }}
		if s.write(": here\n\n") != nil { // at once, so that it is known to stand
			return nil
		}
		for {
			more, err := s.next(x.r.Context(), f, a.closing)
			if err != nil || !more {
				return nil //nolint:nilerr // whoever listened is gone
			}
		}
	})
}

// still tells whether a token is what it was when a long answer began: one that was removed ends it, at the next beat at the latest.
func (a *api) still(t tokens.Token) bool {
	if a.Tokens == nil {
		return true
	}
	_, err := a.Tokens.Named(t.Name, t.Hash)
	return err == nil
}

// events is a stream of server-sent events.
type events struct {
	w       http.ResponseWriter
	control *http.ResponseController
	may     func() bool // whether the asker is still let in
}

// next sends the events that come next. more is false after the last one.
func (s events) next(ctx context.Context, f *jobs.Following, closing context.Context) (more bool, err error) {
	wait, cancel := context.WithTimeout(ctx, beat)
	defer cancel()
	stop := context.AfterFunc(closing, cancel)
	defer stop()
	found, err := f.Next(wait)
	switch {
	case errors.Is(err, jobs.ErrEnd), !s.may():
		return false, nil
	case closing.Err() != nil:
		return false, s.send(0, "bye", struct{}{})
	case ctx.Err() != nil:
		return false, ctx.Err()
	case err != nil: // the time of a beat is over
		return true, s.write(": still here\n\n")
	}
	for _, e := range found {
		if e.Band != nil {
			b := Band{e.Band.Job, e.Band.Top, e.Band.Width, e.Band.Height, e.Band.Whole, base64.StdEncoding.EncodeToString(e.Band.JPEG)}
			err = s.send(e.Number, "band", b)
		} else {
			err = s.send(e.Number, "job", tell(e.Job))
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// send sends one event. Number 0 is none that a stream could go on after.
func (s events) send(number int, name string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	id := ""
	if number > 0 {
		id = fmt.Sprintf("id: %d\n", number)
	}
	return s.write(fmt.Sprintf("%sevent: %s\ndata: %s\n\n", id, name, text))
}

func (s events) write(text string) error {
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.control.Flush()
}
