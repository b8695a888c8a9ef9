package schedule

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Whatever happens, each task is in the line or given or over, is over once, and everything ends when one honest worker stays.
func TestWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newWorld(Options{Batch: rapid.IntRange(1, 5).Draw(t, "batch"), Depth: rapid.IntRange(1, 3).Draw(t, "depth")})
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			m.step(t)
			m.decide(t)
			m.check(t)
		}
		m.finish(t)
	})
}

// Sets of rows are as if each row had been noted by itself.
func TestSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s spans
		var rows [50]bool
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			from := rapid.IntRange(0, 49).Draw(t, "from")
			until := rapid.IntRange(from, 49).Draw(t, "until")
			add := rapid.Bool().Draw(t, "add")
			if add {
				s.add(from, until)
			} else {
				s.remove(from, until)
			}
			for i := from; i < until; i++ {
				rows[i] = add
			}
			for i := range rows {
				if s.has(i, i+1) != rows[i] {
					t.Fatalf("row %d: %v", i, s)
				}
			}
			for i := 1; i < len(s); i++ {
				if s[i-1][1] >= s[i][0] {
					t.Fatalf("they touch: %v", s)
				}
			}
		}
	})
}

// Pictures are cut at their cuts, whatever is wanted of them.
func TestArea(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, err := newArea(*drawRows(t))
		if err != nil {
			t.Fatal(err)
		}
		row := rapid.IntRange(0, a.height()).Draw(t, "row")
		down, up := a.down(row), a.up(row)
		isCut := func(r int) bool { return r == 0 || slices.Contains(a.Cuts, r) }
		if !isCut(down) || !isCut(up) || down > row || up < row {
			t.Fatalf("row %d is between %d and %d", row, down, up)
		}
		if all := a.cost(0, row) + a.cost(row, a.height()); all < a.Cost[len(a.Cost)-1]-1e-9 || all > a.Cost[len(a.Cost)-1]+1e-9 {
			t.Fatalf("the parts cost %v", all)
		}
		wanted := rapid.Float64Range(0, 50).Draw(t, "cost")
		if down < a.height() {
			to := a.reach(down, wanted)
			if !isCut(to) || to <= down || to < a.height() && a.cost(down, to) < wanted-1e-9 {
				t.Fatalf("from %d, %v are reached at %d with %v", down, wanted, to, a.cost(down, to))
			}
		}
		covered := slices.Clone(a.done)
		for _, gap := range a.gaps() {
			if !isCut(gap[0]) || !isCut(gap[1]) || gap[0] >= gap[1] {
				t.Fatalf("gap %v", gap)
			}
			covered.add(gap[0], gap[1])
		}
		if !covered.has(0, a.height()) {
			t.Fatalf("%v and %v are not all", a.done, a.gaps())
		}
	})
}
