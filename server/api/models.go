package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"classsr/fault"
	"classsr/models"
	"classsr/server/blobs"
	"classsr/server/library"
	"classsr/server/limits"
	"classsr/server/problem"
	"classsr/server/work"
)

// modelRoutes registers what is about models.
func (a *api) modelRoutes(h huma.API) {
	d := h.OpenAPI()
	huma.Register(h, operation("listModels", http.MethodGet, "/v1/models", "The models inside the server", "models"), a.models)
	huma.Register(h, operation("sendModel", http.MethodPost, "/v1/models", "Takes a model file for plans and jobs to come", "models"), a.sendModel)
	huma.Register(h, operation("sendModelByPut", http.MethodPut, "/v1/models", "Takes a model file for plans and jobs to come", "models"), a.sendModel)
	huma.Register(h, operation("getModel", http.MethodGet, "/v1/models/{sha256}", "Whether a model file is there, and what it says of itself", "models"), a.model)
	for _, o := range []*huma.Operation{d.Paths["/v1/models"].Post, d.Paths["/v1/models"].Put} {
		o.RequestBody = &huma.RequestBody{
			Required: true, Description: "A model file as `classsr convert` writes it (.safetensors).",
			Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}},
		}
	}
}

// Listed is the models that there are.
type Listed struct {
	Models []work.Model `json:"models" nullable:"false"`
}

func (a *api) models(context.Context, *struct{}) (*struct{ Body Listed }, error) {
	return &struct{ Body Listed }{Listed{a.Work.Models()}}, nil
}

// ModelFile is what the API tells of a model that was sent.
type ModelFile struct {
	Model   string   `json:"model" doc:"for the option model: sha256: and the digits"`
	SHA256  string   `json:"sha256" doc:"of the file"`
	Bytes   int64    `json:"bytes"`
	Name    string   `json:"name,omitempty" doc:"as the file says"`
	Scales  []int    `json:"scales" nullable:"false"`
	Classes []string `json:"classes" nullable:"false" doc:"from the simplest on; one for models with a single network"`
	Licence string   `json:"licence,omitempty"`
}

func tellModel(d library.Described) ModelFile {
	return ModelFile{
		Model: models.InFile(d.Sum), SHA256: d.Sum.String(), Bytes: d.Bytes, Name: d.Name, Scales: d.Scales, Classes: d.Classes, Licence: d.Licence,
	}
}

// sentModel is the answer to a model that was taken.
type sentModel struct {
	Status   int
	Location string `header:"Location"`
	Body     ModelFile
}

// sendModel takes a model for jobs to come. It is removed a month after its last use, or before if there is no room for others; not while a job needs it.
func (a *api) sendModel(ctx context.Context, _ *struct{}) (*sentModel, error) {
	d, err := a.receiveModel(of(ctx))
	if err != nil {
		return nil, problem.Of(bodyError(err))
	}
	return &sentModel{http.StatusCreated, "/v1/models/" + d.Sum.String(), tellModel(d)}, nil
}

func (a *api) receiveModel(x *exchange) (d library.Described, err error) {
	r := x.r
	if err := refuseCoding(r); err != nil {
		return d, err
	}
	limit := a.Limits
	limit.MaxUpload = a.Work.MostModel()
	if r.ContentLength > limit.MaxUpload {
		return d, fault.New(fault.TooLarge, "the model's file has %d bytes, %d are allowed here: a machine with more memory takes larger ones", r.ContentLength, limit.MaxUpload)
	}
	done, err := a.Meter.Upload(x.token, r.ContentLength)
	if err != nil {
		return d, err
	}
	defer done()
	return a.Work.AddModel(r.Context(), x.token, limits.Body(x.w, r, limit), r.ContentLength)
}

// oneModel is the input of routes about a model that was sent.
type oneModel struct {
	Sum string `path:"sha256" maxLength:"64" doc:"of the file, 64 hexadecimal digits"`
}

// model tells of a model that was sent, by whomever: who knows its hash has its file.
func (a *api) model(_ context.Context, in *oneModel) (*struct{ Body ModelFile }, error) {
	sum, err := blobs.ParseSum(in.Sum)
	if err != nil {
		return nil, problem.Of(fault.New(fault.NotFound, "there is no such model"))
	}
	d, err := a.Work.Model(sum)
	if err != nil {
		return nil, problem.Of(err)
	}
	return &struct{ Body ModelFile }{tellModel(d)}, nil
}
