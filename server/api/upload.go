package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"classsr/fault"
	"classsr/pipeline/order"
	"classsr/server/blobs"
	"classsr/server/limits"
)

// Bounds of what a form may hold besides the picture.
const (
	maxFields   = 64
	maxField    = 12 << 10 // bytes of a value
	maxName     = 128      // bytes of a name of a field or a picture
	tailBytes   = 256      // in which the end of a form must lie
	partHeaders = 16 << 10
)

// asked is what a request asks for: the options of its query and its form, and the picture that came with it.
type asked struct {
	order   order.Order
	fields  map[string]string // as they were given
	picture *blobs.Received   // nil: none came
	name    string            // of the picture, cleaned; "" if none was given
}

// discard removes the picture, unless it was kept.
func (a *asked) discard() {
	if a.picture != nil {
		a.picture.Discard()
	}
}

// set takes an option over. A name that was set before is refused, whatever its value.
func (a *asked) set(name, value string) error {
	if _, twice := a.fields[name]; twice {
		return fault.New(fault.Usage, "%q is given twice", printable(name))
	}
	if len(a.fields) >= maxFields {
		return fault.New(fault.Usage, "more than %d options", maxFields)
	}
	if len(name) > maxName || len(value) > maxField {
		return fault.New(fault.Usage, "an option is longer than %d bytes", maxField)
	}
	if err := a.order.Set(name, value); err != nil {
		return err
	}
	a.fields[name] = value
	return nil
}

// receive reads a request's options and its picture, which is judged by its beginning before the rest is read. own are names of the query that are no
// options. The caller keeps or discards what came.
func (a *api) receive(x *exchange, own ...string) (got *asked, err error) {
	got = &asked{fields: map[string]string{}}
	defer func() {
		if err != nil {
			got.discard()
		}
	}()
	r := x.r
	if err := refuseCoding(r); err != nil {
		return got, err
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return got, fault.New(fault.Usage, "the query cannot be read: %v", err)
	}
	if err := got.setQuery(query, own); err != nil {
		return got, err
	}
	if query.Has("picture") {
		return got, got.order.Check()
	}
	if r.ContentLength > a.Limits.MaxUpload {
		return got, fault.New(fault.TooLarge, "the upload has %d bytes, %d are allowed", r.ContentLength, a.Limits.MaxUpload)
	}
	done, err := a.Meter.Upload(x.token, r.ContentLength)
	if err != nil {
		return got, err
	}
	defer done()
	body := limits.Body(x.w, r, a.Limits)
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && kind == "multipart/form-data":
		err = a.receiveForm(got, body, params["boundary"], r.ContentLength)
	case err == nil && (kind == "application/json" || kind == "application/x-www-form-urlencoded" && r.Header.Get("Expect") == "" && r.ContentLength == 0):
		err = fault.New(fault.Unsupported, "the body is %s: send a picture, or a form (multipart/form-data) with one in the field file", kind)
	default:
		got.name = cleanName(nameOf(r))
		err = a.receivePicture(got, body, r.ContentLength)
	}
	if err != nil {
		return got, bodyError(err)
	}
	return got, got.order.Check()
}

// refuseCoding refuses bodies that are not what they say as they are.
func refuseCoding(r *http.Request) error {
	if coding := r.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return fault.New(fault.Unsupported, "the body is encoded as %s: send it as it is", printable(coding))
	}
	return nil
}

// setQuery takes the options of a query over.
func (a *asked) setQuery(query url.Values, own []string) error {
	for name, values := range query {
		if isOneOf(name, own) {
			continue
		}
		if len(values) > 1 {
			return fault.New(fault.Usage, "%q is given twice", printable(name))
		}
		if err := a.set(name, values[0]); err != nil {
			return err
		}
	}
	return nil
}

func isOneOf(name string, names []string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// receivePicture reads a picture.
func (a *api) receivePicture(got *asked, r io.Reader, size int64) (err error) {
	if got.picture != nil {
		return fault.New(fault.Usage, "there are two pictures: send each in a request of its own")
	}
	if err := a.Work.RefuseName(got.name); err != nil {
		return err
	}
	got.picture, err = a.Store.Receive(r, size, a.Work.First)
	if err == nil && got.picture.Size == 0 {
		return fault.New(fault.Usage, "no picture came: send its bytes as the body, or in the field file of a form")
	}
	return err
}

// receiveForm reads a form: options, and a picture in the field file.
func (a *api) receiveForm(got *asked, body io.Reader, boundary string, size int64) error {
	if boundary == "" {
		return fault.New(fault.Usage, "the form has no boundary")
	}
	end := &tail{r: body}
	form := multipart.NewReader(end, boundary)
	for parts := 0; ; parts++ {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if parts > maxFields {
			return fault.New(fault.Usage, "the form has more than %d fields", maxFields)
		}
		name := part.FormName()
		switch {
		case name == "file":
			got.name = cleanName(part.FileName())
			err = a.receivePicture(got, part, size)
		case part.FileName() != "":
			err = fault.New(fault.Usage, "the picture is expected in the field file, not in %q", printable(name))
		default:
			err = got.setField(name, part)
		}
		if err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, end); err != nil {
		return err
	}
	if !bytes.Contains(end.last, []byte("--"+boundary+"--")) { // package multipart does not tell a form that is cut off from one that ends
		return fmt.Errorf("the form is cut off: %w", io.ErrUnexpectedEOF)
	}
	if got.picture == nil {
		return fault.New(fault.Usage, "the form has no picture: send it in the field file")
	}
	return nil
}

// setField takes the option of a field over. An empty one is one that was not filled in.
func (a *asked) setField(name string, r io.Reader) error {
	value, err := io.ReadAll(io.LimitReader(r, maxField+1))
	if err != nil {
		return err
	}
	if len(value) > maxField {
		return fault.New(fault.Usage, "the field %q has more than %d bytes", printable(name), maxField)
	}
	if len(value) == 0 {
		return nil
	}
	return a.set(name, string(value))
}

// tail remembers the last bytes that were read.
type tail struct {
	r    io.Reader
	last []byte
}

func (t *tail) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.last = append(t.last, p[max(n-tailBytes, 0):n]...)
	if extra := len(t.last) - tailBytes; extra > 0 {
		t.last = append(t.last[:0], t.last[extra:]...)
	}
	return n, err
}

// bodyError gives an error of reading a body its kind: the sender's mistake, unless it has one.
func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return fault.New(fault.TooLarge, "the upload has more than the %d bytes that are allowed", tooLarge.Limit)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fault.New(fault.Usage, "the upload is cut off: send it again")
	}
	return fault.Default(fault.Usage, err)
}

// nameOf is what a picture that is the whole body is called: by ?name=, or a header.
func nameOf(r *http.Request) string {
	if name := r.URL.Query().Get("name"); name != "" {
		return name
	}
	if _, params, err := mime.ParseMediaType(r.Header.Get("Content-Disposition")); err == nil && params["filename"] != "" {
		return params["filename"]
	}
	return r.Header.Get("X-Filename")
}

// cleanName is the last part of a name, without control characters and those that turn the direction of text, cut to maxName bytes with its ending kept.
func cleanName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/"))
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, name))
	if name == "." || name == ".." || name == "/" {
		return ""
	}
	if len(name) <= maxName {
		return name
	}
	ending := path.Ext(name)
	if len(ending) > 8 {
		ending = ""
	}
	stem := name[:maxName-len(ending)]
	for !utf8.ValidString(stem) {
		stem = stem[:len(stem)-1]
	}
	return stem + ending
}

// printable is a text of a request as it may stand in a message: short, on one line.
func printable(text string) string {
	const most = 64
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, text)
	if len(text) > most {
		for cut := most; ; cut-- {
			if utf8.RuneStart(text[cut]) {
				return text[:cut] + "..."
			}
		}
	}
	return text
}
