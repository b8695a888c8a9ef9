// Package jobs is the server's table of jobs: what is to be done, in which order, what became of it, and who listens. A job that was accepted is on
// disk, and stays whatever happens to the process: it ends once. Who does jobs, and on which disk their files are, is told to the table; it knows no
// pictures.
package jobs

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"time"

	"classsr/fault"
	"classsr/server/blobs"
)

// State is what has become of a job.
type State string

// A job is queued, then running, then one of the others for good. A running one is queued again if the process ends, or the disk is full.
const (
	Queued    State = "queued"
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Over tells whether nothing more becomes of a job.
func (s State) Over() bool { return s == Done || s == Failed || s == Cancelled }

// Job is a picture that is to be enlarged. Order and Report are not to be changed.
type Job struct {
	ID    string `json:"id"` // 26 digits and capital letters; later jobs have larger ones
	Owner string `json:"owner"`
	// Weight is the owner's share of the machine's time, compared with others; 0 counts as 1.
	Weight  float64           `json:"weight,omitempty"`
	Name    string            `json:"name,omitempty"` // as uploaded, cleaned, for downloads
	State   State             `json:"state"`
	Picture blobs.Sum         `json:"picture"`
	Order   map[string]string `json:"order,omitempty"` // what is wanted, by the names of the options
	Key     string            `json:"key,omitempty"`   // of the request (idempotency key)

	Width     int    `json:"width"` // pixels
	Height    int    `json:"height"`
	OutWidth  int    `json:"out_width"`
	OutHeight int    `json:"out_height"`
	Frames    int    `json:"frames,omitempty"` // of a video; 0 for pictures
	Format    string `json:"format"`           // of the picture
	Ending    string `json:"ending"`           // of the result's file
	Model     string `json:"model"`
	Kind      string `json:"kind,omitempty"`

	Created  time.Time `json:"created"`
	Started  time.Time `json:"started,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
	Expires  time.Time `json:"expires,omitzero"`
	Attempts int       `json:"attempts,omitempty"` // runs that were begun in this process, without those that the server broke off by itself
	Forecast float64   `json:"forecast"`           // seconds of the whole machine, as reckoned without correction
	Looked   bool      `json:"looked,omitempty"`   // the forecast was made after a look at the picture, not from its headers
	Whole    bool      `json:"whole,omitempty"`    // its rows cannot be computed apart from each other
	Bytes    int64     `json:"bytes,omitempty"`    // that the result takes on disk at most
	Result   *Result   `json:"result,omitempty"`   // of one that is done
	Error    *Error    `json:"error,omitempty"`    // of one that failed
	Failures []Failure `json:"failures,omitempty"` // of one that failed on several machines, the last ones

	// These are not stored.
	Suspect  bool    `json:"-"` // for a Runner: so many runs have ended with the process that nothing else is to be done here beside it
	Most     int     `json:"-"` // how many jobs of the owner may wait, for Add; 0: as Options say
	Progress float64 `json:"-"` // share of the work that is done, 0 to 1
	Position int     `json:"-"` // place in the queue, from 1; 0 of those that do not wait
	ETA      float64 `json:"-"` // seconds until it is over
}

// Result is what a job gave.
type Result struct {
	Bytes  int64           `json:"bytes"`          // of the picture
	Disk   int64           `json:"disk,omitempty"` // of all files of the job; 0: only the picture's
	Sum    blobs.Sum       `json:"sum"`
	Report json.RawMessage `json:"report,omitempty"`
	Map    bool            `json:"map,omitempty"`  // there is a map of classes
	View   bool            `json:"view,omitempty"` // there is a small JPEG
}

// onDisk is how many bytes a job's files have.
func (j *Job) onDisk() int64 {
	if j.Result == nil {
		return 0
	}
	return max(j.Result.Bytes, j.Result.Disk)
}

// Error is why a job failed.
type Error struct {
	Kind    fault.Kind `json:"kind"`
	Message string     `json:"message"`
}

// Failure is what went wrong with a job on one machine.
type Failure struct {
	Machine string    `json:"machine"`
	Message string    `json:"message"`
	Time    time.Time `json:"time"`
}

// Failures is the error of a run that failed on several machines.
type Failures struct {
	error
	All []Failure // at most 8
}

// FailedOn gives an error with what went wrong on several machines.
func FailedOn(err error, all []Failure) error { return &Failures{err, all} }

func (f *Failures) Unwrap() error { return f.error }

// Picture is an upload that may become jobs. It goes an hour after its last use, unless a job has it.
type Picture struct {
	Owner  string    `json:"owner"`
	Sum    blobs.Sum `json:"sum"`
	Name   string    `json:"name,omitempty"`
	Format string    `json:"format"`
	Width  int       `json:"width"`
	Height int       `json:"height"`
	Frames int       `json:"frames,omitempty"` // of a video
	Bytes  int64     `json:"bytes"`
	Used   time.Time `json:"used"`
}

// crockford has digits and letters that are not taken for each other, in the order of ASCII.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// newID makes an identifier of a time in milliseconds (48 bits) and 80 random bits, which nobody guesses.
func newID(milliseconds int64) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], uint64(milliseconds)<<16)
	_, _ = rand.Read(b[6:]) // never fails
	return crockford.EncodeToString(b[:])
}

// timeOf is the time of an identifier; of others 0.
func timeOf(id string) int64 {
	b, err := crockford.DecodeString(id)
	if err != nil || len(b) != 16 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(b) >> 16)
}
