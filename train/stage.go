package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"time"

	"classsr/dataset"
	"classsr/internal/par"
	"classsr/nn"
	"classsr/tensor"
	"classsr/train/report"
	"classsr/weights"
)

// job is a stage under way.
type job struct {
	Stage
	step      step
	params    tensor.Set // of all that learns, running statistics among them
	grads     tensor.Set
	stats     statistics
	optimizer *adam
	schedule  schedule
	mean      *average // nil without one
	sampler   *dataset.Sampler
	routed    bool
	alarm     alarm
}

// stage runs the stage that the run is at, from where it is.
func (t *trainer) stage(ctx context.Context) error {
	s := t.recipe.Stages[t.at.Stage]
	if t.at.Step == 0 {
		if err := t.networks.startStage(s); err != nil {
			return err
		}
		if err := t.event(report.Event{Kind: report.KindStage}); err != nil {
			return err
		}
	}
	began, before := time.Now(), t.at.Step
	if s.Steps > 0 {
		var err error
		if t.job, err = t.newJob(s); err != nil {
			return err
		}
		if err := t.steps(ctx, t.job); err != nil {
			return err
		}
		t.job.end()
		t.job = nil
		runtime.GC() // the memory of one stage goes before that of the next comes
	}
	t.result.Stages = append(t.result.Stages, StageTime{t.recipe.title(s), t.at.Step - before, time.Since(began).Seconds()})
	t.at.Stage, t.at.Step = t.at.Stage+1, 0
	return t.save()
}

// end leaves the parameters as the stage gives them: their running mean, if there is one.
func (j *job) end() {
	if j.mean != nil {
		for name, a := range j.mean.params {
			copy(j.params[name].Data, a.Data)
		}
	}
}

// newJob prepares the arithmetic of a stage, and takes up its state from a checkpoint.
func (t *trainer) newJob(s Stage) (*job, error) {
	j := &job{Stage: s, params: tensor.Set{}, grads: tensor.Set{}, routed: s.Train != TrainBranch}
	j.alarm.classes = weights.ClassNames(len(t.networks.branches))
	var patches []int32
	if s.Train == TrainBranch && s.Patches == PatchesOwn {
		classes, _ := t.store.Split(len(t.networks.branches))
		if patches = classes[s.Branch-1]; len(patches) == 0 {
			return nil, fmt.Errorf("no patch belongs to this class: prepare more pictures, or set patches: %s", PatchesAll)
		}
	}
	j.sampler = t.store.Sampler(patches, s.Batch, t.recipe.Seed+uint64(t.at.Stage)*1e12)
	if j.routed {
		j.step = t.routedStep(j)
	} else {
		step, err := t.branchStep(j)
		if err != nil {
			return nil, err
		}
		j.step = step
	}
	j.optimizer = newAdam(j.grads, s.Betas[0], s.Betas[1])
	j.schedule = schedule{Rate: s.Rate, Floor: s.RateEnd, Warmup: s.Warmup, Periods: s.Periods}
	if s.Average > 0 {
		j.mean = newAverage(j.params, s.Average)
	}
	j.stats = statistics{tensor.Set{}, tensor.Set{}}
	for name, a := range j.params {
		if j.grads[name].Data == nil {
			j.stats.from[name] = a
		}
	}
	j.stats.copies = cloneSet(j.stats.from)
	if c := t.resumed; c != nil && t.at.Step > 0 {
		j.optimizer.step = t.at.Step
		err := errors.Join(c.restoreInto(j.optimizer.first, checkpointFirst), c.restoreInto(j.optimizer.second, checkpointSecond))
		if j.mean != nil {
			err = errors.Join(err, c.restoreInto(j.mean.params, checkpointAverage))
		}
		if err != nil {
			return nil, err
		}
	}
	t.resumed = nil
	return j, nil
}

// learn adds a part of the model to what a job trains.
func (j *job) learn(prefix string, n weights.Network, grads tensor.Set) {
	j.params.Merge(prefix, n.Params)
	for name := range n.Params {
		if !n.Spec.Learns(name) {
			delete(j.params, prefix+name)
		}
	}
	j.grads.Merge(prefix, grads)
}

// batchShape is the shape of n LR patches.
func (t *trainer) batchShape(n int) tensor.Shape {
	return tensor.Shape{N: n, C: 3, H: t.store.Patch(), W: t.store.Patch()}
}

func (t *trainer) branchStep(j *job) (step, error) {
	network := t.networks.branches[j.Branch-1]
	l := newLearner(network, t.batchShape(j.Batch), t.Threads, nn.Train)
	j.learn(weights.BranchPrefix(j.Branch-1), network, l.Gradients())
	s := &branchStep{branch: l, loss: j.Loss, threads: t.Threads}
	if j.Teacher == nil {
		return s, nil
	}
	var teacher weights.Network
	if j.Teacher.Model == "" {
		teacher = t.networks.branches[j.Teacher.Branch-1]
	} else {
		var err error
		if teacher, err = openNetwork(j.Teacher.Model, j.Teacher.Branch, t.recipe.Scale); err != nil {
			return nil, err
		}
	}
	s.teacher, s.teacherWeight = newFrozen(teacher, t.batchShape(j.Batch), t.Threads), j.Teacher.Weight
	return s, nil
}

// routedStep trains the Class-Module, and in the joint stage the branches with it. Their running statistics stay as the branches'
// own stages left them: chunks of a batch are too small to measure by.
func (t *trainer) routedStep(j *job) step {
	module := t.networks.classModule
	s := &routedStep{
		classifier: newExecutor(module, t.batchShape(j.Batch), t.Threads),
		chunk:      j.Chunk, weights: j.Weights, loss: j.Loss, threads: t.Threads,
	}
	if j.Weights.Difficulty > 0 {
		s.classes = t.store.Classes(len(t.networks.branches))
	}
	j.learn(weights.ClassModulePrefix, module, s.classifier.Gradients())
	for i, network := range t.networks.branches {
		if j.Train == TrainClassModule || t.recipe.Branches[i].Bicubic {
			s.branches = append(s.branches, newFrozen(network, t.batchShape(j.Chunk), t.Threads))
			continue
		}
		l := newLearner(network, t.batchShape(j.Chunk), t.Threads, nn.Evaluate)
		j.learn(weights.BranchPrefix(i), network, l.Gradients())
		s.branches = append(s.branches, l)
	}
	return s
}

// ahead is how many batches are read in advance.
const ahead = 2

// steps runs the steps that are left. When it returns an error, all steps until t.at are done and nothing of the next one is.
func (t *trainer) steps(ctx context.Context, j *job) error {
	batches := make([]*dataset.Batch, ahead+2) // one is in use, and one is being read
	for i := range batches {
		batches[i] = j.sampler.NewBatch()
	}
	next, stop := par.Ahead(ctx, t.at.Step, ahead, func(n int) (*dataset.Batch, error) {
		b := batches[n%len(batches)]
		return b, j.sampler.Load(ctx, b, n)
	})
	defer stop()
	w := newWatch()
	if t.at.Measuring { // what the run was stopped in
		if err := t.measure(ctx, j); err != nil {
			return err
		}
	}
	for t.at.Step < j.Steps {
		batch, err := next()
		if err == nil {
			err = t.one(ctx, j, batch, w)
		}
		if err == nil {
			err = t.look(ctx, j, w)
		}
		if err != nil {
			return err
		}
		if t.at.Step%t.recipe.Checkpoint == 0 && t.at.Step < j.Steps {
			if err := t.save(); err != nil {
				return err
			}
			if t.validate == nil { // else it is written when something was measured
				t.page()
			}
		}
	}
	return nil
}

// one does one step; if it fails, nothing has moved.
func (t *trainer) one(ctx context.Context, j *job, batch *dataset.Batch, w *watch) error {
	for _, g := range j.grads {
		clear(g.Data)
	}
	j.stats.keep()
	losses, err := j.step.run(ctx, batch)
	if err != nil {
		j.stats.restore()
		return err
	}
	norm := clip(j.grads, j.optimizer.names, j.Clip)
	if v := losses.Total + norm; math.IsNaN(v) || math.IsInf(v, 0) {
		j.stats.restore()
		return fmt.Errorf("step %d: the loss is %v and the gradient %v: lower the learning rate (%v) or set clip; the last "+
			"checkpoint, %s, is still there", t.at.Step+1, losses.Total, norm, j.Rate, filepath.Join(t.Folder, CheckpointName))
	}
	// Not to be left half done.
	err = j.optimizer.update(context.WithoutCancel(ctx), t.Threads, j.params, j.grads, j.schedule.at(t.at.Step))
	if err != nil {
		return err
	}
	t.at.Step++
	if j.mean != nil {
		j.mean.add(j.params, t.at.Step)
	}
	w.add(losses, j.Teacher != nil)
	return nil
}

// look logs and measures what is due after a step.
func (t *trainer) look(ctx context.Context, j *job, w *watch) error {
	last := t.at.Step == j.Steps
	const often, events = 100, 20 // at least so many events in a stage
	if last || t.at.Step%max(1, min(often, j.Steps/events)) == 0 {
		e := w.event()
		e.Rate = j.schedule.at(t.at.Step - 1)
		if err := t.event(e); err != nil {
			return err
		}
		for _, text := range j.alarm.check(e, t.at.Step) {
			if err := t.warn(text); err != nil {
				return err
			}
		}
		left := time.Duration(float64(j.Steps-t.at.Step) * e.MSPerStep * float64(time.Millisecond))
		t.Progress(Progress{
			Stage: t.at.Stage + 1, Stages: len(t.recipe.Stages), Title: t.recipe.title(j.Stage), Step: t.at.Step, Steps: j.Steps,
			Rate: e.Rate, Losses: e.Losses, Shares: e.Shares, MSPerStep: e.MSPerStep, Left: left,
		})
	}
	if t.validate == nil || !last && t.at.Step%t.recipe.Validation.Every != 0 {
		return nil
	}
	t.at.Measuring = true
	if err := t.measure(ctx, j); err != nil {
		return err
	}
	*w = *newWatch() // so that its time is not counted as that of steps
	return nil
}

// measure does the validation that is due.
func (t *trainer) measure(ctx context.Context, j *job) error {
	if t.validate == nil { // not any more: the run was resumed without
		t.at.Measuring = false
		return nil
	}
	var replaced tensor.Set
	if j.mean != nil {
		replaced = j.mean.params
	}
	model := t.networks.model(replaced)
	var v *Validated
	var err error
	if j.routed {
		v, err = t.validate.model(ctx, model)
	} else {
		v, err = t.validate.branch(ctx, model, j.Branch-1)
	}
	if err != nil {
		return err
	}
	t.Note(fmt.Sprintf("stage %d (%s), step %d: %s", t.at.Stage+1, t.recipe.title(j.Stage), t.at.Step, v))
	if v.Confusion != nil && t.at.Step == j.Steps {
		v.Confusion.table(t.Note, model.Classes)
	}
	if err := t.event(v.event(report.Event{Kind: report.KindValidation})); err != nil {
		return err
	}
	t.at.Measuring = false
	t.page()
	return nil
}
