package route

import (
	"math"
	"time"

	"classsr/fault"
	"classsr/internal/portable"
)

// Goal says how quality and cost are weighed against each other.
type Goal struct {
	Kind  GoalKind
	Limit float64 // in dB, percent or nanoseconds, by Kind; unused for ByScores
}

// GoalKind says what a goal limits.
type GoalKind int

const (
	// ByScores takes what the Class-Module finds most likely.
	ByScores GoalKind = iota
	// ByQuality makes the cheapest choice that loses no more than so many dB.
	ByQuality
	// ByBudget makes the best choice that takes no more than so many percent of the full network's multiply-accumulates.
	ByBudget
	// ByTime makes the best choice that takes no more than so many nanoseconds on this machine.
	ByTime
)

// BoundsCost tells whether the goal limits the cost; then the full network cannot replace a choice that is no cheaper.
func (g Goal) BoundsCost() bool { return g.Kind == ByBudget || g.Kind == ByTime }

// DefaultQuality is how many dB routing may lose if neither a goal nor the model says otherwise, as the model's calibration predicts.
const DefaultQuality = 0.02

// MaxQuality is the largest loss that makes sense; more is a mistake (a JPEG quality, for instance).
const MaxQuality = 10

// NewGoal makes a goal of a budget in percent (more than 0, at most 100), a time or a quality in dB (more than 0, at most 10); at most one
// of them is not 0. Without any, it is the quality of the model's calibration, table, or ByScores if that is nil. It returns an error of kind
// fault.Usage if there are several, one is out of range, or there is a quality but no calibration.
func NewGoal(budget float64, maxTime time.Duration, quality float64, table *Table) (Goal, error) {
	given := 0
	for _, set := range []bool{budget != 0, maxTime != 0, quality != 0} {
		if set {
			given++
		}
	}
	switch {
	case given > 1:
		return Goal{}, fault.New(fault.Usage, "a budget, a time and a quality cannot be combined: give one of them")
	case budget < 0 || budget > 100 || math.IsNaN(budget):
		return Goal{}, fault.New(fault.Usage, "a budget of %g %%: it must be more than 0 and at most 100", budget)
	case maxTime < 0:
		return Goal{}, fault.New(fault.Usage, "a time of %s: it must be more than 0", maxTime)
	case quality < 0 || quality > MaxQuality || math.IsNaN(quality):
		return Goal{}, fault.New(fault.Usage, "a quality of %g dB: it is how much may be lost and must be more than 0 and at most %d", quality, MaxQuality)
	case budget != 0:
		return Goal{ByBudget, budget}, nil
	case maxTime != 0:
		return Goal{ByTime, float64(maxTime / time.Nanosecond)}, nil
	case table == nil && quality != 0:
		return Goal{}, fault.New(fault.Usage,
			"this model is not calibrated, so how much quality its classes lose is unknown: run classsr calibrate on it, or give a budget")
	case table == nil:
		return Goal{Kind: ByScores}, nil
	case quality != 0:
		return Goal{ByQuality, quality}, nil
	}
	return Goal{ByQuality, table.DefaultQuality()}, nil
}

// Prediction is what a router predicts about a picture besides the losses of the classes.
type Prediction struct {
	// Squares is the sum of the squared errors that the full network is expected to make, of samples of 0..255 of the result; losses of
	// calibrated models are sums of squared errors, too.
	Squares float64
	// Scores are those of the Class-Module, by core and class, for models that were not calibrated.
	Scores [][]float64
}

// Estimator estimates what choices of classes cost.
type Estimator interface {
	// Percent estimates quickly how many percent of the full network's multiply-accumulates a choice takes; ExactPercent counts them.
	Percent(classes []int) float64
	ExactPercent(classes []int) float64
	// Nanoseconds estimates the wall time on this machine.
	Nanoseconds(classes []int) float64
}

// Choose gives each core a class, so that the choice meets the goal. The table is the model's calibration, nil if there is none. Lambda is the multiplier of
// the costs at which, or near which, the choice was found: Follow makes much the same choices with it.
func (g Goal) Choose(p *Problem, predicted Prediction, table *Table, e Estimator) (classes []int, lambda float64) {
	p = g.weighed(p, predicted)
	switch g.Kind {
	case ByQuality:
		return cheapestWithin(p, g.allowed(predicted, table))
	case ByBudget:
		return fitBudget(p, g.Limit, e.Percent, e.ExactPercent)
	case ByTime:
		return fitBudget(p, g.Limit, e.Nanoseconds, e.Nanoseconds)
	}
	return p.Minimise(1), 1
}

// allowed is how much may be lost by a quality.
func (g Goal) allowed(predicted Prediction, table *Table) float64 {
	return predicted.Squares * (portable.Pow10(table.AllowedFor(g.Limit)/10) - 1)
}

// exceeds is how much more than its limit a goal may cost where classes follow those of another picture.
const exceeds = 1.05

// Meets tells whether a choice that follows another one (Follow) still costs about what the goal allows, at most.
func (g Goal) Meets(classes []int, e Estimator) bool {
	switch g.Kind {
	case ByBudget:
		return e.Percent(classes) <= g.Limit*exceeds
	case ByTime:
		return e.Nanoseconds(classes) <= g.Limit*exceeds
	}
	return true
}

// weighed is the problem with the losses that count for the goal.
func (g Goal) weighed(p *Problem, predicted Prediction) *Problem {
	switch {
	case !g.BoundsCost():
		return p
	case predicted.Scores != nil:
		return byScores(p, predicted.Scores)
	}
	return withoutGains(p)
}
