package wire

import (
	"net/url"
	"strconv"

	"classsr/fault"
	"classsr/server/blobs"
)

// What workers ask a coordinator by HTTP. Every request has the worker's token. Errors come as problem+json, whose kind is that of package fault:
//
//	401, 403, 409   to Join: no such token; no token for workers, or quarantined; another version or other models. There is nothing to be gained by trying again
//	404             the unit is not this worker's, or is over: it is to be forgotten
//	408, 5xx        try again later; Retry-After may say when
//	413, 422        the result is too large, or is not what its hash says: the unit is over for this worker
//
// Join: POST PathWorkers with About.Values as the query gives 201 and Joined.
//
// Leave: DELETE PathWorker(worker) ends what Join began, and gives 204. 404: nobody of that name has joined by this token.
//
// Input: GET PathUnit(unit) with Query.Values gives the unit's input, a Pack. It has an ETag and goes on by Range and If-Range.
//
// Model: GET PathModel(unit, sum) with Query.Values gives the file of a model that the unit's work is to be done by, if it is in a file, by its SHA-256. It goes on as an input does.
// 409 says that the file is gone.
//
// Result: PUT PathUnit(unit) with Query.Values appends the body to the unit's result, and gives 204 with HeaderOffset and HeaderUntil. The result is a Pack, or the
// bands of a unit of rows, of which each is put by itself; Last is with what completes it, which may be empty. 409 with HeaderOffset says that as many bytes are
// there, and not Query.Offset: the worker goes on from there. Of a pack that breaks off what came is kept; of a band nothing.
// HEAD PathUnit(unit) gives HeaderOffset and HeaderUntil, too.
//
// Failure: POST PathUnit(unit)+FailedSuffix with Query.Values and a Problem as JSON ends a unit that could not be done as a whole, and gives 204.
const (
	PathWorkers  = "/v1/cluster/workers"
	pathUnits    = "/v1/cluster/units/"
	PathUnits    = pathUnits + "{unit}" // for a mux
	FailedSuffix = "/failed"
	modelInfix   = "/models/"
	PathModels   = PathUnits + modelInfix + "{sha256}" // for a mux

	HeaderOffset = "X-Offset" // bytes of the result that are there
	HeaderUntil  = "X-Until"  // the row before which a unit of rows ends now; 0: it is one of pictures
)

// PathWorker is the path of a worker.
func PathWorker(worker string) string { return PathWorkers + "/" + url.PathEscape(worker) }

// PathUnit is the path of a unit.
func PathUnit(unit string) string { return pathUnits + url.PathEscape(unit) }

// PathModel is the path of a model of a unit.
func PathModel(unit string, sum blobs.Sum) string { return PathUnit(unit) + modelInfix + sum.String() }

// Joined is the answer to a worker that joins.
type Joined struct {
	Worker string  `json:"worker"` // what it is called here, in units' requests and beats
	Epoch  string  `json:"epoch"`
	Login  Login   `json:"login"`
	Beat   float64 `json:"beat_seconds"` // how often it is to beat
}

// Login is what a worker needs to come to its place in the queue. It is a secret.
type Login struct {
	URL      string `json:"url"` // without a host: that of the coordinator's HTTP address
	User     string `json:"user"`
	Password string `json:"password"`
	SHA256   string `json:"sha256,omitempty"` // fingerprint of the certificate, where no authority vouches for it
	Epoch    string `json:"epoch"`
}

// Query says in a unit's request who asks, and what of a result comes.
type Query struct {
	Worker  string
	Attempt int

	Offset  int64   // where the body goes
	Last    bool    // the result is complete with it
	Seconds float64 // with Last: that computing took
	MACs    int64   // with Last, of rows: multiply-accumulates that it took
}

// Values gives it as parameters of a request.
func (q Query) Values() url.Values {
	v := url.Values{"worker": {q.Worker}, "attempt": {strconv.Itoa(q.Attempt)}}
	if q.Offset > 0 {
		v.Set("offset", strconv.FormatInt(q.Offset, 10))
	}
	if q.Last {
		v.Set("last", "1")
		v.Set("seconds", strconv.FormatFloat(q.Seconds, 'g', -1, 64))
		v.Set("macs", strconv.FormatInt(q.MACs, 10))
	}
	return v
}

// ParseQuery reads what Values gives. Errors are of kind fault.Usage.
func ParseQuery(v url.Values) (q Query, err error) {
	q.Worker = v.Get("worker")
	for name, read := range map[string]func(string) error{
		"attempt": func(s string) (err error) { q.Attempt, err = strconv.Atoi(s); return err },
		"offset":  func(s string) (err error) { q.Offset, err = strconv.ParseInt(s, 10, 64); return err },
		"last":    func(s string) (err error) { q.Last, err = strconv.ParseBool(s); return err },
		"seconds": func(s string) (err error) { q.Seconds, err = strconv.ParseFloat(s, 64); return err },
		"macs":    func(s string) (err error) { q.MACs, err = strconv.ParseInt(s, 10, 64); return err },
	} {
		text := v.Get(name)
		if text == "" {
			continue
		}
		if err := read(text); err != nil {
			return Query{}, fault.New(fault.Usage, "%s=%s cannot be", name, short(text))
		}
	}
	if q.Attempt < 0 || q.Offset < 0 || q.MACs < 0 || !positive(q.Seconds) || checkName("worker", q.Worker) != nil {
		return Query{}, fault.New(fault.Usage, "a request of a worker that is not named, or with a number below 0")
	}
	return q, nil
}
