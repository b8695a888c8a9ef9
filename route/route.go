// Package route decides which class each core of a picture goes to: by the losses and costs of the classes and a goal (Goal, Problem), or
// by a Class-Module's scores (Argmax). It also says how classes blend at their borders (Blend), and shows a choice as a picture or as
// JSON (Map).
//
//	m := route.NewMap(size, cores, []string{"simple", "medium", "hard"})
//	m.Classes[i] = route.Argmax(scores) // for each core
//	m.Shares()
//	m.Paint(picture)
//
// It knows no networks, and no pixels but those it paints over. Pixels are those of the small picture unless it says otherwise.
package route

import (
	"image"
	"math"

	"classsr/internal/portable"
)

// Softmax turns scores, at least one, into probabilities that add up to 1. Infinite scores and NaN give NaN.
// The bits are the same on every machine.
func Softmax(scores []float32) []float64 {
	largest := math.Inf(-1)
	for _, s := range scores {
		largest = max(largest, float64(s))
	}
	probabilities := make([]float64, len(scores))
	sum := 0.0
	for i, s := range scores {
		probabilities[i] = portable.Exp(float64(s) - largest) // at most 1, whatever the scores
		sum += probabilities[i]
	}
	for i := range probabilities {
		probabilities[i] /= sum
	}
	return probabilities
}

// Argmax is the index of the largest value, the first one of several. Scores and their probabilities have the same. A NaN is
// never the largest; nothing but NaN gives the last index, the hardest class, which is right for every content.
func Argmax[F float32 | float64](values []F) int {
	best := len(values) - 1
	for i := best - 1; i >= 0; i-- {
		if values[i] >= values[best] || values[best] != values[best] && values[i] == values[i] {
			best = i
		}
	}
	return best
}

// Map says which class each part of a picture went to.
type Map struct {
	Size  image.Point // of the picture
	Names []string    // of the classes, the simplest first
	// Cores are the parts that were told apart, row by row; the paper's sub-images overlap, others do not.
	Cores   []image.Rectangle
	Classes []int // of each core, an index of Names
}

// NewMap makes a map in which everything has the simplest class.
func NewMap(size image.Point, cores []image.Rectangle, names []string) *Map {
	return &Map{Size: size, Names: names, Cores: cores, Classes: make([]int, len(cores))}
}

// Counts is the number of cores of each class.
func (m *Map) Counts() []int {
	counts := make([]int, len(m.Names))
	for _, class := range m.Classes {
		counts[class]++
	}
	return counts
}

// Pixels is the number of pixels of all cores. Pixels of several cores count several times.
func (m *Map) Pixels() int {
	total := 0
	for _, n := range m.pixels() {
		total += n
	}
	return total
}

// Shares is the share of each class in the pixels of all cores, 0 to 1. Without cores all are 0.
func (m *Map) Shares() []float64 {
	shares := make([]float64, len(m.Names))
	total := float64(max(m.Pixels(), 1))
	for class, n := range m.pixels() {
		shares[class] = float64(n) / total
	}
	return shares
}

// pixels is the number of pixels of each class.
func (m *Map) pixels() []int {
	pixels := make([]int, len(m.Names))
	for i, class := range m.Classes {
		pixels[class] += m.Cores[i].Dx() * m.Cores[i].Dy()
	}
	return pixels
}
