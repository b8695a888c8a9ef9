package report

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// run is what the events of a log come to.
type run struct {
	name, text, recipe string
	classes            []string
	stages             []*stage // in the order in which they began
	begun, ended       string   // times of the first and the last event
	took               time.Duration
	starts             int // events of KindRun
	done               bool
	warnings           []warning
	samples            []Event // the last one of each title
}

// stage is one stage of a run.
type stage struct {
	number      int
	name        string
	planned     int     // steps in all, 0 if not known
	done        int     // steps
	offset      int     // steps of all stages before
	steps       []Event // of KindStep, Step rising
	validations []Event // of KindValidation, Step rising
	took        time.Duration
}

// warning is one thing to say in red.
type warning struct {
	Text  string
	Where string // stage and step, empty for the whole run
	Count int    // how often it was logged
}

// collect makes a run of the events of its log.
func collect(events []Event) *run {
	r := &run{}
	var last time.Time
	var current *stage
	for _, e := range events {
		if s := r.stageOf(e); s != nil {
			current = s
		}
		if now, err := time.Parse(time.RFC3339, e.Time); err == nil {
			if r.begun == "" {
				r.begun = e.Time
			}
			r.ended = e.Time
			// Before a run is resumed, nothing was computed; and clocks are set back.
			if passed := now.Sub(last); !last.IsZero() && e.Kind != KindRun && passed > 0 {
				r.took += passed
				if current != nil {
					current.took += passed
				}
			}
			last = now
		}
		r.add(e, current)
	}
	offset := 0
	for _, s := range r.stages {
		s.offset = offset
		offset += s.done
	}
	return r
}

// stageOf gives the stage that an event belongs to, a new one if it is the first of it, and nil for events of the whole run.
func (r *run) stageOf(e Event) *stage {
	if e.Stage <= 0 {
		return nil
	}
	for i := len(r.stages) - 1; i >= 0; i-- {
		if r.stages[i].number == e.Stage {
			return r.stages[i]
		}
	}
	s := &stage{number: e.Stage}
	r.stages = append(r.stages, s)
	return s
}

// add takes in an event, which belongs to the given stage, nil before the first stage.
func (r *run) add(e Event, s *stage) {
	if e.Stage > 0 {
		s.planned = max(s.planned, e.Steps)
		s.done = max(s.done, e.Step)
		if e.Name != "" {
			s.name = e.Name
		}
	}
	r.done = r.done && e.Kind != KindRun || e.Kind == KindDone
	switch e.Kind {
	case KindRun:
		r.starts++
		if e.Name != "" {
			r.name = e.Name
		}
		if e.Text != "" {
			r.text = e.Text
		}
		if e.Recipe != "" {
			r.recipe = e.Recipe
		}
		if e.Classes != nil {
			r.classes = e.Classes
		}
	case KindStep:
		if s != nil {
			s.steps = append(before(s.steps, e.Step), e)
		}
	case KindValidation:
		if s != nil {
			if e.Stage <= 0 { // of the whole run: after the stage that was last
				e.Stage, e.Name, e.Step = s.number, s.name, s.done
			}
			s.validations = append(before(s.validations, e.Step), e)
		}
	case KindSample:
		r.addSample(e)
	case KindWarning:
		r.warn(e.Text, where(e))
	}
}

// before drops the events of a step and later: a resumed run does these steps again.
func before(events []Event, step int) []Event {
	for len(events) > 0 && events[len(events)-1].Step >= step {
		events = events[:len(events)-1]
	}
	return events
}

func (r *run) addSample(e Event) {
	if e.Sample == nil {
		return
	}
	for i, old := range r.samples {
		if old.Sample.Title == e.Sample.Title {
			r.samples[i] = e
			return
		}
	}
	r.samples = append(r.samples, e)
}

// warn notes a warning, or counts it if it is the same as one before.
func (r *run) warn(text, where string) {
	for i := range r.warnings {
		if r.warnings[i].Text == text {
			r.warnings[i].Count++
			return
		}
	}
	r.warnings = append(r.warnings, warning{Text: text, Where: where, Count: 1})
}

// where says in words which place of the run an event is about.
func where(e Event) string {
	if e.Stage <= 0 {
		return ""
	}
	text := fmt.Sprintf("stage %d", e.Stage)
	if e.Name != "" {
		text += ", " + e.Name
	}
	if e.Step > 0 {
		text += fmt.Sprintf(", step %d", e.Step)
	}
	return text
}

// class names a class by its index, from 0.
func (r *run) class(i int) string {
	if i < len(r.classes) && r.classes[i] != "" {
		return r.classes[i]
	}
	return fmt.Sprintf("class %d", i+1)
}

// sharesText writes shares in percent, class by class.
func (r *run) sharesText(shares []float64) string {
	var parts []string
	for i, share := range shares {
		parts = append(parts, fmt.Sprintf("%s %.1f %%", r.class(i), 100*share))
	}
	return strings.Join(parts, ", ")
}

// final gives the last validation of the run.
func (r *run) final() (Event, bool) {
	for i := len(r.stages) - 1; i >= 0; i-- {
		if list := r.stages[i].validations; len(list) > 0 {
			return list[len(list)-1], true
		}
	}
	return Event{}, false
}

// findings adds warnings about what the log as a whole shows.
func (r *run) findings() {
	if !r.done {
		place := ""
		if n := len(r.stages); n > 0 {
			place = r.stages[n-1].where()
		}
		r.warn("The run is not complete: the log has no end. If it is not running any more, start it again in the same folder to "+
			"resume it; the figures show what there is.", place)
	}
	last, ok := r.final()
	if !ok {
		return
	}
	if last.PSNR > 0 && last.Bicubic > 0 && last.PSNR < last.Bicubic {
		r.warn(fmt.Sprintf("The result is worse than bicubic enlargement (%.2f dB against %.2f dB). If the pixel loss still falls, "+
			"train longer; if it does not, try a lower learning rate and look at the sample pictures.", last.PSNR, last.Bicubic),
			where(last))
	}
	for i, share := range last.Shares {
		if len(last.Shares) > 1 && share < 0.01 {
			r.warn(fmt.Sprintf("Class %q has less than 1 %% of the pixels, so its branch is hardly used. Give the average loss more "+
				"weight, or check the difficulty split.", r.class(i)), where(last))
		}
	}
}

func (s *stage) where() string {
	return where(Event{Stage: s.number, Name: s.name, Step: s.done})
}

// span writes a duration with its two largest units.
func span(d time.Duration) string {
	s := int(math.Round(d.Seconds()))
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", s/60, s%60)
	case s < 48*3600:
		return fmt.Sprintf("%d h %d min", s/3600, s%3600/60)
	}
	return fmt.Sprintf("%d days %d h", s/86400, s%86400/3600)
}
