package weights

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"classsr/arch"
	"classsr/tensor"
)

// interpolating is a ClassSR model whose first branch is bicubic interpolation.
func interpolating(t *testing.T) *Model {
	t.Helper()
	m := classSR(t)
	m.Branches[0] = Network{Spec: arch.Interpolation(m.Full().Spec), Params: tensor.Set{}}
	return m
}

func TestModelsWithAnInterpolationComeBack(t *testing.T) {
	several := interpolating(t)
	carn := network(t, "carn", 36)
	carn.Spec.Scales = []int{2, 3, 4}
	carn.Params = carn.Spec.Init(1)
	several.Branches = []Network{{Spec: arch.Interpolation(carn.Spec), Params: tensor.Set{}}, carn, carn}
	at3 := interpolating(t)
	for i := range at3.Branches {
		at3.Branches[i].Spec.Scale = 3
	}
	for _, want := range []*Model{interpolating(t), at3, several} {
		data := write(t, want)
		got, err := read(data)
		if err != nil {
			t.Fatal(err)
		}
		gotSpec, wantSpec := got.Branches[0].Spec, want.Branches[0].Spec
		if !gotSpec.Interpolates() || gotSpec.Scale != wantSpec.Scale || !slices.Equal(gotSpec.Scales, wantSpec.Scales) {
			t.Errorf("the first branch is %+v, want %+v", gotSpec, wantSpec)
		}
		if !bytes.Equal(write(t, got), data) {
			t.Error("written again, the file differs")
		}
	}
}

func TestInterpolationsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		says  string
		spoil func(tensors tensor.Set, metadata map[string]string)
	}{
		{"branch 1 of 3: these tensors belong to no known network (the file holds none)", func(_ tensor.Set, m map[string]string) {
			delete(m, keyBranches)
		}},
		{"branch 1 of 3: these tensors belong to no known network", func(_ tensor.Set, m map[string]string) {
			m[keyFormat] = "another" // so that the metadata is not to be believed
		}},
		{"branch 1 of 3: these tensors belong to no known network", func(_ tensor.Set, m map[string]string) {
			m[keyBranches] = `["fsrcnn","fsrcnn","fsrcnn"]`
		}},
		{`branches ["bicubic" "bicubic" "fsrcnn"], but the tensors are those of ["bicubic" "fsrcnn" "fsrcnn"]`,
			func(_ tensor.Set, m map[string]string) { m[keyBranches] = `["bicubic","bicubic","fsrcnn"]` }},
		{`metadata: branches ["bicubic"]`, func(_ tensor.Set, m map[string]string) { m[keyBranches] = `["bicubic"]` }},
		{"branches is \"7\"", func(_ tensor.Set, m map[string]string) { m[keyBranches] = "7" }},
		{"branch 3 of 3: these tensors belong to no known network", func(s tensor.Set, m map[string]string) {
			for name := range s.Sub("net3.") {
				delete(s, "net3."+name)
			}
			m[keyBranches] = `["bicubic","fsrcnn","bicubic"]`
		}},
	} {
		m := interpolating(t)
		tensors := m.Tensors()
		metadata, err := m.metadata(tensors)
		if err != nil {
			t.Fatal(err)
		}
		delete(metadata, keySHA256)
		c.spoil(tensors, metadata)
		var b bytes.Buffer
		if err := WriteSafetensors(&b, tensors, metadata); err != nil {
			t.Fatal(err)
		}
		if _, err := read(b.Bytes()); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error %v, want one with %q", err, c.says)
		}
	}
	alone := &Model{Branches: []Network{{Spec: arch.Interpolation(arch.Spec{Scale: 4})}}, Classes: ClassNames(1)}
	if err := alone.Write(io.Discard); err == nil || !strings.Contains(err.Error(), "cannot be stored") {
		t.Errorf("an interpolation alone was stored: %v", err)
	}
}

// Files that say what their branches are must be right about it, and those of older versions say nothing.
func TestBranchesOfMetadata(t *testing.T) {
	m := classSR(t)
	metadata, err := m.metadata(m.Tensors())
	if err != nil {
		t.Fatal(err)
	}
	var branches []string
	if err := json.Unmarshal([]byte(metadata[keyBranches]), &branches); err != nil || len(branches) != 3 || branches[2] != "fsrcnn" {
		t.Errorf("branches %q, error %v", metadata[keyBranches], err)
	}
	delete(metadata, keyBranches)
	var b bytes.Buffer
	if err := WriteSafetensors(&b, m.Tensors(), metadata); err != nil {
		t.Fatal(err)
	}
	if _, err := read(b.Bytes()); err != nil {
		t.Error(err)
	}
}
