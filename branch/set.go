// Package branch holds the networks of a model, ready to run at one scale: the branches that enlarge, the Class-Module that finds how
// difficult content is (section 3.1 of the paper), and the edge router that does so without a network.
//
//	set, err := branch.NewSet(model, 4)
//	scores, err := set.Classify(ctx, picture, cores, threads) // of the Class-Module, for each core
//
// It knows how much context a branch reads and what memory it takes, and decides nothing: package route decides which core goes to which
// class, and package infer how a picture is cut.
package branch

import (
	"context"
	"fmt"
	"image"
	"slices"

	"classsr/arch"
	"classsr/internal/par"
	"classsr/tensor"
	"classsr/weights"
)

// Set is the networks of a model with classes: its Class-Module, and a branch for each class.
type Set struct {
	Branches   []*Branch // the simplest first
	Classes    []string  // their names
	ModuleSpec arch.Spec
	// ModuleFLOPs is what the paper's tables charge for the Class-Module's look at a patch.
	ModuleFLOPs float64
	module      *classModule
}

const (
	// SubImage is the side, in pixels, of what the Class-Module sees of each core, which is what it was trained on.
	SubImage = 32
	// moduleSquare is the side of the squares that its first layer cuts a sub-image into; it looks at whole ones only.
	moduleSquare = 4
)

// NewSet compiles the networks of a model that has a Class-Module. It returns an error if a branch cannot enlarge so many times.
func NewSet(m *weights.Model, scale int) (*Set, error) {
	module := m.ClassModule.Spec.Build()
	s := &Set{
		module:      newClassModule(module, m.ClassModule.Params),
		ModuleSpec:  m.ClassModule.Spec,
		ModuleFLOPs: float64(module.Cost(Patch).PaperFLOPs()),
		Classes:     m.Classes,
	}
	for _, n := range m.Branches {
		b, err := New(n, scale)
		if err != nil {
			return nil, err
		}
		s.Branches = append(s.Branches, b)
	}
	return s, nil
}

// Hardest is the branch of the hardest class, the network at full width.
func (s *Set) Hardest() *Branch { return s.Branches[len(s.Branches)-1] }

// Largest is the largest value of f over the branches.
func (s *Set) Largest(f func(*Branch) int64) int64 {
	var all []int64
	for _, b := range s.Branches {
		all = append(all, f(b))
	}
	return slices.Max(all)
}

// Bicubic names the class of bicubic interpolation.
const Bicubic = "bicubic"

// Extend puts bicubic interpolation before the branches if classes, the names in a calibration, begin with it. It returns an error if the
// set's classes are not the same then.
func (s *Set) Extend(classes []string) error {
	own := len(s.Classes)
	if len(classes) == own+1 && classes[0] == Bicubic {
		hardest := s.Hardest().Spec
		b, err := New(weights.Network{Spec: arch.Interpolation(hardest), Params: tensor.Set{}}, hardest.Scale)
		if err != nil {
			return err
		}
		s.Branches = append([]*Branch{b}, s.Branches...)
		s.Classes = append([]string{Bicubic}, s.Classes...)
	}
	if !slices.Equal(s.Classes, classes) {
		return fmt.Errorf("the model's calibration is for the classes %v, but its classes are %v: calibrate it again", classes, s.Classes)
	}
	return nil
}

// Classify gives the Class-Module's scores of the 32x32 pixels around each core: by core, a score for each class, the simplest first (before
// the softmax). The bits are the same on every machine. It returns ctx's error if ctx is done.
func (s *Set) Classify(ctx context.Context, in Source, cores []image.Rectangle, threads int) ([][]float32, error) {
	scores := make([][]float32, len(cores))
	batches := (len(cores) + moduleBatch - 1) / moduleBatch
	classifiers := make([]classifier, min(threads, batches))
	err := par.Do(ctx, len(classifiers), batches, func(worker, i int) error {
		first := i * moduleBatch
		end := min(first+moduleBatch, len(cores))
		return classifiers[worker].scores(ctx, s.module, in, cores[first:end], scores[first:end])
	})
	return scores, err
}

// ModuleDifficulty makes a single figure of the Class-Module's scores: the score of the hardest class minus that of the simplest, which is the
// logarithm of how many times as likely it is.
func ModuleDifficulty(scores []float32) float64 { return float64(scores[len(scores)-1] - scores[0]) }

// RouteMACs counts the multiply-accumulates of the Class-Module for so many cores of a picture.
func (s *Set) RouteMACs(picture image.Point, cores int) int64 {
	return int64(cores) * s.module.macs(seen(picture))
}

// sees is the window that the Class-Module looks at for a core of at most 32x32 pixels: 32x32 pixels with the core in the middle,
// shifted inwards at the picture's borders. Where the picture is smaller it reaches beyond it, up to whole squares.
func sees(core image.Rectangle, picture image.Point) image.Rectangle {
	size := seen(picture)
	middle := core.Min.Add(core.Max).Div(2)
	corner := middle.Sub(size.Div(2))
	corner.X = max(min(corner.X, picture.X-size.X), 0)
	corner.Y = max(min(corner.Y, picture.Y-size.Y), 0)
	return image.Rectangle{Min: corner, Max: corner.Add(size)}
}

// seen is the size of the windows that the Class-Module looks at in a picture.
func seen(picture image.Point) image.Point {
	side := func(length int) int { return min((length+moduleSquare-1)/moduleSquare*moduleSquare, SubImage) }
	return image.Pt(side(picture.X), side(picture.Y))
}
