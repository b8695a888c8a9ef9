package coordinator

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/models"
	"classsr/server/blobs"
)

// books is a Library in a folder.
type books struct{ folder string }

func (b books) File(sum blobs.Sum) (*os.File, error) {
	f, err := os.Open(filepath.Join(b.folder, sum.String()))
	if err != nil {
		err = fault.New(fault.NotFound, "the model is not here")
	}
	return f, err
}

// A worker gets models of units that it has, and of no others; nobody else gets them.
func TestModelsOfUnits(t *testing.T) {
	b, _ := start(t, t.TempDir(), 0)
	l := books{t.TempDir()}
	b.Library = l
	mine, others, gone := sumOf("mine"), sumOf("others"), sumOf("gone")
	for text, sum := range map[string]blobs.Sum{"mine": mine, "others": others} {
		if err := os.WriteFile(filepath.Join(l.folder, sum.String()), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := b.puppet(t, "shed")
	picture := b.ordered(t, "1")
	picture.Order = map[string]string{"model": models.InFile(mine)}
	end := b.begin(t, t.Context(), picture)
	u := p.next(t)
	other := b.puppet(t, "attic")
	for what, x := range map[string]struct {
		unit, worker string
		sum          blobs.Sum
		kind         fault.Kind
	}{
		"its own":               {u.ID, p.id, mine, ""},
		"one of other units":    {u.ID, p.id, others, fault.NotFound},
		"one that is not there": {u.ID, p.id, gone, fault.NotFound},
		"of another's unit":     {u.ID, other.id, mine, fault.NotFound},
		"as nobody":             {u.ID, "nobody", mine, fault.NotFound},
		"of no unit":            {"u-none", p.id, mine, fault.NotFound},
	} {
		var got bytes.Buffer
		err := b.Local().Model(t.Context(), x.unit, wire.Query{Worker: x.worker}, x.sum, &got)
		if x.kind == "" && (err != nil || got.String() != "mine") || x.kind != "" && (fault.KindOf(err) != x.kind || got.Len() > 0) {
			t.Errorf("%s: %q, %v", what, got.String(), err)
		}
	}
	if err := os.Remove(filepath.Join(l.folder, mine.String())); err != nil {
		t.Fatal(err)
	}
	if _, err := b.model(u.ID, p.id, mine); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a model that is gone, which is not to mean that the unit is: %v", err)
	}
	if _, _, err := b.append(u.ID, wire.Query{Worker: p.id, Last: true}, bytes.NewReader(packOf(t, u, "enlarged 1", "JOB1"))); err != nil {
		t.Error(err)
	}
	if _, err := end(); err != nil {
		t.Error(err)
	}
	if _, err := b.model(u.ID, p.id, mine); fault.KindOf(err) != fault.NotFound {
		t.Errorf("after the end: %v", err)
	}
	b.idle(t)
}
