package fair

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// work is a piece of work of the tests.
type work struct {
	owner string
	cost  float64
}

var names = []string{"a", "b", "c", "d"}

// lead is by how much one owner was ahead of another while both had work all the time.
type lead struct {
	both        bool
	least, most float64
}

// TestNobodyGetsAhead adds, takes, gives back and removes work at random. While two owners have work in the queue, what they got differs by no more
// than the longest work of each, and what anybody got back.
func TestNobodyGetsAhead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := New[int]()
		weights, longest, got, returned := map[string]float64{}, map[string]float64{}, map[string]float64{}, 0.0
		for _, name := range names {
			weights[name] = float64(rapid.IntRange(1, 4).Draw(t, "weight"))
		}
		all, waits, out := map[int]work{}, map[int]bool{}, []int{}
		leads := map[[2]string]lead{}
		number := 0
		push := func(t *rapid.T) {
			w := work{rapid.SampledFrom(names).Draw(t, "owner"), float64(rapid.IntRange(0, 50).Draw(t, "cost"))}
			number++
			all[number], waits[number] = w, true
			longest[w.owner] = max(longest[w.owner], w.cost/weights[w.owner])
			q.Push(w.owner, weights[w.owner], w.cost, number)
		}
		t.Repeat(map[string]func(*rapid.T){
			"push":  push,
			"push2": push, // so that queues become long
			"next": func(t *rapid.T) {
				key, ok := q.Next(nil)
				if ok != (len(waits) > 0) || ok && !waits[key] {
					t.Fatalf("handed out %d, %v; %d pieces wait", key, ok, len(waits))
				}
				if ok {
					delete(waits, key)
					out = append(out, key)
					got[all[key].owner] += all[key].cost / weights[all[key].owner]
				}
			},
			"back": func(*rapid.T) {
				if len(out) == 0 {
					return
				}
				key := out[len(out)-1]
				out = out[:len(out)-1]
				w := all[key]
				q.PushFront(w.owner, key, w.cost)
				waits[key] = true
				got[w.owner] -= w.cost / weights[w.owner]
				returned += w.cost / weights[w.owner]
			},
			"remove": func(t *rapid.T) {
				key := rapid.IntRange(1, number+1).Draw(t, "key")
				if q.Remove(key) != waits[key] {
					t.Fatalf("removing %d, which waits: %v", key, waits[key])
				}
				delete(waits, key)
			},
			"": func(t *rapid.T) {
				if q.Len() != len(waits) {
					t.Fatalf("%d pieces wait, not %d", q.Len(), len(waits))
				}
				for _, a := range names {
					for _, b := range names {
						l := leads[[2]string{a, b}]
						d := got[a] - got[b]
						switch both := q.LenOf(a) > 0 && q.LenOf(b) > 0; {
						case !both:
							l = lead{}
						case !l.both:
							l = lead{true, d, d}
						default:
							l.least, l.most = min(l.least, d), max(l.most, d)
						}
						leads[[2]string{a, b}] = l
						if l.most-l.least > longest[a]+longest[b]+returned+1e-9 {
							t.Fatalf("%s got up to %g more than %s, which had work all the time", a, l.most-l.least, b)
						}
					}
				}
			},
		})
	})
}

// TestOrder plays the order of any queue through.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := New[int]()
		all := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) work {
			return work{rapid.SampledFrom(names).Draw(t, "owner"), float64(rapid.IntRange(1, 9).Draw(t, "cost"))}
		}), 0, 40).Draw(t, "work")
		for i, w := range all {
			q.Push(w.owner, float64(1+len(w.owner)%3), w.cost, i)
			if rapid.IntRange(0, 3).Draw(t, "take") == 0 {
				q.Next(nil)
			}
		}
		var foretold, came []int
		for key, cost := range q.Order() {
			if cost != all[key].cost {
				t.Fatalf("%d takes %g seconds, not %g", key, cost, all[key].cost)
			}
			foretold = append(foretold, key)
		}
		for key, ok := q.Next(nil); ok; key, ok = q.Next(nil) {
			came = append(came, key)
		}
		if !slices.Equal(foretold, came) {
			t.Fatalf("came %v, foretold were %v", came, foretold)
		}
	})
}

func TestWhoComesLateSavedNothing(t *testing.T) {
	q := New[int]()
	for i := range 20 {
		q.Push("early", 1, 1, i)
	}
	for range 10 {
		q.Next(nil)
	}
	for i := range 20 {
		q.Push("late", 1, 1, 100+i)
	}
	late := 0
	for range 10 {
		if key, _ := q.Next(nil); key >= 100 {
			late++
		}
	}
	if late < 4 || late > 6 {
		t.Errorf("%d of 10 were the late owner's", late)
	}
}

func TestWeights(t *testing.T) {
	q := New[string]()
	for range 100 {
		q.Push("a", 1, 2, "a")
		q.Push("b", 3, 2, "b")
	}
	got := map[string]int{}
	for range 80 {
		key, _ := q.Next(nil)
		got[key]++
	}
	if want := map[string]int{"a": 20, "b": 60}; !maps.Equal(got, want) {
		t.Errorf("by weights of 1 and 3: %v", got)
	}
}

func TestWorkThatComesBack(t *testing.T) {
	q := New[int]()
	for i := range 3 {
		q.Push("a", 1, 5, i)
	}
	q.Push("b", 1, 5, 3)
	first, _ := q.Next(nil)
	q.PushFront("a", first, 5)
	if again, _ := q.Next(nil); again != first {
		t.Errorf("%d came next, not %d again", again, first)
	}
	if key, ok := q.Next(func(owner string) bool { return owner == "c" }); ok {
		t.Errorf("%d is of an owner that is not taken", key)
	}
	if key, _ := q.Next(func(owner string) bool { return owner == "a" }); key != 1 {
		t.Errorf("%d came as the next one of a", key)
	}
}

// TestCorrect lets an owner wait whose work took longer than was reckoned, even if it had nothing else in the queue.
func TestCorrect(t *testing.T) {
	q := New[string]()
	q.Push("a", 1, 1, "a")
	q.Next(nil)
	for range 20 {
		q.Push("b", 1, 1, "b")
	}
	q.Next(nil)
	q.Next(nil)
	q.Correct("a", 10)
	q.Push("a", 1, 1, "a")
	for i := range 9 {
		if key, _ := q.Next(nil); key == "a" {
			t.Fatalf("a came after %d seconds of b", i+2)
		}
	}
	q.Correct("a", -10)
	if key, _ := q.Next(nil); key != "a" {
		t.Error("a got its time back, and still waits")
	}
}

func TestManyOwnersAreForgotten(t *testing.T) {
	q := New[int]()
	for i := range 3 * remembered {
		q.Push(fmt.Sprint(i), 1, 0, i)
		q.Next(nil)
	}
	if len(q.owners) > remembered {
		t.Errorf("%d owners are kept", len(q.owners))
	}
}
