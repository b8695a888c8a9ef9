// Package kernel is the float32 arithmetic of the networks on planes in memory: convolutions, transposed convolutions and
// what goes between them. It knows neither graphs nor pictures.
//
// # The contract
//
// A Plane is a window into somebody's memory: rows of numbers at a fixed distance. Kernels never pad: a result of h x w
// pixels reads its sources from row and column 0 as far as the taps reach ((h-1)*stride + kernel rows), and the caller has
// laid out zeros where a picture ends. Sources and results do not overlap, unless a function says so. Nothing is allocated.
//
// A convolution is a sum over taps: each tap is a source plane, a shift and a weight. Grouped, strided and transposed
// convolutions and convolutions over several tensors laid side by side differ only in their lists of taps, so that one inner
// loop serves them all. The sum runs over the taps in a fixed order, the same for every pixel wherever it lies, so that a
// picture computed in pieces has the same bits as one computed whole.
//
// # Kernel sets
//
// The environment variable CLASSSR_KERNEL forces a set of inner loops; Select tells which is in use. "generic" is pure Go,
// compiled everywhere, and the oracle for all others.
package kernel

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Environment names the variable that forces a kernel set.
const Environment = "CLASSSR_KERNEL"

// available lists the kernel sets that this machine can run, the best first.
var available = []string{"generic"}

// Select is the kernel set in use: the one that CLASSSR_KERNEL asks for, or the best. It returns an error if this machine or
// build does not have the one asked for; programs call it when they start, so that a forced set is never silently replaced.
func Select() (string, error) { return choose(os.Getenv(Environment)) }

func choose(forced string) (string, error) {
	if forced == "" {
		return available[0], nil
	}
	if !slices.Contains(available, forced) {
		return "", fmt.Errorf("%s=%s: this machine and build have only %s; unset it or choose one of these",
			Environment, forced, strings.Join(available, ", "))
	}
	return forced, nil
}
