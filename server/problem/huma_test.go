package problem

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"classsr/fault"
)

// refusing is a part of an input that is refused with an error of a kind, as uploads are.
type refusing struct {
	Why string `query:"why"`
}

func (r *refusing) Resolve(huma.Context) []error {
	switch r.Why {
	case "busy":
		return []error{Later(fault.Busy, time.Minute, "two at a time")}
	case "plain":
		return []error{errors.New("it is odd")}
	}
	return nil
}

type input struct {
	Scale float64 `query:"scale" minimum:"1" maximum:"8"`
	Fail  string  `query:"fail"`
	Refusing
}

// Refusing is exported since huma sees no other embedded structs.
type Refusing = refusing

func answering(t *testing.T) (http.Handler, huma.API) {
	t.Helper()
	Install()
	mux := http.NewServeMux()
	config := huma.DefaultConfig("test", "1")
	config.CreateHooks = nil
	api := humago.New(mux, config)
	huma.Register(api, huma.Operation{OperationID: "try", Method: http.MethodGet, Path: "/try", Errors: []int{400}},
		func(_ context.Context, in *input) (*struct{ Body string }, error) {
			switch in.Fail {
			case "conflict":
				return nil, fault.New(fault.Conflict, "there already")
			case "later":
				return nil, Of(Later(fault.Unavailable, time.Minute, "ending"))
			case "plain":
				return nil, errors.New("secret")
			}
			return &struct{ Body string }{"done"}, nil
		})
	return mux, api
}

func TestHumaAnswersProblems(t *testing.T) {
	handler, _ := answering(t)
	for _, c := range []struct {
		query  string
		status int
		kind   fault.Kind
		detail string
		after  string
	}{
		{"scale=9", 400, fault.Usage, "query.scale: expected number <= 8", ""},
		{"scale=many", 400, fault.Usage, "query.scale: invalid float", ""},
		{"scale=2&why=busy", 429, fault.Busy, "two at a time", "60"},
		{"scale=2&why=plain", 400, fault.Usage, "it is odd", ""},
		{"scale=2&fail=conflict", 409, fault.Conflict, "there already", ""},
		{"scale=2&fail=later", 503, fault.Unavailable, "ending", "60"},
		{"scale=2&fail=plain", 500, fault.Internal, "made a mistake", ""},
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/try?"+c.query, nil))
		var p Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Errorf("%s: %v in %s", c.query, err, w.Body)
			continue
		}
		if w.Code != c.status || p.Status != c.status || p.Kind != c.kind || !strings.Contains(p.Detail, c.detail) {
			t.Errorf("%s: %d, %s", c.query, w.Code, w.Body)
		}
		if got := w.Header().Values("Retry-After"); strings.Join(got, ",") != c.after {
			t.Errorf("%s: Retry-After is %q", c.query, got)
		}
		if got := w.Header().Get("Content-Type"); got != ContentType {
			t.Errorf("%s: the answer is %s", c.query, got)
		}
	}
}

func TestProblemsAreDescribed(t *testing.T) {
	_, api := answering(t)
	response := api.OpenAPI().Paths["/try"].Get.Responses["400"]
	if response == nil || response.Content[ContentType] == nil {
		t.Fatalf("the description has no problem: %+v", response)
	}
	schema := api.OpenAPI().Components.Schemas.SchemaFromRef(response.Content[ContentType].Schema.Ref)
	if schema == nil || !slices.Contains(schema.Properties["kind"].Enum, any("too_large")) || len(schema.Properties["kind"].Enum) != len(statuses) {
		t.Errorf("the kinds are not those that there are: %+v", schema)
	}
	if want := []string{"detail", "kind", "status", "title", "type"}; !slices.Equal(slices.Sorted(slices.Values(schema.Required)), want) {
		t.Errorf("required are %v, not %v", schema.Required, want)
	}
}

func TestStatusesOfHuma(t *testing.T) {
	for _, c := range []struct {
		status, want int
		kind         fault.Kind
	}{
		{0, 500, fault.Internal}, {400, 400, fault.Usage}, {403, 403, Forbidden}, {404, 404, fault.NotFound}, {405, 405, fault.Usage}, {406, 406, fault.Usage},
		{408, 408, fault.Usage}, {413, 413, fault.TooLarge}, {415, 415, fault.Unsupported}, {422, 400, fault.Usage}, {500, 500, fault.Internal},
		{503, 503, fault.Unavailable}, {504, 500, fault.Internal},
	} {
		if p := FromHuma(c.status, "it"); p.Status != c.want || p.Kind != c.kind {
			t.Errorf("%d became %d %s", c.status, p.Status, p.Kind)
		}
	}
}
