package api

import (
	"context"
	"math"
	"net/http"
	"time"

	"classsr/fault"
	"classsr/server/blobs"
	"classsr/server/jobs"
	"classsr/server/problem"
)

// Job is what the API tells of a job.
type Job struct {
	ID            string     `json:"id" example:"01HZX3J5V7Q9K2M4N6P8R0S1T3" doc:"names the job in all other requests"`
	State         string     `json:"state" enum:"queued,running,done,failed,cancelled"`
	Progress      float64    `json:"progress" minimum:"0" maximum:"1" doc:"share of the work that is done"`
	QueuePosition int        `json:"queue_position" minimum:"0" doc:"place in the queue: 1 is next, 0 is none"`
	ETASeconds    float64    `json:"eta_seconds" minimum:"0" doc:"seconds until it is done, about"`
	Name          string     `json:"name" doc:"of the picture, as it was sent; may be empty"`
	Picture       string     `json:"picture" doc:"SHA-256 of the picture"`
	Width         int        `json:"width"`
	Height        int        `json:"height"`
	OutWidth      int        `json:"out_width"`
	OutHeight     int        `json:"out_height"`
	Frames        int        `json:"frames,omitempty" doc:"of a video"`
	Format        string     `json:"format" doc:"of the picture"`
	ResultFormat  string     `json:"result_format" doc:"ending of the result's name"`
	Model         string     `json:"model"`
	Kind          string     `json:"kind" doc:"the training that the model has"`
	Options       Strings    `json:"options" doc:"as they were asked for"`
	Created       time.Time  `json:"created"`
	Ended         *time.Time `json:"ended,omitempty"`
	Expires       *time.Time `json:"expires,omitempty" doc:"when the result is removed"`
	Report        any        `json:"report,omitempty" doc:"what the command prints with --json: sizes, classes, multiply-accumulates, seconds"`
	Result        *Result    `json:"result,omitempty"`
	Error         *Error     `json:"error,omitempty"`
	Failures      []Failure  `json:"failures,omitempty" doc:"what went wrong on machines of a cluster, the last ones, of a job that failed on several"`
}

// Failure is what went wrong with a job on one machine.
type Failure struct {
	Machine string    `json:"machine"`
	Message string    `json:"message"`
	Time    time.Time `json:"time"`
}

// Strings are texts by their names.
type Strings map[string]string

// Result is where a job's results are.
type Result struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	URL    string `json:"url"`
	Name   string `json:"name" doc:"what it is called when it is downloaded"`
	Map    string `json:"map,omitempty" doc:"URL of the map of classes, a PNG to lay over the result"`
	View   string `json:"view,omitempty" doc:"URL of what browsers are shown of a result that they do not show as it is, or that is large: a JPEG or PNG of at most 1280x1280 pixels"`
}

// Error says why a job failed.
type Error struct {
	Kind    fault.Kind `json:"kind"`
	Message string     `json:"message"`
}

// tell is what the API tells of a job.
func tell(j jobs.Job) Job {
	options := Strings(j.Order)
	if options == nil {
		options = Strings{} // not null
	}
	out := Job{
		ID: j.ID, State: string(j.State), Progress: j.Progress, QueuePosition: j.Position, ETASeconds: math.Round(10*j.ETA) / 10,
		Name: j.Name, Picture: j.Picture.String(), Width: j.Width, Height: j.Height, OutWidth: j.OutWidth, OutHeight: j.OutHeight, Frames: j.Frames,
		Format: j.Format, ResultFormat: j.Ending, Model: j.Model, Kind: j.Kind, Options: options, Created: j.Created,
	}
	if !j.Ended.IsZero() {
		out.Ended = &j.Ended
	}
	if !j.Expires.IsZero() {
		out.Expires = &j.Expires
	}
	if j.Error != nil {
		out.Error = &Error{j.Error.Kind, j.Error.Message}
	}
	for _, f := range j.Failures {
		out.Failures = append(out.Failures, Failure(f))
	}
	if r := j.Result; r != nil && j.State == jobs.Done {
		at := "/v1/jobs/" + j.ID
		out.Report = r.Report
		out.Result = &Result{Bytes: r.Bytes, SHA256: r.Sum.String(), URL: at + "/result", Name: downloadName(j)}
		if r.Map {
			out.Result.Map = at + "/route-map.png"
		}
		if r.View {
			out.Result.View = at + "/view"
		}
	}
	return out
}

// retryAfter is a time to wait in whole seconds, at least one and at most five minutes.
func retryAfter(seconds float64) time.Duration {
	return time.Duration(min(max(math.Ceil(seconds), 1), 300)) * time.Second
}

// accepted is the answer to a job that was taken.
type accepted struct {
	Status   int
	Location string `header:"Location"`
	Replayed string `header:"Idempotency-Replayed" doc:"true if the key was used before, for the same job"`
	Body     Job
}

// submission is the input of POST /v1/jobs.
type submission struct {
	Picture string `query:"picture" maxLength:"64" doc:"SHA-256 of a picture that was sent to /v1/pictures, in place of a body"`
	Key     string `header:"Idempotency-Key" maxLength:"128" doc:"the same request again, with the same key, gives the same job"`
}

// submit takes a job. It is on disk when the answer is sent.
func (a *api) submit(ctx context.Context, in *submission) (*accepted, error) {
	x := of(ctx)
	if err := a.Jobs.Room(x.token.Name, x.token.Jobs); err != nil && in.Key == "" { // with a key, the job may be there already
		return nil, problem.Of(err)
	}
	got, err := a.receive(x, "picture", "name")
	if err != nil {
		return nil, problem.Of(err)
	}
	defer got.discard()
	j, err := a.newJob(x, got, in.Picture)
	if err != nil {
		return nil, problem.Of(err)
	}
	added, replayed, err := a.Jobs.Add(j, in.Key)
	if err != nil {
		return nil, problem.Of(err)
	}
	x.job = added.ID
	out := &accepted{Status: http.StatusAccepted, Location: "/v1/jobs/" + added.ID, Body: tell(added)}
	if replayed {
		out.Replayed = "true"
	}
	return out, nil
}

// newJob makes a job of a picture that came, or that was sent before.
func (a *api) newJob(x *exchange, got *asked, picture string) (j jobs.Job, err error) {
	j = jobs.Job{Owner: x.token.Name, Weight: x.token.Weight, Most: x.token.Jobs, Name: got.name, Order: got.fields}
	var path string
	if got.picture != nil {
		path, j.Picture = got.picture.Path(), got.picture.Sum
	} else {
		sum, err := blobs.ParseSum(picture)
		if err != nil {
			return j, fault.New(fault.Usage, "picture is the SHA-256 of a picture, 64 hexadecimal digits")
		}
		known, err := a.Jobs.Picture(j.Owner, sum)
		if err != nil {
			return j, err
		}
		path, j.Picture, j.Name = a.Store.Picture(sum), sum, known.Name
	}
	judged, err := a.Work.Judge(path, j.Name, got.order)
	if err != nil {
		return j, err
	}
	j.Width, j.Height, j.OutWidth, j.OutHeight = judged.Width, judged.Height, judged.OutWidth, judged.OutHeight
	j.Format, j.Ending, j.Model, j.Kind, j.Forecast = judged.Format, judged.Ending, judged.Model, judged.Kind, judged.Seconds
	j.Frames = judged.Frames
	j.Bytes, j.Looked, j.Whole = judged.ResultBytes, judged.Looked, judged.Whole
	if err := a.Meter.Pixels(x.token, int64(j.OutWidth)*int64(j.OutHeight)*int64(max(j.Frames, 1))); err != nil {
		return j, err
	}
	if got.picture != nil {
		return j, got.picture.Keep()
	}
	return j, nil
}

// one gives a job.
func (a *api) one(ctx context.Context, in *oneJob) (*struct{ Body Job }, error) {
	x := of(ctx)
	j, err := a.Jobs.Get(x.token.Name, in.ID)
	if err != nil {
		return nil, problem.Of(err)
	}
	x.job = j.ID
	return &struct{ Body Job }{tell(j)}, nil
}

// page is the input of GET /v1/jobs.
type page struct {
	Before string `query:"before" maxLength:"40" doc:"jobs older than this one"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// Listing is a page of jobs.
type Listing struct {
	Jobs []Job  `json:"jobs" nullable:"false"`
	Next string `json:"next,omitempty" doc:"for before, if there are more"`
}

// list gives jobs, the newest first.
func (a *api) list(ctx context.Context, in *page) (*struct{ Body Listing }, error) {
	found, err := a.Jobs.List(of(ctx).token.Name, in.Before, in.Limit)
	if err != nil {
		return nil, problem.Of(err)
	}
	out := Listing{Jobs: []Job{}}
	for _, j := range found {
		out.Jobs = append(out.Jobs, tell(j))
	}
	if len(found) == in.Limit {
		out.Next = found[len(found)-1].ID
	}
	return &struct{ Body Listing }{out}, nil
}

// remove cancels a job that is not finished, and removes one that is.
func (a *api) remove(ctx context.Context, in *oneJob) (*struct{ Body Job }, error) {
	x := of(ctx)
	j, err := a.Jobs.Delete(x.token.Name, in.ID)
	if err != nil {
		return nil, problem.Of(err)
	}
	x.job = j.ID
	return &struct{ Body Job }{tell(j)}, nil
}

// retry puts a job that failed back into the queue.
func (a *api) retry(ctx context.Context, in *oneJob) (*struct{ Body Job }, error) {
	x := of(ctx)
	j, err := a.Jobs.Retry(x.token.Name, in.ID)
	if err != nil {
		return nil, problem.Of(err)
	}
	x.job = j.ID
	return &struct{ Body Job }{tell(j)}, nil
}
