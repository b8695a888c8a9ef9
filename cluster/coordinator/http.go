package coordinator

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"

	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/server/blobs"
	"classsr/server/tokens"
)

// Route answers a request of somebody whose token is known. Errors are answered by whoever calls it.
type Route struct {
	Pattern string // for a http.ServeMux
	Scope   string // that the token must have
	// Body is how many bytes a request may have.
	Body   int64
	Handle func(w http.ResponseWriter, r *http.Request, owner string) error
}

// mostProblem is how many bytes a worker's failure may have.
const mostProblem = 16 << 10

// Routes lists what workers ask for, as package wire describes it, and what is for people.
func (c *Coordinator) Routes() []Route {
	return []Route{
		{"POST " + wire.PathWorkers, tokens.ScopeWorker, 0, c.handleJoin},
		{"DELETE " + wire.PathWorkers + "/{worker}", tokens.ScopeWorker, 0, c.handleLeave},
		{"GET " + wire.PathUnits, tokens.ScopeWorker, 0, c.handleInput},
		{"GET " + wire.PathModels, tokens.ScopeWorker, 0, c.handleModel},
		{"PUT " + wire.PathUnits, tokens.ScopeWorker, math.MaxInt64, c.handleResult},
		{"HEAD " + wire.PathUnits, tokens.ScopeWorker, 0, c.handleOffset},
		{"POST " + wire.PathUnits + wire.FailedSuffix, tokens.ScopeWorker, mostProblem, c.handleFailure},
		{"GET /v1/cluster", tokens.ScopeJobs, 0, c.handleStatus},
		{"POST " + wire.PathWorkers + "/{worker}/release", tokens.ScopeCluster, 0, func(_ http.ResponseWriter, r *http.Request, _ string) error {
			return c.Release(r.PathValue("worker"))
		}},
		{"POST " + wire.PathWorkers + "/{worker}/drain", tokens.ScopeCluster, 0, func(_ http.ResponseWriter, r *http.Request, _ string) error {
			return c.Drain(r.PathValue("worker"))
		}},
	}
}

func (c *Coordinator) handleJoin(w http.ResponseWriter, r *http.Request, owner string) error {
	about, err := wire.ParseAbout(r.URL.Query())
	if err != nil {
		return err
	}
	joined, err := c.Join(r.Context(), owner, about)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	return sent(json.NewEncoder(w).Encode(joined))
}

func (c *Coordinator) handleLeave(w http.ResponseWriter, r *http.Request, owner string) error {
	if err := c.Leave(owner, r.PathValue("worker")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// sent takes an error of sending an answer, which nobody can be told of any more.
func sent(error) error { return nil }

// query reads a request about a unit, which must come from the worker's own token.
func (c *Coordinator) query(r *http.Request, owner string) (id string, q wire.Query, err error) {
	if q, err = wire.ParseQuery(r.URL.Query()); err != nil {
		return "", q, err
	}
	return r.PathValue("unit"), q, c.owns(owner, q.Worker)
}

func (c *Coordinator) handleInput(w http.ResponseWriter, r *http.Request, owner string) error {
	id, q, err := c.query(r, owner)
	if err != nil {
		return err
	}
	in, size, err := c.input(r.Context(), id, q.Worker)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // it was read only
	c.Count.Bytes(size, 0)
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", `"`+c.epoch+"."+id+`"`)
	http.ServeContent(w, r, "", time.Time{}, in)
	return nil
}

func (c *Coordinator) handleModel(w http.ResponseWriter, r *http.Request, owner string) error {
	id, q, err := c.query(r, owner)
	if err != nil {
		return err
	}
	sum, err := blobs.ParseSum(r.PathValue("sha256"))
	if err != nil {
		return errNotYours
	}
	f, err := c.model(id, q.Worker, sum)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was read only
	info, err := f.Stat()
	if err != nil {
		return err
	}
	c.Count.Bytes(info.Size(), 0)
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", `"`+sum.String()+`"`)
	http.ServeContent(w, r, "", time.Time{}, f)
	return nil
}

// place tells how far a result has come.
func place(w http.ResponseWriter, offset int64, until int) {
	w.Header().Set(wire.HeaderOffset, strconv.FormatInt(offset, 10))
	w.Header().Set(wire.HeaderUntil, strconv.Itoa(until))
}

func (c *Coordinator) handleResult(w http.ResponseWriter, r *http.Request, owner string) error {
	id, q, err := c.query(r, owner)
	if err != nil {
		return err
	}
	offset, until, err := c.append(id, q, r.Body)
	if err == nil || errors.Is(err, errOffset) {
		place(w, offset, until)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *Coordinator) handleOffset(w http.ResponseWriter, r *http.Request, owner string) error {
	id, q, err := c.query(r, owner)
	if err != nil {
		return err
	}
	offset, until, err := c.offset(id, q)
	if err != nil {
		return err
	}
	place(w, offset, until)
	return nil
}

func (c *Coordinator) handleFailure(w http.ResponseWriter, r *http.Request, owner string) error {
	id, q, err := c.query(r, owner)
	if err != nil {
		return err
	}
	var p wire.Problem
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if json.Unmarshal(text, &p) != nil || p.Message == "" {
		return fault.New(fault.Usage, "a failure without a message")
	}
	if err := c.fail(id, q, p); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *Coordinator) handleStatus(w http.ResponseWriter, _ *http.Request, _ string) error {
	w.Header().Set("Content-Type", "application/json")
	return sent(json.NewEncoder(w).Encode(c.Status()))
}
