package models

import (
	"fmt"
	"slices"
	"strings"
)

// Wanted is what is wanted of a model, besides a scale.
type Wanted struct {
	Kind Kind
	Fast bool
	// Classes asks for models that can be routed, and for no others.
	Classes bool
}

// String is what is wanted in words: "fast photo model with classes". That it is clean goes without saying where something else is told.
func (w Wanted) String() string {
	var words []string
	if w.Fast {
		words = append(words, "fast")
	}
	if w.Kind != Clean || !w.Fast && !w.Classes {
		words = append(words, string(w.Kind))
	}
	words = append(words, "model")
	if w.Classes {
		words = append(words, "with classes")
	}
	return strings.Join(words, " ")
}

// PhotoBelow is the quality, as libjpeg has it, under which a JPEG is better enlarged by a photo model than by a clean one. At higher qualities
// there is little of JPEG to remove, and photo models lose some detail of clean pictures.
const PhotoBelow = 92

// Choose gives the model for a scale. Where there is none as wanted it is the next best: the scale is kept, then the speed, then the kind, which
// becomes photo or clean; only where texture may be invented is that kept before the speed. Nothing invents texture that was not asked to. It is
// false if there is no model for the scale, or none with classes where these are wanted.
func Choose(scale int, w Wanted) (Builtin, bool) {
	for _, other := range w.alternatives() {
		if b, ok := exactly(scale, other); ok {
			return b, true
		}
	}
	return Builtin{}, false
}

// Scales lists the scales of the models that are as wanted, in rising order, where any scale will do because results are resized: of the next best
// if there is none. It is empty only where nothing has classes.
func Scales(w Wanted) []int {
	for _, other := range w.alternatives() {
		var scales []int
		for _, b := range builtins {
			if b.is(other) && !slices.Contains(scales, b.Scale) {
				scales = append(scales, b.Scale)
			}
		}
		if len(scales) > 0 {
			slices.Sort(scales)
			return scales
		}
	}
	return nil
}

// Missing says what of what is wanted there is not, where the model was chosen for a scale; empty if it is as wanted.
func (b Builtin) Missing(w Wanted) string {
	if b.is(w) {
		return ""
	}
	return fmt.Sprintf("there is no %s for x%d", w, b.Scale)
}

// is tells whether a model is as wanted.
func (b Builtin) is(w Wanted) bool {
	return b.Kind == w.Kind && b.Fast == w.Fast && (b.Classes || !w.Classes)
}

// exactly gives the model of a scale that is as wanted.
func exactly(scale int, w Wanted) (best Builtin, ok bool) {
	for _, b := range builtins {
		if b.Scale == scale && b.is(w) && (!ok || b.rank < best.rank) {
			best, ok = b, true
		}
	}
	return best, ok
}

// alternatives lists what is wanted and, after it, what comes next, the best first.
func (w Wanted) alternatives() (list []Wanted) {
	add := func(fast bool, kinds ...Kind) {
		for _, kind := range kinds {
			list = append(list, Wanted{kind, fast, w.Classes})
		}
	}
	kinds := []Kind{Clean, Photo}
	switch w.Kind {
	case Photo:
		kinds = []Kind{Photo, Clean}
	case Real:
		kinds = []Kind{Photo, Clean}
		add(w.Fast, Real)
		add(!w.Fast, Real)
	}
	add(w.Fast, kinds...)
	add(!w.Fast, kinds...)
	return list
}
