package work

import (
	"context"
	"io"

	"classsr"
	"classsr/budget"
	"classsr/fault"
	"classsr/models"
	"classsr/pipeline"
	"classsr/pipeline/order"
	"classsr/server/blobs"
	"classsr/server/library"
	"classsr/server/tokens"
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

// Models lists the built-in models. Their files are looked at once.
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

// ShelfBytes is how much of so much memory is set aside for models that are ready to run. Much memory is for models in files that are larger than built-in ones.
func ShelfBytes(memory int64) int64 {
	const share, most, shareOfMuch = 5, 96 << 20, 16
	return min(memory/share, max(most, memory/shareOfMuch))
}

// pipeline makes what does an order, within a budget. A model in a file that is not here, or not any more, is an error of kind fault.NotFound.
func (w *Works) pipeline(o order.Order, b *budget.Budget) (*pipeline.Pipeline, error) {
	if sum, inFile := models.FileSum(o.Model); inFile {
		if err := w.Library.Use(sum); err != nil { // also where it is on the shelf: then it stays
			return nil, err
		}
	}
	return o.Pipeline(w.shelf, b, nil)
}

// readASecond is about how many bytes of a model's file are looked at in a second.
const readASecond = 100e6

// AddModel keeps a model's file of so many bytes (-1: that is not known) that r holds, after a look at it, when it has a turn. A model that is here already stays. Errors are
// those of library.Library.Add and library.Check, and as those of View.
func (w *Works) AddModel(ctx context.Context, t tokens.Token, r io.Reader, size int64) (d library.Described, err error) {
	defer w.survive(&err, "model")
	sum, err := w.Library.Add(t.Name, r, size, func(f io.ReaderAt, size int64) error {
		waiting, cancel := context.WithTimeout(ctx, w.viewWait)
		defer cancel()
		err := w.inTurn(waiting, t, float64(size)/readASecond, func(part *budget.Budget) error {
			held, err := part.Reserve(waiting, library.ReadBytes(size))
			if err != nil {
				return err
			}
			defer held.Release()
			return library.Check(f, size)
		})
		return w.late(ctx, err)
	})
	if err != nil {
		return d, err
	}
	_, err = w.shelf.Named(models.InFile(sum), nil, classsr.Options{}) // whether there is room for it
	switch fault.KindOf(err) {
	case fault.TooLarge, fault.Usage:
		_ = w.Library.Remove(sum) // or it goes when its time is over
	}
	if err != nil {
		return d, err
	}
	return w.Library.Describe(sum)
}

// Model tells of a model that was sent. One that is not here is an error of kind fault.NotFound.
func (w *Works) Model(sum blobs.Sum) (library.Described, error) { return w.Library.Describe(sum) }

// MostModel is how many bytes a model's file may have.
func (w *Works) MostModel() int64 { return w.Library.MostFile }
