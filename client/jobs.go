package client

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"

	"classsr/fault"
)

// Submit sends a picture and puts a job into the server's queue; the job is on the server's disk when it returns. name is what the picture is called, its
// ending helps to recognise it; options are the flags of `classsr upscale` without dashes. The request has a key of its own: if its answer is lost and it is
// sent again, there is still one job. Errors have the server's kinds.
func (c *Client) Submit(ctx context.Context, r io.Reader, name string, options map[string]string) (Job, error) {
	return c.SubmitAs(ctx, rand.Text(), r, name, options)
}

// SubmitAs is Submit with the caller's own key, of at most 128 letters, digits and dashes: as long as the server has a job of that key, the same picture
// and options give that job, whatever has become of it. Other ones with the same key are an error of kind fault.Conflict.
func (c *Client) SubmitAs(ctx context.Context, key string, r io.Reader, name string, options map[string]string) (Job, error) {
	query, err := optionsOf(name, options)
	if err != nil {
		return Job{}, err
	}
	body, err := prepare(r)
	if err != nil {
		return Job{}, err
	}
	defer body.remove()
	return c.submit(ctx, key, query, body)
}

// SubmitSent is SubmitAs for a picture that the server has already (Has), by its SHA-256 in hexadecimal digits. It keeps the name that it came with. A picture that
// the server has not is of kind fault.NotFound.
func (c *Client) SubmitSent(ctx context.Context, key, sum string, options map[string]string) (Job, error) {
	query, err := optionsOf("", options)
	if err != nil {
		return Job{}, err
	}
	query.Set("picture", sum)
	return c.submit(ctx, key, query, nil)
}

func (c *Client) submit(ctx context.Context, key string, query url.Values, body *upload) (j Job, err error) {
	header := map[string]string{"Idempotency-Key": key}
	err = c.ask(ctx, request{method: http.MethodPost, path: []string{"v1", "jobs"}, query: query, header: header, body: body}, &j)
	return j, err
}

// Has tells whether the server has a picture of this token's, by its SHA-256 in hexadecimal digits.
func (c *Client) Has(ctx context.Context, sum string) (bool, error) {
	err := c.ask(ctx, request{method: http.MethodHead, path: []string{"v1", "pictures", sum}}, nil)
	if fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	return err == nil, err
}

// Job gives a job. Jobs that the server does not have, or not for this token, are of kind fault.NotFound.
func (c *Client) Job(ctx context.Context, id string) (Job, error) {
	var j Job
	q, err := about(http.MethodGet, id)
	if err == nil {
		err = c.ask(ctx, q, &j)
	}
	return j, err
}

// Cancel cancels a job that is queued or running, and removes one that is over, with its result.
func (c *Client) Cancel(ctx context.Context, id string) error {
	q, err := about(http.MethodDelete, id)
	if err != nil {
		return err
	}
	lost := false
	return c.trying(ctx, func() error {
		err := c.askOnce(ctx, q, nil)
		if lost && fault.KindOf(err) == fault.NotFound {
			return nil // the first request, whose answer was lost, has removed it
		}
		lost = lost || errors.As(err, &broken{})
		return err
	})
}

// about makes a request about a job. more are further parts of the path.
func about(method, id string, more ...string) (request, error) {
	for _, r := range id {
		if (r < '0' || r > '9') && (r < 'A' || r > 'Z') {
			return request{}, fault.New(fault.Usage, "%q names no job: it has capitals and digits", id)
		}
	}
	if id == "" {
		return request{}, fault.New(fault.Usage, "a job is needed")
	}
	return request{method: method, path: append([]string{"v1", "jobs", id}, more...)}, nil
}

// List gives the jobs of this token, the newest first, as they are asked for. After an error there is nothing more.
func (c *Client) List(ctx context.Context) iter.Seq2[Job, error] {
	return func(yield func(Job, error) bool) {
		query := url.Values{}
		for {
			var page struct {
				Jobs []Job
				Next string
			}
			if err := c.ask(ctx, request{method: http.MethodGet, path: []string{"v1", "jobs"}, query: query}, &page); err != nil {
				yield(Job{}, err)
				return
			}
			for _, j := range page.Jobs {
				if !yield(j, nil) {
					return
				}
			}
			if page.Next == "" || page.Next == query.Get("before") {
				return
			}
			query.Set("before", page.Next)
		}
	}
}

// Models lists the models that are built into the server.
func (c *Client) Models(ctx context.Context) ([]Model, error) {
	var all struct{ Models []Model }
	err := c.ask(ctx, request{method: http.MethodGet, path: []string{"v1", "models"}}, &all)
	return all.Models, err
}

// HasModel tells whether the server has a model that was sent, by the SHA-256 of its file in hexadecimal digits.
func (c *Client) HasModel(ctx context.Context, sum string) (bool, error) {
	err := c.ask(ctx, request{method: http.MethodHead, path: []string{"v1", "models", sum}}, nil)
	if fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	return err == nil, err
}

// SendModel sends a model file, as `classsr convert` writes it, and gives what it is called there, for the option model. One that the server has already stays.
func (c *Client) SendModel(ctx context.Context, r io.Reader) (name string, err error) {
	body, err := prepare(r)
	if err != nil {
		return "", err
	}
	defer body.remove()
	var sent struct{ Model string }
	err = c.ask(ctx, request{method: http.MethodPost, path: []string{"v1", "models"}, body: body}, &sent)
	return sent.Model, err
}
