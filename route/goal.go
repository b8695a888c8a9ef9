package route

import (
	"math"
	"time"

	"classsr/fault"
	"classsr/internal/portable"
)

// Goal is what decides between quality and cost.
type Goal struct {
	Kind  GoalKind
	Limit float64 // dB, percent or nanoseconds
}

// GoalKind is what a goal limits.
type GoalKind int

const (
	// ByScores takes what the Class-Module finds most likely.
	ByScores GoalKind = iota
	// ByQuality is the cheapest choice that loses no more than so many dB.
	ByQuality
	// ByBudget is the best choice that takes so many percent of the full network's multiply-accumulates.
	ByBudget
	// ByTime is the best choice that takes so many nanoseconds.
	ByTime
)

// BoundsCost tells whether the goal bounds the cost; then the full network is no way out.
func (g Goal) BoundsCost() bool { return g.Kind == ByBudget || g.Kind == ByTime }

// DefaultQuality is how many dB routing may lose where nothing else is asked for, by the model's calibration.
const DefaultQuality = 0.02

// maxQuality is the largest loss that makes sense; more is a mistake (a JPEG quality, for instance).
const maxQuality = 10

// NewGoal makes a goal of what was asked for, of which at most one is not 0: a budget in percent, a time, a quality in dB. Only calibrated
// models know a quality.
func NewGoal(budget float64, maxTime time.Duration, quality float64, calibrated bool) (Goal, error) {
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
	case quality < 0 || quality > maxQuality || math.IsNaN(quality):
		return Goal{}, fault.New(fault.Usage, "a quality of %g dB: it is how much may be lost and must be more than 0 and at most %d", quality, maxQuality)
	case budget != 0:
		return Goal{ByBudget, budget}, nil
	case maxTime != 0:
		return Goal{ByTime, float64(maxTime / time.Nanosecond)}, nil
	case !calibrated && quality != 0:
		return Goal{}, fault.New(fault.Usage, "this model is not calibrated, so how much quality its classes lose is unknown: run classsr calibrate on it, or give a budget")
	case !calibrated:
		return Goal{Kind: ByScores}, nil
	case quality != 0:
		return Goal{ByQuality, quality}, nil
	}
	return Goal{ByQuality, DefaultQuality}, nil
}

// Prediction is what a router predicts of a picture besides the losses of the classes.
type Prediction struct {
	// Squares is the sum of the squared errors that the full network is expected to make, of samples of 0..255 of the result; losses of
	// calibrated models are sums of squared errors, too.
	Squares float64
	// Scores are those of the Class-Module, by core and class, for models that were not calibrated.
	Scores [][]float64
}

// Estimator tells what choices of classes would take.
type Estimator interface {
	// Percent estimates quickly how many percent of the full network's multiply-accumulates a choice takes; ExactPercent counts them.
	Percent(classes []int) float64
	ExactPercent(classes []int) float64
	// Nanoseconds is the time on this machine.
	Nanoseconds(classes []int) float64
}

// Choose gives the cores classes that meet the goal. The table is the model's calibration, nil if there is none.
func (g Goal) Choose(p *Problem, predicted Prediction, table *Table, e Estimator) []int {
	switch g.Kind {
	case ByQuality:
		allowed := predicted.Squares * (portable.Pow10(table.AllowedFor(g.Limit)/10) - 1)
		return cheapestWithin(p, allowed)
	case ByBudget:
		return fitBudget(p, predicted, g.Limit, e.Percent, e.ExactPercent)
	case ByTime:
		return fitBudget(p, predicted, g.Limit, e.Nanoseconds, e.Nanoseconds)
	}
	return p.Minimise(1)
}
