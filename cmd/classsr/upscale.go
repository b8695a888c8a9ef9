package main

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"classsr/imageio"
	"classsr/pipeline"
)

// upscaleFlags are the flags of the upscale command.
type upscaleFlags struct {
	modelFlags
	output       string
	routeMap     string
	jpegQuality  int
	jpeg444      bool
	icc          string
	strip        bool
	background   string
	overwrite    bool
	skipExisting bool
	quiet        bool
	json         bool
}

func newUpscale(std streams) *cobra.Command {
	var f upscaleFlags
	cmd := &cobra.Command{
		Use:   "upscale [flags] INPUT...",
		Short: "Enlarge pictures",
		Long: "Enlarge pictures: files (PNG, JPEG, WebP, TIFF), folders of them, or - for standard input.\n" +
			"The result goes beside the input as NAME_x4.png, unless -o names a file, a folder or - (standard output).\n" +
			"Existing files are replaced only with --overwrite.",
		Example: "  classsr upscale photo.jpg\n  classsr upscale -s 2 -o large.jpg photo.jpg\n  classsr upscale -o large/ scans/ page.tif",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd, args); err != nil {
				return err
			}
			return f.run(cmd, std, args)
		},
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&f.output, "output", "o", "", "`FILE` or folder to write to, or - for standard output (as PNG)")
	flags.StringVar(&f.routeMap, "route-map", "",
		"also write a map of the classes, as a picture to `FILE.png` or as data to FILE.json (for one input and a model with classes)")
	flags.IntVar(&f.jpegQuality, "jpeg-quality", 0, "`QUALITY` of JPEG output, 1 to 100 (default that of a JPEG input, but at least 75, else 95)")
	flags.BoolVar(&f.jpeg444, "jpeg-444", false, "store the colours of each pixel in JPEG output, as is done if the input has them")
	flags.StringVar(&f.icc, "icc", "keep", "what happens to colours: `keep` them with their profile, or srgb to convert them")
	flags.BoolVar(&f.strip, "strip", false, "leave out all metadata (camera, place, captions, dots an inch) but the colour profile")
	flags.StringVar(&f.background, "background", "#ffffff", "`COLOUR` behind transparent pictures in formats without transparency, as JPEG")
	flags.BoolVar(&f.overwrite, "overwrite", false, "replace output files that exist")
	flags.BoolVar(&f.skipExisting, "skip-existing", false, "skip inputs whose output exists")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print only errors")
	flags.BoolVar(&f.json, "json", false, "print one JSON object for each picture")
	return cmd
}

// check returns an error if the flags contradict each other or the arguments.
func (f *upscaleFlags) check(cmd *cobra.Command, args []string) error {
	_, formatErr := imageio.FormatOf(f.output)
	severalOrFolder := len(args) > 1 || pipeline.IsFolder(args[0])
	intoFile := f.output != "" && f.output != pipeline.Std && !pipeline.IsFolder(f.output) && !strings.HasSuffix(f.output, "/")
	switch {
	case f.overwrite && f.skipExisting:
		return usagef("--overwrite and --skip-existing cannot be combined")
	case cmd.Flags().Changed("jpeg-quality") && (f.jpegQuality < 1 || f.jpegQuality > 100):
		return usagef("--jpeg-quality %d: it must be 1 to 100", f.jpegQuality)
	case f.icc != "keep" && f.icc != pipeline.ToSRGB:
		return usagef("--icc %s: it must be keep or srgb", f.icc)
	case f.json && (f.output == pipeline.Std || f.output == "" && slices.Contains(args, pipeline.Std)):
		return usagef("--json and the picture would both go to standard output; name a file with -o")
	case intoFile && severalOrFolder && formatErr == nil:
		return usagef("-o %s: several pictures need an output folder; end its name with / if it is one", f.output)
	case intoFile && !severalOrFolder && formatErr != nil:
		return usagef("-o %s: %w", f.output, formatErr)
	case f.routeMap != "" && severalOrFolder:
		return usagef("--route-map %s: it works for one picture only", f.routeMap)
	case f.routeMap != "" && f.skipExisting:
		return usagef("--route-map %s: it cannot be combined with --skip-existing", f.routeMap)
	case len(args) > 1 && f.output == pipeline.Std:
		return usagef("only one picture can go to standard output")
	}
	return nil
}

func (f *upscaleFlags) run(cmd *cobra.Command, std streams, args []string) error {
	options, err := f.options(cmd)
	if err != nil {
		return err
	}
	background, err := parseColour(f.background)
	if err != nil {
		return usagef("--background %s: %w", f.background, err)
	}
	model, err := f.open(cmd)
	if err != nil {
		return err
	}
	watcher := &upscaleWatcher{progress: newProgress(std, f.quiet), std: std, quiet: f.quiet, json: f.json}
	options.Progress = watcher.progress.update
	up, err := model.Upscaler(options)
	if err != nil {
		return err
	}
	p := pipeline.Pipeline{
		Upscaler: up, In: std.in, Out: std.out, RouteMap: f.routeMap, JPEGQuality: f.jpegQuality, JPEGFullColor: f.jpeg444,
		ICC: f.icc, Strip: f.strip, Background: background,
		Overwrite: f.overwrite, SkipExisting: f.skipExisting, Threads: f.threads, Shared: options.Shared,
	}
	jobs, failures := pipeline.Jobs(args, f.output, up.Scale())
	for _, err := range failures {
		std.report(err)
	}
	switch {
	case len(jobs) == 0 && len(failures) == 0:
		return errors.New("there are no pictures to enlarge")
	case f.routeMap != "" && len(jobs) > 0:
		if err := p.CheckRouteMap(model, jobs[0]); err != nil {
			return err
		}
	}
	failed, err := p.Run(cmd.Context(), jobs, watcher)
	watcher.progress.finish() // of a picture that was broken off
	if err != nil {
		return err
	}
	if failed+len(failures) > 0 {
		return errReported
	}
	return nil
}

// upscaleWatcher tells the user what happens.
type upscaleWatcher struct {
	progress    *progress
	std         streams
	quiet, json bool
}

func (w *upscaleWatcher) Started(j pipeline.Job, i, n int) { w.progress.start(j.Input, i, n) }

func (w *upscaleWatcher) Failed(_ pipeline.Job, err error) {
	w.progress.finish()
	w.std.report(err)
}

func (w *upscaleWatcher) Finished(r *pipeline.Result) error {
	w.progress.finish()
	if !w.quiet {
		for _, note := range r.Notes {
			w.std.note("%s: note: %s", r.Input, note)
		}
		w.std.note("%s -> %s  %dx%d to %dx%d in %.1f s", r.Input, r.Output, r.Width, r.Height, r.OutWidth, r.OutHeight, r.Seconds.Total)
	}
	return w.print(r)
}

func (w *upscaleWatcher) Skipped(j pipeline.Job) error {
	if !w.quiet {
		w.std.note("%s: skipped, %s exists", j.Input, j.Output)
	}
	return w.print(map[string]any{"input": j.Input, "output": j.Output, "skipped": true})
}

// print prints a JSON object if that was asked for.
func (w *upscaleWatcher) print(v any) error {
	if !w.json {
		return nil
	}
	return json.NewEncoder(w.std.out).Encode(v)
}
