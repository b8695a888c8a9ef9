package pipeline

import (
	"context"
	"math"
	"os"
	"slices"
	"testing"

	"classsr"
	"classsr/branch/branchtest"
	"classsr/budget"
	"classsr/fault"
	"classsr/infer"
	"classsr/picture"
	"classsr/route"
	"classsr/scaling"
)

// half is a goal of half the full network's work.
var half = []route.Goal{{Kind: route.ByBudget, Limit: 50}}

// look makes the curve of a file within so much memory, all of which is given back.
func look(t *testing.T, p *Pipeline, path string, memory int64) ([]infer.Point, error) {
	t.Helper()
	from := budget.New(memory, 2)
	points, err := p.Curve(context.Background(), path, "the picture", from, half)
	if reserved, _ := from.InUse(); reserved != 0 {
		t.Errorf("%s: %d bytes are still reserved", path, reserved)
	}
	return points, err
}

func percentOf(p infer.Point) float64 { return 100 * float64(p.MACs) / float64(p.MACsFull) }

// A curve tells the classes that a run chooses, and comes in rows where there is little memory.
func TestCurveOfAFile(t *testing.T) {
	inFolder(t)
	in := branchtest.Fixed(700, 1500, 3, 8)
	write(t, "in.png", in)
	p := with(t, open(t, classsr.FastModel), classsr.Options{Budget: 70})
	want, _, err := enlargeFile(t, p, in)
	if err != nil {
		t.Fatal(err)
	}
	for memory, kind := range map[int64]fault.Kind{200 << 20: "", p.Upscaler.CurveBytes(in.Config(), false) - 1: "", 1 << 20: fault.TooLarge} {
		points, err := look(t, p, "in.png", memory)
		if fault.KindOf(err) != kind && (err != nil || kind != "") {
			t.Errorf("%d bytes: %v", memory, err)
		}
		if kind != "" {
			continue
		}
		if len(points) != 2 || !slices.Equal(points[0].Classes, want.Classes) || points[0].MACs != want.MACs {
			t.Errorf("%d bytes: %+v, a run has %+v", memory, points, want.Report)
			continue
		}
		if percent := percentOf(points[1]); math.Abs(percent-50) > 3 || points[1].LossDB <= points[0].LossDB || points[0].Seconds <= points[1].Seconds {
			t.Errorf("%d bytes: %+v", memory, points)
		}
	}
}

// A second pass costs what the first one leaves of it; without a network there is nothing to tell.
func TestCurvesOfSizes(t *testing.T) {
	inFolder(t)
	write(t, "in.png", branchtest.Fixed(150, 120, 3, 8))
	models := modelsOf(t, open(t, classsr.FastModel), classsr.Options{})
	one, err := look(t, &Pipeline{Sizing: &Sizing{Target: scaling.Target{Scale: 3.5}, Models: models}}, "in.png", 200<<20)
	if err != nil {
		t.Fatal(err)
	}
	two, err := look(t, &Pipeline{Sizing: &Sizing{Target: scaling.Target{Scale: 9}, Models: models}}, "in.png", 200<<20)
	if err != nil {
		t.Fatal(err)
	}
	if len(one) != 2 || len(two) != 2 {
		t.Fatalf("%d and %d points", len(one), len(two))
	}
	for i := range two {
		if two[i].MACsFull != 17*one[i].MACsFull || math.Abs(percentOf(two[i])-percentOf(one[i])) > 0.01 || two[i].Seconds < 4*one[i].Seconds {
			t.Errorf("two passes: %+v, one: %+v", two[i].Forecast, one[i].Forecast)
		}
	}
	if points, err := look(t, &Pipeline{Sizing: &Sizing{Target: scaling.Target{Scale: 0.5}, Models: models}}, "in.png", 200<<20); err != nil || points != nil {
		t.Errorf("a reduced picture: %v, %v", points, err)
	}
}

// What cannot be read or does not come in time is an error.
func TestCurvesThatCannotBe(t *testing.T) {
	inFolder(t)
	data := png(t, "whole.png", picture.New(300, 300, 3, false, 8))
	if err := os.WriteFile("cut.png", data[:len(data)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	p := with(t, open(t, classsr.FastModel), classsr.Options{})
	if _, err := look(t, p, "cut.png", 200<<20); fault.KindOf(err) != fault.Damaged {
		t.Errorf("half a file: %v", err)
	}
	if _, err := look(t, p, "none.png", 200<<20); err == nil {
		t.Error("no file has a curve")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	from := budget.New(200<<20, 2)
	if _, err := p.Curve(ctx, "whole.png", "the picture", from, half); err == nil {
		t.Error("there is a curve after the end")
	}
	if reserved, _ := from.InUse(); reserved != 0 {
		t.Errorf("%d bytes are still reserved", reserved)
	}
}
