package engine_test

import (
	"math"
	"strings"
	"testing"

	"classsr/engine"
	"classsr/internal/testref"
	"classsr/nn"
	"classsr/tensor"
)

// gradientLimit is how far a gradient may be from PyTorch's, as a part of the largest number of its tensor.
const gradientLimit = 1e-4

// What PyTorch computes with the same weights for the mean absolute error against a target: gradients to the input and to every
// parameter, and the running statistics after a step of training, by the plain reference and by tapes.
func TestGradientsOfPyTorch(t *testing.T) {
	for _, name := range []string{
		"fsrcnn_16_gradient_eval", "carn_36_gradient_eval", "carn_36_gradient_train", "srresnet_36_gradient_eval",
		"rcan_small_gradient_eval",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			skipIfShort(t)
			if strings.HasPrefix(name, "srresnet") || strings.HasPrefix(name, "rcan") {
				testref.Slow(t) // the reference takes ten seconds; tape and reference are compared on these networks in TestTapesAgreeWithTheReference and TestTapesOfSmoothNetworks
			}
			archive := testref.OpenNPZ(t, name+".npz")
			net, kind, _ := strings.Cut(name, "_gradient_")
			network := openReference(t, net)
			mode := nn.Evaluate
			if kind == "train" {
				mode = nn.Train
			}
			graph, params := network.Spec.Build(), cloneParams(network.Params)
			record := graph.Record(network.Params, archive.Tensor("x"), mode)
			target := archive.Tensor("target")
			loss, _ := meanAbsoluteError(record.Output(), target)
			if want := archive.Number("loss"); math.Abs(loss-want) > 1e-6*want {
				t.Errorf("the loss is %v, want %v", loss, want)
			}
			// A result that is all but its target lies on one side of it here and on the other there; PyTorch's decides.
			_, dy := meanAbsoluteError(archive.Tensor("y"), target)
			dx, grads := record.Backward(dy)
			compareWithArchive(t, archive, "", tensor.Set{"dx": {Data: dx.Data}})
			compareWithArchive(t, archive, "grad.", grads)
			// The fast arithmetic.
			tape := engine.NewTape(graph, params, archive.Tensor("x").Shape, engine.TapeOptions{InputGradient: true})
			_, tapeDX := forwardAndBack(t, tape, archive.Tensor("x"), dy, mode)
			compare := compareWithArchive
			if net == "carn_36" {
				compare = compareNormsWithArchive
			}
			compare(t, archive, "", tensor.Set{"dx": {Data: tapeDX.Data}})
			compare(t, archive, "grad.", tape.Gradients())
			if mode == nn.Train {
				compareWithArchive(t, archive, "after.", statistics(network.Params))
				compareWithArchive(t, archive, "after.", statistics(params))
			}
		})
	}
}

// meanAbsoluteError gives the loss and its gradient to y.
func meanAbsoluteError(y, target *tensor.Tensor) (loss float64, dy *tensor.Tensor) {
	dy = tensor.New(y.Shape)
	n := float64(len(y.Data))
	for i, v := range y.Data {
		d := float64(v) - float64(target.Data[i])
		loss += math.Abs(d) / n
		if d != 0 {
			dy.Data[i] = float32(math.Copysign(1/n, d))
		}
	}
	return loss, dy
}

func statistics(params tensor.Set) tensor.Set {
	set := tensor.Set{}
	for name, a := range params {
		if strings.Contains(name, ".running_") {
			set[name] = a
		}
	}
	return set
}

// compareNormsWithArchive compares every array of the set with that of the archive as a whole: the norm of the difference with the
// norm of the array. Of the million numbers that CARN's rectifiers see here, one or two are so near to zero that rounding decides on
// which side they lie; each moves single gradients by up to a hundredth of the largest number. (PyTorch's float32 differs from its own
// float64 in the same way.) TestTapesOfSmoothNetworks holds the same network to the limit without rectifiers.
func compareNormsWithArchive(t *testing.T, archive *testref.Archive, prefix string, got tensor.Set) {
	t.Helper()
	const limit = 1e-2
	var worst float64
	for name, a := range got {
		want := archive.Array(prefix + name)
		var squares, differences float64
		for i, v := range want.Data {
			d := float64(a.Data[i]) - float64(v)
			squares, differences = squares+float64(v)*float64(v), differences+d*d
		}
		d := math.Sqrt(differences / squares)
		if !(d <= limit) {
			t.Errorf("%s%s differs by %g of its norm", prefix, name, d)
		}
		worst = max(worst, d)
	}
	t.Logf("%d arrays %q differ by at most %.2g of their norm", len(got), prefix, worst)
}

// The networks with PyTorch's weights, but with all rectifiers replaced by almost straight lines, which rounding cannot bend.
func TestTapesOfSmoothNetworks(t *testing.T) {
	for _, name := range []string{"carn_36", "srresnet_36"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			skipIfShort(t)
			network := openReference(t, name)
			graph := network.Spec.Build()
			for i, n := range graph.Nodes {
				switch n.Op.(type) {
				case nn.ReLU, nn.LeakyReLU:
					graph.Nodes[i].Op = nn.LeakyReLU{Slope: 0.99}
				}
			}
			// Nothing here is compared with PyTorch's results, so a part of its input will do.
			x := corner(testref.OpenNPZ(t, name+"_gradient_eval.npz").Tensor("x"), 10, 12)
			record := graph.Record(network.Params, x, nn.Evaluate)
			dy := randomBatch(record.Output().Shape, 1)
			wantDX, want := record.Backward(dy)
			tape := engine.NewTape(graph, network.Params, x.Shape, engine.TapeOptions{InputGradient: true})
			_, dx := forwardAndBack(t, tape, x, dy, nn.Evaluate)
			worst := relativeDifference(dx.Data, wantDX.Data)
			for param, a := range want {
				worst = max(worst, relativeDifference(tape.Gradients()[param].Data, a.Data))
			}
			t.Logf("gradients differ by at most %.2g of the largest number of each", worst)
			if !(worst <= gradientLimit) {
				t.Errorf("gradients differ by %g of the largest number, limit %g", worst, gradientLimit)
			}
		})
	}
}

// corner is the upper left part of every picture of a batch.
func corner(x *tensor.Tensor, height, width int) *tensor.Tensor {
	y := tensor.New(tensor.Shape{N: x.N, C: x.C, H: height, W: width})
	for n := range x.N {
		for c := range x.C {
			for row := range height {
				copy(y.Plane(n, c)[row*width:][:width], x.Plane(n, c)[row*x.W:])
			}
		}
	}
	return y
}

// compareWithArchive compares every array of the set with that of the archive with the prefix before its name, and demands
// that the archive has no others with this prefix.
func compareWithArchive(t *testing.T, archive *testref.Archive, prefix string, got tensor.Set) {
	t.Helper()
	var worst float64
	for name, a := range got {
		want := archive.Array(prefix + name)
		if len(a.Data) != len(want.Data) {
			t.Fatalf("%s%s has %d numbers, want %d", prefix, name, len(a.Data), len(want.Data))
		}
		var largest, difference float64
		for i, v := range want.Data {
			largest = max(largest, math.Abs(float64(v)))
			difference = max(difference, math.Abs(float64(a.Data[i])-float64(v)))
		}
		if !(difference <= gradientLimit*largest) {
			t.Errorf("%s%s differs by %g of its largest number", prefix, name, difference/largest)
		}
		worst = max(worst, difference/largest)
	}
	for _, key := range archive.Keys() {
		name, ok := strings.CutPrefix(key, prefix)
		if _, found := got[name]; prefix != "" && ok && !found {
			t.Errorf("there is no %s", key)
		}
	}
	t.Logf("%d arrays %q differ by at most %.2g of their largest number", len(got), prefix, worst)
}
