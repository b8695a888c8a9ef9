package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"classsr/infer"
	"classsr/internal/stopwatch"
)

// Who enlarges files.
const byCPU, byGPU, byHalf = "cpu", "gpu", "gpu half"

// files has the program enlarge JPEG files to JPEG files, each time in a process of its own.
func (b *bench) files(ctx context.Context) error {
	if b.program == "" || len(b.models) == 0 {
		return nil
	}
	modes := []infer.Mode{infer.ModeRouted, infer.ModeFull}
	if b.quick {
		modes = modes[:1]
	}
	for _, size := range b.sizes {
		var todo []file
		for _, mode := range modes {
			for _, by := range []string{byCPU, byGPU, byHalf} {
				f := file{Model: b.models[0], Size: sizeText(size), Mode: string(mode), By: by}
				if find(b.results.Files, f.key()) < 0 || b.again {
					todo = append(todo, f)
				}
			}
		}
		if len(todo) == 0 || b.late() {
			continue
		}
		path, err := b.jpeg(size)
		if err != nil {
			b.miss("a photo", err.Error())
			return nil
		}
		for i := range todo {
			f := &todo[i]
			if b.late() {
				return nil
			}
			b.say("%s to a file, %s, on %s, by %s", f.Model, f.Mode, f.Size, f.By)
			if err := b.file(ctx, f, path); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				f.Failed = err.Error()
			}
			b.results.Files = put(b.results.Files, *f)
			if err := b.save(); err != nil {
				return err
			}
		}
	}
	return nil
}

// mostProcesses is how often a file is enlarged at most.
const mostProcesses = 5

// file measures a case.
func (b *bench) file(ctx context.Context, f *file, path string) error {
	var all [12][]float64
	for turn := range min(b.turns, mostProcesses) + b.warm {
		r, process, err := b.upscale(ctx, f, path)
		if err != nil {
			return err
		}
		if turn < b.warm {
			continue
		}
		s, d := r.Seconds, infer.DeviceSeconds{}
		if r.Device != nil {
			d, f.DeviceMB, f.Because = r.Device.Seconds, r.Device.PeakMB, r.Device.CPUBecause
		}
		f.PeakRSSMB = max(f.PeakRSSMB, r.PeakRSSMB)
		for i, seconds := range []float64{process, s.Total, s.Decode, s.Route, s.Network, d.Fill, d.Upload, d.Compute, d.Download, d.Paint, s.Encode} {
			all[i] = append(all[i], 1000*seconds)
		}
	}
	for i, to := range []*float64{&f.Process, &f.Total, &f.Decode, &f.Route, &f.Network, &f.Fill, &f.Upload, &f.Compute, &f.Download, &f.Paint, &f.Encode} {
		*to = spreadOf(all[i]).Median
	}
	return nil
}

// said is what the program says of a file.
type said struct {
	infer.Report
	PeakRSSMB int64 `json:"peak_rss_mb"`
}

// upscale runs the program, and gives what it says and the seconds that it took.
func (b *bench) upscale(ctx context.Context, f *file, path string) (r said, seconds float64, err error) {
	device, half := f.By, false
	if f.By == byHalf {
		device, half = byGPU, true
	}
	args := []string{"upscale", "--quiet", "--json", "--overwrite", "--model", f.Model, "--mode", f.Mode, "--device", device, "-o", filepath.Join(b.temporary, "enlarged.jpg")}
	if half {
		args = append(args, "--half")
	}
	cmd := exec.CommandContext(ctx, b.program, append(args, path)...)
	var out, failed bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Env = &out, &failed, os.Environ()
	watch := stopwatch.Start()
	err = cmd.Run()
	seconds = watch.Elapsed().Seconds()
	if err != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(failed.String()), "\n")
		return r, 0, fmt.Errorf("%w: %s", err, line)
	}
	return r, seconds, json.Unmarshal(out.Bytes(), &r)
}
