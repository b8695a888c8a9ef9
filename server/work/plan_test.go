package work

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"classsr/branch/branchtest"
	"classsr/fault"
	"classsr/infer"
	"classsr/picture"
	"classsr/pipeline"
	"classsr/server/jobs"
	"classsr/server/tokens"
)

// plan makes a plan of a stored picture.
func (b *bench) plan(path string, set ...string) *Plan {
	b.t.Helper()
	o, _ := orderOf(b.t, set...)
	p, err := b.Plan(context.Background(), tokens.Local(), path, "cat.png", o)
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

// A plan tells what a job then does, and what it would do with more and with less to spend, while jobs have all their memory.
func TestPlanLooksAtThePicture(t *testing.T) {
	b := newBench(t, nil)
	held, err := b.Budget.Reserve(context.Background(), b.Budget.Memory())
	if err != nil {
		t.Fatal(err)
	}
	sum := b.keep(file(t, branchtest.Fixed(400, 360, 3, 8), "png"))
	path := b.Store.Picture(sum)
	for _, set := range [][]string{{"scale", "4"}, {"scale", "4", "budget", "70"}, {"scale", "9"}} {
		p := b.plan(path, set...)
		if len(p.Points) < 4 || p.Seconds != p.Points[0].Seconds || p.OutWidth != p.Width*map[bool]int{true: 9, false: 4}[set[len(set)-1] == "9"] {
			t.Fatalf("%v: %+v", set, p)
		}
		further := p.Points[1:]
		for i, point := range further {
			if len(point.Classes) != 4 || point.Budget <= 0 || point.Budget > 100 || i > 0 && (point.Budget <= further[i-1].Budget || point.Seconds <= further[i-1].Seconds || point.LossDB > further[i-1].LossDB) {
				t.Errorf("%v: points %+v", set, further)
			}
		}
	}
	held.Release()

	for budget, first := range map[string]Point{"": b.plan(path, "scale", "4").Points[0], "70": b.plan(path, "scale", "4", "budget", "70").Points[0]} {
		set := []string{"scale", "4"}
		if budget != "" {
			set = append(set, "budget", budget)
		}
		done, err := b.Run(context.Background(), b.job(sum, set...), jobs.Told{})
		if err != nil {
			t.Fatal(err)
		}
		var r pipeline.Result
		if err := json.Unmarshal(done.Report, &r); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(r.Classes, first.Classes) || math.Abs(first.Budget-100*float64(r.MACs)/float64(r.MACsFull)) > 0.06 {
			t.Errorf("budget %q: planned %+v, done %v", budget, first, r.Classes)
		}
	}
	b.idle()
}

// What was looked at once is remembered: for plans, for results of other formats, and for the forecasts of jobs with any budget.
func TestPlansAreRemembered(t *testing.T) {
	b := newBench(t, nil)
	b.lookWait = 50 * time.Millisecond
	path := b.Store.Picture(b.keep(file(t, branchtest.Fixed(400, 360, 3, 8), "png")))
	leave, err := b.turns.enter(context.Background(), "other", 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if p := b.plan(path, "fast", "true"); len(p.Points) != 1 || p.Points[0].Budget != 100 || len(p.Points[0].Classes) != 0 || p.Seconds <= 0 {
		t.Errorf("while others have their turn: %+v", p)
	}
	leave(0)
	b.lookWait = time.Minute
	want := b.plan(path, "fast", "true")
	b.lookWait = 0
	if got := b.plan(path, "fast", "true", "format", "webp"); len(got.Points) != len(want.Points) || got.Points[1].LossDB != want.Points[1].LossDB {
		t.Errorf("%+v, before %+v", got, want)
	}
	seconds := 0.0
	for _, budget := range []string{"40", "50", "70", "99", "100"} {
		o, _ := orderOf(t, "fast", "true", "budget", budget)
		j, err := b.Judge(path, "", o)
		if err != nil || !j.Looked || j.Seconds < seconds {
			t.Errorf("a budget of %s is forecast to take %g s, %v", budget, j.Seconds, err)
		}
		seconds = j.Seconds
	}
	if o, _ := orderOf(t, "kind", "photo"); true {
		if j, err := b.Judge(path, "", o); err != nil || j.Looked {
			t.Errorf("another model was looked for: %v", err)
		}
	}
}

// Where nothing is to be chosen, or a look takes too much, a plan goes by the headers.
func TestPlansByHeaders(t *testing.T) {
	b := newBench(t, nil)
	small := b.Store.Picture(b.keep(file(t, branchtest.Fixed(400, 360, 3, 8), "png")))
	many := b.Store.Picture(b.keep(file(t, picture.New(5001, 5000, 1, false, 8), "png")))
	for _, c := range []struct {
		path   string
		set    []string
		budget float64
	}{
		{small, []string{"kind", "real"}, 100},
		{small, []string{"mode", "full"}, 100},
		{small, []string{"scale", "0.5"}, 100},
		{many, []string{"scale", "3", "fast", "true"}, 100},
		{many, []string{"scale", "3", "fast", "true", "budget", "30"}, 30},
	} {
		if p := b.plan(c.path, c.set...); len(p.Points) != 1 || p.Points[0].Budget != c.budget || p.Points[0].Seconds <= 0 || p.Seconds != p.Points[0].Seconds || p.Points[0].Classes == nil {
			t.Errorf("%v: %+v", c.set, p)
		}
	}
	b.idle()
}

// What takes more memory than direct requests have is looked at with that of jobs, as long as they leave it.
func TestPlansOfPicturesThatTakeMuchMemory(t *testing.T) {
	b := newBench(t, nil)
	heavy := b.Store.Picture(b.keep(file(t, picture.New(2400, 2400, 3, true, 16), "png")))
	held, err := b.Budget.Reserve(context.Background(), b.Budget.Memory())
	if err != nil {
		t.Fatal(err)
	}
	b.lookWait = 300 * time.Millisecond
	if p := b.plan(heavy, "fast", "true"); len(p.Points) != 1 || len(p.Points[0].Classes) != 0 {
		t.Errorf("while a job has all memory: %+v", p)
	}
	held.Release()
	b.lookWait = time.Minute
	if p := b.plan(heavy, "fast", "true"); len(p.Points[0].Classes) == 0 {
		t.Errorf("it was not looked at: %+v", p)
	}
	b.idle()
}

func TestPlansThatCannotBe(t *testing.T) {
	b := newBench(t, nil)
	data := file(t, branchtest.Fixed(400, 360, 3, 8), "png")
	cut := b.Store.Picture(b.keep(data[:len(data)/2]))
	o, _ := orderOf(t, "fast", "true")
	if _, err := b.Plan(context.Background(), tokens.Local(), cut, "cat.png", o); fault.KindOf(err) != fault.Damaged || strings.Contains(err.Error(), filepath.Base(cut)) {
		t.Errorf("half a picture: %v", err)
	}
	gone, leave := context.WithCancel(context.Background())
	leave()
	whole := b.Store.Picture(b.keep(data))
	if _, err := b.Plan(gone, tokens.Local(), whole, "cat.png", o); !errors.Is(err, context.Canceled) {
		t.Errorf("somebody who is gone: %v", err)
	}
	b.idle()
}

func TestCurvesAreForgotten(t *testing.T) {
	var c curves
	for i := range mostCurves + 10 {
		c.put(fmt.Sprint(i), make([]infer.Point, i+1))
		if len(c.get("0")) != 1 { // which is used all the time
			t.Fatalf("after %d others what was used is gone", i)
		}
	}
	if len(c.kept) != mostCurves || len(c.order) != mostCurves || c.get("1") != nil || len(c.get(fmt.Sprint(mostCurves+9))) != mostCurves+10 {
		t.Errorf("%d are kept in an order of %d", len(c.kept), len(c.order))
	}
}
