package engine_test

import (
	"strings"
	"testing"

	"classsr/arch"
	"classsr/engine"
	"classsr/internal/testref"
	"classsr/weights"
	"classsr/weights/torch"
)

// What PyTorch computes with the same weights: by the plain reference and by compiled plans.
func TestForwardPassesOfPyTorch(t *testing.T) {
	for _, name := range []string{"fsrcnn_16", "fsrcnn_56", "carn_36", "carn_64", "srresnet_36", "rcan_small", "classmodule"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "carn_64" {
				testref.Slow(t) // carn_36 has the same operations
			}
			skipIfShort(t)
			network := openReference(t, name)
			graph := network.Spec.Build()
			plan := engine.Compile(graph, network.Params)
			var arena engine.Arena
			archive := testref.OpenNPZ(t, name+"_forward.npz")
			cases := 0
			for _, key := range archive.Keys() {
				size, isInput := strings.CutPrefix(key, "x")
				if !isInput {
					continue
				}
				cases++
				x, want := archive.Tensor(key), archive.Tensor("y"+size)
				limit := 1e-4 * deviation(want)
				// Of the larger networks the plain code takes seconds.
				if testref.IsSlow() || name != "srresnet_36" && name != "rcan_small" {
					if d := largestDifference(graph.Forward(network.Params, x), want); d > limit {
						t.Errorf("%s: the reference differs by %g, limit %g", size, d, limit)
					}
				}
				got := run(t, plan, &arena, x, want.C, whole(x))
				d := largestDifference(got, want)
				if d > limit {
					t.Errorf("%s: the plan differs by %g, limit %g", size, d, limit)
				}
				t.Logf("%s: the plan differs by %.2g of the standard deviation", size, d/deviation(want))
			}
			if cases == 0 {
				t.Fatal("the archive holds no inputs")
			}
		})
	}
}

func openReference(t *testing.T, name string) weights.Network {
	t.Helper()
	checkpoint, err := torch.ReadFile(testref.Path(t, "reference", name+".pth"))
	if err != nil {
		t.Fatal(err)
	}
	spec, params, err := arch.Recognise(checkpoint.Tensors, arch.Known{})
	if err != nil {
		t.Fatal(err)
	}
	return weights.Network{Spec: spec, Params: params}
}

// skipIfShort leaves out what takes minutes on an emulated processor.
func skipIfShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("long with -short")
	}
}
