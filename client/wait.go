package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"classsr/fault"
)

const (
	maxEvent   = 16 << 20         // bytes of a line of a stream
	silence    = 45 * time.Second // after which a stream is taken for broken: servers send something every 15 seconds
	pollLeast  = time.Second      // between two questions where there is no stream
	pollMost   = 15 * time.Second
	pollShares = 10 // of the time that is left
)

// Wait waits until a job is over and gives it then; whether it is Done, Failed or Cancelled, its State says. told, unless it is nil, is called with
// the job as it changes, from the goroutine that called Wait. Where the server's stream of events breaks or is refused, Wait asks from time to time.
func (c *Client) Wait(ctx context.Context, id string, told func(Job)) (Job, error) {
	if told == nil {
		told = func(Job) {}
	}
	t := tries{c: c}
	for {
		j, err := c.follow(ctx, id, func(j Job) {
			t.reset()
			told(j)
		})
		if err == nil && j.State.Over() {
			return j, nil
		}
		if ctx.Err() != nil {
			return j, ctx.Err()
		}
		// The stream ended before the job, or was refused: ask, which tells whether the server is there and the job is known.
		if j, err = c.askJob(ctx, id, &t); err != nil {
			return j, err
		}
		told(j)
		if j.State.Over() {
			return j, nil
		}
		d := time.Duration(j.ETASeconds / pollShares * float64(time.Second))
		if err := c.sleep(ctx, min(max(d, pollLeast), pollMost)); err != nil {
			return j, err
		}
	}
}

// askJob asks for a job, with the patience of t.
func (c *Client) askJob(ctx context.Context, id string, t *tries) (j Job, err error) {
	q, err := about(http.MethodGet, id)
	if err != nil {
		return j, err
	}
	for {
		if err = c.askOnce(ctx, q, &j); err == nil {
			t.reset()
			return j, nil
		}
		if err := t.again(ctx, err); err != nil {
			return j, err
		}
	}
}

// follow reads the stream of events about a job until it ends, and gives the job as it was last.
func (c *Client) follow(ctx context.Context, id string, told func(Job)) (last Job, err error) {
	q, err := about(http.MethodGet, id, "events")
	if err != nil {
		return last, err
	}
	q.query = withoutBands
	err = c.events(ctx, q, func() {}, func(j Job) (more bool) {
		last = j
		told(j)
		return !j.State.Over()
	})
	return last, err
}

// withoutBands spares the server views that nobody looks at.
var withoutBands = url.Values{"bands": {"false"}}

// Follow tells of this token's jobs from one stream of events: of all that are not over, and then of each that changes. opened is called when the server has begun to
// tell; both calls come from the goroutine that called Follow. It returns when the stream ends or breaks, and always with an error: whoever calls it again misses what happens
// meanwhile, which Job tells.
func (c *Client) Follow(ctx context.Context, opened func(), told func(Job)) error {
	err := c.events(ctx, request{method: http.MethodGet, path: []string{"v1", "events"}, query: withoutBands}, opened, func(j Job) bool {
		told(j)
		return true
	})
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	if fault.KindOf(err) == fault.Internal { // as it is where the connection breaks
		return connection(ctx, err)
	}
	return err
}

// events reads a stream of events until it ends, or told says that no more are wanted. opened is called when the stream has begun.
func (c *Client) events(ctx context.Context, q request, opened func(), told func(Job) (more bool)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	quiet := time.AfterFunc(silence, cancel)
	defer quiet.Stop()
	answer, err := c.send(ctx, q)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if media, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type")); err != nil || media != "text/event-stream" {
		return fault.New(fault.Internal, "the server sent %q in place of events", media)
	}
	opened()
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, maxEvent)
	name, data := "", ""
	for lines.Scan() {
		quiet.Reset(silence)
		line := lines.Text()
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case field == "event":
			name = value
		case field == "data":
			data = value
		case line != "":
		case name == "bye":
			return errEnding
		case name == "job":
			var j Job
			if err := json.Unmarshal([]byte(data), &j); err != nil {
				return fault.New(fault.Internal, "an event cannot be read: %w", err)
			}
			if !told(j) {
				return nil
			}
			name, data = "", ""
		default:
			name, data = "", ""
		}
	}
	return lines.Err()
}

var errEnding = errors.New("the server is ending")
