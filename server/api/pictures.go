package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"classsr/fault"
	"classsr/server/blobs"
	"classsr/server/jobs"
	"classsr/server/problem"
	"classsr/server/work"
)

// Picture is what the API tells of a picture that was sent.
type Picture struct {
	SHA256 string `json:"sha256"`
	Name   string `json:"name"`
	Format string `json:"format"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Frames int    `json:"frames,omitempty" doc:"of a video"`
	Bytes  int64  `json:"bytes"`
}

// sent is the answer to a picture that was taken.
type sent struct {
	Status   int
	Location string `header:"Location"`
	Body     Picture
}

// send takes a picture for jobs to come. It is removed an hour after its last use, unless a job has it.
func (a *api) send(ctx context.Context, _ *struct{}) (*sent, error) {
	x := of(ctx)
	got, err := a.receive(x, "name")
	if err != nil {
		return nil, problem.Of(err)
	}
	defer got.discard()
	if got.picture == nil {
		return nil, problem.Of(fault.New(fault.Usage, "no picture came"))
	}
	judged, err := a.Work.Judge(got.picture.Path(), got.name, got.order)
	if err != nil {
		return nil, problem.Of(err)
	}
	if err := got.picture.Keep(); err != nil {
		return nil, problem.Of(err)
	}
	p := jobs.Picture{
		Owner: x.token.Name, Sum: got.picture.Sum, Name: got.name, Format: judged.Format,
		Width: judged.Width, Height: judged.Height, Frames: judged.Frames, Bytes: got.picture.Size, Used: a.now(),
	}
	if err := a.Jobs.AddPicture(p); err != nil {
		return nil, problem.Of(err)
	}
	return &sent{http.StatusCreated, "/v1/pictures/" + p.Sum.String(), tellPicture(p)}, nil
}

func tellPicture(p jobs.Picture) Picture {
	return Picture{p.Sum.String(), p.Name, p.Format, p.Width, p.Height, p.Frames, p.Bytes}
}

// onePicture is the input of routes about a picture.
type onePicture struct {
	Sum string `path:"sha256" maxLength:"64" doc:"of the picture, 64 hexadecimal digits"`
}

// known gives a picture of the asker's own.
func (a *api) known(ctx context.Context, in *onePicture) (jobs.Picture, error) {
	sum, err := blobs.ParseSum(in.Sum)
	if err != nil {
		return jobs.Picture{}, fault.New(fault.NotFound, "there is no such picture")
	}
	return a.Jobs.Picture(of(ctx).token.Name, sum)
}

// picture answers with a picture as it was sent.
func (a *api) picture(ctx context.Context, in *onePicture) (*huma.StreamResponse, error) {
	p, err := a.known(ctx, in)
	if err != nil {
		return nil, problem.Of(err)
	}
	return a.stream(func(x *exchange) error {
		return a.file(x, a.Store.Picture(p.Sum), p.Sum.String(), contentType("."+p.Format), "")
	})
}

// forget removes a picture, unless a job still needs it.
func (a *api) forget(ctx context.Context, in *onePicture) (*struct{}, error) {
	p, err := a.known(ctx, in)
	if err == nil {
		err = a.Jobs.RemovePicture(p.Owner, p.Sum)
	}
	if err != nil {
		return nil, problem.Of(err)
	}
	return nil, nil
}

// plan answers with a forecast. The options are read from the query by their names in package order.
func (a *api) plan(ctx context.Context, in *onePicture) (*struct{ Body *work.Plan }, error) {
	x := of(ctx)
	p, err := a.known(ctx, in)
	if err != nil {
		return nil, problem.Of(err)
	}
	got := asked{fields: map[string]string{}}
	if err := got.setQuery(x.r.URL.Query(), nil); err != nil {
		return nil, problem.Of(err)
	}
	if err := got.order.Check(); err != nil {
		return nil, problem.Of(err)
	}
	forecast, err := a.Work.Plan(ctx, x.token, a.Store.Picture(p.Sum), p.Name, got.order)
	if err != nil {
		return nil, problem.Of(err)
	}
	return &struct{ Body *work.Plan }{forecast}, nil
}
