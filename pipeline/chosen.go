package pipeline

import (
	"fmt"

	"classsr"
	"classsr/models"
)

// Chosen is what a Result tells of the choice of its model.
type Chosen struct {
	// Kind is the kind of the model, if it is built in; of the first one, if there were two passes.
	Kind classsr.Kind `json:"kind,omitempty"`
	// JPEGQuality is how well the input is stored if it is a JPEG, 1 to 100, by its tables.
	JPEGQuality int `json:"jpeg_quality,omitempty"`
	// ChosenBecause says why another model was used than the usual one, or than what was asked for; else it is empty.
	ChosenBecause string `json:"chosen_because,omitempty"`
}

// choose notes which model enlarges the picture of that name, and tells what a user may not expect of it.
func (w *course) choose(name string) {
	if len(w.models) > 0 {
		w.chosen.Kind = w.models[0].Kind()
		w.chosen.ChosenBecause = w.suited.explain(w.models[0], w.passes[0].Scale(), w.wholeScale(), name)
	}
}

// explain tells what a user may not expect of the model that enlarges the picture of that name by a scale. whole is the whole scale that is asked for,
// or 0. It gives the reason why another model is used than the usual one, if it is.
func (s suited) explain(model *classsr.Model, scale, whole int, name string) string {
	because, text := s.because(model, scale, whole)
	if s.jpeg > 0 {
		text = name + " " + text
	}
	if because != "" {
		matter := fmt.Sprint(model.Name(), scale, s.jpeg > 0) // whatever quality another JPEG has
		s.tell(matter, text)
	}
	if note := model.Note(); note != "" {
		s.tell(note, fmt.Sprintf("%s: %s", model.Name(), note))
	}
	return because
}

// wholeScale is the scale that is asked for, if it is a whole number, else 0.
func (w *course) wholeScale() int {
	if w.p.Sizing == nil {
		return w.passes[0].Scale()
	}
	return w.p.Sizing.Target.Whole()
}

// because says why a model is not the usual one, and in a sentence, which begins behind the name of a JPEG, what follows from that. Both are empty if
// it is as wanted. whole is as in explain.
func (s suited) because(model *classsr.Model, scale, whole int) (because, text string) {
	if s.only != nil {
		return "", ""
	}
	b, _ := models.Find(model.Name())
	missing := b.Missing(s.wanted)
	used := model.Name() + " is used"
	if missing == "" && whole > 0 && whole < scale && s.jpeg == 0 {
		missing = fmt.Sprintf("there is no %s for x%d", s.wanted, whole)
		used += ", and its result is reduced"
	}
	jpeg := fmt.Sprintf("looks like a JPEG of quality %d", s.jpeg)
	switch {
	case s.jpeg > 0 && missing == "":
		return "it " + jpeg, fmt.Sprintf("%s: the %s model %s; --kind clean for the other", jpeg, s.wanted.Kind, used)
	case s.jpeg > 0:
		return fmt.Sprintf("it %s, but %s", jpeg, missing), fmt.Sprintf("%s, but %s: %s", jpeg, missing, used)
	case missing != "":
		return missing, missing + ": " + used
	}
	return "", ""
}

// tell tells of a matter once.
func (m *Models) tell(matter, text string) {
	if m.Tell != nil && !m.told[matter] {
		m.told[matter] = true
		m.Tell(text)
	}
}
