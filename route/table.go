package route

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
)

// Table is a model's calibration for one router: the errors that each class makes on content of a difficulty, as measured on pictures that
// the model should not have been trained on. In a model file it is JSON.
type Table struct {
	// Router judges the difficulty (ClassModule or Edge), on cores of Core x Core pixels of the small picture.
	Router string `json:"router"`
	Core   int    `json:"core"`
	// Block is the side of the parts of a core, the hardest of which Edge judges; 0 for tables that were made when it judged their mean.
	Block int `json:"block,omitempty"`
	// Classes are the columns, the simplest first.
	Classes []string `json:"classes"`
	// Levels are difficulties, rising. Errors holds for each level the mean squared errors of the classes, of samples in 0..255.
	Levels []float64   `json:"levels"`
	Errors [][]float64 `json:"errors"`
	// Lost says how many dB pictures really lost on average when choices were made that should lose at most Allowed dB by the errors above.
	// Both rise. They differ since the errors are means over all pictures, and the dB are means of single pictures.
	Allowed []float64 `json:"allowed,omitempty"`
	// Sharp protects edges that stand alone in flat surroundings, as those of letters do: by class, but the last, the difficulty of Edge from
	// which the class must not have such a core. Without it nothing is protected.
	Sharp []float64 `json:"sharp,omitempty"`
	Lost  []float64 `json:"lost,omitempty"`
	// Quality is how many dB may be lost where nothing is asked for; 0 stands for DefaultQuality.
	Quality float64 `json:"quality,omitempty"`
}

// DefaultQuality is how many dB may be lost with this table where nothing is asked for.
func (t *Table) DefaultQuality() float64 {
	if t.Quality == 0 {
		return DefaultQuality
	}
	return t.Quality
}

// AllowedFor gives the dB to allow, so that pictures really lose that many dB on average.
func (t *Table) AllowedFor(lost float64) float64 {
	allowed, was := 0.0, 0.0
	for i, l := range t.Lost {
		if l >= lost {
			return allowed + (t.Allowed[i]-allowed)*(lost-was)/(l-was)
		}
		allowed, was = t.Allowed[i], l
	}
	if was == 0 {
		return lost
	}
	return allowed * lost / was
}

// LostFor gives the dB that pictures really lose on average where choices lose so many by the errors of the table: the inverse of AllowedFor.
func (t *Table) LostFor(allowed float64) float64 {
	lost, was := 0.0, 0.0
	for i, a := range t.Allowed {
		if a >= allowed {
			return lost + (t.Lost[i]-lost)*(allowed-was)/(a-was)
		}
		lost, was = t.Lost[i], a
	}
	if was == 0 {
		return allowed
	}
	return lost * allowed / was
}

// Sample is a measured core of a picture.
type Sample struct {
	Picture    int // which of the pictures
	Difficulty float64
	Pixels     int
	Errors     []float64 // by class, the hardest last: mean squared error
}

// NewTable makes a table with at most so many levels, each from an equal number of samples. It returns an error if there are no samples.
func NewTable(router string, core int, classes []string, samples []Sample, levels int) (*Table, error) {
	samples = slices.DeleteFunc(slices.Clone(samples), func(s Sample) bool { return math.IsNaN(s.Difficulty) || s.Pixels < 1 })
	if len(samples) == 0 {
		return nil, errors.New("there is no content to make a table from")
	}
	samples = leveled(samples)
	slices.SortFunc(samples, func(a, b Sample) int {
		if a.Difficulty < b.Difficulty {
			return -1
		}
		return 1
	})
	t := &Table{Router: router, Core: core, Classes: classes}
	levels = min(levels, len(samples))
	for i := range levels {
		t.addLevel(samples[i*len(samples)/levels : (i+1)*len(samples)/levels])
	}
	return t, nil
}

// leveled gives the samples with the errors of the hardest class in place of those of classes that come out better than it on the whole
// picture. What such a class gains there does not make up for what it loses on other pictures: whoever enlarges those sees the loss only.
func leveled(samples []Sample) []Sample {
	sums := map[int][]float64{}
	for _, s := range samples {
		if sums[s.Picture] == nil {
			sums[s.Picture] = make([]float64, len(s.Errors))
		}
		for class, e := range s.Errors {
			sums[s.Picture][class] += float64(float64(s.Pixels) * e)
		}
	}
	out := slices.Clone(samples)
	for i, s := range out {
		hardest := len(s.Errors) - 1
		out[i].Errors = slices.Clone(s.Errors)
		for class := range s.Errors {
			if sums[s.Picture][class] < sums[s.Picture][hardest] {
				out[i].Errors[class] = s.Errors[hardest]
			}
		}
	}
	return out
}

// addLevel adds the means of some samples.
func (t *Table) addLevel(samples []Sample) {
	sums, level, pixels := make([]float64, len(t.Classes)), 0.0, 0.0
	for _, s := range samples {
		n := float64(s.Pixels)
		pixels += n
		level += float64(n * s.Difficulty)
		for class, e := range s.Errors {
			sums[class] += float64(n * e)
		}
	}
	for class := range sums {
		sums[class] /= pixels
	}
	level /= pixels
	if n := len(t.Levels); n > 0 && level <= t.Levels[n-1] { // many samples of one difficulty
		return
	}
	t.Levels, t.Errors = append(t.Levels, level), append(t.Errors, sums)
}

// Expected gives the mean squared errors of the classes at a difficulty: between levels on a straight line, beyond them those of the
// outermost. A difficulty that is not a number counts as the largest. The bits are the same on every machine.
func (t *Table) Expected(difficulty float64) []float64 {
	last := len(t.Levels) - 1
	i := sort.Search(len(t.Levels), func(i int) bool { return t.Levels[i] >= difficulty })
	switch {
	case math.IsNaN(difficulty) || i > last:
		return t.Errors[last]
	case i == 0:
		return t.Errors[0]
	}
	f := (difficulty - t.Levels[i-1]) / (t.Levels[i] - t.Levels[i-1])
	out := make([]float64, len(t.Classes))
	for class := range out {
		out[class] = float64(t.Errors[i-1][class]*(1-f)) + float64(t.Errors[i][class]*f)
	}
	return out
}

// Blurs tells whether a class must not have a core with an edge that stands alone, of this difficulty for Edge.
func (t *Table) Blurs(class int, difficulty float64) bool {
	return class < len(t.Sharp) && difficulty >= t.Sharp[class]
}

// Check returns an error if a table, which may come from a file, is not valid.
func (t *Table) Check() error {
	if len(t.Sharp) != 0 && len(t.Sharp) != len(t.Classes)-1 {
		return fmt.Errorf("edges are protected from %d of %d classes", len(t.Sharp), len(t.Classes))
	}
	for _, s := range t.Sharp {
		if !isFinite(s) {
			return fmt.Errorf("edges are protected from %g on", s)
		}
	}
	if !(t.Quality >= 0 && t.Quality <= MaxQuality) {
		return fmt.Errorf("%g dB may be lost", t.Quality)
	}
	if t.Block < 0 || t.Block > t.Core {
		return fmt.Errorf("a table for parts of %d pixels in cores of %d", t.Block, t.Core)
	}
	if t.Core < 16 || t.Core > 256 || t.Core%4 != 0 || len(t.Levels) == 0 || len(t.Errors) != len(t.Levels) || len(t.Classes) == 0 {
		return fmt.Errorf("a table of %d levels and %d rows for cores of %d pixels", len(t.Levels), len(t.Errors), t.Core)
	}
	for i, row := range t.Errors {
		if len(row) != len(t.Classes) || !isFinite(t.Levels[i]) || !isFinite(t.Levels[i]-t.Levels[0]) || i > 0 && t.Levels[i] <= t.Levels[i-1] {
			return fmt.Errorf("level %d of a table is not a rising number", i+1)
		}
		for _, e := range row {
			if !isFinite(e) || e < 0 {
				return fmt.Errorf("an error of %g in a table", e)
			}
		}
	}
	return t.checkLost()
}

// checkLost returns an error if what was lost does not rise.
func (t *Table) checkLost() error {
	if len(t.Lost) != len(t.Allowed) {
		return errors.New("a table has losses, but not the limits that led to them")
	}
	allowed, lost := 0.0, 0.0
	for i := range t.Lost {
		if !(t.Allowed[i] > allowed && t.Lost[i] > lost) || !isFinite(t.Allowed[i]) || !isFinite(t.Lost[i]) {
			return errors.New("the limits and losses of a table do not rise")
		}
		allowed, lost = t.Allowed[i], t.Lost[i]
	}
	return nil
}

func isFinite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
