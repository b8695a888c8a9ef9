package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"classsr/fault"
	"classsr/imageio"
	"classsr/infer"
	"classsr/internal/atomicfile"
	"classsr/pipeline/journal"
)

// Position says where a run is: at picture Index (from 0) of Count, and at Part (from 0) of Parts of it, which are its bands if it is enlarged band
// by band. Before, Size and All are the bytes of the files before it, of its own file and of all files. Where a Remote does several at a time, Index counts those that are
// over, Parts are thousandths, and Before has as much of the others under way as is done.
type Position struct {
	Index, Count      int
	Part, Parts       int
	Before, Size, All int64
}

// Watcher is told what happens: that a job starts, or goes on with another part, and then that it finished or failed; or that it was skipped, and why. An error that it
// returns ends the run. It is called by one goroutine at a time; where a Remote does several pictures at a time, parts of them come in any order.
type Watcher interface {
	Started(j Job, at Position)
	Finished(r *Result) error
	Skipped(j Job, why string) error
	Failed(f Failure) error
}

// Summary sums up a run. DoneBefore are those of the skipped pictures whose results an earlier run has made. Megapixels are those of the results, in 10^6; Seconds are those that the run took.
type Summary struct {
	Done       int     `json:"done"`
	Skipped    int     `json:"skipped"`
	DoneBefore int     `json:"done_before"`
	Failed     int     `json:"failed"`
	Seconds    float64 `json:"seconds"`
	Megapixels float64 `json:"megapixels"`
}

// Run does all the work, one picture after the other, or many at a time if there is a Remote; one that fails stops none. err is ctx's error as soon as ctx is done, one of the watcher,
// or one that all further pictures would have, too, as when the disk is full. Results in folders are noted in a journal (package journal), so
// that the same call goes on where a killed one was.
func (p *Pipeline) Run(ctx context.Context, work *Work, w Watcher) (Summary, error) {
	r := &run{looker: looker{Pipeline: p, work: work, replaces: p.Overwrite}, watcher: w, start: time.Now()}
	err := r.all(ctx)
	r.journal.Close()
	r.summary.Seconds = time.Since(r.start).Seconds()
	return r.summary, err
}

// run is a run of a Pipeline.
type run struct {
	looker
	watcher Watcher
	start   time.Time
	only    map[*source]bool // what is to be done of the work; nil for all
	abroad  *abroad          // nil if there is no Remote

	mu      sync.Mutex // with abroad, guards what follows, the journal's entries and calls of the watcher
	summary Summary
	at      Position // without parts: of pictures that are over
}

// all does all the work, here or abroad.
func (r *run) all(ctx context.Context) error {
	if r.Remote == nil {
		return r.folders(ctx)
	}
	within, end := r.goAbroad(ctx)
	return end(r.folders(within))
}

// folders does all the work, folder by folder.
func (r *run) folders(ctx context.Context) error {
	r.at.Count, r.at.All = r.work.count, r.work.bytes
	if r.only != nil {
		r.at.Count, r.at.All = len(r.only), 0
		for in := range r.only {
			r.at.All += in.file.Size
		}
	}
	for _, f := range r.work.Failures {
		if err := r.failed(f); err != nil {
			return err
		}
	}
	for i := range r.work.folders {
		f := &r.work.folders[i]
		if !r.wantsSome(f) {
			continue
		}
		if err := r.keep(f.keeper); err != nil {
			return err
		}
		r.Frames.restart()
		if r.work.Searched || f.keeper.folder != "" {
			atomicfile.Sweep(f.path, isOurs)
		}
		for k, j := range f.jobs(r.work.naming) {
			in := &f.sources[k]
			if !r.wants(in) {
				continue
			}
			if err := r.file(ctx, j, in.file.Size); err != nil {
				return err
			}
		}
	}
	return r.endJournal()
}

// endJournal ends the journal when all pictures are over that it is about.
func (r *run) endJournal() error {
	if r.abroad != nil {
		if err := r.abroad.rest(); err != nil {
			return err
		}
	}
	return r.journal.End()
}

// wants tells whether a picture is to be enlarged.
func (r *run) wants(in *source) bool { return r.only == nil || r.only[in] }

// wantsSome tells whether one of a folder is.
func (r *run) wantsSome(f *folderOfResults) bool {
	for k := range f.sources {
		if r.wants(&f.sources[k]) {
			return true
		}
	}
	return false
}

// isOurs tells whether a file of this name could be a result.
func isOurs(name string) bool {
	_, err := imageio.FormatOf(name)
	return err == nil
}

// keep goes over to the journal of another folder.
func (r *run) keep(k keeper) error {
	if k == r.keeper {
		return nil
	}
	if err := r.endJournal(); err != nil {
		return err
	}
	r.journal.Close()
	r.journal, r.keeper = nil, k
	if k.folder == "" {
		return nil
	}
	if !k.passing {
		if err := makeFolder(k.folder); err != nil {
			return err
		}
	}
	var err error
	r.journal, err = journal.Open(k.folder, r.journalRun(k))
	// Several runs over a few named files each are fine, and such files are told one by one what is wrong with their folders.
	if k.passing || fault.KindOf(err) == fault.Busy && !r.work.Searched {
		return nil
	}
	return err
}

// journalRun is what a run is like for a journal.
func (p *Pipeline) journalRun(k keeper) journal.Run {
	return journal.Run{Options: p.Options, Overwrite: p.Overwrite, Passing: k.passing}
}

// makeFolder makes a folder that results go into.
func makeFolder(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("cannot make the output folder: %w", err)
	}
	return nil
}

// file does the job of a file of so many bytes, or those of its pages.
func (r *run) file(ctx context.Context, j namedJob, size int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	count, jobs := r.pages(j)
	r.more(count - 1)
	each, rest := size/int64(count), size%int64(count)
	for j := range jobs {
		if err := r.job(ctx, j, each+rest); err != nil {
			return err
		}
		rest = 0
	}
	return nil
}

// more counts more pictures than were known in the beginning.
func (r *run) more(pictures int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at.Count += pictures
}

// job does a job, for so many bytes of a file, or has it done, unless there is nothing to do or it cannot be.
func (r *run) job(ctx context.Context, j namedJob, size int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := r.task(j)
	if r.abroad != nil && t.rival != "" { // whether that has the same name shows when it is there
		if err := r.abroad.rest(); err != nil {
			return err
		}
	}
	r.Frames.next()
	needed, err := r.needed(&t, j.err, size)
	switch {
	case err != nil || !needed:
		return err
	case r.abroad != nil:
		return r.away(ctx, t, size)
	}
	r.at.Size = size
	err = r.here(ctx, t)
	r.over(size)
	return err
}

// needed tells whether a job is to be done. The watcher is told if there is nothing to do, or if it cannot be: because of its name, if that has an error.
func (r *run) needed(t *task, name error, size int64) (needed bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	why := ""
	if err = name; err == nil {
		why, err = r.look(t)
	}
	switch {
	case err != nil:
		err = r.failed(Failure{t.Job, err})
	case why != "":
		r.summary.Skipped++
		if why == DoneBefore {
			r.summary.DoneBefore++
		}
		r.Frames.skip(*t)
		err = r.watcher.Skipped(t.Job, why)
	default:
		return true, nil
	}
	r.over(size)
	return false, err
}

// here does a job on this machine.
func (r *run) here(ctx context.Context, t task) (err error) {
	r.at.Part, r.at.Parts = 0, 1
	r.watcher.Started(t.Job, r.at)
	t.part = func(index, count int) {
		r.at.Part, r.at.Parts = index, count
		r.watcher.Started(t.Job, r.at)
	}
	var result *Result
	if t.Output != Std {
		err = makeFolder(filepath.Dir(t.Output))
	}
	if err == nil {
		err = r.catchUp(ctx)
	}
	if err == nil {
		result, err = r.one(ctx, t)
	}
	if errors.Is(err, infer.ErrUntrusted) && t.Input != Std && t.Output != Std {
		result, err = r.one(ctx, t) // by the processor
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return r.ended(t.Job, result, err)
}

// ended tells what became of a job that was begun: a result, or an error. An error that it returns ends the run.
func (r *run) ended(j Job, result *Result, err error) error {
	if err != nil {
		if watcherErr := r.failed(Failure{j, err}); watcherErr != nil {
			return watcherErr
		}
		return r.stops(j.Output, err)
	}
	r.summary.Done++
	r.summary.Megapixels += float64(result.OutWidth) * float64(result.OutHeight) / 1e6
	return r.watcher.Finished(result)
}

func (r *run) failed(f Failure) error {
	r.summary.Failed++
	return r.watcher.Failed(f)
}

// over counts a picture of so many bytes as over.
func (r *run) over(size int64) {
	r.at.Index++
	r.at.Before += size
}

// stops tells whether all further pictures would fail for the same reason.
func (r *run) stops(output string, err error) error {
	if r.at.Index+1 == r.at.Count {
		return nil
	}
	if cause := fault.Disk(err); cause != nil {
		return fmt.Errorf("stopped, since nothing more can be written to %s (%w): change that, and give the same command again to go on",
			filepath.Dir(output), cause)
	}
	return nil
}

// task is a job with what is known of its picture before it starts.
type task struct {
	Job
	reading imageio.Options
	rival   string                 // the output of another picture, which has the same name but for capital letters; empty for none
	part    func(index, count int) // is told of each part of the picture but the first, if there are several; nil for nobody
	source  journal.Stamp          // of the picture; zero for standard input
	journal *journal.Journal
}

func (l *looker) task(j namedJob) task {
	t := task{Job: j.Job, reading: l.Reading, journal: l.journal, rival: j.rival}
	if l.work.pages {
		t.reading.Page = max(j.Page, 1)
	}
	if l.AllBands {
		t.reading.Bands, t.reading.Band = nil, 1
	}
	return t
}

// errChanged is the error about a picture that somebody writes while it is read.
var errChanged = fault.New(fault.Busy, "it changed while it was being read: enlarge it again when it is complete")

// unchanged returns an error if the picture is not what it was.
func (t *task) unchanged() error {
	if t.Input == Std {
		return nil
	}
	info, err := os.Stat(t.Input)
	if err != nil || journal.StampOf(info) == t.source {
		return nil // what vanished was read
	}
	return fmt.Errorf("%s: %w", t.Input, errChanged)
}

// readUnchanged is read with an error about a picture that somebody has written meanwhile, which may be why it cannot be read.
func (p *Pipeline) readUnchanged(ctx context.Context, t task, format string) (*reading, *course, error) {
	in, c, err := p.read(ctx, t, format)
	if changed := t.unchanged(); changed != nil {
		if err == nil {
			c.release()
			in.Close()
		}
		return nil, nil, changed
	}
	return in, c, err
}

// unlessChanged gives an error, or nil, about a picture, or the one that it has changed if it was still being read.
func (t *task) unlessChanged(in *reading, err error) error {
	if in.file != nil {
		if changed := t.unchanged(); changed != nil {
			return changed
		}
	}
	return err
}

// note enters the result into the journal.
func (t *task) note(result fs.FileInfo) error {
	return t.journal.Done(t.Output, journal.StampOf(result), t.Input, t.source)
}
