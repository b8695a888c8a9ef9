// Package pipeline enlarges pictures from file to file: it finds the inputs, names the outputs, and enlarges one after the other. An output
// file is complete, or it is not there.
//
//	request := pipeline.Request{Args: args, Output: output, Naming: pipeline.Enlarged("x4", "")}
//	work, err := request.Find(ctx)
//	p := pipeline.Pipeline{Upscaler: up, In: os.Stdin, Out: os.Stdout}
//	summary, err := p.Run(ctx, work, watcher)
//
// A Watcher is told what happens; the package prints nothing.
package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"time"

	"classsr"
	"classsr/budget"
	"classsr/fault"
	"classsr/imageio"
	"classsr/imageio/deflate"
	"classsr/imageio/tiff"
	"classsr/internal/atomicfile"
	"classsr/internal/sysmem"
	"classsr/metadata"
	"classsr/picture"
)

// Pipeline says how files are enlarged.
type Pipeline struct {
	Upscaler *classsr.Upscaler
	// Models, if not nil, take the place of the Upscaler: each picture is enlarged Scale times, or as the models do by themselves if that is 0, by the
	// one that suits it.
	Models *Models
	Scale  int
	// Remote, if not nil, enlarges the pictures on another machine, several at a time. What is said here about models, sizes and files is then only for names and
	// forecasts; the Remote has to be told the same.
	Remote Remote
	// Sizing, if not nil, asks for another size than these give, and takes their place.
	Sizing *Sizing
	// In and Out are the standard streams, for jobs that name Std.
	In  io.Reader
	Out io.Writer
	// RouteMap, if not empty, is the path of a file for the map of the classes: a picture (.png) or JSON (.json). It works for one job only.
	RouteMap string
	// JPEGQuality is the quality of JPEG output, 1 to 100; 0 means that of the input if it is a JPEG, but at least 75, and else 95.
	JPEGQuality int
	// JPEGFullColor stores colours for each pixel of JPEG output (4:4:4), as it is done anyway where the input has them; else four pixels share
	// them (4:2:0).
	JPEGFullColor bool
	// Reading is what is wanted of files beside their first pictures; PNGLevel is how hard PNG is compressed.
	Reading  imageio.Options
	PNGLevel deflate.Level
	// AllBands enlarges each band of a TIFF by itself, as gray, to a TIFF with as many bands, in place of Reading's bands.
	AllBands bool
	// ICC is what happens to the colours: "" or "keep" keeps them and their profile, ToSRGB converts them.
	ICC string
	// Strip leaves out all metadata but what says what the colours are.
	Strip bool
	// Background is put behind transparent pictures in formats that hold no transparency: red, green, blue.
	Background [3]uint8
	// Overwrite replaces outputs that exist; SkipExisting skips their jobs. Without either they are errors of kind fault.Conflict, unless the
	// journal knows them to be up to date.
	Overwrite, SkipExisting bool
	// Options says in one line how results are made. What it is for one result is compared with what it is for later runs.
	Options string
	// Progress, if not nil, is told what share of the work on a picture is done, up to 1, its passes and bands taken together. The calls come from the goroutine that
	// runs the pipeline, with rising shares for each picture; what comes after the last rows, as the end of the file, is not part of it.
	Progress func(share float64)
	// Rows, if not nil, is asked for each result, of that form and with such colours, and told of its rows from top to bottom before they are encoded. They are valid
	// during the call. It may give nil for a result of which it wants none.
	Rows func(c picture.Config, colors metadata.Color) func(top int, rows *picture.Picture)
	// StreamFormat is the format of standard output, as imageio.FormatOf gives it; empty for PNG.
	StreamFormat string
	// Threads is how many cores compress a picture; 0 means all.
	Threads int
	// Shared is the memory and the cores that the Upscaler draws on, for encoders to draw on, too; nil lets them use any cores.
	Shared *budget.Budget
	// Frames, if not nil, says that the pictures of a folder follow each other.
	Frames *Frames
	// Elsewhere, if not nil, has rows of large pictures computed by other machines.
	Elsewhere Elsewhere
}

// Result describes an enlarged picture; in JSON it is what `classsr upscale --json` prints. Notes says what the output does not keep, and
// PeakRSSMB is the most memory that the process has had so far, in 2^20 bytes.
type Result struct {
	Job
	// Bands is how many were enlarged, each by itself; 0 for pictures as they are. The Report then has sums of arithmetic and seconds, and what
	// else is different is that of the first band.
	Bands int `json:"bands,omitempty"`
	classsr.Report
	Resized
	Chosen
	Framed
	Notes     []string `json:"notes,omitempty"`
	PeakRSSMB int64    `json:"peak_rss_mb"`
}

// one does one picture, from file to file. Rows of the result are encoded while the rest is computed.
func (p *Pipeline) one(ctx context.Context, j task) (*Result, error) {
	start := time.Now()
	format, err := p.check(j.Job)
	if err != nil {
		return nil, err
	}
	o, err := p.open(ctx, j, format)
	if err != nil {
		return nil, err
	}
	defer o.close()
	err = p.write(ctx, j.Output, func(w io.Writer) error { return p.bands(ctx, w, j, format, o) }, j.note)
	if err != nil {
		return nil, err
	}
	in, report := o.in, o.report
	report.Seconds.Total = time.Since(start).Seconds()
	report.Seconds.Encode = report.Seconds.Total - report.Seconds.Decode - report.Seconds.Route - report.Seconds.Network
	if p.RouteMap != "" {
		if err := p.writeRouteMap(ctx, in.Picture, &report); err != nil {
			return nil, err
		}
	}
	notes := append(in.Notes, o.rows.course.notes(report)...)
	if lost := imageio.Lost(o.rows.Config(), o.metadata(p), format); lost != "" {
		notes = append(notes, lost)
	}
	return &Result{
		Job: j.Job, Bands: in.Bands, Report: report, Resized: o.resized, Chosen: o.rows.course.chosen, Framed: o.rows.framed(), Notes: notes,
		PeakRSSMB: sysmem.PeakRSS() >> 20,
	}, nil
}

// begun is a picture that was read, or one band of it, and the rows of its enlargement.
type begun struct {
	in      *reading
	rows    *rows
	report  classsr.Report // when all rows were taken; Seconds.Decode at once
	resized Resized
}

// open reads a picture and begins to enlarge it.
func (p *Pipeline) open(ctx context.Context, j task, format string) (*begun, error) {
	start := time.Now()
	in, course, err := p.readUnchanged(ctx, j, format)
	if err != nil {
		return nil, err
	}
	complete := false
	defer func() {
		if !complete { // after a panic, too: others wait for what is reserved
			course.release()
			in.Close()
		}
	}()
	if err := p.colors(ctx, j.Picture(), in.Decoded); err != nil {
		return nil, err
	}
	course.band = band{j.reading.Band, in.Bands}
	o := &begun{in: in}
	o.report.Seconds.Decode = time.Since(start).Seconds()
	o.rows, err = course.begin(ctx, in)
	if err != nil && in.file == nil { // a file names itself
		err = fmt.Errorf("%s: %w", j.Picture(), err)
	}
	if err != nil {
		return nil, j.unlessChanged(in, err)
	}
	complete = true
	return o, nil
}

// close ends the work on the rows, which were all taken or are not wanted, and closes the file that they come from.
func (o *begun) close() {
	if o.rows != nil {
		_ = o.rows.Close()
		o.in.Close()
	}
	o.in, o.rows = nil, nil
}

// metadata is what goes into the file of the result.
func (o *begun) metadata(p *Pipeline) *metadata.Data {
	return p.metadata(o.in.Decoded, o.rows.course.in, o.rows.Config())
}

// encode writes the rows in a format, as one of the planes if these are not nil.
func (o *begun) encode(w io.Writer, p *Pipeline, j task, format string, planes *tiff.Planes) error {
	options := p.encodeOptions(o.in.Decoded, o.metadata(p))
	options.Planes = planes
	return j.unlessChanged(o.in, p.encode(w, o.rows, format, options))
}

// finish closes the rows, all of which were taken, and adds what is reported of them to what was reported of bands before.
func (o *begun) finish(before *classsr.Report) {
	seconds := o.report.Seconds.Decode
	o.report, o.resized = o.rows.report()
	o.report.Seconds.Decode = seconds
	if before != nil {
		r := *before
		r.MACs, r.MACsFull, r.MACsRepeated = r.MACs+o.report.MACs, r.MACsFull+o.report.MACsFull, r.MACsRepeated+o.report.MACsRepeated
		r.Seconds.Decode += seconds
		r.Seconds.Route += o.report.Seconds.Route
		r.Seconds.Network += o.report.Seconds.Network
		o.report = r
	}
}

// read reads a picture, for which it reserves all the memory that it and its enlargement take, as soon as its headers are read. Without
// an error what is reserved is the caller's. A picture that is too large for that in a file that can be decoded from top to bottom is only opened.
func (p *Pipeline) read(ctx context.Context, t task, format string) (in *reading, c *course, err error) {
	release := func() {
		if c != nil {
			c.release()
		}
		c = nil
	}
	complete := false
	defer func() {
		if !complete { // after a panic, too: others wait for what is reserved
			release()
		}
	}()
	accept := func(headers imageio.Config) error {
		release() // where headers had to be judged again
		planned, err := p.plan(headers, t.Picture())
		if err != nil {
			return err
		}
		if err := p.checkMapped(planned); err != nil {
			return err
		}
		if err := checkBands(headers, format); err != nil {
			return err
		}
		if err := planned.reserve(ctx, headers, format); err != nil {
			return err
		}
		c = planned
		return nil
	}
	in, err = read(p.In, t.Input, imageio.Limits{Options: t.reading, Accept: accept}, func() bool { return c.inRows })
	complete = err == nil
	return in, c, err
}

// encode pulls the rows of a picture and writes them in a format.
func (p *Pipeline) encode(w io.Writer, rows picture.RowSource, format string, o imageio.EncodeOptions) error {
	if !imageio.HoldsAlpha(format) {
		rows = picture.Flattened(rows, p.Background)
	}
	if p.Rows != nil {
		if tell := p.Rows(rows.Config(), o.Metadata.Color); tell != nil {
			rows = &tapped{RowSource: rows, tell: tell}
		}
	}
	sink, err := imageio.NewEncoder(w, rows.Config(), format, o)
	if err != nil {
		return err
	}
	return picture.Copy(sink, rows)
}

// tapped is rows that somebody is told of.
type tapped struct {
	picture.RowSource
	tell func(top int, rows *picture.Picture)
	top  int
}

// NextRows implements picture.RowSource.
func (t *tapped) NextRows() (*picture.Picture, error) {
	rows, err := t.RowSource.NextRows()
	if err == nil {
		t.tell(t.top, rows)
		t.top += rows.Height
	}
	return rows, err
}

// check returns an error if the output cannot be written, before any work is done, and the format to write.
func (p *Pipeline) check(j Job) (format string, err error) {
	if j.Output == Std {
		return cmp.Or(p.StreamFormat, imageio.PNG), nil
	}
	if format, err = imageio.FormatOf(j.Output); err != nil {
		return "", fmt.Errorf("%s: %w", j.Output, err)
	}
	return format, atomicfile.Writable(j.Output)
}

// write writes a file, or standard output, as long as ctx is not done. complete is told of a file before it gets its name.
func (p *Pipeline) write(ctx context.Context, output string, write func(io.Writer) error, complete func(fs.FileInfo) error) error {
	if output == Std {
		return write(contextWriter{ctx, p.Out})
	}
	return atomicfile.WriteThen(output, p.Overwrite, func(w io.Writer) error { return write(contextWriter{ctx, w}) }, complete)
}

// leftOut tells what of a picture was not enlarged.
func leftOut(r classsr.Report) []string {
	width, height := r.OutWidth/r.Scale, r.OutHeight/r.Scale
	if width == r.Width && height == r.Height {
		return nil
	}
	return []string{fmt.Sprintf("mode %s enlarges the upper left %dx%d pixels of %dx%d and leaves the rest out, as the paper does",
		r.Mode, width, height, r.Width, r.Height)}
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

// WriteAt implements io.WriterAt for formats that go back to what was written. It gives an error where c.w cannot.
func (c contextWriter) WriteAt(p []byte, offset int64) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	w, ok := c.w.(io.WriterAt)
	if !ok {
		return 0, fault.New(fault.Unsupported, "this format is written to files only, not to pipes")
	}
	return w.WriteAt(p, offset)
}
