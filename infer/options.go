package infer

import (
	"fmt"
	"time"

	"classsr/fault"
	"classsr/internal/par"
)

// Options says how an Upscaler works. The zero value is a good choice for all of them.
type Options struct {
	// Scale is the enlargement, one of the model's; 0 means the first of these.
	Scale int
	// Mode is how the model is used; empty means ModeRouted for models with classes and ModeFull for others.
	Mode Mode
	// Branch, if not 0, runs the branch of that class alone over the whole picture, counted from 1, the simplest. It takes the place of a
	// mode.
	Branch int
	// Budget, in ModeRouted, is how many percent of the full-width network's multiply-accumulates may be spent, all that routing takes
	// included: more than 0 and at most 100. (It is counted for two threads; where more share a picture, cutting it for them adds to it.)
	// MaxTime is how long the network may take on this machine, and Quality how many dB (PSNR) may be lost against the full-width
	// network, by the model's calibration. One of the three may be given. If none is, a calibrated model loses at most 0.02 dB, and
	// another one takes the classes that its Class-Module finds most likely.
	Budget  float64
	MaxTime time.Duration
	Quality float64
	// Router is what tells how difficult content is: route.ClassModule, route.Edge, or empty for the one that the model's calibration
	// found better.
	Router string
	// Threads is how many cores are used; 0 means all.
	Threads int
	// Memory bounds, in bytes, the picture, its enlargement and the intermediate results of all threads together; 0 means four
	// fifths of the memory that the process may use. Reading and writing files takes a few megabytes more.
	Memory int64
	// Progress, if not nil, is called again and again with the number of pixels (of the small picture) done and in all. Calls
	// come from several goroutines, for one picture one at a time.
	Progress func(done, total int)
}

// Mode is how a model is used.
type Mode string

const (
	// ModeRouted computes each part of the picture by the branch of the class that a router finds for it.
	ModeRouted Mode = "routed"
	// ModeFull runs the full-width network over the whole picture.
	ModeFull Mode = "full"
	// ModePaper does what the paper's released code does, to reproduce its figures: it routes overlapping sub-images of 32x32
	// pixels, computes each as a picture of its own, rounds to 8 bits and averages where they overlap. What the sub-images do not
	// reach at the right and lower edges is left out.
	ModePaper Mode = "paper"
)

// BranchMode names in reports what Options.Branch asks for.
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
	case o.Mode != "" && o.Mode != ModeRouted && o.Mode != ModeFull && o.Mode != ModePaper:
		return fault.New(fault.Usage, "unknown mode %q; the modes are %s, %s and %s; a branch is chosen by its number", o.Mode, ModeRouted, ModeFull, ModePaper)
	}
	return nil
}

// hasGoal tells whether anything is asked for that only routing knows.
func (o Options) hasGoal() bool {
	return o.Budget != 0 || o.MaxTime != 0 || o.Quality != 0 || o.Router != ""
}
