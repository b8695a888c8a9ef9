package work

import (
	"classsr"
	"classsr/models"
	"classsr/pipeline"
)

// Model is what the server tells of a model.
type Model struct {
	Name    string   `json:"name"`
	Scales  []int    `json:"scales" nullable:"false"`
	Kind    string   `json:"kind,omitempty"`
	Fast    bool     `json:"fast,omitempty"`
	Classes []string `json:"classes,omitempty" doc:"from the simplest on; none for models with a single network"`
	Licence string   `json:"licence,omitempty"`
	Default bool     `json:"default,omitempty"`
}

// Shelf has models that are ready to run.
func (w *Works) Shelf() *pipeline.Shelf { return w.shelf }

// Models lists the models. Their files are looked at once.
func (w *Works) Models() []Model { return w.models() }

func listModels() (all []Model) {
	for _, name := range classsr.Names() {
		b, builtin := models.Find(name)
		if !builtin { // interpolation, which has no file
			m, err := classsr.Open(name)
			if err == nil {
				all = append(all, Model{Name: name, Scales: m.Scales()})
			}
			continue
		}
		one := Model{Name: name, Scales: []int{b.Scale}, Kind: string(b.Kind), Fast: b.Fast, Default: name == classsr.DefaultModel}
		if label, err := b.Label(); err == nil {
			one.Licence = label.Licence
			if b.Classes {
				one.Classes = label.Classes
			}
		}
		all = append(all, one)
	}
	return all
}
