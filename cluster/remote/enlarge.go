package remote

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"classsr/client"
	"classsr/fault"
	"classsr/pipeline"
)

// tries is how often a picture is done whose job is lost, as when somebody removes it on the server's page.
const tries = 3

// Enlarge implements pipeline.Remote.
func (r *Remote) Enlarge(ctx context.Context, e *pipeline.Errand, progress func(share float64)) (*pipeline.Result, error) {
	var result pipeline.Result
	if err := r.do(ctx, e, &result, progress); err != nil {
		return nil, err
	}
	result.Model = r.called(result.Model)
	r.tellChosen(e, &result)
	return &result, nil
}

// EnlargeRun implements pipeline.Runs: a run is a job like a picture.
func (r *Remote) EnlargeRun(ctx context.Context, run *pipeline.Run, progress func(share float64)) (*pipeline.VideoResult, error) {
	var result pipeline.VideoResult
	if err := r.do(ctx, run.Errand(), &result, progress); err != nil {
		return nil, err
	}
	result.Model = r.called(result.Model)
	return &result, nil
}

// do has an errand done, whose report is read into result.
func (r *Remote) do(ctx context.Context, e *pipeline.Errand, result any, progress func(share float64)) error {
	if err := r.begin(ctx); err != nil {
		return err
	}
	for n := 1; ; n++ {
		err := r.doOnce(ctx, e, result, progress)
		var l lost
		if n == tries || !errors.As(err, &l) {
			return err
		}
	}
}

// doOnce sends a picture, waits for its result and writes it. Its job is removed then, unless the server is gone: the next run finds it.
func (r *Remote) doOnce(ctx context.Context, e *pipeline.Errand, result any, progress func(share float64)) error {
	j, err := r.send(ctx, e)
	if err != nil {
		return err
	}
	err = r.receive(ctx, e, j.ID, result, progress)
	var gone *pipeline.Gone
	if !errors.As(err, &gone) && !errors.As(context.Cause(ctx), &gone) {
		r.remove(ctx, j.ID)
	}
	return err
}

// receive waits for the result of a job and writes it.
func (r *Remote) receive(ctx context.Context, e *pipeline.Errand, id string, result any, progress func(share float64)) error {
	if err := e.Unchanged(); err != nil {
		return err
	}
	j, err := r.job(ctx, id, progress)
	if err != nil {
		return r.unlessLost(ctx, e, err)
	}
	switch {
	case j.State == client.Cancelled:
		return about(e, fault.Conflict, "its job was cancelled on the server")
	case j.State == client.Failed && j.Error != nil:
		return about(e, j.Error.Kind, r.called(j.Error.Message))
	case j.State != client.Done:
		return about(e, fault.Internal, "the server does not say what is wrong with it")
	}
	if err := json.Unmarshal(j.Report, result); err != nil {
		return about(e, fault.Internal, "the server's report cannot be read: "+err.Error())
	}
	return r.fetch(ctx, e, id)
}

// unlessLost is judged, or that the job is lost.
func (r *Remote) unlessLost(ctx context.Context, e *pipeline.Errand, err error) error {
	if fault.KindOf(err) == fault.NotFound && ctx.Err() == nil {
		return lost{about(e, fault.NotFound, "its job is not on the server any more")}
	}
	return r.judged(ctx, e, err)
}

// patient is how long a picture that is being sent is sent on when the run ends: a small one has become a job by then, which can be removed.
const patient = 2 * time.Second

// send makes a picture a job.
func (r *Remote) send(ctx context.Context, e *pipeline.Errand) (j client.Job, err error) {
	turns := r.uploads
	if e.Page > 0 {
		turns = r.pages // one after the other: the file is sent once
	}
	select {
	case <-ctx.Done():
		return j, ctx.Err()
	case turns <- struct{}{}:
	}
	defer func() { <-turns }()
	picture, closeFile, err := e.Open()
	if err != nil {
		return j, err
	}
	defer closeFile()
	sum, err := sumOf(ctx, picture)
	if err != nil {
		return j, fmt.Errorf("%s: %w", e.Picture(), err)
	}
	s := submission{e: e, picture: picture, sum: sum, order: r.order(e)}
	s.key = keyOf(s)
	within, cancel := after(ctx, patient)
	defer cancel()
	for range tries {
		if j, err = r.submit(within, s); err != nil {
			return j, r.judged(ctx, e, err)
		}
		if j.State != client.Failed && j.State != client.Cancelled {
			break
		}
		r.remove(ctx, j.ID) // it is of an earlier run
	}
	if j.Picture != sum {
		r.remove(ctx, j.ID)
		return j, about(e, fault.Busy, "it changed while it was being sent: enlarge it again when it is complete")
	}
	return j, nil
}

// submission is what becomes a job.
type submission struct {
	e       *pipeline.Errand
	picture *io.SectionReader
	sum     string // SHA-256, in hexadecimal digits
	order   map[string]string
	key     string
}

// submit makes a job. A server that has the model no more gets it again.
func (r *Remote) submit(ctx context.Context, s submission) (client.Job, error) {
	j, err := r.submitOnce(ctx, s)
	if r.Model == nil || fault.KindOf(err) != fault.NotFound {
		return j, err
	}
	if err := r.bring(ctx); err != nil {
		return client.Job{}, err
	}
	return r.submitOnce(ctx, s)
}

// submitOnce makes a job, without sending the picture if the server has it.
func (r *Remote) submitOnce(ctx context.Context, s submission) (client.Job, error) {
	has, err := r.client.Has(ctx, s.sum)
	if err != nil {
		return client.Job{}, err
	}
	if has {
		j, err := r.client.SubmitSent(ctx, s.key, s.sum, s.order)
		if fault.KindOf(err) != fault.NotFound { // unless it was removed at this moment
			return j, err
		}
	}
	if _, err := s.picture.Seek(0, io.SeekStart); err != nil {
		return client.Job{}, err
	}
	name := ""
	switch {
	case s.e.Name != "":
		name = filepath.Base(s.e.Name)
	case s.e.Input != pipeline.Std:
		name = filepath.Base(s.e.Input)
	}
	return r.client.SubmitAs(ctx, s.key, s.picture, name, s.order)
}

// order is what is wanted of a picture.
func (r *Remote) order(e *pipeline.Errand) map[string]string {
	order := maps.Clone(r.Order)
	if order == nil {
		order = map[string]string{}
	}
	if r.Model != nil {
		order["model"] = r.Model.Name()
	}
	order["format"] = map[string]string{"jpeg": "jpg", "tiff": "tif"}[e.Format]
	if order["format"] == "" {
		order["format"] = e.Format
	}
	maps.Copy(order, e.Order)
	if e.ReadPage > 0 {
		order["page"] = strconv.Itoa(e.ReadPage)
	}
	return order
}

// keyOf names a submission by what it is and where its result goes, so that the same one is the same job again. What comes or goes through a pipe is never the same.
func keyOf(s submission) string {
	switch {
	case len(s.e.Key) > 0:
		return keyOfAll(s.e.Key, s.sum, s.order)
	case s.e.Name != "" || s.e.Input == pipeline.Std || s.e.Output == pipeline.Std:
		return rand.Text()
	}
	input, inputErr := filepath.Abs(s.e.Input)
	output, outputErr := filepath.Abs(s.e.Output)
	if errors.Join(inputErr, outputErr) != nil {
		return rand.Text()
	}
	return keyOfAll([]string{input, output}, s.sum, s.order)
}

// keyOfAll is a key of what names a submission, on this machine.
func keyOfAll(names []string, sum string, order map[string]string) string {
	host, hostErr := os.Hostname()
	text, err := json.Marshal([]any{host, names, sum, order}) // maps in the order of their keys
	if errors.Join(hostErr, err) != nil {
		return rand.Text()
	}
	hash := sha256.Sum256(text)
	return hex.EncodeToString(hash[:])
}

// sumOf is the SHA-256 of a picture, in hexadecimal digits.
func sumOf(ctx context.Context, picture io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, reader{ctx, picture}); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// reader ends with its context.
type reader struct {
	ctx context.Context
	io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// after is a context that is done some time after another.
func after(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(d, cancel) })
	return late, func() {
		stop()
		cancel()
	}
}

// fetch writes the result of a job.
func (r *Remote) fetch(ctx context.Context, e *pipeline.Errand, id string) error {
	var served error // what came from the server, or did not
	var out *written
	err := e.Write(func(w io.Writer) error {
		out = &written{w: w}
		err := r.client.Result(ctx, id, out)
		if out.err == nil {
			served = err
		}
		return err
	})
	if served == nil {
		return err
	}
	var answer *client.Error
	switch kind := fault.KindOf(served); {
	case ctx.Err() != nil:
	case out.bytes > 0 && e.Output == pipeline.Std:
		return about(e, kind, served.Error()) // which cannot be taken back
	case kind == fault.NotFound, !errors.As(served, &answer) && (kind == fault.Damaged || kind == fault.Conflict):
		return lost{about(e, kind, served.Error())}
	}
	return r.judged(ctx, e, served)
}

// written counts what was written, and keeps its error.
type written struct {
	w     io.Writer
	bytes int
	err   error
}

func (w *written) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	w.bytes, w.err = w.bytes+n, err
	return n, err
}

// Bounds of removing a job: in all, for a server that is not there, and between two attempts.
const (
	removeTime     = 15 * time.Second
	removePatience = 2 * time.Second
	removeAgain    = 100 * time.Millisecond
)

// remove removes a job from the server, whether it is over or not, also when ctx is done. Where that cannot be, the server removes it when its time is over.
func (r *Remote) remove(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTime)
	defer cancel()
	c := r.client.WithPatience(removePatience)
	for {
		if err := c.Cancel(ctx, id); err != nil {
			return
		}
		if _, err := c.Job(ctx, id); err != nil {
			return // it is gone: one that runs is so only when it has stopped, and one that was cancelled at the second time
		}
		if sleep(ctx, removeAgain) != nil {
			return
		}
	}
}

// tellChosen tells once which model was chosen that is not the usual one.
func (r *Remote) tellChosen(e *pipeline.Errand, result *pipeline.Result) {
	if result.ChosenBecause == "" {
		return
	}
	r.mu.Lock()
	told := r.chosen[result.Model]
	r.chosen[result.Model] = true
	r.mu.Unlock()
	if !told {
		r.tell(fmt.Sprintf("%s: %s: %s is used", e.Picture(), result.ChosenBecause, result.Model))
	}
}
