// Package evaluate measures how close enlarged pictures are to the originals that were reduced: PSNR and SSIM of one pair of pictures
// (Compare, Measure) or of a folder (Folder), and how visible the borders between cores are (MeasureSeams).
package evaluate

import (
	"context"
	"fmt"

	"classsr"
	"classsr/degrade"
	"classsr/imageio"
	"classsr/infer"
	"classsr/picture"
	"classsr/resample"
)

// Folder is a folder of test pictures and how it is measured.
type Folder struct {
	// HR is the folder of the HR pictures, LR that of the LR ones, which are named like them (NAME or NAMEx4). If LR is empty, the LR
	// pictures are made from the HR ones by the field's bicubic filter in this variant.
	HR, LR  string
	Variant resample.Variant
	// Degradation is done to LR pictures that are made; nil leaves them as they are.
	Degradation *degrade.Degradation
	// CompareFull also runs the full-width network over the whole pictures, to compare its time and its seams.
	CompareFull bool

	lrPaths []string
}

// Run measures a model with these options; Options.Memory bounds the HR pictures too. Where nothing is routed and the options name no border,
// networks see zeros beyond it, as published figures are measured. For each picture that cannot be measured, failed is called with the error, and the picture is
// left out of the result. Run returns an error if the folder contains no pictures or the model cannot do what the options ask for, and
// ctx's error if ctx is done.
func (f *Folder) Run(ctx context.Context, m *classsr.Model, o classsr.Options, failed func(error)) (*Result, error) {
	if routed := o.Mode == classsr.ModeRouted || o.Mode == "" && o.Branch == 0 && m.HasClasses(); o.Border == "" && !routed {
		o.Border = infer.BorderZero
	}
	up, err := m.Upscaler(o)
	if err != nil {
		return nil, err
	}
	full := up
	if f.CompareFull && up.Mode() != classsr.ModeFull {
		if full, err = m.Upscaler(classsr.Options{Scale: o.Scale, Mode: classsr.ModeFull, Border: o.Border, Threads: o.Threads, Memory: o.Memory, Shared: o.Shared}); err != nil {
			return nil, err
		}
	}
	paths, err := Pictures(f.HR)
	if err != nil {
		return nil, err
	}
	if f.LR != "" {
		if f.lrPaths, err = imageio.List(f.LR); err != nil {
			return nil, err
		}
	}
	result := &Result{Model: m.Name(), Mode: up.Mode(), Scale: up.Scale()}
	measure := f.meter(up, full, o.Memory)
	for _, path := range paths {
		if err := measure.one(ctx, result, path); err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			failed(err)
		}
	}
	result.means()
	return result, nil
}

// one measures one picture and adds it to the result.
func (m *meter) one(ctx context.Context, r *Result, path string) error {
	hr, lr, err := m.pair(path)
	if err != nil {
		return err
	}
	out, scores, report, err := Measure(ctx, m.up, lr, hr)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var fullOut *picture.Picture
	if m.CompareFull {
		var fullReport classsr.Report
		fullOut, fullReport, err = m.full.Upscale(ctx, lr)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		r.SecondsFull += fullReport.Seconds.Network
		r.addDifference(out, fullOut)
		if report.Route != nil {
			r.addSeams(out, fullOut, report)
		}
	}
	r.addClasses(hr, out, fullOut, report)
	r.add(baseName(path), scores, report)
	return nil
}
