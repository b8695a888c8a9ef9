package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"

	"classsr/fault"
)

// Upscale sends a small picture, waits, and writes the enlarged one to w. name and options are those of Submit. Nothing is written before the server has
// the whole result; if the connection breaks while it is written, the error is of kind fault.Unavailable and w has a part.
func (c *Client) Upscale(ctx context.Context, r io.Reader, name string, options map[string]string, w io.Writer) error {
	query, err := optionsOf(name, options)
	if err != nil {
		return err
	}
	body, err := prepare(r)
	if err != nil {
		return err
	}
	defer body.remove()
	q := request{method: http.MethodPost, path: []string{"v1", "upscale"}, query: query, body: body}
	d := download{w: w, sum: sha256.New()}
	return c.trying(ctx, func() error {
		answer, err := c.send(ctx, q)
		if err != nil {
			return err
		}
		defer func() { _ = answer.Body.Close() }()
		err = d.take(ctx, answer)
		if b := (broken{}); errors.As(err, &b) && d.have > 0 {
			return b.error // the result is gone: there is nothing to go on with
		}
		return err
	})
}

// Result writes the result of a job that is done to w. If the connection breaks, it goes on where it was. What came is compared with its SHA-256; if that
// is another one, the error is of kind fault.Damaged. Jobs without a result are of kind fault.Conflict.
func (c *Client) Result(ctx context.Context, id string, w io.Writer) error {
	d := download{w: w, sum: sha256.New()}
	t := tries{c: c}
	for {
		before := d.have
		err := c.resultOnce(ctx, id, &d)
		if err == nil {
			return nil
		}
		if d.have > before {
			t.reset()
		}
		if err := t.again(ctx, err); err != nil {
			return err
		}
	}
}

// resultOnce gets what is missing of a result.
func (c *Client) resultOnce(ctx context.Context, id string, d *download) error {
	q, err := about(http.MethodGet, id, "result")
	if err != nil {
		return err
	}
	if d.have > 0 {
		q.header = map[string]string{"Range": fmt.Sprintf("bytes=%d-", d.have), "If-Range": d.tag}
	}
	answer, err := c.send(ctx, q)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if d.have > 0 {
		var first int64
		if _, err := fmt.Sscanf(answer.Header.Get("Content-Range"), "bytes %d-", &first); answer.StatusCode != http.StatusPartialContent || err != nil || first != d.have {
			return fault.New(fault.Conflict, "the connection broke, and the server does not go on where it was: get the result again")
		}
	}
	return d.take(ctx, answer)
}

// download is a file of which a part may have come.
type download struct {
	w    io.Writer
	sum  hash.Hash
	tag  string // the file's, with quotes
	have int64
}

// take writes what comes.
func (d *download) take(ctx context.Context, answer *http.Response) error {
	d.tag = answer.Header.Get("ETag")
	to := &outcome{w: io.MultiWriter(d.w, d.sum)}
	n, err := io.Copy(to, answer.Body)
	d.have += n
	if to.err != nil {
		return to.err // of the caller's writer
	}
	want, tagErr := hex.DecodeString(strings.Trim(d.tag, `"`))
	tagged := tagErr == nil && len(want) == sha256.Size
	whole := tagged && string(want) == string(d.sum.Sum(nil))
	switch {
	case err != nil && !whole: // a connection may break behind the last byte
		return connection(ctx, err)
	case tagged && !whole:
		return fault.As(fault.Damaged, errOther)
	}
	return nil
}

var errOther = errors.New("what came has another SHA-256 than the server says: get it again")

// outcome tells errors of writing from those of reading.
type outcome struct {
	w   io.Writer
	err error
}

func (o *outcome) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	o.err = err
	return n, err
}
