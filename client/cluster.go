package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Cluster is the machines that help a server.
type Cluster struct {
	Workers []Worker `json:"workers"`
	Units   int      `json:"units"`   // of work, that workers have
	Tasks   int      `json:"tasks"`   // pictures that wait for workers or are computed by them
	Seconds float64  `json:"seconds"` // until all of these are done, about
	Done    int      `json:"done"`    // units since the server began
	Failed  int      `json:"failed"`
	Wrong   int      `json:"wrong"` // of these, that gave what their hashes do not say
	Lost    int      `json:"lost"`  // workers that vanished
	Blind   bool     `json:"blind"` // the server is cut off from the queue
}

// Worker is one machine.
type Worker struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	State   string    `json:"state"` // working, idle, draining or quarantined
	Here    bool      `json:"here"`  // it is the server itself
	Version string    `json:"version"`
	Kernel  string    `json:"kernel"`
	CPU     string    `json:"cpu"`
	System  string    `json:"system"`
	Cores   int       `json:"cores"`
	Memory  int64     `json:"memory"` // bytes that it may use
	RSS     int64     `json:"rss"`    // and uses
	Speed   float64   `json:"speed"`  // that it is seen to have, in parts of a core that all figures are for
	Units   []string  `json:"units"`
	Doing   []Doing   `json:"doing"` // for these
	Done    int       `json:"done"`
	Failed  int       `json:"failed"`
	Wrong   int       `json:"wrong"`
	Joined  time.Time `json:"joined"`
}

// Doing is what a worker does for a unit.
type Doing struct {
	Unit     string  `json:"unit"`
	Pictures int     `json:"pictures"` // 0: the unit is rows of a large one
	Stage    string  `json:"stage"`    // fetching, waiting, computing, sending; "" until the worker has said that it has it
	Share    float64 `json:"share"`    // that is computed, 0 to 1
}

// Cluster gives the machines that help the server. A server without a cluster is an error of kind fault.NotFound.
func (c *Client) Cluster(ctx context.Context) (all Cluster, err error) {
	return all, c.ask(ctx, request{method: http.MethodGet, path: []string{"v1", "cluster"}}, &all)
}

// Release lets a worker join again that gave wrong results and gets nothing.
func (c *Client) Release(ctx context.Context, worker string) error {
	return c.ask(ctx, request{method: http.MethodPost, path: []string{"v1", "cluster", "workers", url.PathEscape(worker), "release"}}, nil)
}

// Drain tells a worker to end when it has done what it computes.
func (c *Client) Drain(ctx context.Context, worker string) error {
	return c.ask(ctx, request{method: http.MethodPost, path: []string{"v1", "cluster", "workers", url.PathEscape(worker), "drain"}}, nil)
}

// Retry puts a job that failed back into the queue. A job that did not fail is an error of kind fault.Conflict.
func (c *Client) Retry(ctx context.Context, id string) (Job, error) {
	var j Job
	q, err := about(http.MethodPost, id)
	if err == nil {
		q.path = append(q.path, "retry")
		err = c.ask(ctx, q, &j)
	}
	return j, err
}
