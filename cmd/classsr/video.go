package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"classsr/cluster/remote"
	"classsr/imageio"
	"classsr/imageio/y4m"
	"classsr/imageio/yuv"
	"classsr/infer"
	"classsr/internal/regular"
	"classsr/pipeline"
)

// videoFlags are the flags of the video command.
type videoFlags struct {
	sizeFlags
	selectionFlags
	clusterFlags
	deviceFlags
	output    string
	format    string
	matrix    string
	eachAlone bool
	noReuse   bool
	flicker   bool
	overwrite bool
	quiet     bool
	json      bool
}

func newVideo(std streams) *cobra.Command {
	var f videoFlags
	cmd := &cobra.Command{
		Use:   "video [flags] INPUT -o OUTPUT",
		Short: "Enlarge a video, or a folder of its frames",
		Long: "Enlarge a video: uncompressed (y4m), from a file or standard input, as ffmpeg writes it with -f yuv4mpegpipe; or the frames in a\n" +
			"folder, as numbered pictures. Parts of a frame that are as they were are not computed again, and parts with the same content\n" +
			"go through the same branch, so that nothing flickers. 8 and 10 bits, 4:2:0, 4:2:2, 4:4:4 and gray; not interlaced.\n" +
			"A folder that was stopped goes on when the same command is given again.",
		Example: "  ffmpeg -i in.mp4 -f yuv4mpegpipe - | classsr video -s 2 - -o - | ffmpeg -i - -i in.mp4 -map 0:v -map 1:a? -c:a copy out.mp4\n" +
			"  classsr video --fast clip.y4m -o large.y4m\n  classsr video frames/ -o large/",
		Args: needInput(&std),
		RunE: func(cmd *cobra.Command, args []string) error {
			args = orPiped(args)
			if err := f.check(cmd, std, args); err != nil {
				return err
			}
			return f.run(cmd, std, args)
		},
	}
	f.sizeFlags.register(cmd)
	f.selectionFlags.register(cmd)
	f.clusterFlags.register(cmd.Flags())
	f.deviceFlags.register(cmd.Flags())
	completeDevice(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&f.output, "output", "o", "", "`FILE` (.y4m), folder of a folder's frames, or - for standard output, which is the default for standard input")
	flags.StringVar(&f.format, "format", "", "`FORMAT` of the frames of a folder, as in upscale, or y4m")
	flags.StringVar(&f.matrix, "matrix", "", "which colours luma and chroma of y4m stand for: `MATRIX` bt601 or bt709; by default bt709 from 1280 pixels of width or 577\n"+
		"of height on, else bt601. The result has the same")
	flags.BoolVar(&f.eachAlone, "each-alone", false, "choose classes for each frame as if there were no others")
	flags.BoolVar(&f.noReuse, "no-reuse", false, "compute all of each frame, also what has not changed; the result is the same")
	flags.BoolVar(&f.flicker, "flicker", false, "measure how much of the result changes where the video does not; takes memory for another frame")
	flags.BoolVar(&f.overwrite, "overwrite", false, "replace output files that exist")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print only errors")
	flags.BoolVar(&f.json, "json", false, "print a JSON object for the video, or for each frame of a folder")
	return cmd
}

// check returns an error if the flags contradict each other or the arguments.
func (f *videoFlags) check(cmd *cobra.Command, std streams, args []string) error {
	if f.output == "" && args[0] == pipeline.Std {
		f.output = pipeline.Std
	}
	folder := pipeline.Searched(args)
	_, formatErr := imageio.FormatOf("." + f.format)
	switch {
	case len(args) > 1:
		return usagef("one video at a time: name one file, one folder, or - for standard input")
	case f.output == "":
		return usagef("name the output with -o: a file, a folder for the frames of a folder, or - for standard output")
	case folder && (f.output == pipeline.Std || f.format == y4mFormat):
		return usagef("the frames of a folder become files in a folder: name one with -o, and make a video of them with ffmpeg")
	case folder && f.format != "" && formatErr != nil:
		return usagef("--format %s: %w", f.format, formatErr)
	case !folder && f.format != "" && f.format != y4mFormat:
		return usagef("--format %s: a video becomes a y4m; ffmpeg makes others of it", f.format)
	case !folder && f.output != pipeline.Std && !strings.EqualFold(filepath.Ext(f.output), ".y4m"):
		return usagef("-o %s: a video becomes a y4m, whose name ends in .y4m; ffmpeg makes others of it", f.output)
	case f.output == pipeline.Std && f.json:
		return usagef("--json and the video would both go to standard output; name a file with -o")
	case f.output == pipeline.Std && isTerminal(std.out):
		return usagef("the video would go to the terminal; name a file with -o")
	case f.mode == string(infer.ModePaper):
		return usagef("--mode paper is for single pictures: it reproduces published figures")
	case f.server(cmd) == "" && cmd.Flags().Changed("token-file"):
		return usagef("--token-file %s: it is for --cluster, which is missing", f.tokenFile)
	case f.server(cmd) != "" && f.flicker:
		return usagef("--flicker: with --cluster it is not possible: results are not compared there")
	}
	_, err := f.asked()
	return err
}

// y4mFormat is the name of the format of videos.
const y4mFormat = "y4m"

func (f *videoFlags) run(cmd *cobra.Command, std streams, args []string) error {
	options, err := f.options(cmd)
	if err != nil {
		return err
	}
	report := &upscaleReport{progress: newProgress(std, f.quiet), std: std, quiet: f.quiet, json: f.json}
	report.progress.frames = true
	if f.server(cmd) == "" {
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
	p := &pipeline.Pipeline{Models: models, Scale: f.scale(), Sizing: sizing, In: std.in, Out: std.out, Overwrite: f.overwrite, Threads: f.threads, Shared: options.Shared}
	if sizing == nil {
		if err := models.Check(f.scale()); err != nil {
			return err
		}
	}
	server, err := f.remote(cmd, &f.sizeFlags, report.tell)
	if err != nil {
		return err
	}
	if server != nil {
		defer server.Close()
		ctx, stop := endsByItself(cmd.Context()) // jobs are removed from the server
		defer stop()
		cmd.SetContext(ctx)
	}
	sequence := infer.SequenceOptions{Alone: f.eachAlone, Anew: f.noReuse, Flicker: f.flicker}
	if pipeline.Searched(args) {
		return f.folder(cmd, p, server, sequence, args, report)
	}
	return f.stream(cmd, p, server, sequence, args[0], report)
}

// folder enlarges the frames in a folder.
func (f *videoFlags) folder(cmd *cobra.Command, p *pipeline.Pipeline, server *remote.Remote, o infer.SequenceOptions, args []string, report *upscaleReport) error {
	p.Frames = &pipeline.Frames{Options: o}
	if server != nil {
		for _, name := range []string{"matrix", "each-alone", "no-reuse"} { // of videos; it is decided here
			delete(server.Order, name)
		}
		p.Remote = server
	}
	request, err := f.request(args)
	if err != nil {
		return err
	}
	ending := ""
	if f.format != "" {
		ending = "." + strings.ToLower(f.format)
	}
	request.Output, request.Naming = f.output, pipeline.Enlarged(p.SizeName(), ending)
	request.Searching = report.progress.searching
	work, err := request.Find(cmd.Context())
	report.progress.pause()
	if err != nil {
		return err
	}
	scale := 0
	if p.Sizing == nil {
		scale = cmp.Or(f.scale(), p.Models.Scale())
	}
	p.Options = f.madeBy(cmd, p.Models, scale)
	report.begin(work, true)
	report.lines = false
	summary, err := p.Run(cmd.Context(), work, report)
	report.resumable = work.Resumable() && cmd.Context().Err() != nil
	return report.end(summary, err)
}

// stream enlarges a y4m.
func (f *videoFlags) stream(cmd *cobra.Command, p *pipeline.Pipeline, server *remote.Remote, o infer.SequenceOptions, input string, report *upscaleReport) error {
	v := pipeline.Video{Input: input, Output: f.output, Options: o}
	if server != nil {
		v.Runs = server
	}
	if f.matrix != "" {
		var err error
		if v.Matrix, err = yuv.ParseMatrix(f.matrix); err != nil {
			return usagef("--matrix: %w", err)
		}
	}
	name := pipeline.Job{Input: input}.Picture()
	report.progress.start(name, pipeline.Position{})
	v.Told = func(done, count int) { report.progress.frame(name, done, count) }
	done, err := p.Video(cmd.Context(), v)
	report.progress.end()
	if err != nil {
		return err
	}
	if !f.quiet {
		if because := report.because(done.Device); because != "" {
			report.std.note("%s: note: %s", name, because)
		}
		report.std.note("%s", videoText(done))
		if usual := yuv.Usual(done.OutWidth, done.OutHeight); usual != done.Matrix {
			report.std.note("the result has the matrix %s, as the video: tell players so (ffmpeg: -colorspace %s), which expect %s of that size", done.Matrix, ffmpegMatrix(done.Matrix), usual)
		}
	}
	return report.print(done)
}

// ffmpegMatrix is how ffmpeg calls a matrix.
func ffmpegMatrix(m yuv.Matrix) string {
	if m == yuv.BT601 {
		return "smpte170m"
	}
	return string(m)
}

// videoText is what is told of a video that was enlarged.
func videoText(r *pipeline.VideoResult) string {
	text := fmt.Sprintf("%d frames of %dx%d to %dx%d in %.1f s (%s frames/s)", r.Frames, r.Width, r.Height, r.OutWidth, r.OutHeight, r.Seconds, rate(r.FramesPerSecond))
	if r.Frames > r.Scenes {
		text += fmt.Sprintf(", %.0f %% of them as before", 100*r.Reused)
	}
	return text
}

// immaterialOfVideo are the flags of the video command that change no result, or show in its name.
var immaterialOfVideo = []string{"no-reuse", "flicker", "matrix"}

// madeBy says in one line what results are made by, as that of upscaleFlags.
func (f *videoFlags) madeBy(cmd *cobra.Command, models *pipeline.Models, scale int) string {
	return "frames " + madeBy(cmd, &f.modelFlags, models, scale, slices.Concat(immaterial, immaterialOfVideo), false)
}

// refuseVideos returns an error if an input of upscale is a video, by its first bytes.
func refuseVideos(std *streams, args []string) error {
	for _, path := range args {
		if y4m.Recognise(firstOf(std, path)) {
			return usagef("%s is a video: classsr video enlarges it", pipeline.Job{Input: path}.Picture())
		}
	}
	return nil
}

// firstOf gives the first bytes of an input, which can be read again. What cannot be read has none here, and shows later.
func firstOf(std *streams, path string) []byte {
	first := make([]byte, 16)
	file, isFile := std.in.(*os.File)
	switch info, err := statOf(file); {
	case path != pipeline.Std:
		if file, err = regular.Open(path); err != nil {
			return nil
		}
		defer func() { _ = file.Close() }() // only read
	case !isFile || err != nil || !info.Mode().IsRegular():
		buffered := bufio.NewReader(std.in)
		std.in = buffered
		first, _ = buffered.Peek(len(first))
		return first
	}
	at, _ := file.Seek(0, io.SeekCurrent)
	n, _ := file.ReadAt(first, at)
	return first[:n]
}

// statOf is Stat of a file, or an error if there is none.
func statOf(file *os.File) (os.FileInfo, error) {
	if file == nil {
		return nil, os.ErrInvalid
	}
	return file.Stat()
}
