package infer

import (
	"context"
	"fmt"
	"hash/fnv"
	"image"
	"slices"
	"testing"

	"classsr/branch/branchtest"
	"classsr/picture"
	"classsr/route"
)

// classesOf gives the classes that an Upscaler of the fast model chooses for the cores of a picture, without computing it.
func classesOf(t *testing.T, o Options, in *picture.Picture) []int {
	t.Helper()
	o.Mode = ModeRouted
	r := newUpscaler(t, builtIn(t, fastModel), o).method.(*routed)
	s, err := r.fit(room{size: image.Pt(in.Width, in.Height), threads: 1, bytes: unlimited})
	if err != nil {
		t.Fatal(err)
	}
	j, err := r.judge(context.Background(), in, 1)
	if err != nil {
		t.Fatal(err)
	}
	c, err := r.decide(context.Background(), j, 1, s)
	if err != nil {
		t.Fatal(err)
	}
	return c.Classes
}

// A picture gets the same classes with every kernel set and on every machine: run it with CLASSSR_KERNEL=avx2 and generic, and with
// GOARCH=arm64, too (make avx2 generic arm64).
func TestClassesAreTheSameOnEveryMachine(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want uint64
	}{
		{Options{Router: route.Edge}, 0x0c569642bf5875f5},
		{Options{Router: route.Edge, Quality: 0.3}, 0x3446e38fde54a3ad},
		{Options{Router: route.Edge, Budget: 60}, 0xff1b83585bdb1acd},
		{Options{Router: route.ClassModule}, 0x4c5fa77aa6f16655},
		{Options{Router: route.ClassModule, Quality: 0.3}, 0x6a97683d69a0bf0d},
		{Options{Router: route.ClassModule, Budget: 85}, 0x9a6d35b0998b830d},
	} {
		sum, classes := fnv.New64a(), 0
		for _, depth := range []int{8, 16} {
			chosen := classesOf(t, c.o, branchtest.Fixed(200, 170, 3, depth))
			_, _ = fmt.Fprint(sum, chosen) // which never fails
			classes = max(classes, len(slices.Compact(slices.Sorted(slices.Values(chosen)))))
		}
		if got := sum.Sum64(); got != c.want || classes < 2 {
			t.Errorf("router %s, quality %g, budget %g: %d classes with the sum %#x, want %#x",
				c.o.Router, c.o.Quality, c.o.Budget, classes, got, c.want)
		}
	}
}

// A budget buys the same classes for any number of threads, and where memory is short.
func TestBudgetsGiveTheSameClassesEverywhere(t *testing.T) {
	in := branchtest.Patchwork(220, 180, 3, false, 8)
	for _, o := range []Options{{Budget: 60, Router: route.Edge}, {Budget: 80, Router: route.ClassModule}} {
		var want []int
		for _, machine := range []Options{{Threads: 1}, {Threads: 2}, {Threads: 5}, {Threads: 2, Memory: 5_400_000}} {
			o.Threads, o.Memory = machine.Threads, machine.Memory
			_, report := routedReport(t, fastModel, o, in)
			if want == nil {
				want = report.Route.Classes
			}
			if used(report.Route) < 2 || !slices.Equal(report.Route.Classes, want) {
				t.Errorf("%+v chooses other classes than one thread does: %v", o, report.Classes)
			}
		}
	}
}
