package classsr

import (
	"fmt"
	"strconv"
	"strings"

	"classsr/weights"
)

// Options says how an Upscaler works. The zero value is a good choice for all of them.
type Options struct {
	// Scale is the enlargement, one of Model.Scales; 0 means the first of these.
	Scale int
	// Mode is ModeFull, or "branch=K" for the branch of class K, counted from 1, the simplest. Empty means ModeFull.
	Mode string
	// Threads is how many cores are used; 0 means all.
	Threads int
	// Memory bounds, in bytes, the picture, its enlargement and the intermediate results of all threads together; 0 means four
	// fifths of the memory that the process may use. Reading and writing files takes a few megabytes more.
	Memory int64
	// Progress, if not nil, is called again and again with the number of pixels (of the small picture) done and in all. Calls
	// come from several goroutines, for one picture one at a time.
	Progress func(done, total int)
}

// ModeFull runs the full-width network over the whole picture.
const ModeFull = "full"

const modeBranch = "branch="

// branch gives the branch of the model that a mode runs everywhere.
func (m *Model) branch(mode string) (weights.Network, string, error) {
	branches := m.file.Branches
	if mode == "" || mode == ModeFull {
		return m.file.Full(), weights.FullClass, nil
	}
	text, ok := strings.CutPrefix(mode, modeBranch)
	if !ok {
		return weights.Network{}, "", fmt.Errorf("unknown mode %q; there are %s and %sK", mode, ModeFull, modeBranch)
	}
	k, err := strconv.Atoi(text)
	if err != nil || k < 1 || k > len(branches) {
		return weights.Network{}, "", fmt.Errorf("mode %s: %s has branches 1 to %d", mode, m.name, len(branches))
	}
	return branches[k-1], m.file.Classes[k-1], nil
}
