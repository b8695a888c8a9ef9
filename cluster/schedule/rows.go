package schedule

import (
	"math"
	"slices"
	"sort"

	"classsr/fault"
)

// band is how many rows workers send at a time.
const band = 64

// area is a picture that can be cut.
type area struct {
	Rows
	done  spans
	open  float64 // canonical seconds of what was not done when it was added
	again float64 // canonical seconds that each unit adds
}

func newArea(r Rows) (*area, error) {
	n := len(r.Cuts)
	if n == 0 || len(r.Cost) != n || r.Cuts[0] <= 0 || !(r.Cost[0] >= 0) || math.IsInf(r.Cost[n-1], 0) || !(r.Repeated >= 0) {
		return nil, fault.New(fault.Internal, "rows with %d cuts and %d costs, or with costs below zero", n, len(r.Cost))
	}
	for i := 1; i < n; i++ {
		if r.Cuts[i] <= r.Cuts[i-1] || !(r.Cost[i] >= r.Cost[i-1]) {
			return nil, fault.New(fault.Internal, "cut %d of a picture, row %d, is not above the one before, or costs less", i, r.Cuts[i])
		}
	}
	a := &area{Rows: r}
	a.again = r.Repeated * r.Cost[n-1] / float64(a.height())
	for _, d := range r.Done {
		a.done.add(max(d[0], 0), min(d[1], a.height()))
	}
	for _, gap := range a.gaps() {
		a.open += a.cost(gap[0], gap[1])
	}
	return a, nil
}

func (a *area) height() int { return a.Cuts[len(a.Cuts)-1] }

// down is the last row at or before this one where the picture can be cut, or 0.
func (a *area) down(row int) int {
	i := sort.SearchInts(a.Cuts, row+1)
	if i == 0 {
		return 0
	}
	return a.Cuts[i-1]
}

// up is the first row at or after this one where the picture can be cut.
func (a *area) up(row int) int {
	return a.Cuts[min(sort.SearchInts(a.Cuts, row), len(a.Cuts)-1)]
}

// before is the cost of all rows before this one.
func (a *area) before(row int) float64 {
	i := sort.SearchInts(a.Cuts, row) // the first cut that is not above it
	if i == len(a.Cuts) {
		return a.Cost[i-1]
	}
	top, cost := 0, 0.0
	if i > 0 {
		top, cost = a.Cuts[i-1], a.Cost[i-1]
	}
	return cost + (a.Cost[i]-cost)*float64(row-top)/float64(a.Cuts[i]-top)
}

// cost is that of these rows; never below zero, however numbers are rounded.
func (a *area) cost(from, until int) float64 { return max(a.before(until)-a.before(from), 0) }

// work is what a unit of these rows costs.
func (a *area) work(from, until int) float64 {
	if from == 0 && until == a.height() {
		return a.cost(from, until)
	}
	return a.cost(from, until) + a.again
}

// reach is the first cut after from until which the rows cost at least so much, or the last.
func (a *area) reach(from int, cost float64) int {
	wanted := a.before(from) + cost
	i := sort.Search(len(a.Cuts), func(i int) bool { return a.Cuts[i] > from && a.Cost[i] >= wanted })
	return a.Cuts[min(i, len(a.Cuts)-1)]
}

// fits is the last cut, not after until, to which a worker's memory is enough from from on; not ok: not even the next one is.
func (a *area) fits(w *worker, from, until int) (to int, ok bool) {
	if a.Memory == nil || w.Memory <= 0 {
		return until, true
	}
	first := sort.SearchInts(a.Cuts, from+1)
	n := sort.Search(len(a.Cuts)-first, func(i int) bool {
		return a.Cuts[first+i] > until || a.Memory(a.Cuts[first+i]-from) > w.Memory
	})
	if n == 0 {
		return 0, false
	}
	return a.Cuts[first+n-1], true
}

// gaps are the rows that are not done, widened to where the picture can be cut.
func (a *area) gaps() (gaps [][2]int) {
	top := 0
	for _, d := range append(slices.Clone(a.done), [2]int{a.height(), a.height()}) {
		if d[0] > top {
			from, until := a.down(top), a.up(d[0])
			if n := len(gaps); n > 0 && from < gaps[n-1][1] {
				gaps[n-1][1] = until
			} else {
				gaps = append(gaps, [2]int{from, until})
			}
		}
		top = d[1]
	}
	return gaps
}

// spans are rows, from and until, rising, that do not touch.
type spans [][2]int

// add adds rows.
func (s *spans) add(from, until int) {
	if from >= until {
		return
	}
	i := sort.Search(len(*s), func(i int) bool { return (*s)[i][1] >= from })
	j := i
	for ; j < len(*s) && (*s)[j][0] <= until; j++ {
		from, until = min(from, (*s)[j][0]), max(until, (*s)[j][1])
	}
	*s = slices.Replace(*s, i, j, [2]int{from, until})
}

// remove takes rows away.
func (s *spans) remove(from, until int) {
	var rest spans
	for _, x := range *s {
		rest.add(x[0], min(x[1], from))
		rest.add(max(x[0], until), x[1])
	}
	*s = rest
}

// has tells whether all of these rows are there.
func (s spans) has(from, until int) bool {
	i := sort.Search(len(s), func(i int) bool { return s[i][1] >= until })
	return from >= until || i < len(s) && s[i][0] <= from
}
