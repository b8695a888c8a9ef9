package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"classsr/imageio"
	"classsr/pipeline"
	"classsr/pipeline/order"
)

// upscaleFlags are the flags of the upscale command.
type upscaleFlags struct {
	sizeFlags
	selectionFlags
	readingFlags
	clusterFlags
	deviceFlags
	output       string
	format       string
	routeMap     string
	preview      string
	jpegQuality  int
	jpeg444      bool
	pngLevel     string
	icc          string
	strip        bool
	background   string
	overwrite    bool
	skipExisting bool
	dryRun       bool
	watch        bool
	quiet        bool
	json         bool
}

func newUpscale(std streams) *cobra.Command {
	var f upscaleFlags
	cmd := &cobra.Command{
		Use:   "upscale [flags] INPUT...",
		Short: "Enlarge pictures",
		Long: "Enlarge pictures: files (PNG, JPEG, WebP, TIFF, HEIC, AVIF, GIF and others), folders of them, patterns such as 'photos/**/*.jpg', or - for standard input.\n" +
			"The result goes beside the input as NAME_x4.png, unless -o names a file, a folder or - (standard output). Of folders and\n" +
			"patterns, results of JPEGs are JPEGs. A run over a folder that was stopped goes on when the same command is given again.\n" +
			"Any size is possible: pictures are enlarged by the next larger scale there is a model for, if need be in two passes,\n" +
			"and then reduced to the size asked for.\n" +
			"Existing files are replaced only with --overwrite.",
		Example: "  classsr upscale photo.jpg\n  classsr upscale -s 2 -o large.jpg photo.jpg\n  classsr upscale --fit 3840x2160 photo.jpg\n  classsr upscale -o large/ scans/ page.tif\n" +
			"  classsr upscale -r --exclude thumbs -o large/ photos/",
		Args: needInput(&std),
		RunE: func(cmd *cobra.Command, args []string) error {
			args = orPiped(args)
			if err := f.check(cmd, std, args); err != nil {
				return err
			}
			if err := refuseVideos(&std, args); err != nil {
				return err
			}
			return f.run(cmd, std, args)
		},
	}
	f.sizeFlags.register(cmd)
	f.selectionFlags.register(cmd)
	f.readingFlags.register(cmd.Flags())
	f.clusterFlags.register(cmd.Flags())
	f.deviceFlags.register(cmd.Flags())
	completeDevice(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&f.output, "output", "o", "", "`FILE` or folder to write to, or - for standard output (as PNG, if --format says no other)")
	flags.StringVar(&f.format, "format", "", "`FORMAT` of results whose files are not named: png, jpg, tif, webp, ppm or pam; by default JPEG and TIFF for such in folders,\n"+
		"PNG for others")
	flags.StringVar(&f.routeMap, "route-map", "",
		"also write a map of the classes, as a picture to `FILE.png` or as data to FILE.json (for one input and a model with classes)")
	flags.StringVar(&f.preview, "preview", "", "also write a web page of one file that shows the picture before and after, with the map of the classes, to `FILE.html` (for one input)")
	flags.IntVar(&f.jpegQuality, "jpeg-quality", 0, "`QUALITY` of JPEG output, 1 to 100 (default that of a JPEG input, but at least 75, else 95)")
	flags.BoolVar(&f.jpeg444, "jpeg-444", false, "store the colours of each pixel in JPEG output, as is done if the input has them")
	flags.StringVar(&f.pngLevel, "png-level", "default", "how hard PNG is compressed: `LEVEL` fast, default or small")
	flags.StringVar(&f.icc, "icc", "keep", "what happens to colours: `keep` them with their profile, or srgb to convert them")
	flags.BoolVar(&f.strip, "strip", false, "leave out all metadata (camera, place, captions, dots an inch) but the colour profile")
	flags.StringVar(&f.background, "background", "#ffffff", "`COLOUR` behind transparent pictures in formats without transparency, as JPEG")
	flags.BoolVar(&f.overwrite, "overwrite", false, "replace output files that exist")
	flags.BoolVar(&f.skipExisting, "skip-existing", false, "skip inputs whose output exists")
	flags.BoolVar(&f.dryRun, "dry-run", false, "list what would be done, and write nothing")
	flags.BoolVar(&f.watch, "watch", false, "enlarge the pictures in the folders named, and then those that arrive there, until Ctrl-C")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print only errors")
	flags.BoolVar(&f.json, "json", false, "print one JSON object for each picture")
	return cmd
}

// check returns an error if the flags contradict each other or the arguments.
func (f *upscaleFlags) check(cmd *cobra.Command, std streams, args []string) error {
	many := pipeline.Many(args)
	toStd := f.output == pipeline.Std || f.output == "" && slices.Contains(args, pipeline.Std)
	switch {
	case f.allPages() && toStd:
		return usagef("--page all: several pictures do not go to standard output; name a folder with -o")
	case f.allPages() && f.routeMap != "":
		return usagef("--route-map %s: it works for one picture only, not for --page all", f.routeMap)
	case f.allBands() && f.routeMap != "":
		return usagef("--route-map %s: it works for one picture only, not for --bands all", f.routeMap)
	case f.overwrite && f.skipExisting:
		return usagef("--overwrite and --skip-existing cannot be combined")
	case cmd.Flags().Changed("jpeg-quality") && (f.jpegQuality < 1 || f.jpegQuality > 100):
		return usagef("--jpeg-quality %d: it must be 1 to 100", f.jpegQuality)
	case f.icc != "keep" && f.icc != pipeline.ToSRGB:
		return usagef("--icc %s: it must be keep or srgb", f.icc)
	case f.json && toStd:
		return usagef("--json and the picture would both go to standard output; name a file with -o")
	case toStd && isTerminal(std.out):
		return usagef("the picture would go to the terminal; name a file with -o")
	case f.routeMap != "" && many:
		return usagef("--route-map %s: it works for one picture only", f.routeMap)
	case f.routeMap != "" && f.skipExisting:
		return usagef("--route-map %s: it cannot be combined with --skip-existing", f.routeMap)
	case f.preview != "" && (many || f.allPages() || f.allBands()):
		return usagef("--preview %s: it works for one picture only", f.preview)
	case f.preview != "" && f.skipExisting:
		return usagef("--preview %s: it cannot be combined with --skip-existing", f.preview)
	case many && f.output == pipeline.Std:
		return usagef("only one picture can go to standard output")
	case f.watch && slices.ContainsFunc(args, func(arg string) bool { return !pipeline.IsFolder(arg) }):
		return usagef("--watch: it works for folders only")
	case f.watch && f.dryRun:
		return usagef("--watch and --dry-run cannot be combined")
	}
	if _, err := f.asked(); err != nil {
		return err
	}
	if err := f.checkOutput(many); err != nil {
		return err
	}
	return f.checkCluster(cmd)
}

// checkOutput returns an error about --output and --format.
func (f *upscaleFlags) checkOutput(many bool) error {
	format, formatErr := imageio.FormatOf("." + f.format)
	switch {
	case f.format != "" && formatErr != nil:
		return usagef("--format %s: %w", f.format, formatErr)
	case f.output == pipeline.Std && format == "tiff":
		return usagef("--format %s: TIFF cannot go to standard output, since its beginning is written last; name a file with -o", f.format)
	}
	if f.output == "" || f.output == pipeline.Std || pipeline.IsFolder(f.output) || os.IsPathSeparator(f.output[len(f.output)-1]) {
		return nil
	}
	named, err := imageio.FormatOf(f.output)
	switch {
	case many && err == nil:
		return usagef("-o %s: several pictures need an output folder; end its name with / if it is one", f.output)
	case !many && err != nil:
		return usagef("-o %s: %w", f.output, err)
	case !many && f.format != "" && named != format:
		return usagef("-o %s: its ending asks for another format than --format %s", f.output, f.format)
	}
	return nil
}

// isTerminal tells whether what is written shows on a terminal.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (f *upscaleFlags) run(cmd *cobra.Command, std streams, args []string) error {
	options, err := f.options(cmd)
	if err != nil {
		return err
	}
	background, err := order.ParseColour(f.background)
	if err != nil {
		return usagef("--background %s: %w", f.background, err)
	}
	reading, err := f.reading()
	if err != nil {
		return err
	}
	level, err := order.ParsePNGLevel(f.pngLevel)
	if err != nil {
		return usagef("--png-level %s: %w", f.pngLevel, err)
	}
	in, release, err := f.input(std, args, f.server(cmd) != "")
	if err != nil {
		return err
	}
	defer release()
	report := &upscaleReport{progress: newProgress(std, f.quiet), std: std, quiet: f.quiet, json: f.json, pages: f.allPages()}
	options.Progress = report.progress.update
	if f.server(cmd) == "" && !f.dryRun {
		if options.Device, err = f.openDevice(cmd.Context(), report.tell); err != nil {
			return err
		}
		defer closeDevice(options.Device)
	}
	options.DeviceAuto, report.auto = f.auto(), f.auto()
	models, err := f.models(cmd, options, report.tell)
	if err != nil {
		return err
	}
	sizing, err := f.sizing(cmd, models)
	if err != nil {
		return err
	}
	p := &pipeline.Pipeline{
		Models: models, Scale: f.scale(),
		Sizing: sizing, In: in, Out: std.out, RouteMap: f.routeMap, JPEGQuality: f.jpegQuality, JPEGFullColor: f.jpeg444,
		Reading: reading, AllBands: f.allBands(), PNGLevel: level, ICC: f.icc, Strip: f.strip, Background: background,
		Overwrite: f.overwrite, SkipExisting: f.skipExisting, Threads: f.threads, Shared: options.Shared,
	}
	scale := 0 // of a size that is no model's, none is the same for all pictures
	if sizing == nil {
		if err := models.Check(f.scale()); err != nil {
			return err
		}
		scale = cmp.Or(f.scale(), models.Scale())
	}
	p.Options = f.madeBy(cmd, models, scale)
	server, err := f.remote(cmd, &f.sizeFlags, report.tell)
	if err != nil {
		return err
	}
	if server != nil {
		defer server.Close()
		ctx, stop := endsByItself(cmd.Context()) // jobs are removed from the server
		defer stop()
		cmd.SetContext(ctx)
		p.Remote = server
	}
	request, err := f.request(args)
	if err != nil {
		return err
	}
	request.AllPages, request.Output, request.Naming = f.allPages(), f.output, pipeline.Enlarged(p.SizeName(), f.ending())
	report.progress.scale = scale
	if f.format != "" {
		p.StreamFormat, _ = imageio.FormatOf("." + f.format) // it was checked
	}
	return f.enlarge(cmd, p, &request, report)
}

// enlarge finds the pictures and enlarges them, or tells what would be done.
func (f *upscaleFlags) enlarge(cmd *cobra.Command, p *pipeline.Pipeline, request *pipeline.Request, report *upscaleReport) error {
	if f.watch {
		return report.watch(cmd.Context(), p, request)
	}
	request.Searching = report.progress.searching
	work, err := request.Find(cmd.Context())
	report.progress.pause()
	if err != nil {
		return err
	}
	if f.routeMap != "" {
		if err := p.CheckRouteMap(work.First()); err != nil {
			return err
		}
	}
	if f.preview != "" {
		if err := f.checkPreview(work.First()); err != nil {
			return err
		}
	}
	report.begin(work, pipeline.Many(request.Args) || request.AllPages)
	if f.dryRun {
		return report.preview(cmd.Context(), p, work)
	}
	summary, err := p.Run(cmd.Context(), work, report)
	report.resumable = work.Resumable() && cmd.Context().Err() != nil
	if err = report.end(summary, err); err == nil && f.preview != "" && report.last != nil {
		err = f.writePreview(report.last, p.Reading)
	}
	return err
}

// ending is that of results whose names are chosen; empty for the usual one.
func (f *upscaleFlags) ending() string {
	switch format := strings.ToLower(f.format); format {
	case "":
		return ""
	case "jpeg":
		return ".jpg"
	default:
		return "." + format
	}
}

// immaterial are the flags that change no result (a GPU rounds in another order, or to fewer digits), or show in its name.
var immaterial = []string{
	"device", "device-memory", "half",
	"model", "fast", "kind", "threads", "memory", "include", "exclude", "recursive", "output", "format", "route-map", "preview", "overwrite", "skip-existing",
	"quiet", "json", "dry-run", "watch", "cluster", "token-file",
}

// madeBy says in one line what results are made by: the model, and each flag that may change them.
func (f *upscaleFlags) madeBy(cmd *cobra.Command, models *pipeline.Models, scale int) string {
	return madeBy(cmd, &f.modelFlags, models, scale, immaterial, f.allPages())
}

// madeBy is what results of a command are made by, of whose flags some do not matter. allPages says that pages show in names.
func madeBy(cmd *cobra.Command, f *modelFlags, models *pipeline.Models, scale int, immaterial []string, allPages bool) string {
	text := fmt.Sprintf("model=%q x%d", models.Names(scale), scale)
	if info, err := os.Stat(f.model); err == nil && cmd.Flags().Changed("model") && info.Mode().IsRegular() {
		text += fmt.Sprintf(" model-file=%d,%d", info.Size(), info.ModTime().UnixNano())
	}
	cmd.Flags().Visit(func(flag *pflag.Flag) { // in the order of their names
		sameScale := flag.Name == "scale" && flag.Value.String() == strconv.Itoa(scale) // given though it is the model's own
		pages := flag.Name == "page" && allPages                                        // which shows in names, too
		if !slices.Contains(immaterial, flag.Name) && !sameScale && !pages {
			text += fmt.Sprintf(" %s=%q", flag.Name, flag.Value)
		}
	})
	return text
}
