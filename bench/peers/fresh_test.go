package main

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The program is run as it is: each mode gives a time for routing and networks, which is part of the process's.
func TestFreshProcesses(t *testing.T) {
	folder := t.TempDir()
	program := filepath.Join(folder, "classsr")
	build := exec.Command("go", "build", "-o", program, "./cmd/classsr")
	build.Dir = filepath.Join("..", "..")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	pictures := filepath.Join(folder, "pictures")
	if err := os.Mkdir(pictures, 0o777); err != nil {
		t.Fatal(err)
	}
	writeNoise(t, filepath.Join(pictures, "noise.png"))
	f := flags{fresh: program, pictures: pictures, threads: 1, pictureRuns: 1}
	paths, err := f.listPictures()
	if err != nil {
		t.Fatal(err)
	}
	if paths, err = writeReduced(paths, folder); err != nil || len(paths) != 1 {
		t.Fatalf("reductions %v, error %v", paths, err)
	}
	result := filepath.Join(folder, "result.png")
	for _, mode := range freshModes {
		times, err := f.freshRun("fsrcnn-x4", mode, paths[0], result)()
		if err != nil {
			t.Fatal(err)
		}
		if len(times) != 2 || times[0] <= 0 || times[1] <= times[0] {
			t.Errorf("mode %s takes %v", mode, times)
		}
	}
	if err := f.compareFresh([]string{"fsrcnn-x4"}); err != nil {
		t.Error(err)
	}
	if err := f.compareFresh([]string{"no-model"}); err == nil || !strings.Contains(err.Error(), "no-model") || !strings.Contains(err.Error(), "noise.png") {
		t.Errorf("a model that is not there gives %v", err)
	}
	f.fresh = filepath.Join(folder, "nothing")
	if err := f.compareFresh([]string{"fsrcnn-x4"}); err == nil || !strings.Contains(err.Error(), "-fresh") {
		t.Errorf("a program that is not there gives %v", err)
	}
}

// writeNoise writes a picture with something for each class.
func writeNoise(t *testing.T, path string) {
	t.Helper()
	p := image.NewNRGBA(image.Rect(0, 0, 400, 320))
	for y := range 320 {
		for x := range 400 {
			p.SetNRGBA(x, y, color.NRGBA{R: uint8(x * y * x / 400), G: uint8(x), B: uint8(y), A: 255})
		}
	}
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(file, p); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// Medians come run by run, and of each run time by time; the first turn does not count.
func TestTurns(t *testing.T) {
	var order string
	turns := func(name string, times ...time.Duration) timedRun {
		return func() ([]time.Duration, error) {
			order += name
			first := times[0]
			times = times[1:]
			return []time.Duration{first, 10 * first}, nil
		}
	}
	f := flags{pictureRuns: 3}
	medians, err := f.takeTurns([]timedRun{turns("r", 9, 3, 1, 2), turns("f", 1, 7, 5, 6)})
	if err != nil {
		t.Fatal(err)
	}
	if order != "rfrfrfrf" {
		t.Errorf("turns %s", order)
	}
	want := "m 2 0.000 s 0.000 s 3.00 0.000 s 0.000 s 3.00"
	if got := strings.Join(strings.Fields(freshLine("m", 2, medians)), " "); len(medians) != 4 || medians[1] != 20 || got != want {
		t.Errorf("medians %v, line %q", medians, got)
	}
}

func TestFreshNeedsPictures(t *testing.T) {
	for pictures, want := range map[string]string{"": "-pictures", t.TempDir(): "no pictures"} {
		f := flags{fresh: "classsr", pictures: pictures, threads: 1, pictureRuns: 1}
		if err := f.compareFresh([]string{"fsrcnn-x4"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("pictures %q give %v", pictures, err)
		}
	}
}
