package infer

import (
	"context"
	"testing"
	"time"

	"classsr/arch"
	"classsr/cost"
)

// What costs.json holds of a network can be measured: an upright border takes longer than the pixels that it adds, and no class is free.
func TestCostsAreMeasured(t *testing.T) {
	spec, err := arch.Paper("fsrcnn2016", 4, 16)
	if err != nil {
		t.Fatal(err)
	}
	costs := map[string]cost.Unit{}
	for range 4 { // other tests that run beside this one may hide what is small
		if err := measureCosts(context.Background(), spec, time.Second, costs); err != nil {
			t.Fatal(err)
		}
		interpolation, network := costs[cost.NameOf(arch.Interpolation(spec))], costs[cost.NameOf(spec)]
		if len(costs) == 2 && interpolation.Pixel > 0 && network.MAC > 0 && network.Beside > 0 && network.Below >= 0 {
			return
		}
	}
	t.Errorf("costs %+v", costs)
}

// Stripes get the classes that are asked for, whatever the picture holds.
func TestFixedClasses(t *testing.T) {
	spec, err := arch.Paper("fsrcnn2016", 4, 16)
	if err != nil {
		t.Fatal(err)
	}
	up, _, err := measuredUpscaler(spec)
	if err != nil {
		t.Fatal(err)
	}
	up.method.(*fixedClasses).at = func(x, _ int) int { return x / measuredStripe % 2 }
	_, report, err := up.Upscale(context.Background(), noise(measuredSide))
	if err != nil || report.Classes[0].Share != 0.5 || report.Classes[1].Share != 0.5 {
		t.Errorf("classes %+v, error %v", report.Classes, err)
	}
}
