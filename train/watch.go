package train

import (
	"fmt"
	"time"

	"classsr/route"
	"classsr/train/report"
)

// Progress is what is told of a run while it goes on.
type Progress struct {
	Stage, Stages int // from 1
	Title         string
	Step, Steps   int
	Rate          float64            // learning rate
	Losses        map[string]float64 // means since the last one
	Shares        []float64          // of patches, by class; nil where nothing is routed
	MSPerStep     float64
	Left          time.Duration // of the stage
}

// watch sums up the steps between two events of the log.
type watch struct {
	start         time.Time
	steps         int
	losses        map[string]float64
	shares        []float64
	probabilities [][]int
	patches       int
}

const probabilityBins = 10

func newWatch() *watch { return &watch{start: time.Now(), losses: map[string]float64{}} }

func (w *watch) add(l Losses, teacher bool) {
	w.steps++
	w.losses[report.LossPixel] += l.Pixel
	w.losses[report.LossTotal] += l.Total
	if teacher {
		w.losses[report.LossTeacher] += l.Teacher
	}
	if l.Probabilities == nil {
		return
	}
	w.losses[report.LossClass] += l.Class
	w.losses[report.LossAverage] += l.Average
	if l.Difficulty > 0 {
		w.losses[report.LossDifficulty] += l.Difficulty
	}
	if w.shares == nil {
		w.shares = make([]float64, len(l.Probabilities[0]))
		for range w.shares {
			w.probabilities = append(w.probabilities, make([]int, probabilityBins))
		}
	}
	for _, p := range l.Probabilities {
		w.patches++
		w.shares[route.Argmax(p)]++
		for i, v := range p {
			w.probabilities[i][min(int(v*probabilityBins), probabilityBins-1)]++
		}
	}
}

// event gives the means, and begins anew.
func (w *watch) event() report.Event {
	e := report.Event{Kind: report.KindStep, Losses: w.losses, Shares: w.shares, Probabilities: w.probabilities}
	for name := range e.Losses {
		e.Losses[name] /= float64(w.steps)
	}
	for i := range e.Shares {
		e.Shares[i] /= float64(w.patches)
	}
	e.MSPerStep = time.Since(w.start).Seconds() * 1000 / float64(w.steps)
	*w = *newWatch()
	return e
}

// Signs of collapse (REFERENCE: the Average-Loss is 1 where one class takes everything).
const (
	collapsedAverage = 0.9
	unusedShare      = 0.01
	unusedEvents     = 5   // in a row
	settledSteps     = 200 // until then classes are what chance made them
)

// alarm finds what has gone wrong with the classes, and says it once in a stage.
type alarm struct {
	classes []string
	unused  []int // events in a row, by class
	said    map[string]bool
}

// check gives warnings for an event of a routed stage after so many steps.
func (a *alarm) check(e report.Event, step int) []string {
	if step < settledSteps {
		return nil
	}
	if a.said == nil {
		a.said, a.unused = map[string]bool{}, make([]int, len(a.classes))
	}
	var warnings []string
	warn := func(key, text string) {
		if !a.said[key] {
			a.said[key] = true
			warnings = append(warnings, text)
		}
	}
	if v := e.Losses[report.LossAverage]; len(e.Shares) > 0 && v > collapsedAverage {
		warn("collapse", fmt.Sprintf("the Average-Loss is %.2f: all patches go to class %s. Raise loss_weights.average, lower "+
			"the learning rate, and see that every branch was trained before this stage", v, a.classes[route.Argmax(e.Shares)]))
	}
	for i, share := range e.Shares {
		if a.unused[i]++; share >= unusedShare {
			a.unused[i] = 0
		}
		if a.unused[i] == unusedEvents {
			warn(a.classes[i], fmt.Sprintf("class %s has %.1f %% of the patches: it is hardly used. Raise loss_weights.average, or "+
				"train its branch longer", a.classes[i], 100*share))
		}
	}
	return warnings
}
