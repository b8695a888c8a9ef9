package client

import (
	"encoding/json"
	"time"

	"classsr/fault"
)

// State is what has become of a job.
type State string

// A job is queued, then running, then one of the others, for good.
const (
	Queued    State = "queued"
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Over tells whether nothing more becomes of a job.
func (s State) Over() bool { return s == Done || s == Failed || s == Cancelled }

// Job is a picture that the server enlarges, as it was when the server answered.
type Job struct {
	ID            string  `json:"id"`
	State         State   `json:"state"`
	Progress      float64 `json:"progress"`       // share of the work that is done, from 0 to 1
	QueuePosition int     `json:"queue_position"` // 1 is next, 0 is none
	ETASeconds    float64 `json:"eta_seconds"`    // until it is done, about

	Name         string            `json:"name"`    // of the picture, as it was sent
	Picture      string            `json:"picture"` // its SHA-256, in hexadecimal digits
	Width        int               `json:"width"`   // pixels
	Height       int               `json:"height"`
	OutWidth     int               `json:"out_width"`
	OutHeight    int               `json:"out_height"`
	Frames       int               `json:"frames,omitempty"` // of a video
	Format       string            `json:"format"`           // of the picture
	ResultFormat string            `json:"result_format"`    // ending of the result's name, with its dot
	Model        string            `json:"model"`
	Kind         string            `json:"kind"` // the training that the model has
	Options      map[string]string `json:"options"`

	Created time.Time `json:"created"`
	Ended   time.Time `json:"ended,omitzero"`
	Expires time.Time `json:"expires,omitzero"` // when the result is removed

	// Report is what the command prints with --json; empty until the job is done.
	Report json.RawMessage `json:"report,omitempty"`
	Result *Result         `json:"result,omitempty"` // of jobs that are done
	Error  *Failure        `json:"error,omitempty"`  // of those that failed
	// Failures are what went wrong on machines of a cluster, the last ones, of a job that failed on several.
	Failures []MachineFailure `json:"failures,omitempty"`
}

// Result is what a job gave.
type Result struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // in hexadecimal digits
	URL    string `json:"url"`    // a path on the server, as are the others
	Name   string `json:"name"`   // what to call the file
	Map    string `json:"map"`    // of the map of classes; "" if there is none
	View   string `json:"view"`   // of what browsers are shown in its place, a JPEG or PNG; "" if they show it as it is
}

// Failure is why a job failed.
type Failure struct {
	Kind    fault.Kind `json:"kind"`
	Message string     `json:"message"`
}

// MachineFailure is what went wrong with a job on one machine of a cluster.
type MachineFailure struct {
	Machine string    `json:"machine"`
	Message string    `json:"message"`
	Time    time.Time `json:"time"`
}

// Model is a network that the server has.
type Model struct {
	Name    string   `json:"name"`
	Scales  []int    `json:"scales"`
	Kind    string   `json:"kind"`
	Fast    bool     `json:"fast"`
	Classes []string `json:"classes"` // from the simplest on; none for models with a single network
	Licence string   `json:"licence"`
	Default bool     `json:"default"`
}
