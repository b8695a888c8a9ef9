package chart

import (
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
)

// linearTicks puts at most seven labelled ticks at multiples of 1, 2 or 5 times a power of ten.
func linearTicks(low, high float64) []plot.Tick {
	step := niceStep((high - low) / 6)
	var ticks []plot.Tick
	for i := math.Ceil(low/step - 1e-9); i*step <= high+step*1e-9 && len(ticks) < 20; i++ {
		ticks = append(ticks, plot.Tick{Value: i * step, Label: number(i*step, step)})
	}
	return ticks
}

// logTicks labels 1, 2 and 5 times the powers of ten if they are few, or the powers alone, or every few of them.
func logTicks(low, high float64) []plot.Tick {
	first, last := int(math.Floor(math.Log10(low))), int(math.Ceil(math.Log10(high)))
	every := max(1, (last-first)/6)
	digits := []float64{1, 2, 5}
	if last-first > 3 {
		digits = digits[:1]
	}
	var ticks []plot.Tick
	for power := first; power <= last; power++ {
		for _, digit := range digits {
			v := digit * math.Pow(10, float64(power))
			if v < low*(1-1e-9) || v > high*(1+1e-9) {
				continue
			}
			label := ""
			if power%every == 0 {
				label = number(v, v)
			}
			ticks = append(ticks, plot.Tick{Value: v, Label: label})
		}
	}
	return ticks
}

// niceStep gives the smallest 1, 2 or 5 times a power of ten that is not below v.
func niceStep(v float64) float64 {
	if !(v > 0) {
		return 1
	}
	base := math.Pow(10, math.Floor(math.Log10(v)))
	for _, factor := range []float64{1, 2, 5} {
		if factor*base >= v*(1-1e-9) {
			return factor * base
		}
	}
	return 10 * base
}

// number writes v as exactly as steps of the given size need, with k for thousands and M for millions.
func number(v, step float64) string {
	size := math.Max(math.Abs(v), step)
	switch {
	case math.Abs(v) < step*1e-6:
		return "0"
	case size >= 1e9 || size < 1e-3:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case size >= 1e6:
		return decimal(v/1e6, step/1e6) + "M"
	case size >= 1e4:
		return decimal(v/1e3, step/1e3) + "k"
	}
	return decimal(v, step)
}

func decimal(v, step float64) string {
	places := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	text := strconv.FormatFloat(v, 'f', min(places, 6), 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}
