package classsr_test

import (
	"math"
	"path/filepath"
	"testing"

	"classsr"
	"classsr/arch"
	"classsr/branch/branchtest"
	"classsr/imageio"
	"classsr/internal/testref"
	"classsr/nn"
	"classsr/resample"
	"classsr/tensor"
	"classsr/weights"
)

// The operation of graphs is the filter of package resample, at the edges and in the smallest pictures too.
func TestBicubicOfGraphsIsThatOfResample(t *testing.T) {
	for _, scale := range []int{2, 3, 4, 8} {
		for _, size := range [][2]int{{1, 1}, {2, 1}, {1, 3}, {9, 7}} {
			in := branchtest.Waves(size[0], size[1], 1, false, 8)
			x := tensor.New(tensor.Shape{N: 1, C: 1, H: in.Height, W: in.Width})
			in.ReadPlane(x.Data, 0, in.Bounds())
			op := nn.Bicubic{Scale: scale}
			y := tensor.New(op.Shape([]tensor.Shape{x.Shape}))
			op.Forward(y, []*tensor.Tensor{x}, nil)
			plan, err := resample.New(x.W, x.H, y.W, y.H, resample.Original)
			if err != nil {
				t.Fatal(err)
			}
			want := make([]float32, len(y.Data))
			plan.Floats(want, x.Data, 1)
			for i, v := range want {
				if d := math.Abs(float64(y.Data[i] - v)); !(d < 1e-6) {
					t.Fatalf("x%d of %v: sample %d differs by %g", scale, size, i, d)
				}
			}
		}
	}
}

// interpolating saves a ClassSR model whose first branch is bicubic interpolation.
func interpolating(t *testing.T) string {
	t.Helper()
	spec, err := arch.Paper("fsrcnn", 4, 16)
	if err != nil {
		t.Fatal(err)
	}
	fsrcnn := weights.Network{Spec: spec, Params: branchtest.RandomParams(spec)}
	module := arch.PaperClassModule(2)
	m := &weights.Model{
		Branches:    []weights.Network{{Spec: arch.Interpolation(spec), Params: tensor.Set{}}, fsrcnn},
		ClassModule: &weights.Network{Spec: module, Params: branchtest.RandomParams(module)}, Classes: weights.ClassNames(2),
	}
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := m.Save(path, false); err != nil {
		t.Fatal(err)
	}
	return path
}

// A branch that is bicubic interpolation makes what the model without a network makes, but for rounding, however the picture is
// cut, at no cost.
func TestInterpolatingBranchIsBicubic(t *testing.T) {
	model := interpolating(t)
	for _, size := range [][2]int{{1, 1}, {40, 33}, {131, 53}} {
		for _, colors := range []int{1, 3} {
			in := branchtest.Waves(size[0], size[1], colors, colors == 3, 16)
			want, _ := upscale(t, classsr.Bicubic, classsr.Options{Scale: 4}, in)
			got, report := upscale(t, model, classsr.Options{Branch: 1, Threads: 1}, in)
			for i, v := range want.Pix16 {
				if d := int(got.Pix16[i]) - int(v); d < -1 || d > 1 {
					t.Fatalf("%v, %d colours: sample %d is %d, want %d", size, colors, i, got.Pix16[i], v)
				}
			}
			if report.MACs != 0 || report.PaperFLOPsPercent != 0 || report.MACsFull == 0 {
				t.Errorf("%v: %+v", size, report)
			}
			if cut, _ := upscale(t, model, classsr.Options{Branch: 1, Threads: 3}, in); !samePixels(cut, got) {
				t.Errorf("%v: cut for three threads, the picture differs", size)
			}
		}
	}
}

func TestInterpolatingModelTellsSo(t *testing.T) {
	m, err := classsr.Open(interpolating(t))
	if err != nil {
		t.Fatal(err)
	}
	info := m.Info()
	if info.Architecture != "fsrcnn" || info.Classes[0].Architecture != "bicubic" || info.Classes[1].Architecture != "" ||
		info.Classes[0].Params != 0 || info.Classes[0].MACsPatch != 0 {
		t.Errorf("%+v", info)
	}
	if _, err := classsr.ArchitectureInfo("bicubic", 4); err == nil {
		t.Error("the paper's form of bicubic interpolation was described")
	}
}

// On photographs the branch's 8-bit results are those of the model without a network, but for single samples off by one.
func TestInterpolatingBranchOnPhotographs(t *testing.T) {
	model := interpolating(t)
	for _, name := range []string{"baby.png", "butterfly.png"} {
		file, err := imageio.DecodeFile(testref.Path(t, "data", "test", "Set5", "LRx4", name), imageio.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		in := file.Picture
		want, _ := upscale(t, classsr.Bicubic, classsr.Options{Scale: 4}, in)
		got, _ := upscale(t, model, classsr.Options{Branch: 1}, in)
		different := 0
		for i, v := range want.Pix8 {
			switch d := int(got.Pix8[i]) - int(v); {
			case d < -1 || d > 1:
				t.Fatalf("%s: sample %d is %d, want %d", name, i, got.Pix8[i], v)
			case d != 0:
				different++
			}
		}
		if different*1000 > len(want.Pix8) {
			t.Errorf("%s: %d of %d samples differ", name, different, len(want.Pix8))
		}
	}
}
