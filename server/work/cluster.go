package work

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"classsr/cluster/coordinator"
	"classsr/pipeline"
	"classsr/pipeline/order"
	"classsr/server/jobs"
	"classsr/server/view"
)

const (
	// wholeMACs is Options.Whole where it is not said: some seconds of a few cores.
	wholeMACs = 800e9
	// wholePixels is up to which size of its result, in pixels, a picture goes to one machine: reading and writing large files takes long, too.
	wholePixels = 64e6
	// slotsEach is how many jobs may run for each machine that helps, which takes several small pictures at a time.
	slotsEach = 32
)

// Slots is how many jobs may run now.
func (w *Works) Slots() int {
	if w.Cluster == nil {
		return w.AtATime
	}
	if w.Cluster.Expects() > 0 { // large pictures would be begun without them
		return 0
	}
	return w.AtATime + slotsEach*w.Cluster.Workers()
}

// Away tells whether a job would be done by another machine as a whole, as far as its record tells.
func (w *Works) Away(j *jobs.Job) bool {
	return w.Cluster != nil && w.Cluster.Workers() > 0 && (j.Whole || w.macs(j) <= w.Whole && j.OutWidth*j.OutHeight*max(j.Frames, 1) <= wholePixels)
}

// macs is about the arithmetic that a job takes.
func (w *Works) macs(j *jobs.Job) float64 {
	return j.Forecast * float64(w.Budget.Threads()) * macsPerSecond
}

// byWorker tells whether a job goes to one machine of the cluster as a whole: where it is small, or cannot be divided.
func (w *Works) byWorker(j *jobs.Job, o order.Order) bool {
	if w.Cluster == nil || w.Cluster.Workers() == 0 {
		return false
	}
	if w.Away(j) {
		return true
	}
	if j.Format == pipeline.Y4M { // it goes there in runs
		return false
	}
	p, err := w.pipeline(o, w.Budget)
	if err != nil {
		return false
	}
	h, err := p.Header(w.Store.Picture(j.Picture), "", nil)
	return err == nil && !h.Divides
}

// whole has a job done by one machine of the cluster.
func (w *Works) whole(ctx context.Context, j jobs.Job, told jobs.Told) (result jobs.Result, err error) {
	info, err := os.Stat(w.Store.Picture(j.Picture))
	if err != nil {
		return result, err
	}
	o, err := w.Cluster.Do(ctx, coordinator.Picture{
		Job: j.ID, Sum: j.Picture, Bytes: info.Size(), Name: j.Name, Ending: j.Ending, Order: j.Order, Cost: w.macs(&j) / macsPerSecond,
		Most: j.Bytes, Width: j.OutWidth, Height: j.OutHeight, Frames: j.Frames, Apart: j.Suspect, Here: told.Here,
	}, told.Progress)
	if err != nil {
		return result, err
	}
	var r pipeline.Result
	var v pipeline.VideoResult
	switch {
	case j.Frames > 0 && json.Unmarshal(o.Report, &v) == nil:
		w.countVideo(&v)
	case j.Frames == 0 && json.Unmarshal(o.Report, &r) == nil:
		w.count(&r)
	}
	_, err = w.Store.AddResult(j.ID)
	shows := j.Frames == 0 && view.Wanted(j.Ending, j.OutWidth*j.OutHeight)
	return jobs.Result{Sum: o.Sum, Bytes: o.Bytes, Report: o.Report, View: shows, Map: o.Map}, err
}

// divided does a job here, rows of which other machines compute.
func (w *Works) divided(ctx context.Context, j jobs.Job, o order.Order, told jobs.Told) (result jobs.Result, err error) {
	if w.Cluster == nil || o.Classes != "" {
		return w.here(ctx, j, o, nil, told)
	}
	rows := w.Cluster.For(j.ID)
	defer func() { rows.End(jobs.Again(ctx, err)) }()
	result, err = w.here(ctx, j, o, rows, told)
	if errors.Is(err, coordinator.ErrNobody) {
		return w.here(ctx, j, o, nil, told)
	}
	return result, err
}
