package train

import (
	"context"
	"math"
	"testing"

	"classsr/dataset"
	"classsr/internal/testref"
	"classsr/nn"
	"classsr/tensor"
	"classsr/weights"
)

// What PyTorch computes in three steps of Adam on the same batch, from the same start: the Class-Module with frozen branches, and
// everything together.
func TestStepsOfPyTorch(t *testing.T) {
	for name, joint := range map[string]bool{"classsr_fsrcnn_step_stage2": false, "classsr_fsrcnn_step_stage3": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			archive := testref.OpenNPZ(t, name+".npz")
			model, err := weights.Open(testref.Path(t, "reference", "classsr_fsrcnn_step_start.pth"), 4)
			if err != nil {
				t.Fatal(err)
			}
			x, hr := archive.Tensor("x"), archive.Tensor("target")
			const chunk = 3 // must not show
			s := &routedStep{
				classifier: newExecutor(*model.ClassModule, x.Shape, 2),
				chunk:      chunk, weights: LossWeights{Pixel: 1000, Class: 0.5, Average: 3}, loss: L1, threads: 2,
			}
			params, grads := tensor.Set{}, tensor.Set{}
			params.Merge("classifier.", model.ClassModule.Params)
			grads.Merge("classifier.", s.classifier.Gradients())
			small := x.Shape
			small.N = chunk
			for i, n := range model.Branches {
				if !joint {
					s.branches = append(s.branches, newFrozen(n, small, 2))
					continue
				}
				l := newLearner(n, small, 2, nn.Evaluate)
				s.branches = append(s.branches, l)
				prefix := []string{"net1.", "net2.", "net3."}[i]
				params.Merge(prefix, n.Params)
				grads.Merge(prefix, l.Gradients())
			}
			optimizer := newAdam(grads, 0.9, 0.99)
			for i, step := range []string{"step0.", "step1.", "step2."} {
				for _, g := range grads {
					clear(g.Data)
				}
				l, err := s.run(context.Background(), &dataset.Batch{LR: x, HR: hr})
				if err != nil {
					t.Fatal(err)
				}
				for key, got := range map[string]float64{"l1": l.Pixel, "class": l.Class, "average": l.Average, "total": l.Total} {
					if want := archive.Number(step + key); math.Abs(got-want) > 1e-5*max(1, math.Abs(want)) {
						t.Errorf("%s%s is %v, want %v", step, key, got, want)
					}
				}
				if i == 0 {
					compareArrays(t, archive, "grad.", grads, 1e-4, true)
				}
				if err := optimizer.update(context.Background(), 2, params, grads, 2e-4); err != nil {
					t.Fatal(err)
				}
			}
			compareArrays(t, archive, "after3.", params, 1e-6, false)
		})
	}
}

// compareArrays demands that every array of the set is within limit of the archive's, or of its largest number.
func compareArrays(t *testing.T, archive *testref.Archive, prefix string, set tensor.Set, limit float64, relative bool) {
	t.Helper()
	var worst float64
	for name, a := range set {
		want := archive.Array(prefix + name)
		largest := 1.0
		if relative {
			largest = 0
			for _, v := range want.Data {
				largest = max(largest, math.Abs(float64(v)))
			}
		}
		for i, v := range want.Data {
			d := math.Abs(float64(a.Data[i])-float64(v)) / largest
			worst = max(worst, d)
			if !(d <= limit) {
				t.Errorf("%s%s[%d] is %g, want %g", prefix, name, i, a.Data[i], v)
				break
			}
		}
	}
	t.Logf("%d arrays %s differ by at most %.2g", len(set), prefix, worst)
}
