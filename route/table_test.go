package route

import (
	"encoding/json"
	"math"
	"testing"
)

func TestTable(t *testing.T) {
	var samples []Sample
	for i := range 100 { // errors rise with the difficulty, four times as much in the simple class
		d := float64((i * 37) % 100)
		samples = append(samples, Sample{d, 10, []float64{4 * d, d}})
	}
	samples = append(samples, Sample{math.NaN(), 10, []float64{1e9, 1e9}})
	table, err := NewTable("edge", 32, []string{"simple", "hard"}, samples, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ difficulty, want float64 }{{-5, 4.5}, {4.5, 4.5}, {9.5, 9.5}, {50, 50}, {1000, 94.5}, {math.NaN(), 94.5}} {
		got := table.Expected(c.difficulty)
		if math.Abs(got[1]-c.want) > 1e-9 || math.Abs(got[0]-4*c.want) > 1e-9 {
			t.Errorf("errors at %g are %v, want %g", c.difficulty, got, c.want)
		}
	}
	text, err := json.Marshal(table)
	if err != nil {
		t.Fatal(err)
	}
	var back Table
	if err := json.Unmarshal(text, &back); err != nil || back.Check() != nil || back.Expected(50)[1] != table.Expected(50)[1] {
		t.Errorf("read back: %v, %v", err, back.Check())
	}
	if _, err := NewTable("edge", 32, []string{"hard"}, nil, 10); err == nil {
		t.Error("a table of nothing")
	}
}

func TestTablesThatAreNotRight(t *testing.T) {
	for name, spoil := range map[string]func(*Table){
		"core":        func(t *Table) { t.Core = 0 },
		"no levels":   func(t *Table) { t.Levels = nil },
		"order":       func(t *Table) { t.Levels[1] = t.Levels[0] },
		"row":         func(t *Table) { t.Errors[1] = t.Errors[1][:1] },
		"negative":    func(t *Table) { t.Errors[0][0] = -1 },
		"not numbers": func(t *Table) { t.Errors[0][0] = math.NaN() },
	} {
		table := &Table{"edge", 32, []string{"simple", "hard"}, []float64{1, 2}, [][]float64{{3, 2}, {9, 5}}}
		if err := table.Check(); err != nil {
			t.Fatal(err)
		}
		spoil(table)
		if table.Check() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
