package fair

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// While two owners wait, neither gets ahead of the other by more than one piece of work of each, by their weights.
func TestNobodyGetsAhead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := New[string]()
		costs, owners, weights := map[string]float64{}, map[string]string{}, map[string]float64{}
		names := []string{"a", "b", "c"}[:rapid.IntRange(2, 3).Draw(t, "owners")]
		most := 0.0
		for _, name := range names {
			weights[name] = float64(rapid.IntRange(1, 4).Draw(t, "weight"))
			for i := range rapid.IntRange(1, 30).Draw(t, "pieces") {
				key := fmt.Sprint(name, i)
				costs[key], owners[key] = float64(rapid.IntRange(1, 50).Draw(t, "cost")), name
				most = max(most, costs[key]/weights[name])
				q.Push(name, weights[name], costs[key], key)
			}
		}
		foretold := []string{}
		for key := range q.Order() {
			foretold = append(foretold, key)
		}
		got := map[string]float64{}
		var order []string
		for {
			waits := func(name string) bool { return q.LenOf(name) > 0 }
			for _, a := range names {
				for _, b := range names {
					if waits(a) && waits(b) && got[a]-got[b] > most {
						t.Fatalf("%s has got %g, %s only %g, although it waits", a, got[a], b, got[b])
					}
				}
			}
			key, ok := q.Next(nil)
			if !ok {
				break
			}
			order = append(order, key)
			got[owners[key]] += costs[key] / weights[owners[key]]
		}
		if len(order) != len(costs) || !slices.Equal(order, foretold) {
			t.Fatalf("handed out %v, foretold %v", order, foretold)
		}
		if len(q.owners) > len(names) {
			t.Fatal("owners are kept for ever")
		}
	})
}

func TestWhoComesLateSavedNothing(t *testing.T) {
	q := New[int]()
	for i := range 10 {
		q.Push("early", 1, 1, i)
	}
	for range 5 {
		q.Next(nil)
	}
	for i := range 10 {
		q.Push("late", 1, 1, 100+i)
	}
	late := 0
	for range 6 {
		if key, _ := q.Next(nil); key >= 100 {
			late++
		}
	}
	if late < 2 || late > 4 {
		t.Errorf("%d of 6 were the late owner's", late)
	}
}

func TestWorkThatComesBack(t *testing.T) {
	q := New[int]()
	q.Push("a", 1, 5, 1)
	q.Push("a", 1, 5, 2)
	q.Push("b", 1, 5, 3)
	first, _ := q.Next(nil)
	q.PushFront("a", first, 5)
	if again, _ := q.Next(nil); again != first {
		t.Errorf("%d came next, not %d again", again, first)
	}
	if q.Remove(99) || !q.Remove(2) || q.Len() != 1 {
		t.Error("the wrong work was removed")
	}
	if key, ok := q.Next(func(owner string) bool { return owner != "b" }); ok {
		t.Errorf("%d of an owner that is not taken", key)
	}
}

// Work that took longer than was reckoned makes its owner wait longer.
func TestCorrect(t *testing.T) {
	q := New[string]()
	for range 3 {
		q.Push("a", 1, 1, "a")
		q.Push("b", 1, 1, "b")
	}
	got, _ := q.Next(nil)
	q.Correct(got, 5)
	for range 3 {
		if next, _ := q.Next(nil); next == got {
			t.Errorf("%s came again before the other caught up", got)
		}
	}
}
