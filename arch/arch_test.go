package arch

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"classsr/internal/testref"
	"classsr/nn"
	"classsr/tensor"
)

// The table of the paper's networks at x4: parameters, true multiply-accumulates and paper FLOPs of one 32x32 patch.
func TestPaperCosts(t *testing.T) {
	for _, c := range []struct {
		net        string
		width      int
		params     int
		macs       int64
		paperFLOPs float64 // as printed in the paper
		printed    float64 // precision of that
	}{
		{"fsrcnn", 16, 10755, 10911744, 141e6, 0.5e6},
		{"fsrcnn", 36, 17635, 17915904, 304e6, 0.6e6}, // 304.57, cut off
		{"fsrcnn", 56, 24515, 24920064, 468e6, 0.5e6},
		{"carn", 36, 94851, 190264320, 0.38e9, 0.005e9},
		{"carn", 52, 195651, 385938432, 0.77e9, 0.005e9},
		{"carn", 64, 294939, 577594368, 1.15e9, 0.0055e9},
		{"srresnet", 36, 481683, 829108224, 1.66e9, 0.005e9},
		{"srresnet", 52, 1002771, 1719005184, 3.44e9, 0.005e9},
		{"srresnet", 64, 1517571, 2596995072, 5.20e9, 0.01e9},
		{"rcan", 36, 4940707, 5164942464, 10.33e9, 0.005e9},
		{"rcan", 50, 9521827, 9953957472, 19.9e9, 0.05e9},
		{"rcan", 64, 15592379, 16300045312, 32.6e9, 0.05e9},
	} {
		spec, err := Paper(c.net, 4, c.width)
		if err != nil {
			t.Fatal(err)
		}
		cost := spec.Build().Cost(tensor.Shape{N: 1, C: 3, H: 32, W: 32})
		if cost.Params != c.params || cost.True != c.macs {
			t.Errorf("%s-%d: %d parameters and %d MACs, want %d and %d", c.net, c.width, cost.Params, cost.True, c.params, c.macs)
		}
		if d := float64(cost.PaperFLOPs()) - c.paperFLOPs; d > c.printed || d < -c.printed {
			t.Errorf("%s-%d: %d paper FLOPs, want %g", c.net, c.width, cost.PaperFLOPs(), c.paperFLOPs)
		}
	}
	cost := PaperClassModule(3).Build().Cost(tensor.Shape{N: 1, C: 3, H: 32, W: 32})
	if cost.Params != 60035 || cost.True != 3801184 || cost.PaperFLOPs() != 7602368 {
		t.Errorf("Class-Module: %+v", cost)
	}
}

func TestEveryNetworkEnlargesByItsScale(t *testing.T) {
	for _, a := range All {
		for _, scale := range a.Scales {
			spec := Spec{Net: a.Name, Scale: scale, Width: 1, InputRange: 1}
			if !a.Interpolates {
				spec = a.paper(scale, a.Widths[0])
			}
			if err := spec.Check(); err != nil {
				t.Fatal(err)
			}
			in := tensor.Shape{N: 2, C: 3, H: 8, W: 4}
			g := spec.Build()
			shapes := g.Shapes(in)
			want := tensor.Shape{N: 2, C: 3, H: 8 * scale, W: 4 * scale}
			if got := shapes[g.Output()]; got != want {
				t.Errorf("%s x%d: %v becomes %v, want %v", a.Name, scale, in, got, want)
			}
		}
	}
}

func TestPaperRefusesWhatCannotBeBuilt(t *testing.T) {
	for _, c := range []struct {
		net          string
		scale, width int
		says         string
	}{
		{"vdsr", 4, 64, "unknown network"},
		{"srresnet", 8, 64, "cannot enlarge 8 times"},
		{"fsrcnn", 4, 0, "width 0"},
		{"carn", 4, 33, "not divisible"},
		{"classmodule", 4, 128, "no network that enlarges"},
		{"bicubic", 4, 1, "no network that enlarges"},
	} {
		if _, err := Paper(c.net, c.scale, c.width); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s x%d width %d: error %v, want one with %q", c.net, c.scale, c.width, err, c.says)
		}
	}
}

// params makes parameters of the right shapes for a network.
func params(spec Spec) tensor.Set {
	set := tensor.Set{}
	for _, p := range spec.Params() {
		set[p.Name] = tensor.NewArray(p.Dims...)
	}
	return set
}

func TestRecogniseFindsEveryPaperNetwork(t *testing.T) {
	for _, a := range All {
		if a.Interpolates {
			continue // nothing tells of it
		}
		for _, scale := range append(a.Scales, 0) {
			if (scale == 0) != (len(a.Scales) == 0) {
				continue // only the Class-Module has no scale
			}
			for _, width := range a.Widths {
				spec := a.paper(scale, width)
				if a == &classModule {
					spec = PaperClassModule(3)
				}
				if a == &rrdbnet {
					spec.Depth = 2 // likewise
				}
				if a == &rcan {
					spec.Depth, spec.Blocks = 2, 3 // the full one takes a second
				}
				spec.InputRange = 1
				got, _, err := Recognise(params(spec), Known{Scale: scale, InputRange: 1})
				if err != nil {
					t.Errorf("%s x%d width %d: %v", a.Name, scale, width, err)
				} else if got, want := asJSON(t, got), asJSON(t, spec); got != want {
					t.Errorf("recognised %s, want %s", got, want)
				}
			}
		}
	}
}

func asJSON(t *testing.T, spec Spec) string {
	t.Helper()
	b, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRecogniseFillsInTheMeanShift(t *testing.T) {
	spec := carn.paper(4, 36)
	set := params(spec)
	for _, name := range []string{"sub_mean.weight", "sub_mean.bias", "add_mean.weight", "add_mean.bias"} {
		delete(set, name)
	}
	_, filled, err := Recognise(set, Known{})
	if err != nil {
		t.Fatal(err)
	}
	if got := filled["sub_mean.bias"].Data; got[0] != -0.4488 || got[2] != -0.4040 {
		t.Errorf("sub_mean.bias is %v", got)
	}
	if got := filled["add_mean.weight"].Data; got[0] != 1 || got[1] != 0 || got[8] != 1 {
		t.Errorf("add_mean.weight is %v", got)
	}
}

func TestRecogniseTellsTheInputRange(t *testing.T) {
	spec := rcan.paper(4, 36)
	spec.Depth, spec.Blocks, spec.InputRange = 1, 1, 255
	set := params(spec)
	set.Merge("", meanShiftParams(spec))
	got, _, err := Recognise(set, Known{})
	if err != nil || got.InputRange != 255 {
		t.Errorf("input range %d, error %v; want 255", got.InputRange, err)
	}
}

func TestRecogniseNamesWhatIsWrong(t *testing.T) {
	spec := fsrcnn.paper(4, 16)
	for _, c := range []struct {
		spoil func(tensor.Set)
		says  string
	}{
		{func(s tensor.Set) { delete(s, "tail_conv.bias") }, `"tail_conv.bias" is missing`},
		{func(s tensor.Set) { s["stray.weight"] = tensor.NewArray(1) }, `"stray.weight" does not belong`},
		{func(s tensor.Set) { s["body_conv.2.weight"] = tensor.NewArray(12, 12, 5, 5) }, `"body_conv.2.weight" has dimensions [12 12 5 5], want [12 12 3 3]`},
		{func(s tensor.Set) { s["tail_conv.weight"].Data[7] = float32(math.NaN()) }, `"tail_conv.weight" holds NaN at element 7`},
		{func(s tensor.Set) { s["body_conv.1.bias"].Data[7] = float32(math.Inf(-1)) }, `"body_conv.1.bias" holds -Inf`},
		{func(s tensor.Set) { clear(s) }, "no known network (the file holds none)"},
		{func(s tensor.Set) { delete(s, "head_conv.0.weight") }, "no known network (body_conv"},
	} {
		set := params(spec)
		c.spoil(set)
		if _, _, err := Recognise(set, Known{Scale: 4}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error %v, want one with %q", err, c.says)
		}
	}
}

func TestRecogniseRefusesWhatNoNetworkHas(t *testing.T) {
	t.Run("two names for one tensor", func(t *testing.T) {
		set := params(carn.paper(4, 36))
		set["c1.body.0.weight"] = set["c1.0.weight"]
		_, _, err := Recognise(set, Known{})
		wantError(t, err, `"c1.0.weight" is there twice`)
	})
	t.Run("negative variance", func(t *testing.T) {
		set := params(carn.paper(4, 36))
		set["c2.1.running_var"].Data[3] = -1
		_, _, err := Recognise(set, Known{})
		wantError(t, err, `"c2.1.running_var" holds a negative variance`)
	})
	t.Run("another input range", func(t *testing.T) {
		spec := carn.paper(4, 36)
		set := params(spec)
		set.Merge("", meanShiftParams(spec))
		_, _, err := Recognise(set, Known{InputRange: 255})
		wantError(t, err, "0..1, not 0..255")
	})
	t.Run("a network larger than its file", func(t *testing.T) {
		set := tensor.Set{}
		for _, name := range []string{"head.0.weight", "tail.1.weight", "body.0.body.0.body.3.conv_du.0.weight"} {
			set[name] = tensor.NewArray(1, 1, 1, 1)
		}
		for i := range 1000 {
			set[fmt.Sprintf("body.%d.body.0.body.0.weight", i)] = tensor.NewArray(1, 1, 1, 1)
			set[fmt.Sprintf("body.0.body.%d.body.0.weight", i)] = tensor.NewArray(1, 1, 1, 1)
		}
		_, _, err := Recognise(set, Known{})
		wantError(t, err, "cannot have 1000 residual groups")
	})
}

func wantError(t *testing.T, err error, says string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("error %v, want one with %q", err, says)
	}
}

func TestInterpolation(t *testing.T) {
	network := carn.paper(2, 36)
	network.Scales = []int{2, 3, 4}
	spec := Interpolation(network)
	if err := spec.Check(); err != nil {
		t.Fatal(err)
	}
	if !spec.Interpolates() || network.Interpolates() || spec.Pools() || !spec.Enlarges() || len(spec.Init(1)) > 0 {
		t.Errorf("%+v", spec)
	}
	if got, err := spec.AtScale(3); err != nil || got.Scale != 3 {
		t.Errorf("x%d, error %v", got.Scale, err)
	}
	if cost := spec.Build().Cost(tensor.Shape{N: 1, C: 3, H: 32, W: 32}); cost != (nn.Cost{}) {
		t.Errorf("it costs %+v", cost)
	}
	spec.Width = 2
	wantError(t, spec.Check(), "cannot have 2 channels")
}

func TestParametersOfTheReferenceFiles(t *testing.T) {
	data, err := os.ReadFile(testref.Path(t, "reference", "params.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]struct{ Params int }
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	small := rcan.paper(4, 36)
	small.Depth, small.Blocks = 2, 3
	for name, spec := range map[string]Spec{
		"fsrcnn_16": fsrcnn.paper(4, 16), "fsrcnn_56": fsrcnn.paper(4, 56), "carn_36": carn.paper(4, 36), "carn_64": carn.paper(4, 64),
		"srresnet_36": srresnet.paper(4, 36), "rcan_small": small, "classmodule": PaperClassModule(3),
	} {
		got := spec.Build().Cost(tensor.Shape{N: 1, C: 3, H: 32, W: 32}).Params
		if got != want[name].Params {
			t.Errorf("%s has %d parameters, want %d", name, got, want[name].Params)
		}
	}
}
