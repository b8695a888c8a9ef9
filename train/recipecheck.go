package train

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"classsr/arch"
)

// Bounds of recipes, wide enough for any use.
const (
	minClasses, maxClasses = 2, 5
	maxBatch               = 4096
)

func (r *Recipe) check() error {
	switch {
	case strings.ContainsAny(r.Name, `/\`) || strings.Trim(r.Name, ".") == "" || strings.ContainsFunc(r.Name, unprintable):
		return fmt.Errorf("name: %q cannot be that of a model", r.Name)
	case len(r.Branches) < minClasses || len(r.Branches) > maxClasses:
		return fmt.Errorf("branches: there are %d; a model has %d to %d", len(r.Branches), minClasses, maxClasses)
	case r.Branches[len(r.Branches)-1].Bicubic:
		return errors.New("branches: the last one, for the hardest class, must be a network")
	case len(r.Stages) == 0:
		return errors.New("stages: there are none")
	case r.Checkpoint < 1 || r.Validation.Every < 1 || r.Validation.Pictures < 1:
		return errors.New("checkpoint, validation: steps and pictures must be positive")
	case !(r.InitGain > 0 && r.InitGain <= 10):
		return fmt.Errorf("init_gain: %v; it is 0.1 in the paper's code, 1 for weights that keep the size of values", r.InitGain)
	case !(r.ClassModuleGain > 0 && r.ClassModuleGain <= 10):
		return fmt.Errorf("class_module_gain: %v; it is that of init_gain by default, 1 for weights that keep the size of values", r.ClassModuleGain)
	case r.BatchNorm && !slices.ContainsFunc(r.Branches, func(b BranchRecipe) bool { return b.Network == normalised }):
		return fmt.Errorf("batch_norm: only %s has any", normalised)
	}
	if err := r.Loss.check(); err != nil {
		return fmt.Errorf("loss: %w", err)
	}
	if r.Degradation != nil {
		if err := r.Degradation.Check(); err != nil {
			return fmt.Errorf("degradation: %w", err)
		}
	}
	if err := r.checkBranches(); err != nil {
		return fmt.Errorf("branches: %w", err)
	}
	for i, s := range r.Stages {
		if err := s.check(r); err != nil {
			return fmt.Errorf("stage %d (%s): %w", i+1, s.Train, err)
		}
	}
	return nil
}

// checkBranches returns an error if the branches cannot be networks of one model.
func (r *Recipe) checkBranches() error {
	if _, err := arch.ByName(r.Network); err != nil && r.Network != "" { // even where every branch has its own
		return err
	}
	last := len(r.Branches) - 1
	full, err := r.spec(last)
	if err != nil {
		return err
	}
	for i, b := range r.Branches {
		switch {
		case b.Bicubic != (b.Width == 0):
			return fmt.Errorf("number %d needs a width, or bicubic: true", i+1)
		case b.Bicubic && (b.Network != "" || b.Depth != 0 || b.Blocks != 0):
			return fmt.Errorf("number %d is that of a network and is bicubic: leave out one of them", i+1)
		}
		spec, err := r.spec(i)
		if err != nil {
			return err
		}
		if !b.Bicubic && spec.InputRange != full.InputRange {
			return fmt.Errorf("number %d (%s) takes colours in 0..%d, number %d (%s) in 0..%d: the branches of a model must take the same",
				i+1, spec.Net, spec.InputRange, last+1, full.Net, full.InputRange)
		}
	}
	return nil
}

func (s Stage) check(r *Recipe) error {
	switch {
	case s.Loss.check() != nil:
		return fmt.Errorf("loss: %w", s.Loss.check())
	case s.Train != TrainBranch && s.Train != TrainClassModule && s.Train != TrainJoint:
		return fmt.Errorf("train: it is %s, %s or %s", TrainBranch, TrainClassModule, TrainJoint)
	case s.Patches != PatchesOwn && s.Patches != PatchesAll:
		return fmt.Errorf("patches: %q; they are %s or %s", s.Patches, PatchesOwn, PatchesAll)
	case s.Steps < 0 || s.Batch < 1 || s.Batch > maxBatch || s.Chunk < 1:
		return fmt.Errorf("%d steps with a batch of %d in chunks of %d", s.Steps, s.Batch, s.Chunk)
	case s.Steps > 0 && !(s.Rate > 0 && s.Rate <= 1 && s.RateEnd >= 0 && s.RateEnd <= s.Rate && s.Warmup >= 0):
		return fmt.Errorf("learning_rate: from %v to %v", s.Rate, s.RateEnd)
	case slices.ContainsFunc(s.Periods, func(n int) bool { return n < 1 }):
		return fmt.Errorf("periods: %v; each has at least one step", s.Periods)
	case !(s.Betas[0] >= 0 && s.Betas[0] < 1 && s.Betas[1] >= 0 && s.Betas[1] < 1):
		return fmt.Errorf("betas: %v; they are in 0..1", s.Betas)
	case !(s.Average >= 0 && s.Average < 1) || !notNegative(s.Clip):
		return fmt.Errorf("weight_average %v, clip %v: the first is in 0..1, the second not negative", s.Average, s.Clip)
	case !notNegative(s.Weights.Pixel, s.Weights.Class, s.Weights.Average, s.Weights.Difficulty):
		return fmt.Errorf("loss_weights: %+v; they are not negative", s.Weights)
	case s.Train != TrainBranch && (s.Branch != 0 || s.Teacher != nil || s.Start.Slice != 0 || s.Start.Widen != ""):
		return errors.New("branch, teacher, slice and widen are for stages that train a branch")
	case s.Train == TrainClassModule && s.Start.Branch != 0:
		return errors.New("start: a model has only one Class-Module, no branch of it")
	case s.Train == TrainJoint && s.Start != StageStart{}:
		return errors.New("start is for stages that train a branch or the Class-Module")
	case s.Train != TrainBranch:
		return nil
	case !r.isNetwork(s.Branch):
		return fmt.Errorf("branch: number %d is not one of the networks", s.Branch)
	}
	if err := s.checkStart(r); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	if s.Teacher != nil {
		if err := s.checkTeacher(r); err != nil {
			return fmt.Errorf("%w", err)
		}
	}
	return nil
}

// checkStart returns an error if a branch cannot begin as the stage says.
func (s Stage) checkStart(r *Recipe) error {
	given := 0
	for _, is := range []bool{s.Start.Slice != 0, s.Start.Widen != "", s.Start.Model != ""} {
		if is {
			given++
		}
	}
	switch of := s.Start.Model != "" || s.Start.Widen != "" && s.Start.widens() == 0; {
	case given > 1:
		return errors.New("one of slice, widen and model")
	case s.Start.Branch < 0 || s.Start.Branch > 0 && !of:
		return fmt.Errorf("branch %d, but of no model", s.Start.Branch)
	}
	number, verb := s.Start.Slice, "sliced"
	if _, err := strconv.Atoi(s.Start.Widen); err == nil {
		number, verb = s.Start.widens(), "widened"
	} else if number == 0 {
		return nil // of a model it shows when it is opened
	}
	if !r.isNetwork(number) {
		return fmt.Errorf("number %d is not one of the networks", number)
	}
	from, to := r.Branches[number-1], r.Branches[s.Branch-1]
	switch {
	case from.Network == to.Network && (from.Depth != to.Depth || from.Blocks != to.Blocks):
		return fmt.Errorf("branches %d and %d differ in depth: only one as deep can be %s", number, s.Branch, verb)
	case from.Network != to.Network:
		return fmt.Errorf("branch %d is a %s and branch %d a %s: only a branch of the same network can be %s", number, from.Network,
			s.Branch, to.Network, verb)
	case s.Start.Slice != 0 && from.Width < to.Width:
		return fmt.Errorf("branch %d is not as wide as branch %d", number, s.Branch)
	case s.Start.Slice == 0 && from.Width > to.Width:
		return fmt.Errorf("branch %d is wider than branch %d: make a slice of it", number, s.Branch)
	}
	return nil
}

func (s Stage) checkTeacher(r *Recipe) error {
	switch {
	case s.Teacher.Model == "" && s.Teacher.Branch == 0 || s.Teacher.Branch < 0:
		return errors.New("a branch or a model")
	case s.Teacher.Model == "" && (!r.isNetwork(s.Teacher.Branch) || s.Teacher.Branch == s.Branch):
		return fmt.Errorf("number %d is not another network of the branches", s.Teacher.Branch)
	case !(s.Teacher.Weight > 0 && s.Teacher.Weight <= 1):
		return fmt.Errorf("a weight of %v; it is in 0..1", s.Teacher.Weight)
	}
	return nil
}

// unprintable tells whether a character could do something to a terminal.
func unprintable(c rune) bool { return !unicode.IsPrint(c) }

// notNegative tells whether all of some numbers are finite and not negative.
func notNegative(numbers ...float64) bool {
	return !slices.ContainsFunc(numbers, func(v float64) bool { return !(v >= 0 && v <= math.MaxFloat64) })
}
