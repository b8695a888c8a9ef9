// Package train trains ClassSR models: the branches, the Class-Module and all of it together (sections 3.4 and 4.1 of the paper), as a
// recipe says, from a file that classsr/dataset made.
//
// Start with LoadRecipe and Run. A run keeps a folder: checkpoints, from which it can be resumed to the same bits whenever and however
// it ended; a log of JSON lines and a page made of it (package train/report); in the end the model. The bits do not depend on the
// number of threads.
package train

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"

	"classsr/dataset"
	"classsr/fault"
	"classsr/internal/par"
	"classsr/tensor"
	"classsr/train/report"
)

// ModelName is the file in the folder of a run that the trained model is written to.
const ModelName = "model.safetensors"

// Options are what Run is told besides the recipe.
type Options struct {
	Data       string // the training data, a file of classsr prepare
	Folder     string // of the run
	Validation string // folder of HR pictures, in place of the recipe's
	Judge      string // of these, a model, built in or a file, in place of the recipe's
	Threads    int    // 0 stands for all cores
	// Resume continues the run in the folder. Without it, a folder that contains a run is an error.
	Resume bool
	// Progress, if not nil, is called regularly, and Note with remarks for the user, such as warnings.
	Progress func(Progress)
	Note     func(text string)
}

// Result says what came out of a run.
type Result struct {
	Model      string      `json:"model"` // path of the file
	Validation *Validated  `json:"validation,omitempty"`
	Warnings   []string    `json:"warnings"`
	Stages     []StageTime `json:"stages"`
}

// StageTime is a stage that this call of Run has run.
type StageTime struct {
	Name    string  `json:"name"`
	Steps   int     `json:"steps"`
	Seconds float64 `json:"seconds"`
}

// trainer is a run.
type trainer struct {
	Options
	recipe   *Recipe
	store    *dataset.Store
	networks *networks
	validate *validator
	log      *report.Log
	unlock   func() // of the folder; nil if it is not locked
	at       position
	job      *job        // the stage under way; nil between stages
	resumed  *checkpoint // what the run goes on from, until its stage has taken it up
	result   Result
}

// Run trains a model as the recipe says. When ctx is done, whatever is going on, it sees to it that a checkpoint holds the last step
// that was completed, and returns ctx's error once that is so. Other errors say what failed, and leave the last checkpoint as it was.
func Run(ctx context.Context, r *Recipe, o Options) (*Result, error) {
	t := &trainer{Options: o, recipe: r, result: Result{Warnings: []string{}}}
	if t.Note == nil {
		t.Note = func(string) {}
	}
	if t.Progress == nil {
		t.Progress = func(Progress) {}
	}
	t.Threads = par.Threads(o.Threads)
	defer t.close()
	if err := t.open(ctx); err != nil {
		return nil, err
	}
	// A step makes no garbage to speak of, but the program holds little besides: collections need not be frequent.
	defer debug.SetGCPercent(debug.SetGCPercent(200))
	if err := t.run(ctx); err != nil {
		if ctx.Err() != nil {
			err = t.stop(ctx)
		}
		return nil, err
	}
	return &t.result, nil
}

// run does what is left to do.
func (t *trainer) run(ctx context.Context) error {
	for t.at.Stage < len(t.recipe.Stages) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := t.stage(ctx); err != nil {
			return fmt.Errorf("stage %d (%s): %w", t.at.Stage+1, t.recipe.title(t.recipe.Stages[t.at.Stage]), err)
		}
	}
	return t.finish(ctx)
}

// stop sees to it that a run whose context is done can be resumed where it is, and gives the context's error if it can.
func (t *trainer) stop(ctx context.Context) error {
	// The checkpoint is up to date where it has not been taken up yet, and after the last stage.
	if t.resumed == nil && t.at.Stage < len(t.recipe.Stages) {
		if err := t.save(); err != nil {
			return fmt.Errorf("interrupted, and the run could not be saved: %w; the last checkpoint is still there", err)
		}
	}
	return ctx.Err()
}

// open opens all that the run needs, so that what is missing shows at once, and takes up an earlier run. That ctx is done is no error:
// then what is not needed for saving the run may be missing.
func (t *trainer) open(ctx context.Context) error {
	if err := t.openData(ctx); err != nil {
		return err
	}
	err := checkMemory(t.recipe, t.store, t.Threads)
	if err != nil {
		return err
	}
	if t.networks, err = newNetworks(t.recipe); err != nil {
		return err
	}
	if err := t.checkModels(); err != nil {
		return err
	}
	if err := t.openValidation(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	if err := os.MkdirAll(t.Folder, 0o755); err != nil {
		return fmt.Errorf("cannot make the folder of the run: %w", err)
	}
	if err := t.lock(); err != nil {
		return err
	}
	t.at = position{Recipe: t.recipe.Text, Data: t.store.Identity()}
	if err := t.takeUp(); err != nil {
		return err
	}
	if t.log, err = report.OpenLog(t.Folder); err != nil {
		return err
	}
	return t.log.Write(report.Event{
		Kind: report.KindRun, Name: t.recipe.Name, Recipe: t.recipe.Text, Classes: t.networks.model(nil).Classes,
		Text: fmt.Sprintf("%d patches, %d threads", t.store.Len(), t.Threads),
	})
}

// openValidation prepares what is measured while training goes on.
func (t *trainer) openValidation(ctx context.Context) error {
	folder, judge := t.recipe.Validation.Folder, t.recipe.Validation.Judge
	if t.Validation != "" {
		folder = t.Validation
	}
	if t.Judge != "" {
		judge = t.Judge
	}
	v, err := newValidator(ctx, folder, t.recipe, t.store.Degradation(), t.Threads)
	if err == nil && v != nil {
		v.judged, err = newJudgedPatches(ctx, v, t.store, judge, len(t.recipe.Branches), t.Note)
	}
	if err == nil {
		t.validate = v
	}
	return err
}

// openData opens the training data, and verifies it where that is not done as it is read.
func (t *trainer) openData(ctx context.Context) error {
	var err error
	if t.store, err = dataset.Open(t.Data); err != nil {
		return err
	}
	if err := t.checkData(); err != nil {
		return err
	}
	if t.store.Verified() {
		return nil
	}
	t.Note(fmt.Sprintf("%s was made by an earlier version: checking all of it first; if it is prepared again, this is not needed", t.Data))
	if err := t.store.Verify(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// checkModels returns an error if a model that a stage needs cannot be used.
func (t *trainer) checkModels() error {
	for i, s := range t.recipe.Stages {
		var err error
		if s.Start.Model != "" || s.Start.Widen != "" && s.Start.widens() == 0 {
			err = (&networks{recipe: t.recipe, branches: slices.Clone(t.networks.branches), classModule: t.networks.classModule}).startStage(s)
		}
		if err == nil && s.Teacher != nil && s.Teacher.Model != "" {
			_, err = openNetwork(s.Teacher.Model, s.Teacher.Branch, t.recipe.Scale)
		}
		if err != nil {
			return fmt.Errorf("stage %d (%s): %w", i+1, t.recipe.title(s), err)
		}
	}
	return nil
}

// checkData returns an error if the training data does not fit the recipe.
func (t *trainer) checkData() error {
	if t.store.Scale() != t.recipe.Scale {
		return fault.New(fault.Conflict, "%s has patches for x%d, but the recipe trains for x%d", t.Data, t.store.Scale(), t.recipe.Scale)
	}
	if want, is := t.recipe.Degradation, t.store.Degradation(); want != nil && !want.Same(is) {
		return fault.New(fault.Conflict, "the recipe is for LR pictures degraded by %s, but those of %s are degraded by %s: prepare them with --recipe",
			want, t.Data, is)
	}
	if t.store.Judged() {
		return nil
	}
	for i, s := range t.recipe.Stages {
		if s.Train == TrainBranch && s.Patches == PatchesOwn || s.Weights.Difficulty > 0 {
			return fault.New(fault.Conflict, "stage %d (%s) needs the difficulty of the patches, but %s was prepared without a judge: "+
				"prepare it with one, or set patches: %s and no weight of difficulty", i+1, t.recipe.title(s), t.Data, PatchesAll)
		}
	}
	return nil
}

// takeUp goes on from a checkpoint, if that is wanted and there is one.
func (t *trainer) takeUp() error {
	log := filepath.Join(t.Folder, report.LogName)
	if !t.Resume {
		for _, name := range []string{CheckpointName, report.LogName, ModelName} {
			if _, err := os.Lstat(filepath.Join(t.Folder, name)); err == nil {
				return fault.New(fault.Conflict, "%s contains a run already: continue it with --resume, or choose another folder", t.Folder)
			}
		}
		return nil
	}
	c, err := loadCheckpoint(t.Folder)
	if err != nil {
		return err
	}
	if c == nil {
		t.Note("there is no checkpoint yet: starting from the beginning")
		return emptyLog(log, 0)
	}
	if err := c.fits(t.recipe, t.store); err != nil {
		return fmt.Errorf("cannot continue the run in %s: %w", t.Folder, err)
	}
	if err := c.restoreInto(t.networks.all(), checkpointModel); err != nil {
		return fmt.Errorf("cannot continue the run in %s: %w", t.Folder, err)
	}
	data := t.at.Data
	t.at, t.resumed = c.position, c
	t.at.Data = data // an earlier version may have put it otherwise
	if t.at.Stage < len(t.recipe.Stages) {
		s := t.recipe.Stages[t.at.Stage]
		t.Note(fmt.Sprintf("continuing in stage %d (%s) after %d of %d steps", t.at.Stage+1, t.recipe.title(s), t.at.Step, s.Steps))
	}
	return emptyLog(log, c.Log)
}

// emptyLog cuts what an earlier run wrote to its log after its last checkpoint.
func emptyLog(path string, length int64) error {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil && info.Size() > length {
		err = os.Truncate(path, length)
	}
	if err != nil {
		return fmt.Errorf("cannot shorten the log: %w", err)
	}
	return nil
}

// close closes what is open, after an error too.
func (t *trainer) close() {
	if t.unlock != nil {
		defer t.unlock()
	}
	// Everything that matters was written and checked before.
	if t.log != nil {
		_ = t.log.Close()
	}
	if t.store != nil {
		_ = t.store.Close()
	}
}

// save writes a checkpoint of what is done.
func (t *trainer) save() error {
	if info, err := os.Stat(filepath.Join(t.Folder, report.LogName)); err == nil {
		t.at.Log = info.Size()
	}
	c := checkpoint{t.at, state(t.networks, t.job)}
	return c.save(t.Folder)
}

// finish writes the model and the page.
func (t *trainer) finish(ctx context.Context) error {
	model := t.networks.model(nil)
	if model.Provenance == "" {
		summary := t.store.Summary()
		model.Provenance = fmt.Sprintf("trained with recipe %s on %d patches of %d pictures", t.recipe.Name, summary.Patches, summary.Pictures)
	}
	t.result.Model = filepath.Join(t.Folder, ModelName)
	if err := model.Save(t.result.Model, true); err != nil {
		return err
	}
	if t.validate != nil {
		v, err := t.validate.model(ctx, model)
		if err != nil {
			return err
		}
		t.result.Validation = v
		if err := t.log.Write(v.event(report.Event{Kind: report.KindValidation, Name: "model"})); err != nil {
			return err
		}
		if err := t.validate.samples(ctx, model, t.Folder, t.log); err != nil {
			return err
		}
	}
	if err := t.log.Write(report.Event{Kind: report.KindDone}); err != nil {
		return err
	}
	t.page()
	return nil
}

// event writes an event of the stage under way.
func (t *trainer) event(e report.Event) error {
	s := t.recipe.Stages[t.at.Stage]
	e.Stage, e.Name, e.Step, e.Steps = t.at.Stage+1, t.recipe.title(s), t.at.Step, s.Steps
	return t.log.Write(e)
}

// warn tells of something wrong, here and in the log.
func (t *trainer) warn(text string) error {
	t.result.Warnings = append(t.result.Warnings, text)
	t.Note("warning: " + text)
	return t.event(report.Event{Kind: report.KindWarning, Text: text})
}

// statistics copies the running statistics that a step may move before it is complete.
type statistics struct{ from, copies tensor.Set }

func (s statistics) keep() {
	for name, a := range s.from {
		copy(s.copies[name].Data, a.Data)
	}
}

func (s statistics) restore() {
	for name, a := range s.copies {
		copy(s.from[name].Data, a.Data)
	}
}

// page writes the page of the run. A page that cannot be written is no reason to stop.
func (t *trainer) page() {
	if err := report.WriteFile(t.Folder); err != nil {
		t.Note("warning: the report could not be written: " + err.Error())
	}
}
