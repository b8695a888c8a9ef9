package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"classsr"
	"classsr/branch/branchtest"
	"classsr/fault"
)

// Single gives the result of a picture, or an error that does not tell where files are.
func TestSingle(t *testing.T) {
	folder := t.TempDir()
	in, damaged, out := filepath.Join(folder, "in.png"), filepath.Join(folder, "damaged"), filepath.Join(folder, "out.png")
	png(t, in, branchtest.Patchwork(40, 30, 3, false, 8))
	text, err := os.ReadFile(in)
	if err == nil {
		err = os.WriteFile(damaged, text[:len(text)/2], 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	p := with(t, open(t, classsr.FastModel), classsr.Options{})
	if r, err := p.Single(t.Context(), Job{Input: in, Output: out}); err != nil || r.OutWidth != 160 {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := p.Single(t.Context(), Job{Input: damaged, Output: filepath.Join(folder, "none.png")}); fault.KindOf(err) != fault.Damaged || strings.Contains(err.Error(), folder) {
		t.Error(err)
	}
	if _, err := p.Single(t.Context(), Job{Input: in, Output: out}); fault.KindOf(err) != fault.Conflict || strings.Contains(err.Error(), folder) || !strings.Contains(err.Error(), "the result") {
		t.Error(err)
	}
	if err := Nameless(nil, in, out); err != nil {
		t.Error(err)
	}
}
