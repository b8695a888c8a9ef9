package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/cpuid/v2"
)

// tolerance is the largest difference between two results, as a share of their standard deviation. ncnn has one of its own: its tiles of 6x6 pixels
// round more, which adds up over the 400 convolutions of RCAN (1.2e-3; all other networks are within 2e-5).
const tolerance, ncnnTolerance = 1e-4, 3e-3

// result is what was measured in one case. names, medians and differences are those of the peers that took part, ours first.
type result struct {
	benchCase
	macs        int64
	names       []string
	medians     []time.Duration
	compare     func(got, want []float32) float64
	differences []float64 // from ours
	exact       bool      // our result does not depend on how the picture is cut, so that it can be compared
}

// limit is how far the result of an engine may be from ours.
func (r result) limit(engine string) float64 {
	switch {
	case r.step:
		return stepTolerance
	case engine == "ncnn":
		return ncnnTolerance
	}
	return tolerance
}

func (r result) differs() bool {
	for i, d := range r.differences {
		if r.exact && !(d <= r.limit(r.names[i])) { // NaN differs
			return true
		}
	}
	return false
}

// difference is the largest difference of two results, as a share of the standard deviation of the second.
func difference(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	var sum, squares, largest float64
	for i, v := range want {
		d := math.Abs(float64(got[i]) - float64(v))
		if math.IsNaN(d) {
			return d
		}
		largest = max(largest, d)
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	mean := sum / float64(len(want))
	return largest / math.Sqrt(squares/float64(len(want))-mean*mean)
}

// table has columns for each of the others, whether or not they take part in a case.
type table struct{ others []string }

// newTable prints what is compared, and the heads of the columns.
func newTable(set string, e *engines) table {
	t := table{e.names}
	fmt.Printf("CPU: %s\n", cpuid.CPU.BrandName)
	fmt.Print(strings.Join(append([]string{"ours: kernel set " + set}, e.about...), "; "))
	fmt.Print("\nmedians; GMAC/s are the network's own multiply-accumulates; a ratio below 1 means that ours is faster;\n" +
		"difference is the largest one from our result, over the result's standard deviation\n" +
		"patches x rows x columns: a training step, forward and back to the gradients of all parameters; three times the forward\n" +
		"pass's multiply-accumulates; difference is the largest one from our gradient to a parameter, over the gradient's norm\n\n")
	heads := fmt.Sprintf("%-20s %7s %9s %6s", "network", "threads", "ours ms", "GMAC/s")
	for _, other := range t.others {
		heads += fmt.Sprintf(" %9s %6s %8s %10s", other+" ms", "GMAC/s", "ours/"+other, "difference")
	}
	fmt.Println(heads)
	return t
}

func (t table) print(r result) { fmt.Println(t.line(r)) }

func (t table) line(r result) string {
	line := fmt.Sprintf("%-20s %7d %s", r.title(), r.threads, r.speed(0))
	for _, other := range t.others {
		width := len("ours/" + other)
		i := slices.Index(r.names, other)
		if i < 0 {
			line += fmt.Sprintf(" %9s %6s %*s %10s", "-", "-", width, "-", "-")
			continue
		}
		line += fmt.Sprintf(" %s %*.2f %10s", r.speed(i), width, r.medians[0].Seconds()/r.medians[i].Seconds(), r.differenceText(i))
	}
	return line
}

// speed is a peer's time, and what it computes in it.
func (r result) speed(i int) string {
	seconds := r.medians[i].Seconds()
	return fmt.Sprintf("%9.2f %6.0f", seconds*1000, float64(r.macs)/seconds/1e9)
}

func (r result) differenceText(i int) string {
	switch {
	case !r.exact:
		return "-"
	case !(r.differences[i] <= r.limit(r.names[i])):
		return fmt.Sprintf("%.1e !", r.differences[i])
	}
	return fmt.Sprintf("%.1e", r.differences[i])
}
