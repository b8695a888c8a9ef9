// Package jobs is the server's table of jobs: what is to be done, in which order, what has become of it, and who listens. What was accepted is on disk before
// it is answered, and survives the process. Who does the jobs is told to it; it knows no pictures.
package jobs

import (
	"crypto/rand"
	"encoding/json"
	"time"

	"classsr/fault"
	"classsr/server/blobs"
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
func (s State) Over() bool { return s != Queued && s != Running }

// Job is a picture to be enlarged.
type Job struct {
	ID    string `json:"id"`
	Owner string `json:"owner"`
	// Weight is the owner's share of the machine's time against others; 0 counts as 1.
	Weight  float64           `json:"weight,omitempty"`
	Name    string            `json:"name,omitempty"` // of the picture, cleaned
	State   State             `json:"state"`
	Picture blobs.Sum         `json:"picture"`
	Order   map[string]string `json:"order,omitempty"` // what is wanted, by the names of the options

	Width     int    `json:"width"` // pixels
	Height    int    `json:"height"`
	OutWidth  int    `json:"out_width"`
	OutHeight int    `json:"out_height"`
	Format    string `json:"format"` // of the picture
	Ending    string `json:"ending"` // of the result's file, with its dot
	Model     string `json:"model"`
	Kind      string `json:"kind,omitempty"`

	Created  time.Time `json:"created"`
	Started  time.Time `json:"started,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
	Expires  time.Time `json:"expires,omitzero"`
	Attempts int       `json:"attempts,omitempty"` // runs that were begun and did not end
	Forecast float64   `json:"forecast"`           // seconds of the whole machine, uncorrected
	Bytes    int64     `json:"bytes"`              // that the result may take on disk

	Result *Result `json:"result,omitempty"`
	Error  *Error  `json:"error,omitempty"`

	// What is not stored: the share of the work that is done, the place in the queue from 1 on, and the seconds until it is over.
	Progress float64 `json:"-"`
	Position int     `json:"-"`
	ETA      float64 `json:"-"`
}

// Result is what a job gave.
type Result struct {
	Bytes  int64           `json:"bytes"`
	Sum    blobs.Sum       `json:"sum"`
	Report json.RawMessage `json:"report,omitempty"`
	Map    bool            `json:"map,omitempty"`  // there is a map of classes
	View   bool            `json:"view,omitempty"` // there is a small JPEG
}

// Error is why a job failed.
type Error struct {
	Kind    fault.Kind `json:"kind"`
	Message string     `json:"message"`
}

// Picture is an upload that may become jobs. It goes an hour after its last use, unless a job has it.
type Picture struct {
	Owner  string    `json:"owner"`
	Sum    blobs.Sum `json:"sum"`
	Name   string    `json:"name,omitempty"`
	Format string    `json:"format"`
	Width  int       `json:"width"`
	Height int       `json:"height"`
	Bytes  int64     `json:"bytes"`
	Used   time.Time `json:"used"`
}

// letters are those of identifiers (Crockford's base 32): none that look like others.
const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newID makes an identifier of 26 letters: 48 bits of milliseconds and 80 random ones, so that later ones sort behind and nobody guesses them.
func newID(now time.Time) string {
	var b [16]byte
	_, _ = rand.Read(b[6:]) // never fails
	ms := now.UnixMilli()
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	var id [26]byte
	bits, have, next := 0, 2, 0 // two bits more than there are
	for i := range id {
		for have < 5 {
			bits, have, next = bits<<8|int(b[next]), have+8, next+1
		}
		have -= 5
		id[i] = letters[bits>>have&31]
	}
	return string(id[:])
}
