package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"classsr/imageio"
	"classsr/infer"
	"classsr/internal/stopwatch"
)

// freshModes are the modes that fresh processes are compared in.
var freshModes = []infer.Mode{infer.ModeRouted, infer.ModeFull}

// compareFresh enlarges the reductions (by four) of the pictures in a folder with each of the models, routed and by the full network in turns,
// each time by a new process of the program, as whoever enlarges one picture has it. It prints sums over the pictures of medians: of routing
// and networks as the program tells them, and of the whole process from its start to its end, files included.
func (f *flags) compareFresh(models []string) error {
	if f.pictures == "" {
		return errors.New("-fresh needs pictures to enlarge: name a folder of HR pictures with -pictures")
	}
	pictures, err := f.listPictures()
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "peers-fresh-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	paths, err := writeReduced(pictures, folder)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "MODEL\tPICTURES\tROUTED\tFULL\tFULL/ROUTED\tWALL ROUTED\tWALL FULL\tFULL/ROUTED") // a failed write shows in Flush
	for _, name := range models {
		sums, err := sumOver(paths, func(path string) ([]time.Duration, error) {
			var runs []timedRun
			for _, mode := range freshModes {
				runs = append(runs, f.freshRun(name, mode, path, filepath.Join(folder, "result.png")))
			}
			return f.takeTurns(runs)
		})
		if err != nil {
			return fmt.Errorf("%s, %w", name, err)
		}
		_, _ = fmt.Fprintln(table, freshLine(name, len(paths), sums))
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// freshLine is a model's line of the table. times are those of freshRun, routed and then full.
func freshLine(name string, pictures int, times []time.Duration) string {
	line := fmt.Sprintf("%s\t%d", name, pictures)
	for i := range 2 { // routing and networks, then all
		routed, full := times[i].Seconds(), times[2+i].Seconds()
		line += fmt.Sprintf("\t%.3f s\t%.3f s\t%.2f", routed, full, full/routed)
	}
	return line
}

// writeReduced writes the reductions of pictures into a folder and gives their paths. Their names begin with those of the pictures, so that
// errors say which one is meant.
func writeReduced(pictures []string, folder string) (paths []string, err error) {
	for _, path := range pictures {
		lr, err := reduced(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		var file bytes.Buffer
		if err := imageio.Encode(&file, lr, "png", imageio.EncodeOptions{}); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		small := filepath.Join(folder, filepath.Base(path)+".png")
		if err := os.WriteFile(small, file.Bytes(), 0o666); err != nil {
			return nil, err
		}
		paths = append(paths, small)
	}
	return paths, nil
}

// freshRun enlarges a picture by a process of the program. Its times are that of routing and networks and that of the process.
func (f *flags) freshRun(model string, mode infer.Mode, picture, result string) timedRun {
	return func() ([]time.Duration, error) {
		cmd := exec.Command(f.fresh, "upscale", "-m", model, "--mode", string(mode), "--threads", strconv.Itoa(f.threads), "--json", "--overwrite", "-o", result, picture)
		var told, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &told, &errs
		watch := stopwatch.Start()
		err := cmd.Run()
		wall := watch.Elapsed()
		var exit *exec.ExitError
		switch {
		case errors.As(err, &exit):
			return nil, fmt.Errorf("%s ends with %w: %s", f.fresh, err, strings.TrimSpace(errs.String()))
		case err != nil:
			return nil, fmt.Errorf("cannot run the program: %w: build it with `make build` and name it with -fresh", err)
		}
		var report struct {
			Seconds *infer.Seconds `json:"seconds"`
		}
		if err := json.Unmarshal(told.Bytes(), &report); err != nil || report.Seconds == nil {
			return nil, fmt.Errorf("%s tells no seconds, but %q: is it an older version of the program?", f.fresh, told.String())
		}
		return []time.Duration{computing(*report.Seconds), wall}, nil
	}
}
