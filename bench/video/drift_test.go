package main

import (
	"os"
	"path/filepath"
	"testing"

	"classsr/imageio/y4m"
)

// Content that moves with what differs has no drift; what differs at times has it.
func TestDriftFollowsWhatMoves(t *testing.T) {
	h := y4m.Header{Width: 32, Height: 4, Rate: y4m.Ratio{Num: 25, Den: 1}, Format: y4m.Format{Depth: 8}, Full: true}
	folder := t.TempDir()
	write := func(name string, level func(n, x int) uint8) string {
		path := filepath.Join(folder, name)
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		w, err := y4m.NewWriter(f, h)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 5 {
			frame := h.NewFrame()
			for i := range frame.Pix8[0] {
				frame.Pix8[0][i] = level(n, i%h.Width)
			}
			if err := w.Write(frame); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	content := func(n, x int) uint8 { return uint8(7 * (x + 2*n) % 100) }
	reference := write("reference", content)
	for _, tt := range []struct {
		name  string
		level func(n, x int) uint8
		want  float64
	}{
		{"same", content, 0},
		{"moves along", func(n, x int) uint8 { return content(n, x) + uint8((x+2*n)%5) }, 0},
		{"every other frame", func(n, x int) uint8 { return content(n, x) + uint8(3*(n%2)) }, 3},
	} {
		got, err := drift(write(tt.name, tt.level), reference, 2)
		if err != nil || got != tt.want {
			t.Errorf("%s: %g, %v, want %g", tt.name, got, err, tt.want)
		}
	}
	other := h
	other.Width = 16
	h = other
	if _, err := drift(write("narrow", content), reference, 2); err == nil {
		t.Error("videos of two sizes are compared")
	}
}
