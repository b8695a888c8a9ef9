package coordinator

import (
	"testing"

	"classsr/cluster/wire"
	"classsr/picture"
)

// What comes in its order has memory when there is too little for all, and memory is given again when its rows were taken.
func TestRowsInTheirOrderHaveMemory(t *testing.T) {
	out := picture.Config{Width: 100, Height: 100, Colors: 1, Depth: 8}
	band := out
	band.Height = 10
	e := &enlarging{out: out, scale: 1, memory: waiting{most: 5 * band.Bytes(), band: band.Bytes()}}
	comes := func(from int) bool {
		rows := e.memoryFor(from)
		if rows != nil {
			*rows = *band.New()
			e.memory.filled(rows)
			e.insert(segment{rows: rows, from: from, until: from + band.Height})
		}
		return rows != nil
	}
	takes := func(row int) {
		t.Helper()
		s, err := e.next()
		if err != nil || s.from != row || s.rows == nil {
			t.Fatalf("row %d: %v, %v", row, s, err)
		}
		e.row = s.until
	}
	for i, step := range []struct {
		from int
		has  bool
	}{{50, true}, {60, true}, {70, true}, {80, false}, {0, true}, {10, true}, {20, false}} {
		if comes(step.from) != step.has {
			t.Errorf("step %d: rows from %d on have memory: %t", i, step.from, !step.has)
		}
	}
	takes(0)
	takes(10) // which gives back what row 0 had
	if !comes(20) || comes(80) || comes(30) {
		t.Error("other rows have the memory of those that were taken")
	}
	if _, err := e.next(); err != nil || e.memory.used != 4*band.Bytes() {
		t.Errorf("%d bytes are in use: %v", e.memory.used, err)
	}
}

// The memory for rows is what was reserved: less what is read from the disk.
func TestMemoryOfRows(t *testing.T) {
	small := picture.Config{Width: 1000, Height: 1000, Colors: 3, Depth: 8}
	large := picture.Config{Width: 20000, Height: 15000, Colors: 3, Depth: 8}
	wide := picture.Config{Width: 20 << 20, Height: 8, Colors: 3, Depth: 8} // a row has more than bandBytes
	for _, c := range []struct {
		memory, want int64
		out          picture.Config
	}{
		{0, 12e6, small}, {0, direct * bandBytes, large}, {500e6, 500e6, large}, {2e9, 900e6 + 3*33540000, large}, {0, direct * bandBytes, wide},
	} {
		got := (&Coordinator{Options: Options{Memory: c.memory}}).waitBytes(c.out)
		if got != c.want {
			t.Errorf("%v with %d: %d bytes, not %d", c.out, c.memory, got, c.want)
		}
		if most := bandForm(c.out).Height; most > wire.MostRows(c.out) {
			t.Errorf("%v: bands of %d rows", c.out, most)
		}
	}
}
