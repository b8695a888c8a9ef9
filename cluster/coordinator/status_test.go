package coordinator

import (
	"testing"

	"classsr/cluster/wire"
)

// What machines do can be looked at while they do it.
func TestStatusTellsWhatIsDone(t *testing.T) {
	b, _ := start(t, t.TempDir(), 0)
	b.join(t, &hand{result: func(text string) (string, *wire.Problem) {
		s := b.Status()
		if len(s.Workers) != 1 || s.Units != 1 {
			t.Errorf("%+v", s)
			return "enlarged " + text, nil
		}
		w := s.Workers[0]
		if w.State != "working" || w.Name != "shed" || len(w.Doing) != 1 {
			t.Errorf("%+v", w)
			return "enlarged " + text, nil
		}
		if d := w.Doing[0]; d.Unit != w.Units[0] || d.Pictures != 1 || d.Stage != wire.Computing || d.Share != 0 {
			t.Errorf("%+v", d)
		}
		return "enlarged " + text, nil
	}}, "shed")
	if errs := b.all(t, 1, nil); len(errs) > 0 {
		t.Fatal(errs)
	}
	b.idle(t)
	if w := b.Status().Workers[0]; w.State != "idle" || w.Doing == nil || len(w.Doing) != 0 || w.Done != 1 {
		t.Errorf("%+v", w)
	}
}
