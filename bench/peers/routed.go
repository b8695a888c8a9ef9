package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"classsr"
	"classsr/imageio"
	"classsr/infer"
	"classsr/picture"
	"classsr/resample"
	"classsr/tensor"
)

// routedWays are the ways of ours that models with classes are compared in, the first one with all others.
var routedWays = []string{string(classsr.ModeRouted), string(classsr.ModeFull), string(classsr.ModePaper)}

// compareRouted enlarges the reductions (by four) of the pictures in a folder with each of the models: routed, by the full network, as the
// paper does, and by the full network in the other engines, in turns; times are of routing and networks, without files. It prints sums over the
// pictures of medians.
func (f *flags) compareRouted(e *engines, models []string) error {
	paths, err := f.listPictures()
	if err != nil {
		return err
	}
	ways := slices.Concat(routedWays, slices.DeleteFunc(slices.Clone(e.names), func(n string) bool { return n == "torch" }))
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "MODEL\tPICTURES\t%s\n", strings.ToUpper(strings.Join(ways, "\t"))) // a failed write shows in Flush
	for _, name := range models {
		sums, err := sumOver(paths, func(path string) ([]time.Duration, error) { return f.compareOne(e, name, path) })
		if err != nil {
			return fmt.Errorf("%s, %w", name, err)
		}
		_, _ = fmt.Fprintf(table, "%s\t%d", name, len(paths))
		for _, s := range sums {
			_, _ = fmt.Fprintf(table, "\t%.1f ms (%.2f)", s.Seconds()*1000, s.Seconds()/sums[0].Seconds())
		}
		_, _ = fmt.Fprintln(table)
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// listPictures gives the paths of the HR pictures, of which there is at least one.
func (f *flags) listPictures() ([]string, error) {
	paths, err := imageio.List(f.pictures)
	if err == nil && len(paths) == 0 {
		err = fmt.Errorf("there are no pictures in %s: name another folder with -pictures", f.pictures)
	}
	return paths, err
}

// sumOver adds up what one gives for each picture.
func sumOver(paths []string, one func(path string) ([]time.Duration, error)) (sums []time.Duration, err error) {
	for _, path := range paths {
		times, err := one(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if sums == nil {
			sums = make([]time.Duration, len(times))
		}
		for i, t := range times {
			sums[i] += t
		}
	}
	return sums, nil
}

// compareOne gives the median times of all ways for a picture.
func (f *flags) compareOne(e *engines, name, path string) (medians []time.Duration, err error) {
	lr, err := reduced(path)
	if err != nil {
		return medians, err
	}
	model, err := classsr.Open(name)
	if err != nil {
		return medians, err
	}
	var runs []timedRun
	for _, mode := range routedWays {
		up, err := model.Upscaler(classsr.Options{Mode: infer.Mode(mode), Threads: f.threads})
		if err != nil {
			return medians, err
		}
		runs = append(runs, func() ([]time.Duration, error) {
			_, report, err := up.Upscale(context.Background(), lr)
			return []time.Duration{computing(report.Seconds)}, err
		})
	}
	input := tensor.New(tensor.Shape{N: 1, C: 3, H: lr.Height, W: lr.Width})
	for c := range 3 {
		lr.ReadPlane(input.Plane(0, c), c, lr.Bounds())
	}
	full, others := model.Weights().Full(), *e
	others.python = "" // which takes its turns in seconds
	peers, _, err := others.forward(full.Spec.Build(), full.Params, input, f.threads)
	for _, p := range peers {
		defer func() { err = errors.Join(err, p.close()) }()
		runs = append(runs, func() ([]time.Duration, error) {
			times, err := p.run(0)
			if err != nil {
				return nil, err
			}
			return times[:1], nil
		})
	}
	if err != nil {
		return medians, err
	}
	return f.takeTurns(runs)
}

// computing is the time of routing and networks, without files.
func computing(s infer.Seconds) time.Duration {
	return time.Duration((s.Route + s.Network) * float64(time.Second))
}

// timedRun does something once and gives the times that are of interest, the same number each time.
type timedRun func() ([]time.Duration, error)

// takeTurns gives the median of each time of each run, in their order; of the turns the first does not count.
func (f *flags) takeTurns(runs []timedRun) (medians []time.Duration, err error) {
	times := make([][][]time.Duration, len(runs)) // of each run, of each of its times, of each turn
	for turn := range f.pictureRuns + 1 {
		for i, run := range runs {
			took, err := run()
			if err != nil {
				return nil, err
			}
			if turn == 0 { // it fills caches and takes memory
				times[i] = make([][]time.Duration, len(took))
				continue
			}
			for j, t := range took {
				times[i][j] = append(times[i][j], t)
			}
		}
	}
	for _, all := range slices.Concat(times...) {
		medians = append(medians, median(all))
	}
	return medians, nil
}

// median sorts times and gives the middle one.
func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

// reduced reads a picture and makes it four times as small.
func reduced(path string) (*picture.Picture, error) {
	decoded, err := imageio.DecodeFile(path, imageio.Limits{})
	if err != nil {
		return nil, err
	}
	hr, err := decoded.Picture.CropToMultiple(4)
	if err != nil {
		return nil, err
	}
	return resample.Reduce(hr, 4, resample.Published)
}
