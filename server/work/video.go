package work

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"classsr/cluster/coordinator"
	"classsr/fault"
	"classsr/imageio"
	"classsr/imageio/y4m"
	"classsr/pipeline"
	"classsr/pipeline/order"
	"classsr/server/blobs"
	"classsr/server/jobs"
)

// firstOfVideo refuses a video by its first bytes, where they have its first line.
func (w *Works) firstOfVideo(first []byte) error {
	if !bytes.Contains(first, []byte{'\n'}) {
		return nil
	}
	r, err := y4m.NewReader(bytes.NewReader(first))
	if err != nil {
		return err
	}
	h := r.Header()
	return w.accept(int64(h.Width)*int64(h.Height), w.Limits.MaxPixelsIn, "frame")
}

// judgeVideo is judge for a video, whose limits of pixels are those of a frame.
func (w *Works) judgeVideo(path, name string, o order.Order) (*Judged, error) {
	if err := o.CheckVideo(); err != nil {
		return nil, err
	}
	p, err := w.pipeline(o, w.Budget)
	if err != nil {
		return nil, err
	}
	h, err := p.VideoHeader(path, shown(name), o.Matrix, func(c imageio.Config) error {
		return w.accept(int64(c.Width)*int64(c.Height), w.Limits.MaxPixelsIn, "frame")
	})
	if err != nil {
		return nil, pipeline.Nameless(err, path, "")
	}
	if err := w.accept(int64(h.Out.Width)*int64(h.Out.Height), w.Limits.MaxPixels, "frame of the result"); err != nil {
		return nil, err
	}
	return w.judged(h, &o, pipeline.Y4M, "."+pipeline.Y4M)
}

// video does a job whose picture is a video: here, or run by run on machines of the cluster.
func (w *Works) video(ctx context.Context, j jobs.Job, o order.Order, told jobs.Told) (result jobs.Result, err error) {
	output := w.Store.Result(j.ID, j.Ending)
	if err := os.MkdirAll(filepath.Dir(output), 0o700); err != nil {
		return result, err
	}
	p, err := w.pipeline(o, w.Budget)
	if err != nil {
		return result, err
	}
	v := o.Video(w.Store.Picture(j.Picture), output)
	v.Told = func(done, _ int) {
		if told.Progress != nil {
			told.Progress(min(float64(done)/float64(max(j.Frames, 1)), 1))
		}
	}
	end, err := w.share(&v, &j, told)
	if err != nil {
		return result, err
	}
	defer end()
	r, err := p.Video(ctx, v)
	if err != nil {
		return result, pipeline.Nameless(err, v.Input, v.Output)
	}
	w.countVideo(r)
	if result.Sum, result.Bytes, err = blobs.HashFile(output); err != nil {
		return result, err
	}
	r.Input, r.Output = j.Name, ""
	if result.Report, err = json.Marshal(r); err != nil {
		return result, err
	}
	_, err = w.Store.AddResult(j.ID)
	return result, err
}

// countVideo tells what was done with a video.
func (w *Works) countVideo(r *pipeline.VideoResult) {
	if w.Count == nil {
		return
	}
	w.Count.Stage("network", r.Seconds)
	w.Count.Pixels(int64(r.Frames)*int64(r.Width)*int64(r.Height), int64(r.Frames)*int64(r.OutWidth)*int64(r.OutHeight))
}

// runsOnDisk is how much of the disk runs that are under way take at most, about.
const runsOnDisk = 4 << 30

// share has the frames of a video computed by machines of the cluster, if there are any, it is not a run itself, and the disk has room for runs that are under way. end is called
// when the video is over.
func (w *Works) share(v *pipeline.Video, j *jobs.Job, told jobs.Told) (end func(), err error) {
	if w.Cluster == nil || w.Cluster.Workers() == 0 || j.Whole {
		return func() {}, nil
	}
	give, err := w.Store.Reserve(min(2*j.Bytes, runsOnDisk))
	if err != nil {
		w.Log.Warn("a video is computed here: its frames from other machines have no room on the disk", "job", j.ID, "error", err.Error())
		return func() {}, nil
	}
	if v.Folder, err = os.MkdirTemp(w.Folder, "video-"); err != nil {
		give()
		return nil, fault.Default(fault.Unavailable, err)
	}
	v.Runs = &runs{w: w, job: *j, told: told}
	return func() {
		_ = os.RemoveAll(v.Folder) // the next start removes what stays
		give()
	}, nil
}

// runs has runs of a job's video computed by the cluster. It implements pipeline.Runs.
type runs struct {
	w    *Works
	job  jobs.Job
	told jobs.Told
	here sync.Mutex // held while a run is computed here because no other machine can
}

const (
	// runsEach is how many runs are under way for each machine that helps and for this one: one is computed while the next one's frames come.
	runsEach = 2
	mostRuns = 256
)

// AtATime implements pipeline.Runs.
func (r *runs) AtATime() int { return min(runsEach*(r.w.Cluster.Workers()+1), mostRuns) }

// EnlargeRun implements pipeline.Runs.
func (r *runs) EnlargeRun(ctx context.Context, run *pipeline.Run, progress func(share float64)) (*pipeline.VideoResult, error) {
	sum, size, err := blobs.HashFile(run.Input)
	if err != nil {
		return nil, err
	}
	asked := maps.Clone(r.job.Order)
	if asked == nil {
		asked = map[string]string{}
	}
	asked["matrix"] = string(run.Matrix)
	done, err := r.w.Cluster.Do(ctx, coordinator.Picture{
		Job: r.job.ID + "R" + strconv.Itoa(run.Number), File: run.Input, Output: run.Output, Sum: sum, Bytes: size, Name: r.job.Name, Ending: r.job.Ending, Order: asked,
		Cost: float64(run.MACs) / macsPerSecond, Most: run.Bytes, Width: run.Out.Width, Height: run.Out.Height, Frames: run.Frames, Apart: r.job.Suspect, Here: r.told.Here,
	}, progress)
	switch {
	case errors.Is(err, coordinator.ErrNobody) && r.job.Suspect:
		return nil, fault.As(fault.Unavailable, err)
	case errors.Is(err, coordinator.ErrNobody):
		return r.alone(ctx, run, asked, progress)
	case err != nil:
		return nil, err
	}
	var result pipeline.VideoResult
	if err := json.Unmarshal(done.Report, &result); err != nil {
		return nil, fault.New(fault.Internal, "the report of a machine of the cluster cannot be read: %w", err)
	}
	return &result, nil
}

// alone computes a run here.
func (r *runs) alone(ctx context.Context, run *pipeline.Run, asked map[string]string, progress func(share float64)) (*pipeline.VideoResult, error) {
	r.here.Lock()
	defer r.here.Unlock()
	o, err := orderFrom(asked)
	if err != nil {
		return nil, err
	}
	p, err := r.w.pipeline(o, r.w.Budget)
	if err != nil {
		return nil, err
	}
	v := o.Video(run.Input, run.Output)
	v.Told = func(done, _ int) { progress(float64(done) / float64(run.Frames)) }
	result, err := p.Video(ctx, v)
	return result, pipeline.Nameless(err, run.Input, run.Output)
}

// orderFrom reads a job's options.
func orderFrom(fields map[string]string) (o order.Order, err error) {
	for name, value := range fields {
		if err := o.Set(name, value); err != nil {
			return o, err
		}
	}
	return o, nil
}
