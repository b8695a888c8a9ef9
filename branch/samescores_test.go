package branch

import (
	"context"
	"encoding/binary"
	"hash/fnv"
	"image"
	"math"
	"strings"
	"testing"

	"classsr/arch"
	"classsr/branch/branchtest"
	"classsr/internal/testref"
	"classsr/nn"
	"classsr/tensor"
	"classsr/weights/torch"
)

// What PyTorch computes with the same weights, and the plain reference.
func TestScoresOfPyTorch(t *testing.T) {
	checkpoint, err := torch.ReadFile(testref.Path(t, "reference", "classmodule.pth"))
	if err != nil {
		t.Fatal(err)
	}
	spec, params, err := arch.Recognise(checkpoint.Tensors, arch.Known{})
	if err != nil {
		t.Fatal(err)
	}
	archive, cases := testref.OpenNPZ(t, "classmodule_forward.npz"), 0
	m := newClassModule(spec.Build(), params)
	for _, key := range archive.Keys() {
		if size, isInput := strings.CutPrefix(key, "x"); isInput {
			cases++
			x := archive.Tensor(key)
			compareScores(t, m, x, archive.Tensor("y"+size))
			compareScores(t, m, x, spec.Build().Forward(params, x))
		}
	}
	if cases == 0 {
		t.Fatal("the archive holds no inputs")
	}
}

// compareScores holds the scores of pictures, which may be cut to whole squares, to those wanted.
func compareScores(t *testing.T, m *classModule, x, want *tensor.Tensor) {
	t.Helper()
	var c classifier
	w, h := x.W/moduleSquare*moduleSquare, x.H/moduleSquare*moduleSquare
	for n := range x.N {
		squares := c.begin(m, w, h)
		for channel := range x.C {
			var plane []float32
			for y := range h {
				plane = append(plane, x.Plane(n, channel)[y*x.W:][:w]...)
			}
			c.gather(m, channel, plane, w)
		}
		for k, got := range c.run(m, squares) {
			if v := want.Data[n*want.C+k]; math.Abs(float64(got-v)) > 1e-5*(1+math.Abs(float64(v))) {
				t.Errorf("score %d of %d is %v, want %v", k, n, got, v)
			}
		}
	}
}

// fixedModule is a Class-Module whose parameters follow from integers alone.
func fixedModule(classes int) (*nn.Graph, tensor.Set) {
	g, params, state := arch.PaperClassModule(classes).Build(), tensor.Set{}, uint32(1)
	for _, p := range g.Params() {
		a := tensor.NewArray(p.Dims...)
		for i := range a.Data {
			state = state*1664525 + 1013904223
			a.Data[i] = float32(int32(state)>>8) / (1 << 26)
		}
		params[p.Name] = a
	}
	return g, params
}

// Scores have the same bits with every kernel set and on every machine: run it with CLASSSR_KERNEL=avx2 and generic, and with
// GOARCH=arm64, too (make check-full arm64).
func TestScoresAreTheSameOnEveryMachine(t *testing.T) {
	m, sum := newClassModule(fixedModule(3)), fnv.New64a()
	for _, colors := range []int{1, 3} {
		for _, depth := range []int{8, 16} {
			for _, size := range []image.Point{{150, 101}, {27, 9}} {
				in := branchtest.Fixed(size.X, size.Y, colors, depth)
				cores := branchtest.Grid(size, 32).Cores()
				scores := make([][]float32, len(cores))
				var c classifier
				if err := c.scores(context.Background(), m, in, cores, scores); err != nil {
					t.Fatal(err)
				}
				for _, s := range scores {
					for _, v := range s {
						sum.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
					}
				}
			}
		}
	}
	if got, want := sum.Sum64(), uint64(0xa1e5c7579e4f5db9); got != want {
		t.Errorf("the scores have the sum %#x, want %#x", got, want)
	}
}

func TestArithmeticOfTheClassModule(t *testing.T) {
	g, params := fixedModule(5)
	m := newClassModule(g, params)
	for _, size := range []image.Point{{32, 32}, {4, 4}, {12, 32}} {
		want := g.Cost(tensor.Shape{N: 1, C: 3, H: size.Y, W: size.X}).True
		if got := m.macs(size); got != want {
			t.Errorf("%v take %d multiply-accumulates, want %d", size, got, want)
		}
	}
}

// Graphs of another form are programmers' mistakes.
func TestOtherGraphsAreNoClassModules(t *testing.T) {
	for name, change := range map[string]func(g *nn.Graph){
		"padded":       func(g *nn.Graph) { g.Nodes[0].Op = nn.Conv{In: 3, Out: 128, Kernel: 4, Stride: 4, Pad: 2} },
		"grouped":      func(g *nn.Graph) { g.Nodes[2].Op = nn.Conv{In: 128, Out: 128, Kernel: 1, Groups: 2} },
		"another step": func(g *nn.Graph) { g.Nodes[0].Op = nn.Conv{In: 3, Out: 128, Kernel: 4, Stride: 2} },
		"a branch":     func(g *nn.Graph) { g.Nodes[4].Inputs[0] = 2 },
		"sigmoid":      func(g *nn.Graph) { g.Nodes[1].Op = nn.Sigmoid{} },
	} {
		g, params := fixedModule(2)
		change(g)
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: taken", name)
				}
			}()
			newClassModule(g, params)
		}()
	}
}

func BenchmarkClassify(b *testing.B) {
	g, params := fixedModule(3)
	r := &Set{module: newClassModule(g, params)}
	in := branchtest.Fixed(512, 512, 3, 8)
	cores := branchtest.Grid(image.Pt(512, 512), 32).Cores()
	for b.Loop() {
		if _, err := r.Classify(context.Background(), in, cores, 1); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(r.RouteMACs(image.Pt(512, 512), len(cores)))*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
}
