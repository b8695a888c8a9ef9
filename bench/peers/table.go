package main

import (
	"fmt"
	"math"
	"time"

	"github.com/klauspost/cpuid/v2"
)

// tolerance is the largest difference between two results, as a share of their standard deviation.
const tolerance = 1e-4

// result is what was measured in one case, our engine first.
type result struct {
	benchCase
	macs        int64
	names       []string
	medians     []time.Duration
	differences []float64 // of each other peer from ours
	exact       bool      // our result does not depend on how the picture is cut, so that it can be compared
}

func (r result) differs() bool {
	for _, d := range r.differences {
		if r.exact && !(d <= tolerance) { // NaN differs
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

type table struct{ torch bool }

// newTable prints what is compared, and the heads of the columns.
func newTable(set, ortVersion, torchVersion string) table {
	fmt.Printf("CPU: %s\n", cpuid.CPU.BrandName)
	fmt.Printf("ours: kernel set %s; ort: ONNX Runtime %s", set, ortVersion)
	if torchVersion != "" {
		fmt.Printf("; torch: PyTorch %s", torchVersion)
	}
	fmt.Print("\nmedians; GMAC/s are the network's own multiply-accumulates; a ratio below 1 means that ours is faster;\n" +
		"difference is the largest one from our result, over the result's standard deviation\n\n")
	heads := fmt.Sprintf("%-20s %7s %9s %6s %9s %6s %8s %10s", "network", "threads", "ours ms", "GMAC/s", "ort ms", "GMAC/s",
		"ours/ort", "difference")
	if torchVersion != "" {
		heads += fmt.Sprintf(" %9s %6s %10s %10s", "torch ms", "GMAC/s", "ours/torch", "difference")
	}
	fmt.Println(heads)
	return table{torchVersion != ""}
}

func (t table) print(r result) {
	speed := func(d time.Duration) float64 { return float64(r.macs) / d.Seconds() / 1e9 }
	ms := func(d time.Duration) float64 { return d.Seconds() * 1000 }
	ours, ort := r.medians[0], r.medians[1]
	fmt.Printf("%-20s %7d %9.2f %6.0f %9.2f %6.0f %8.2f %10s", r.title(), r.threads, ms(ours), speed(ours), ms(ort), speed(ort),
		ours.Seconds()/ort.Seconds(), r.differenceText(0))
	if t.torch {
		torch := r.medians[2]
		fmt.Printf(" %9.2f %6.0f %10.2f %10s", ms(torch), speed(torch), ours.Seconds()/torch.Seconds(), r.differenceText(1))
	}
	fmt.Println()
}

func (r result) differenceText(i int) string {
	switch {
	case !r.exact:
		return "-"
	case !(r.differences[i] <= tolerance):
		return fmt.Sprintf("%.1e !", r.differences[i])
	}
	return fmt.Sprintf("%.1e", r.differences[i])
}
