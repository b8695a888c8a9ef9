package pipeline

import (
	"crypto/sha256"
	"slices"
	"testing"

	"classsr"
	"classsr/branch/branchtest"
	"classsr/fault"
	"classsr/models"
	"classsr/weights"
)

// Models in files do on a shelf what they do without one, for each strength with which they remove noise; names that no model has, and paths, stay what they are.
func TestShelvedModelsInFiles(t *testing.T) {
	of := func(sum [sha256.Size]byte) (*weights.Model, error) {
		if sum != [sha256.Size]byte{1} {
			return nil, fault.New(fault.NotFound, "it is not here")
		}
		m, _, err := models.Open("real-x4")
		if err == nil {
			m.Name = models.InFile(sum)
		}
		return m, err
	}
	shelf := NewShelf(96 << 20)
	shelf.Files = of
	name := models.InFile([sha256.Size]byte{1})
	in := branchtest.Patchwork(20, 14, 3, false, 8)
	for _, strength := range []float64{0, 1, 0.5, 0} {
		m, err := shelf.Named(name, &strength, classsr.Options{})
		if err != nil {
			t.Fatal(err)
		}
		up, err := m.upscaler(m.only, 4)
		if err != nil {
			t.Fatal(err)
		}
		got, report, err := up.Upscale(t.Context(), in)
		if err != nil || report.Model != name {
			t.Fatalf("by %s: %v", report.Model, err)
		}
		own, err := classsr.Open("real-x4")
		if err == nil {
			own, err = own.Denoised(strength)
		}
		if err != nil {
			t.Fatal(err)
		}
		if want := upscale(t, own, 4, in); !slices.Equal(got.Pix8, want.Pix8) {
			t.Errorf("strength %g: other pixels than without a shelf", strength)
		}
	}
	small := NewShelf(10 << 20)
	small.Files = of
	for what, c := range map[string]struct {
		shelf *Shelf
		name  string
		kind  fault.Kind
	}{
		"more memory than there is": {small, name, fault.TooLarge},
		"not there":                 {shelf, models.InFile([sha256.Size]byte{2}), fault.NotFound},
		"a path":                    {shelf, "shelffiles_test.go", fault.Usage},
		"no files at all":           {NewShelf(1), name, fault.Usage},
		"no shelf":                  {nil, name, fault.Usage},
	} {
		if _, err := c.shelf.Named(c.name, nil, classsr.Options{}); fault.KindOf(err) != c.kind {
			t.Errorf("%s: %v", what, err)
		}
	}
}
