package weights

import (
	"bytes"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"classsr/arch"
	"classsr/fault"
	"classsr/internal/testref"
	"classsr/tensor"
)

// pair is a network with a weak end; of small random numbers.
func pair(t testing.TB) *Model {
	t.Helper()
	strong, weak := Single(network(t, "fsrcnn", 16).Spec, network(t, "fsrcnn", 16).Params), Single(network(t, "fsrcnn", 16).Spec, nil)
	weak.Branches[0].Params = weak.Full().Spec.Init(7)
	strong.Name, strong.Licence = "two-ends", "MIT"
	m, err := Pair(strong, weak)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestModelsWithAWeakEndComeBack(t *testing.T) {
	for _, half := range []bool{false, true} {
		m := pair(t)
		if half {
			if err := m.Half(); err != nil {
				t.Fatal(err)
			}
		}
		data := write(t, m)
		got, err := read(data)
		if err != nil {
			t.Fatal(err)
		}
		if got.Weak == nil || got.Name != "two-ends" || len(got.Branches) != 1 || !bytes.Equal(write(t, got), data) {
			t.Errorf("it comes back as %q with %d branches, weak end %v", got.Name, len(got.Branches), got.Weak != nil)
		}
		if most := 2*m.Full().Params.Len()*4/map[bool]int{false: 1, true: 2}[half] + 8000; len(data) > most {
			t.Errorf("half %v: %d bytes, want at most %d", half, len(data), most)
		}
	}
}

func TestDenoised(t *testing.T) {
	m := pair(t)
	const name = "tail_conv.bias"
	own, weak := m.Full().Params[name].Data[0], m.Weak.Params[name].Data[0]
	for _, strength := range []float64{0, 0.25, 1} {
		d, err := m.Denoised(strength)
		if err != nil {
			t.Fatal(err)
		}
		want := strength*float64(own) + (1-strength)*float64(weak)
		if got := d.Full().Params[name].Data[0]; math.Abs(float64(got)-want) > 1e-7 || d.Weak != nil || d.Name != m.Name || d.Licence != m.Licence || d.Strength == nil || *d.Strength != strength {
			t.Errorf("at %g: %g, want %g", strength, got, want)
		}
		if s := d.Tensors(); len(s) != len(m.Full().Params) {
			t.Errorf("at %g: %d tensors", strength, len(s))
		}
	}
	if m.Full().Params[name].Data[0] != own || m.Weak == nil || m.Strength != nil {
		t.Error("the model itself was changed")
	}
	for _, strength := range []float64{-0.1, 1.1, math.NaN(), math.Inf(1)} {
		if _, err := m.Denoised(strength); fault.KindOf(err) != fault.Usage {
			t.Errorf("a strength of %g: %v", strength, err)
		}
	}
	if _, err := classSR(t).Denoised(0.5); fault.KindOf(err) != fault.Usage {
		t.Errorf("without a weak end: %v", err)
	}
}

func TestEndsThatDoNotFitAreRefused(t *testing.T) {
	wide := Single(network(t, "fsrcnn", 36).Spec, network(t, "fsrcnn", 36).Params)
	for name, two := range map[string][2]*Model{"widths": {pair(t), wide}, "weak classes": {wide, classSR(t)}, "classes": {classSR(t), wide}} {
		if _, err := Pair(two[0], two[1]); fault.KindOf(err) != fault.Usage {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, spoil := range map[string]func(all tensor.Set){
		"is missing":   func(all tensor.Set) { delete(all, WeakPrefix+"tail_conv.bias") },
		"the weak end": func(all tensor.Set) { all[WeakPrefix+"stray"] = tensor.NewArray(1) },
		"of its own":   func(all tensor.Set) { all.Merge(WeakPrefix+WeakPrefix, all.Sub(WeakPrefix)) },
		"must be the sam": func(all tensor.Set) {
			clear(all)
			all.Merge("", pair(t).Full().Params)
			all.Merge(WeakPrefix, wide.Tensors())
		},
		"a single network": func(all tensor.Set) {
			clear(all)
			all.Merge("", pair(t).Full().Params)
			all.Merge(WeakPrefix, classSR(t).Tensors())
		},
		"with classes": func(all tensor.Set) {
			weak := all.Sub(WeakPrefix)
			clear(all)
			all.Merge(WeakPrefix, weak)
			all.Merge("", classSR(t).Tensors())
		},
	} {
		all := pair(t).Tensors()
		spoil(all)
		if _, err := FromTensors(all, arch.Known{}); !aboutFile(err, "") || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v of kind %s", name, err, fault.KindOf(err))
		}
	}
}

// TestTheEndsOfRealESRGAN blends the given networks.
func TestTheEndsOfRealESRGAN(t *testing.T) {
	dir := testref.Path(t, "data", "weights", "realesrgan")
	var ends [2]*Model
	for i, name := range []string{"RealESRGAN_General_x4_v3.param", "RealESRGAN_General_WDN_x4_v3.param"} {
		var err error
		if ends[i], err = Open(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
	}
	m, err := Pair(ends[0], ends[1])
	if err != nil {
		t.Fatal(err)
	}
	between, err := m.Denoised(0.5)
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range between.Full().Params {
		x, y := ends[0].Full().Params[name].Data[0], ends[1].Full().Params[name].Data[0]
		if got, want := float64(a.Data[0]), (float64(x)+float64(y))/2; math.Abs(got-want) > 1e-6 {
			t.Errorf("%s: %g, want %g", name, got, want)
		}
	}
}
