package api

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"classsr/pipeline/order"
)

// options describes what may be asked for, as parameters of a query.
func options() (all []*huma.Param) {
	for _, f := range order.Fields() {
		all = append(all, &huma.Param{Name: f.Name, In: "query", Description: f.Doc, Schema: schemaOf(f)})
	}
	return all
}

func schemaOf(f order.Field) *huma.Schema {
	s := &huma.Schema{Type: f.Type, Description: f.Doc}
	for _, v := range f.Enum {
		s.Enum = append(s.Enum, v)
	}
	if f.Min < f.Max {
		low, high := f.Min, f.Max
		s.Minimum, s.Maximum = &low, &high
	}
	return s
}

// describeUpload adds a picture as the body, or as a form's field, to an operation, and the options. This comes after huma has made its handler: huma reads bodies
// that it knows of into memory, and answers 500 to those that break off.
func describeUpload(o *huma.Operation, required bool) {
	form := map[string]*huma.Schema{"file": {Type: "string", Format: "binary", Description: "the picture"}}
	for _, f := range order.Fields() {
		form[f.Name] = schemaOf(f)
	}
	o.RequestBody = &huma.RequestBody{
		Required:    required,
		Description: "The picture, or for jobs a video (y4m, not interlaced): as it is, or in the field file of a form. Options are parameters of the query, or fields of the form; none may be given twice.",
		Content: map[string]*huma.MediaType{
			"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}},
			"multipart/form-data":      {Schema: &huma.Schema{Type: "object", Properties: form, Required: []string{"file"}}},
		},
	}
	o.Parameters = append(o.Parameters, options()...)
	o.Parameters = append(o.Parameters, &huma.Param{
		Name: "name", In: "query", Description: "what the picture is called, where the body is the picture", Schema: &huma.Schema{Type: "string", MaxLength: ptr(maxName)},
	})
}

// describeFile says that an operation's answer is a file.
func describeFile(o *huma.Operation, types ...string) {
	o.Responses["200"] = &huma.Response{Description: "the file", Content: fileContent(types), Headers: map[string]*huma.Param{
		"Content-Disposition": header("what the file is called"), "ETag": header("the file's SHA-256"),
	}}
}

// describeParts says that an operation's answer is a file that can be asked for in parts.
func describeParts(o *huma.Operation, types ...string) {
	describeFile(o, types...)
	o.Responses["206"] = &huma.Response{Description: "a part of the file, as Range asked for", Content: fileContent(types), Headers: o.Responses["200"].Headers}
	o.Responses["304"] = &huma.Response{Description: "If-None-Match has the file's ETag"}
	for status, text := range map[string]string{"412": "the file is not the one of If-Match", "416": "the range is beyond the file"} {
		o.Responses[status] = &huma.Response{Description: text, Content: o.Responses["400"].Content}
	}
	for _, name := range []string{"Range", "If-None-Match"} {
		o.Parameters = append(o.Parameters, &huma.Param{Name: name, In: "header", Schema: &huma.Schema{Type: "string"}})
	}
}

func fileContent(types []string) map[string]*huma.MediaType {
	content := map[string]*huma.MediaType{}
	for _, t := range types {
		content[t] = &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
	}
	return content
}

func header(text string) *huma.Param {
	return &huma.Param{Description: text, Schema: &huma.Schema{Type: "string"}}
}

// operation describes a route.
func operation(id, method, path, summary string, tags ...string) huma.Operation {
	o := huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary, Tags: tags,
		SkipValidateBody: true, MaxBodyBytes: -1, BodyReadTimeout: -1,
		Errors: []int{400, 401, 403, 429, 503},
	}
	switch upload := method == http.MethodPost || method == http.MethodPut; {
	case upload && path != "/v1/session":
		o.Errors = append(o.Errors, 404, 408, 409, 413, 415, 422)
		switch path {
		case "/v1/jobs":
			o.DefaultStatus = http.StatusAccepted
		case "/v1/pictures", "/v1/models":
			o.DefaultStatus = http.StatusCreated
		}
	case readsPicture[id]:
		o.Errors = append(o.Errors, 404, 409, 413, 415, 422)
	case strings.Contains(path, "{"), id == "getResults":
		o.Errors = append(o.Errors, 404, 409)
	}
	return o
}

// readsPicture has the operations that read a picture which is there already, and refuse it as one that comes.
var readsPicture = map[string]bool{"plan": true, "viewPicture": true}

// finish puts in what all operations have.
func finish(d *huma.OpenAPI) {
	for path, item := range d.Paths {
		for _, o := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if o == nil {
				continue
			}
			if path != "/v1/session" {
				o.Security = []map[string][]string{{"token": {}}, {"session": {}}, {}} // none, where the server has no token file
			}
			if upload := o == item.Post || o == item.Put; !readsPicture[o.OperationID] && (!upload || path == "/v1/session") {
				delete(o.Responses, "422") // huma adds it to all that have parameters; here values that do not fit are answered with 400
			}
			for _, status := range []string{"409", "429", "503"} {
				if r := o.Responses[status]; r != nil {
					r.Headers = map[string]*huma.Param{"Retry-After": {Description: "seconds after which to try again", Schema: &huma.Schema{Type: "integer", Minimum: ptr(1.0)}}}
				}
			}
		}
	}
}

func ptr[T any](v T) *T { return &v }

//go:embed docs.html
var docsPage string

var docsTemplate = template.Must(template.New("docs").Funcs(template.FuncMap{"lower": strings.ToLower, "join": strings.Join}).Parse(docsPage))

// docsEntry is a route on the page of documentation.
type docsEntry struct {
	Method, Path string
	*huma.Operation
}

// docs makes the page of documentation from the description, once.
func docs(api huma.API) ([]byte, error) {
	var entries []docsEntry
	d := api.OpenAPI()
	for path, item := range d.Paths {
		for _, e := range []docsEntry{{"GET", path, item.Get}, {"POST", path, item.Post}, {"PUT", path, item.Put}, {"DELETE", path, item.Delete}} {
			if e.Operation != nil {
				entries = append(entries, e)
			}
		}
	}
	slices.SortFunc(entries, func(a, b docsEntry) int {
		if c := strings.Compare(a.Path, b.Path); c != 0 {
			return c
		}
		return strings.Compare(a.Method, b.Method)
	})
	var out bytes.Buffer
	err := docsTemplate.Execute(&out, map[string]any{"Info": d.Info, "Entries": entries, "Options": order.Fields()})
	return out.Bytes(), err
}

// serveDocs answers with the page of documentation. Its one style sheet is the page's own.
func serveDocs(page []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		_, _ = w.Write(page)
	}
}
