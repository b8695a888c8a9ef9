package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"classsr/fault"
)

// maxAnswer is how many bytes an answer in JSON may have.
const maxAnswer = 32 << 20

// request is what is sent.
type request struct {
	method string
	path   []string // below the server's address
	query  url.Values
	header map[string]string
	body   *upload
}

// send sends a request once. Answers of 2xx are given, for the caller to close; others are errors.
func (c *Client) send(ctx context.Context, q request) (*http.Response, error) {
	u := c.base.JoinPath(q.path...)
	u.RawQuery = q.query.Encode()
	r, err := http.NewRequestWithContext(ctx, q.method, u.String(), nil)
	if err != nil {
		return nil, fault.As(fault.Usage, err)
	}
	if q.body != nil {
		r.Body, r.ContentLength = io.NopCloser(q.body.reader()), q.body.size
		r.Header.Set("Content-Type", "application/octet-stream")
		r.Header.Set("Expect", "100-continue") // a picture that will be refused is not sent
	}
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	r.Header.Set("User-Agent", "classsr-client")
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, connection(ctx, err)
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		defer func() { _ = answer.Body.Close() }()
		return nil, refusal(answer)
	}
	return answer, nil
}

// ask sends a request, again if need be, and reads the answer's JSON; to is nil if it does not matter.
func (c *Client) ask(ctx context.Context, q request, to any) error {
	return c.trying(ctx, func() error { return c.askOnce(ctx, q, to) })
}

func (c *Client) askOnce(ctx context.Context, q request, to any) error {
	answer, err := c.send(ctx, q)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return connection(ctx, err)
	}
	if to == nil {
		return nil
	}
	if err := json.Unmarshal(text, to); err != nil {
		return fault.New(fault.Internal, "the answer cannot be read, is this a classsr server? %w", err)
	}
	return nil
}

// upload is a picture that can be sent several times.
type upload struct {
	from   io.ReaderAt
	begin  int64
	size   int64
	remove func()
}

func (u *upload) reader() io.Reader { return io.NewSectionReader(u.from, u.begin, u.size) }

// prepare makes a picture one that can be sent several times: files and what is in memory are, others are copied to a temporary file first. What is
// read goes from r's position to its end.
func prepare(r io.Reader) (*upload, error) {
	at, readsAt := r.(io.ReaderAt)
	if seeker, ok := r.(io.Seeker); ok && readsAt {
		begin, err := seeker.Seek(0, io.SeekCurrent)
		var end int64
		if err == nil {
			end, err = seeker.Seek(0, io.SeekEnd)
		}
		if err == nil {
			_, err = seeker.Seek(begin, io.SeekStart)
		}
		if err == nil && end >= begin {
			return &upload{at, begin, end - begin, func() {}}, nil
		}
	}
	return spool(r)
}

// spool copies a picture to a temporary file.
func spool(r io.Reader) (u *upload, err error) {
	f, err := os.CreateTemp("", "classsr-upload-*")
	if err != nil {
		return nil, fault.New(fault.Unavailable, "the picture cannot be kept for a second try: %w", err)
	}
	remove := func() {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
	size, err := io.Copy(f, r)
	if err != nil {
		remove()
		return nil, err
	}
	return &upload{f, 0, size, remove}, nil
}

// optionsOf makes a query of options.
func optionsOf(name string, o map[string]string) (url.Values, error) {
	query := url.Values{}
	for option, value := range o {
		if option == "name" || option == "picture" {
			return nil, fault.New(fault.Usage, "%q is no option", option)
		}
		query.Set(option, value)
	}
	if name != "" {
		query.Set("name", filepath.Base(name)) // where it lies here is nobody's business
	}
	return query, nil
}
