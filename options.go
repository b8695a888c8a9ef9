package classsr

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"classsr/weights"
)

// Options says how an Upscaler works. The zero value is a good choice for all of them.
type Options struct {
	// Scale is the enlargement, one of Model.Scales; 0 means the first of these.
	Scale int
	// Mode is ModeRouted, ModeFull, ModePaper, or "branch=K" for the branch of class K, counted from 1, the simplest. Empty means
	// ModeRouted for models with classes and ModeFull for others.
	Mode string
	// Budget, in ModeRouted, is how many percent of the full-width network's multiply-accumulates may be spent, all that routing takes
	// included: more than 0 and at most 100. MaxTime is how long the network may take on this machine, and Quality how many dB (PSNR) may
	// be lost against the full-width network, by the model's calibration. One of the three may be given. If none is, a calibrated model
	// loses at most 0.03 dB, and another one takes the classes that its Class-Module finds most likely.
	Budget  float64
	MaxTime time.Duration
	Quality float64
	// Router is what tells how difficult content is: RouterClassModule, RouterEdge, or empty for the one that the model's calibration
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

const (
	// ModeRouted computes each part of the picture by the branch of the class that the Class-Module finds for it.
	ModeRouted = "routed"
	// ModeFull runs the full-width network over the whole picture.
	ModeFull = "full"
	// ModePaper does what the paper's released code does, to reproduce its figures: it routes overlapping sub-images of 32x32
	// pixels, computes each as a picture of its own, rounds to 8 bits and averages where they overlap. What the sub-images do not
	// reach at the right and lower edges is left out.
	ModePaper = "paper"
)

const (
	// RouterClassModule asks the model's Class-Module.
	RouterClassModule = "class-module"
	// RouterEdge looks at the mean absolute Laplacian, which costs next to nothing. It needs a calibrated model.
	RouterEdge = "edge"
)

// defaultMode is the mode where none is asked for.
func (m *Model) defaultMode() string {
	if m.HasClasses() {
		return ModeRouted
	}
	return ModeFull
}

const modeBranch = "branch="

// branch gives the branch of the model that a mode runs everywhere.
func (m *Model) branch(mode string) (weights.Network, string, error) {
	branches := m.file.Branches
	if mode == "" || mode == ModeFull {
		return m.file.Full(), weights.FullClass, nil
	}
	text, ok := strings.CutPrefix(mode, modeBranch)
	if !ok {
		return weights.Network{}, "", fmt.Errorf("unknown mode %q; there are %s, %s, %s and %sK",
			mode, ModeRouted, ModeFull, ModePaper, modeBranch)
	}
	k, err := strconv.Atoi(text)
	if err != nil || k < 1 || k > len(branches) {
		return weights.Network{}, "", fmt.Errorf("mode %s: %s has branches 1 to %d", mode, m.name, len(branches))
	}
	return branches[k-1], m.file.Classes[k-1], nil
}
