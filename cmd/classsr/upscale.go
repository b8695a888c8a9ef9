package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"classsr"
	"classsr/imageio"
	"classsr/internal/atomicfile"
)

// upscaleFlags are the flags of the upscale command.
type upscaleFlags struct {
	modelFlags
	output       string
	routeMap     string
	jpegQuality  int
	overwrite    bool
	skipExisting bool
	quiet        bool
	json         bool
}

// upscaleResult is what --json prints for a picture.
type upscaleResult struct {
	Input  string `json:"input"`
	Output string `json:"output"`
	classsr.Report
	Notes     []string `json:"notes,omitempty"`
	PeakRSSMB int64    `json:"peak_rss_mb"`
}

func newUpscale(io streams) *cobra.Command {
	var f upscaleFlags
	cmd := &cobra.Command{
		Use:   "upscale [flags] INPUT...",
		Short: "Enlarge pictures",
		Long: "Enlarge pictures: files (PNG, JPEG, WebP, TIFF), folders of them, or - for standard input.\n" +
			"The result goes beside the input as NAME_x4.png, unless -o names a file, a folder or - (standard output).\n" +
			"Nothing is overwritten unless --overwrite is given.",
		Example: "  classsr upscale photo.jpg\n  classsr upscale -s 2 -o large.jpg photo.jpg\n  classsr upscale -o large/ scans/ page.tif",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd, args); err != nil {
				return err
			}
			return f.run(cmd, io, args)
		},
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&f.output, "output", "o", "", "`FILE` or folder to write to, or - for standard output (as PNG)")
	flags.StringVar(&f.routeMap, "route-map", "",
		"also write a picture of the classes to `FILE.png`, or the classes of all cores to FILE.json (one input, a model with classes)")
	flags.IntVar(&f.jpegQuality, "jpeg-quality", 0, "quality of JPEG output, 1 to 100 (default 95)")
	flags.BoolVar(&f.overwrite, "overwrite", false, "replace output files that exist")
	flags.BoolVar(&f.skipExisting, "skip-existing", false, "leave inputs out whose output file exists")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "say nothing but errors")
	flags.BoolVar(&f.json, "json", false, "print one JSON object for each picture")
	return cmd
}

func (f *upscaleFlags) check(cmd *cobra.Command, args []string) error {
	_, formatErr := imageio.FormatOf(f.output)
	severalOrFolder := len(args) > 1 || isFolder(args[0])
	intoFile := f.output != "" && f.output != stdStream && !isFolder(f.output) && !strings.HasSuffix(f.output, "/")
	switch {
	case f.overwrite && f.skipExisting:
		return usagef("--overwrite and --skip-existing exclude each other")
	case cmd.Flags().Changed("jpeg-quality") && (f.jpegQuality < 1 || f.jpegQuality > 100):
		return usagef("--jpeg-quality %d: it is 1 to 100", f.jpegQuality)
	case f.json && (f.output == stdStream || f.output == "" && slices.Contains(args, stdStream)):
		return usagef("--json and the picture would both go to standard output; name a file with -o")
	case intoFile && severalOrFolder && formatErr == nil:
		return usagef("-o %s: several pictures go into a folder; end its name with / if it is one", f.output)
	case intoFile && !severalOrFolder && formatErr != nil:
		return usagef("-o %s: %w", f.output, formatErr)
	case f.routeMap != "" && severalOrFolder:
		return usagef("--route-map %s: it is for a single picture", f.routeMap)
	case f.routeMap != "" && !hasExt(f.routeMap, ".png") && !hasExt(f.routeMap, ".json"):
		return usagef("--route-map %s: it is a PNG or a JSON file; end its name with .png or .json", f.routeMap)
	case f.routeMap != "" && (f.skipExisting || samePath(f.routeMap, f.output)):
		return usagef("--route-map %s: it goes neither with --skip-existing nor into the output", f.routeMap)
	case len(args) > 1 && f.output == stdStream:
		return usagef("only one picture can go to standard output")
	}
	return nil
}

func (f *upscaleFlags) run(cmd *cobra.Command, io streams, args []string) error {
	options, err := f.options(cmd)
	if err != nil {
		return err
	}
	model, err := f.open(cmd)
	if err != nil {
		return err
	}
	progress := newProgress(io, f.quiet)
	options.Progress = progress.update
	up, err := model.Upscaler(options)
	if err != nil {
		return usageError{err}
	}
	if f.routeMap != "" {
		if err := f.checkRouteMap(model, up, args[0]); err != nil {
			return err
		}
	}
	jobs, failed := planJobs(args, f.output, up.Scale())
	for _, err := range failed {
		io.report(err)
	}
	if len(jobs) == 0 && len(failed) == 0 {
		return errors.New("there is nothing to enlarge")
	}
	ctx := cmd.Context()
	for i, j := range jobs {
		if skip, err := f.existing(j.output); err != nil {
			io.report(err)
			failed = append(failed, err)
			continue
		} else if skip {
			if err := f.tellSkipped(io, j); err != nil {
				return err
			}
			continue
		}
		progress.start(j.input, i, len(jobs))
		result, err := f.upscale(ctx, io, up, j)
		progress.finish()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			io.report(err)
			failed = append(failed, err)
			continue
		}
		if err := f.tell(io, result); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return errReported
	}
	return nil
}

// existing tells whether to skip an output, or that it is in the way.
func (f *upscaleFlags) existing(output string) (skip bool, err error) {
	if output == stdStream || f.overwrite || !exists(output) {
		return false, nil
	}
	if f.skipExisting {
		return true, nil
	}
	return false, fmt.Errorf("%s exists already: use --overwrite to replace it or --skip-existing to leave it", output)
}

// upscale does one picture, from file to file.
func (f *upscaleFlags) upscale(ctx context.Context, s streams, up *classsr.Upscaler, j pictureJob) (*upscaleResult, error) {
	start := time.Now()
	format := pngFormat
	if j.output != stdStream {
		var err error
		if format, err = imageio.FormatOf(j.output); err != nil {
			return nil, fmt.Errorf("%s: %w", j.output, err)
		}
		if err := atomicfile.Writable(j.output); err != nil {
			return nil, err
		}
	}
	decoded, err := decode(s.in, j.input, imageio.Limits{Accept: up.Accepts})
	if err != nil {
		return nil, err
	}
	decodeSeconds := time.Since(start).Seconds()
	out, report, err := up.Upscale(ctx, decoded.Picture)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", j.input, err)
	}
	if f.routeMap != "" {
		if err := f.writeRouteMap(ctx, decoded.Picture, report.Route); err != nil {
			return nil, err
		}
	}
	notes := append(decoded.Notes, leftOut(report)...)
	encodeStart := time.Now()
	var lost []string
	write := func(w io.Writer) error {
		var err error
		lost, err = imageio.Encode(contextWriter{ctx, w}, out, format, imageio.EncodeOptions{Quality: f.jpegQuality, Threads: f.threads})
		return err
	}
	if j.output == stdStream {
		err = write(s.out)
	} else {
		err = atomicfile.Write(j.output, f.overwrite, write)
	}
	if err != nil {
		return nil, err
	}
	report.Seconds.Decode, report.Seconds.Encode = decodeSeconds, time.Since(encodeStart).Seconds()
	report.Seconds.Total = time.Since(start).Seconds()
	return &upscaleResult{
		Input: j.input, Output: j.output, Report: report, Notes: append(notes, lost...), PeakRSSMB: peakRSS() >> 20,
	}, nil
}

// tell reports a finished picture.
func (f *upscaleFlags) tell(io streams, r *upscaleResult) error {
	if !f.quiet {
		for _, note := range r.Notes {
			io.note("%s: note: %s", r.Input, note)
		}
		io.note("%s -> %s  %dx%d to %dx%d in %.1f s", r.Input, r.Output, r.Width, r.Height, r.OutWidth, r.OutHeight, r.Seconds.Total)
	}
	if f.json {
		return json.NewEncoder(io.out).Encode(r)
	}
	return nil
}

// tellSkipped reports a picture that was left out.
func (f *upscaleFlags) tellSkipped(io streams, j pictureJob) error {
	if !f.quiet {
		io.note("%s: skipped, %s exists", j.input, j.output)
	}
	if f.json {
		return json.NewEncoder(io.out).Encode(map[string]any{"input": j.input, "output": j.output, "skipped": true})
	}
	return nil
}

// contextWriter stops with its context's error.
type contextWriter struct {
	ctx context.Context
	w   io.Writer
}

func (c contextWriter) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(p)
}
