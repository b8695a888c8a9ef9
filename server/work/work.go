// Package work does what the server is for, by the pipeline: it judges pictures, plans and enlarges them, and makes the views of pictures and results that browsers show. It is the only
// package of the server that knows pictures.
package work

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"classsr/budget"
	"classsr/cluster/coordinator"
	"classsr/fault"
	"classsr/gpu"
	"classsr/imageio"
	"classsr/imageio/y4m"
	"classsr/models"
	"classsr/pipeline"
	"classsr/pipeline/order"
	"classsr/server/blobs"
	"classsr/server/jobs"
	"classsr/server/library"
	"classsr/server/limits"
	"classsr/server/pace"
	"classsr/server/problem"
	"classsr/server/tokens"
	"classsr/server/view"
	"classsr/weights"
)

// Options is what the work stands on.
type Options struct {
	Budget  *budget.Budget // of which parts are set aside for models and for direct requests
	Store   *blobs.Store
	Library *library.Library // of models in files
	Limits  limits.Limits
	Pace    *pace.Pace // nil: a new one
	Folder  string     // for results of direct requests, which are removed when they are sent; emptied by New
	Log     *slog.Logger
	Count   Counter // nil: nothing is counted
	// Device, if not nil, is a GPU that computes pictures: all, or with DeviceAuto those at which it is faster.
	Device     *gpu.Device
	DeviceAuto bool
	// AtATime is how many jobs this machine does at a time; 0 means 2.
	AtATime int
	// Cluster has pictures computed by other machines; nil: there are none.
	Cluster *coordinator.Coordinator
	// Whole is up to which arithmetic, in multiply-accumulates, a picture goes to one machine of the cluster, file in and file out; of larger ones, rows are shared
	// out. 0 means 800e9.
	Whole float64
}

// Counter is told what was done.
type Counter interface {
	// Stage is told of seconds that a part of the work took: decode, route, network, encode or hash.
	Stage(stage string, seconds float64)
	// Pixels is told of the pixels of a picture and of its result.
	Pixels(in, out int64)
	// Class is told of pixels of a picture that went through a class of a model.
	Class(model, class string, pixels int64)
}

// Works does jobs, and small pictures at once. It is safe for concurrent use.
type Works struct {
	Options
	direct *budget.Budget
	turns  *turns // of small pictures, views and looks
	large  *turns // of views and looks that take long, or more memory than direct has
	curves curves
	models func() []Model
	shelf  *pipeline.Shelf
	// atATime has room for jobs that this machine does.
	atATime chan struct{}

	viewWait, lookWait time.Duration // how long a view and a look may wait
}

const (
	// directShare of the memory, at most directMost bytes, is set aside for direct requests.
	directShare = 4
	directMost  = 96 << 20
	// What direct requests are for: pixels of the picture and of the result, and seconds.
	directPixels    = 1 << 20
	directPixelsOut = 16 << 20
	directSeconds   = 5
)

// New prepares work.
func New(o Options) (*Works, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Pace == nil {
		o.Pace = pace.New(nil)
	}
	if err := os.RemoveAll(o.Folder); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Folder, 0o700); err != nil {
		return nil, err
	}
	w := &Works{Options: o, turns: newTurns(max(o.Budget.Threads()/2, 1)), large: newTurns(1), viewWait: viewWait, lookWait: lookWait, models: sync.OnceValue(listModels)}
	if w.AtATime <= 0 {
		w.AtATime = 2
	}
	if w.Whole <= 0 {
		w.Whole = wholeMACs
	}
	w.atATime = make(chan struct{}, w.AtATime)
	shelved := ShelfBytes(o.Budget.Memory())
	o.Budget.Part(shelved)
	w.shelf = pipeline.NewShelf(shelved)
	w.shelf.Files = func(sum [sha256.Size]byte) (*weights.Model, error) { return o.Library.Load(sum) }
	w.shelf.Use(o.Device, o.DeviceAuto)
	w.direct = o.Budget.Part(min(o.Budget.Memory()/directShare, directMost))
	return w, nil
}

// Judged is what a picture's headers tell, and what an order makes of it.
type Judged struct {
	Format              string
	Width, Height       int // pixels
	OutWidth, OutHeight int
	Frames              int // of a video; 0 for pictures
	Model, Kind         string
	Because             string // why it is not the usual model
	ResultFormat        string
	Ending              string // of the result's file, with its dot
	Seconds             float64
	Looked              bool  // the seconds are from a look at the picture that Plan took before, not from its headers alone
	Whole               bool  // its rows cannot be computed apart from each other
	ResultBytes         int64 // at most, about

	files  float64 // seconds to read and write files
	routes bool    // classes are chosen
}

// Judge looks at the headers of a file, and at what an order would make of it. It is the only place where pictures are refused before they are accepted; nothing is
// decoded. Errors name no files: those that are stored have no names that a user knows.
func (w *Works) Judge(path, name string, o order.Order) (*Judged, error) {
	j, err := w.judge(path, name, o)
	if err != nil {
		return nil, err
	}
	if p, ok := w.remembered(path, o); ok {
		j.Seconds, j.Looked = j.files+p.Seconds, true
	}
	return j, nil
}

// judge is Judge by headers alone.
func (w *Works) judge(path, name string, o order.Order) (*Judged, error) {
	if err := w.RefuseName(name); err != nil {
		return nil, err
	}
	if pipeline.IsVideo(path) {
		return w.judgeVideo(path, name, o)
	}
	if err := o.CheckPicture(); err != nil {
		return nil, err
	}
	p, err := w.pipeline(o, w.Budget)
	if err != nil {
		return nil, err
	}
	h, err := p.Header(path, shown(name), func(c imageio.Config) error {
		return w.accept(int64(c.Width)*int64(c.Height), w.Limits.MaxPixelsIn, "picture")
	})
	if err != nil {
		return nil, pipeline.Nameless(err, path, "")
	}
	if err := w.accept(int64(h.Out.Width)*int64(h.Out.Height), w.Limits.MaxPixels, "result"); err != nil {
		return nil, err
	}
	format, ending := o.ResultFormat(h.Format)
	if err := imageio.CheckOutput(format, h.Out); err != nil {
		return nil, err
	}
	return w.judged(h, &o, format, ending)
}

// judged puts together what is known of a picture or a video, and refuses what would take too long.
func (w *Works) judged(h *pipeline.Header, o *order.Order, format, ending string) (*Judged, error) {
	j := &Judged{
		Format: h.Format, Width: h.In.Width, Height: h.In.Height, OutWidth: h.Out.Width, OutHeight: h.Out.Height, Frames: h.Frames, ResultFormat: format, Ending: ending,
		Model: h.Model, Kind: string(h.Kind), Because: h.ChosenBecause, ResultBytes: h.Bytes, Whole: !h.Divides || o.Classes != "", routes: h.Routes && o.Classes == "",
	}
	less := "ask for a smaller result"
	if h.Frames > 0 {
		j.Whole, less = h.Decided, "ask for a smaller result, or send parts of it"
	}
	j.Seconds, j.files = w.forecast(h)
	key := pace.Key{Model: jobs.PaceModel(j.Model), Mode: "", Format: j.Ending}
	if seconds := w.Pace.Seconds(key, j.Seconds); seconds > w.Limits.MaxJobTime.Seconds() {
		return nil, fault.New(fault.TooLarge, "it would take about %s, %s are allowed: %s", time.Duration(seconds*float64(time.Second)).Round(time.Second), w.Limits.MaxJobTime, less)
	}
	return j, nil
}

func (w *Works) accept(pixels, most int64, of string) error {
	if pixels > most {
		return fault.New(fault.TooLarge, "the %s has %.1f megapixels, %.1f are allowed", of, float64(pixels)/1e6, float64(most)/1e6)
	}
	return nil
}

// What a forecast reckons with: multiply-accumulates a second of a core with the slowest kernels that are usual, and pixels of results that are encoded in a
// second. Pace learns by how much that is wrong here.
const (
	macsPerSecond   = 40e9
	pixelsPerSecond = 40e6
)

// forecast is about how many seconds of the whole machine a picture takes, and how many of these its files.
func (w *Works) forecast(h *pipeline.Header) (all, files float64) {
	cores := float64(w.Budget.Threads())
	files = 0.05 + float64(max(h.Frames, 1))*float64(h.Out.Width)*float64(h.Out.Height)/pixelsPerSecond/cores
	return files + float64(h.MACs)/macsPerSecond/cores, files
}

// shown is what a picture is called in messages.
func shown(name string) string {
	if name == "" {
		return "the picture"
	}
	return name
}

// RefuseName refuses pictures whose names tell that they cannot be read.
func (w *Works) RefuseName(name string) error { return imageio.RefuseName(name) }

// First refuses a picture by its first bytes, where they tell enough.
func (w *Works) First(first []byte) error {
	if y4m.Recognise(first) {
		return w.firstOfVideo(first)
	}
	c, ok := imageio.Peek(first)
	if !ok {
		return nil
	}
	return w.accept(int64(c.Width)*int64(c.Height), w.Limits.MaxPixelsIn, "picture")
}

// Run does a job. It implements jobs.Runner.
func (w *Works) Run(ctx context.Context, j jobs.Job, told jobs.Told) (result jobs.Result, err error) {
	defer w.survive(&err, j.ID)
	o, err := orderFrom(j.Order)
	if err != nil {
		return result, err
	}
	if w.byWorker(&j, o) {
		result, err = w.whole(ctx, j, told)
		switch {
		case !errors.Is(err, coordinator.ErrNobody):
			return result, err
		case j.Suspect: // not here, but as the table has such jobs run: alone, and not for ever
			return result, fault.As(fault.Unavailable, err)
		case told.Here != nil:
			told.Here()
		}
	}
	select { // more jobs may run than this machine does at a time
	case w.atATime <- struct{}{}:
	case <-ctx.Done():
		return result, ctx.Err()
	}
	defer func() { <-w.atATime }()
	if j.Format == pipeline.Y4M {
		return w.video(ctx, j, o, told)
	}
	return w.divided(ctx, j, o, told)
}

// here does a job on this machine; elsewhere, if not nil, computes its rows.
func (w *Works) here(ctx context.Context, j jobs.Job, o order.Order, elsewhere pipeline.Elsewhere, told jobs.Told) (result jobs.Result, err error) {
	output := w.Store.Result(j.ID, j.Ending)
	if err := os.MkdirAll(filepath.Dir(output), 0o700); err != nil {
		return result, err
	}
	r, err := w.enlarge(ctx, w.Budget, o, w.Store.Picture(j.Picture), output, j.ID, elsewhere, told)
	if err != nil {
		return result, err
	}
	return w.finish(r, j, output)
}

// finish writes what belongs to a result, and tells what there is.
func (w *Works) finish(r *pipeline.Result, j jobs.Job, output string) (result jobs.Result, err error) {
	if result.Map, err = view.SaveMap(r.Route, w.Store.Result(j.ID, view.MapEnding)); err != nil {
		return result, err
	}
	result.View = view.Wanted(j.Ending, r.OutWidth*r.OutHeight)
	begun := time.Now()
	if result.Sum, result.Bytes, err = blobs.HashFile(output); err != nil {
		return result, err
	}
	if w.Count != nil {
		w.Count.Stage("hash", time.Since(begun).Seconds())
	}
	r.Input, r.Output = j.Name, ""
	if result.Report, err = json.Marshal(r); err != nil {
		return result, err
	}
	_, err = w.Store.AddResult(j.ID)
	return result, err
}

// survive turns a panic into an error, so that a picture that the program makes a mistake with ends its own job only.
func (w *Works) survive(err *error, job string) {
	if mistake := recover(); mistake != nil {
		w.Log.Error("mistake in the program", "job", job, "panic", fmt.Sprint(mistake), "stack", string(debug.Stack()))
		*err = fault.New(fault.Internal, "a mistake in the program; the server's log tells more")
	}
}

// enlarge does one picture by the pipeline.
func (w *Works) enlarge(ctx context.Context, b *budget.Budget, o order.Order, input, output, job string, elsewhere pipeline.Elsewhere, told jobs.Told) (*pipeline.Result, error) {
	p, err := w.pipeline(o, b)
	if err != nil {
		return nil, err
	}
	p.Progress, p.Elsewhere = told.Progress, elsewhere
	v := view.OfResult(filepath.Ext(output), bandsOf(job, told), told.Watched)
	if job != "" {
		p.Rows = v.Rows
	}
	r, err := p.Single(ctx, pipeline.Job{Input: input, Output: output})
	if err != nil {
		return nil, err
	}
	if job != "" {
		if _, err := v.Save(w.Store.Result(job, view.Ending)); err != nil {
			return nil, err
		}
	}
	w.count(r)
	return r, nil
}

// bandsOf tells of bands of a job's view.
func bandsOf(job string, told jobs.Told) func(view.Band) {
	if told.Band == nil || told.Watched == nil {
		return nil
	}
	return func(b view.Band) {
		told.Band(jobs.Band{Job: job, Top: b.Top, Height: b.Height, Width: b.Width, Whole: b.Whole, JPEG: b.JPEG})
	}
}

// count tells what was done with a picture.
func (w *Works) count(r *pipeline.Result) {
	if w.Count == nil {
		return
	}
	for stage, seconds := range map[string]float64{"decode": r.Seconds.Decode, "route": r.Seconds.Route, "network": r.Seconds.Network, "encode": r.Seconds.Encode} {
		w.Count.Stage(stage, seconds)
	}
	in := int64(r.Width) * int64(r.Height)
	w.Count.Pixels(in, int64(r.OutWidth)*int64(r.OutHeight))
	for i, class := range r.Classes {
		model, name := r.Model, class.Name
		if _, inFile := models.FileSum(model); inFile { // there may be any number of them, with any names in them
			model, name = inFiles, strconv.Itoa(i+1)
		}
		w.Count.Class(model, name, int64(math.Round(class.Share*float64(in))))
	}
}

// inFiles is what all models in files are called where things are counted.
const inFiles = "file"

// Waiting is how many small pictures, views and looks wait for their turn.
func (w *Works) Waiting() int { return w.turns.len() + w.large.len() }

// Memory is the memory that jobs and direct requests may take together, what is reserved of it, and what is kept for the next picture, in bytes.
func (w *Works) Memory() (all, reserved, parked int64) {
	for _, b := range []*budget.Budget{w.Budget, w.direct} {
		r, p := b.InUse()
		all, reserved, parked = all+b.Memory(), reserved+r, parked+p
	}
	return all, reserved, parked
}

// Done is a picture that was enlarged directly.
type Done struct {
	Path, Ending        string
	Width, Height       int
	OutWidth, OutHeight int
	Report              *pipeline.Result
	Release             func() // removes the file
}

// Direct enlarges a small picture now, in turn with those of other owners. One that is too large for that is an error of kind fault.TooLarge, and too many at once
// one of kind fault.Busy.
func (w *Works) Direct(ctx context.Context, t tokens.Token, picture, name string, o order.Order) (done *Done, err error) {
	defer w.survive(&err, "direct")
	j, err := w.judge(picture, name, o)
	if err != nil {
		return nil, err
	}
	if j.Frames > 0 {
		return nil, fault.New(fault.Unsupported, "a video takes too long to be enlarged while you wait: send it to /v1/jobs")
	}
	seconds := w.Pace.Seconds(pace.Key{Model: jobs.PaceModel(j.Model), Format: "direct"}, j.Seconds)
	if j.Width*j.Height > directPixels || j.OutWidth*j.OutHeight > directPixelsOut || seconds > directSeconds {
		return nil, fault.New(fault.TooLarge, "the picture is too large to be enlarged while you wait: send it to /v1/jobs")
	}
	leave, err := w.turns.enter(ctx, t.Name, t.Weight, seconds)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	defer func() { leave(time.Since(begun).Seconds()) }()
	folder, err := os.MkdirTemp(w.Folder, "")
	if err != nil {
		return nil, err
	}
	finished := false
	defer func() {
		if !finished { // after a panic, too
			_ = os.RemoveAll(folder)
		}
	}()
	path := filepath.Join(folder, "result"+j.Ending)
	report, err := w.enlarge(ctx, w.direct, o, picture, path, "", nil, jobs.Told{})
	if fault.KindOf(err) == fault.TooLarge {
		err = fault.New(fault.TooLarge, "the picture takes more memory than is set aside for those that are enlarged while you wait: send it to /v1/jobs")
	}
	if err != nil {
		return nil, err
	}
	finished = true
	w.Pace.Observe(pace.Key{Model: jobs.PaceModel(j.Model), Format: "direct"}, j.Seconds, time.Since(begun).Seconds())
	report.Input, report.Output = name, ""
	return &Done{
		Path: path, Ending: j.Ending, Width: j.Width, Height: j.Height, OutWidth: j.OutWidth, OutHeight: j.OutHeight, Report: report,
		Release: func() { _ = os.RemoveAll(folder) },
	}, nil
}

// later is the error of those who would wait too long.
func later(seconds float64) error {
	return problem.Later(fault.Busy, time.Duration(max(seconds, 1)*float64(time.Second)), "others are before you: come again")
}
