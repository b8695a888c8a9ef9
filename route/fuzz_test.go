package route

import (
	"encoding/json"
	"math"
	"testing"
)

// Whatever a model file gives as its calibration, it is refused, or it can be chosen by.
func FuzzCalibration(f *testing.F) {
	table := Table{
		Router: Edge, Core: 32, Classes: []string{"simple", "hard"},
		Levels: []float64{1, 2.5}, Errors: [][]float64{{3, 2}, {9, 5}}, Allowed: []float64{0.1, 0.2}, Lost: []float64{0.05, 0.3},
	}
	module := table
	module.Router, module.Levels, module.Errors, module.Allowed, module.Lost = ClassModule, []float64{0}, [][]float64{{1e300, 0}}, nil, nil
	for _, c := range []Calibration{{&table, &module}, {&module}, {}} {
		text, err := json.Marshal(c)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), 1.7, 0.1)
	}
	f.Add("", math.NaN(), 0.0)
	f.Add(`[null]`, math.Inf(1), -1.0)
	f.Add(`[{"router":"edge","core":32,"classes":["a"],"levels":[5e-324,1e-323],"errors":[[1],[2]]}]`, 1e-323, 1e308)
	f.Add(`[{"router":"edge","core":32,"classes":["a"],"levels":[-1.7e308,1.7e308],"errors":[[1],[2]]}]`, 1e308, 0.1)
	f.Fuzz(func(t *testing.T, text string, difficulty, lost float64) {
		c, err := ReadCalibration(text)
		if err != nil {
			return
		}
		for _, router := range []string{"", Edge, ClassModule, "magic"} {
			table, err := c.Table(router)
			if err != nil || table == nil {
				continue
			}
			for _, d := range append([]float64{difficulty, 0, math.NaN(), math.Inf(-1)}, table.Levels...) {
				checkExpected(t, table, d)
			}
			if allowed := table.AllowedFor(lost); lost > 0 && !(allowed >= 0) {
				t.Errorf("%s: to lose %g dB, %g are allowed", text, lost, allowed)
			}
		}
	})
}

// checkExpected demands a mean squared error for each class.
func checkExpected(t *testing.T, table *Table, difficulty float64) {
	t.Helper()
	got := table.Expected(difficulty)
	if len(got) != len(table.Classes) {
		t.Errorf("%d errors for %d classes", len(got), len(table.Classes))
	}
	for _, e := range got {
		if !(e >= 0) {
			t.Errorf("at difficulty %g the errors of %+v are %v", difficulty, table, got)
		}
	}
}
