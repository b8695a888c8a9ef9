package route

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
)

func TestTable(t *testing.T) {
	var samples []Sample
	for i := range 100 { // errors rise with the difficulty, four times as much in the simple class
		d := float64((i * 37) % 100)
		samples = append(samples, Sample{0, d, 10, []float64{4 * d, d}})
	}
	samples = append(samples, Sample{0, math.NaN(), 10, []float64{1e9, 1e9}})
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

// What a class gains on one picture does not make up for what it loses on another.
func TestTablesCountLosses(t *testing.T) {
	samples := []Sample{
		{Picture: 1, Difficulty: 1, Pixels: 30, Errors: []float64{6, 4}}, {Picture: 1, Difficulty: 1, Pixels: 10, Errors: []float64{2, 4}},
		{Picture: 2, Difficulty: 1, Pixels: 30, Errors: []float64{1, 5}}, {Picture: 2, Difficulty: 1, Pixels: 10, Errors: []float64{7, 5}},
	}
	table, err := NewTable("edge", 32, []string{"simple", "hard"}, samples, 1)
	if err != nil {
		t.Fatal(err)
	}
	if want := []float64{(30*6 + 10*2 + 40*5) / 80.0, (40*4 + 40*5) / 80.0}; !slices.Equal(table.Errors[0], want) {
		t.Errorf("errors %v, want %v", table.Errors[0], want)
	}
}

func TestTablesThatAreNotRight(t *testing.T) {
	for name, spoil := range map[string]func(*Table){
		"core":        func(t *Table) { t.Core = 0 },
		"no levels":   func(t *Table) { t.Levels = nil },
		"order":       func(t *Table) { t.Levels[1] = t.Levels[0] },
		"too far":     func(t *Table) { t.Levels = []float64{-1.7e308, 1.7e308} },
		"row":         func(t *Table) { t.Errors[1] = t.Errors[1][:1] },
		"lost less":   func(t *Table) { t.Lost[1] = t.Lost[0] },
		"lost what":   func(t *Table) { t.Allowed = t.Allowed[:1] },
		"negative":    func(t *Table) { t.Errors[0][0] = -1 },
		"not numbers": func(t *Table) { t.Errors[0][0] = math.NaN() },
		"quality":     func(t *Table) { t.Quality = MaxQuality + 1 },
		"no quality":  func(t *Table) { t.Quality = math.NaN() },
	} {
		table := &Table{
			Router: "edge", Core: 32, Classes: []string{"simple", "hard"},
			Levels: []float64{1, 2}, Errors: [][]float64{{3, 2}, {9, 5}}, Allowed: []float64{0.1, 0.2}, Lost: []float64{0.05, 0.3},
		}
		if err := table.Check(); err != nil {
			t.Fatal(err)
		}
		spoil(table)
		if table.Check() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAllowedFor(t *testing.T) {
	table := &Table{Allowed: []float64{0.1, 0.2}, Lost: []float64{0.05, 0.25}}
	for _, c := range []struct{ lost, want float64 }{{0.05, 0.1}, {0.025, 0.05}, {0.15, 0.15}, {0.25, 0.2}, {0.5, 0.4}} {
		if got := table.AllowedFor(c.lost); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("for %g dB it is %g, want %g", c.lost, got, c.want)
		}
	}
	if got := (&Table{}).AllowedFor(0.1); got != 0.1 {
		t.Errorf("without measurement it is %g", got)
	}
}

// What is allowed for a loss loses it.
func TestAllowedAndLost(t *testing.T) {
	for _, table := range []*Table{{}, {Allowed: []float64{0.01, 0.05, 0.2}, Lost: []float64{0.02, 0.03, 0.5}}} {
		for _, lost := range []float64{0, 0.001, 0.02, 0.025, 0.03, 0.4, 0.5, 3} {
			if got := table.LostFor(table.AllowedFor(lost)); math.Abs(got-lost) > 1e-12 {
				t.Errorf("what is allowed for %g dB loses %g dB", lost, got)
			}
		}
	}
}
