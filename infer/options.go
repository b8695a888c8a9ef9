package infer

import (
	"fmt"
	"time"

	"classsr/budget"
	"classsr/fault"
	"classsr/gpu"
	"classsr/internal/par"
)

// Options says how an Upscaler works. Zero is a good choice for every field.
type Options struct {
	// Scale is how many times to enlarge, one of the model's scales. In the root package 0 means the model's default.
	Scale int
	// Mode says how the model is used; empty means ModeRouted for models with classes and ModeFull for others.
	Mode Mode
	// Branch, if not 0, is the number of a branch, from 1, the simplest, which alone enlarges the whole picture. Mode must be empty then.
	Branch int
	// Budget, MaxTime and Quality are goals for ModeRouted; at most one of them is not 0. Budget is how many percent of the full-width
	// network's multiply-accumulates may be spent, including all that routing takes: more than 0 and at most 100. It is counted for two
	// threads, so that the classes do not depend on Threads; with more threads the arithmetic may exceed it a little. MaxTime is how long
	// the networks may take for a picture on this machine. Quality is how many dB (PSNR) may be lost on average against the full-width
	// network, as the model's calibration predicts: more than 0 and at most 10. Without a goal, a calibrated model has the Quality
	// that it was calibrated for, as a rule 0.02 dB, and another one takes the classes that its Class-Module finds most likely.
	Budget  float64
	MaxTime time.Duration
	Quality float64
	// Router says how difficulty is judged in ModeRouted: route.ClassModule, route.Edge, or empty for the one that the model's calibration
	// found better.
	Router string
	// Border says what networks see beyond the picture's borders; empty means BorderReflect.
	Border Border
	// Threads is how many cores are used, at most 1024; 0 means all.
	Threads int
	// Memory bounds, in bytes, what a picture takes: itself, the intermediate results of all threads, and of its enlargement the rows that
	// are in memory at a time (Begin) or all of it (Upscale). Pictures that need more are refused, and how a picture is cut follows from it:
	// with more memory less is computed twice. 0 means that Shared bounds it, of which no more is taken than saves much time.
	Memory int64
	// Shared is the memory and the cores that all work of the process shares, which this Upscaler is to draw on. If it is nil, that is
	// budget.Default(), or a budget of its own of Memory and Threads if Memory is given.
	Shared *budget.Budget
	// Device, if not nil, is a GPU that computes pictures in place of the processor. What it cannot do, the processor does: Report.Device says why. Classes are the
	// same on both, and results differ by rounding. DeviceAuto leaves the choice to what is faster for a picture by estimate, all that goes to the device
	// and comes back included.
	Device     *gpu.Device
	DeviceAuto bool
	// Progress, if not nil, is called repeatedly with the number of pixels (of the small picture) that are done and of all. Calls come
	// from several goroutines, but for one picture never two at the same time.
	Progress func(done, total int)
}

// Mode is how a model is used.
type Mode string

const (
	// ModeRouted computes each part of the picture with the branch of the class that is chosen for it.
	ModeRouted Mode = "routed"
	// ModeFull runs the full-width network over the whole picture.
	ModeFull Mode = "full"
	// ModePaper does what the paper's released code does, to reproduce its figures: it routes overlapping sub-images of 32x32
	// pixels, computes each as a picture of its own, rounds to 8 bits and averages where they overlap. What the sub-images do not
	// reach at the right and lower edges is left out.
	ModePaper Mode = "paper"
)

// Border is what networks see beyond a picture's borders.
type Border string

const (
	// BorderReflect shows them the picture mirrored at its borders, which keeps flat pictures flat.
	BorderReflect Border = "reflect"
	// BorderZero shows them zeros, as they were trained and as published figures are measured. ModePaper always does so.
	BorderZero Border = "zero"
)

// BranchMode is the mode that reports give for Options.Branch.
func BranchMode(branch int) Mode { return Mode(fmt.Sprint("branch=", branch)) }

// check returns an error if the options contradict each other.
func (o Options) check() error {
	switch {
	case o.Threads < 0 || o.Threads > par.MaxThreads:
		return fault.New(fault.Usage, "%d threads: the number must be 1 to %d, or 0 for all cores", o.Threads, par.MaxThreads)
	case o.Branch < 0:
		return fault.New(fault.Usage, "branch %d: branches are counted from 1, the simplest", o.Branch)
	case o.Branch > 0 && o.Mode != "":
		return fault.New(fault.Usage, "a branch and mode %s cannot be combined", o.Mode)
	case o.Border != "" && o.Border != BorderReflect && o.Border != BorderZero:
		return fault.New(fault.Usage, "unknown border %q; the borders are %s and %s", o.Border, BorderReflect, BorderZero)
	case o.Mode == ModePaper && o.Border == BorderReflect:
		return fault.New(fault.Usage, "mode %s works with border %s only", ModePaper, BorderZero)
	case o.Mode != "" && o.Mode != ModeRouted && o.Mode != ModeFull && o.Mode != ModePaper:
		return fault.New(fault.Usage, "unknown mode %q; the modes are %s, %s and %s; a branch is chosen by its number",
			o.Mode, ModeRouted, ModeFull, ModePaper)
	}
	return nil
}

// budget is the memory and the cores to draw on.
func (o Options) budget() *budget.Budget {
	switch {
	case o.Shared != nil:
		return o.Shared
	case o.Memory > 0:
		return budget.New(o.Memory, o.Threads)
	}
	return budget.Default()
}

// mirrors tells whether the picture goes on, mirrored, beyond its borders.
func (o Options) mirrors() bool { return o.Mode != ModePaper && o.Border != BorderZero }

// hasGoal tells whether anything is asked for that only routing knows.
func (o Options) hasGoal() bool {
	return o.Budget != 0 || o.MaxTime != 0 || o.Quality != 0 || o.Router != ""
}
