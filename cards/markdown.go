package main

import (
	"fmt"
	"strings"

	"classsr/evaluate"
)

// markdown is a page that is being written.
type markdown struct{ strings.Builder }

// line writes a line, and an empty one after it.
func (m *markdown) line(format string, args ...any) {
	_, _ = fmt.Fprintf(m, format+"\n\n", args...) // never fails
}

// table writes rows below a head. Without rows it writes nothing.
func (m *markdown) table(head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	row := func(cells []string) {
		for i := range head {
			cell := ""
			if i < len(cells) {
				cell = cells[i]
			}
			m.WriteString("| " + strings.ReplaceAll(cell, "|", `\|`) + " ")
		}
		m.WriteString("|\n")
	}
	row(head)
	m.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for _, cells := range rows {
		row(cells)
	}
	m.WriteByte('\n')
}

const missing = "-"

// db is a PSNR with two digits; nothing for what was not measured, and of equal pictures.
func db(v evaluate.Decibel) string { return number(float64(v), "%.2f") }

// loss is a difference of PSNR with three digits and its sign.
func loss(a, b evaluate.Decibel) string {
	if a == 0 || b == 0 {
		return missing
	}
	text := fmt.Sprintf("%+.3f", float64(a-b))
	if text[1:] == "0.000" {
		return text[1:]
	}
	return text
}

// number writes v; nothing for zero.
func number(v float64, format string) string {
	if v == 0 {
		return missing
	}
	return fmt.Sprintf(format, v)
}

// kilo writes thousands: of multiply-accumulates a pixel, for instance.
func kilo(v float64) string {
	switch v /= 1000; {
	case v == 0:
		return "0"
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func percent(v float64) string { return fmt.Sprintf("%.1f %%", v) }

// seconds writes a time with two digits at least.
func seconds(v float64) string {
	switch {
	case v == 0:
		return missing
	case v < 1:
		return fmt.Sprintf("%.0f ms", 1000*v)
	}
	return fmt.Sprintf("%.2f s", v)
}
