package route

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"testing"
)

// noise is a fixed sequence of numbers in 0..1.
type noise uint64

func (n *noise) next() float64 {
	*n = *n*6364136223846793005 + 1442695040888963407
	return float64(*n>>11) / (1 << 53)
}

// fixedProblem has 40x30 cores and four classes; the difficulty varies slowly, so that much hangs on borders.
func fixedProblem() *Problem {
	p := &Problem{Costs: Costs{[]float64{0.013, 0.31, 0.57, 1.1}, []float64{0.07, 1.3, 2.9, 4.7}, []float64{0.03, 0.8, 1.1, 2.1}}}
	const columns, rows = 40, 30
	for x := range columns + 1 {
		p.Xs = append(p.Xs, 31*x+x%2)
	}
	for y := range rows + 1 {
		p.Ys = append(p.Ys, 33*y-y%3)
	}
	t := &Table{Classes: []string{"a", "b", "c", "d"}}
	for i := range 9 {
		level := float64(i)/3 + 0.1
		t.Levels = append(t.Levels, level)
		t.Errors = append(t.Errors, []float64{level * level / 0.7, level * 1.37, level * 0.93, level * 0.89})
	}
	n := noise(1)
	difficulties := make([]float64, columns*rows)
	for i := range difficulties {
		difficulties[i] = 1.4 + n.next()
		if i >= columns {
			difficulties[i] = float64(0.7*difficulties[i-columns]) + float64(0.2*difficulties[i-1]) + float64(0.3*n.next())
		}
		errors := t.Expected(difficulties[i])
		var losses []float64
		for _, e := range errors {
			losses = append(losses, 1000*(e-errors[3]))
		}
		p.Losses = append(p.Losses, losses)
	}
	return p
}

// What is chosen, and every bit of what it costs and loses, must be the same on every machine: run it with GOARCH=arm64 too (make arm64).
func TestChoicesAreTheSameOnEveryMachine(t *testing.T) {
	p, sum := fixedProblem(), fnv.New64a()
	used := map[int]bool{}
	for _, lambda := range []float64{0.01, 0.1, 0.3, 0.7, 1, 1.9, 5} {
		for _, classes := range [][]int{p.Minimise(lambda), p.MinimiseRoughly(lambda)} {
			for _, class := range classes {
				used[class] = true
				sum.Write([]byte{byte(class)})
			}
			for _, v := range []float64{p.Loss(classes), p.Costs.Of(p.Grid, classes)} {
				sum.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)))
			}
		}
	}
	for _, allowed := range []float64{0, 1000, 30000} {
		classes, _ := cheapestWithin(p, allowed)
		for _, class := range classes {
			sum.Write([]byte{byte(class)})
		}
	}
	for _, v := range Softmax([]float32{0.1, -3.7, 2.2, 1.9}) {
		sum.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)))
	}
	if got, want := sum.Sum64(), uint64(0xe145e1c4b0e3aefa); got != want || len(used) != 4 {
		t.Errorf("the choices have the sum %#x, want %#x; classes used: %v", got, want, used)
	}
}
