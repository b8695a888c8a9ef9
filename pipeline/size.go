package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"io"

	"classsr"
	"classsr/budget"
	"classsr/fault"
	"classsr/imageio"
	"classsr/infer"
	"classsr/internal/kernel"
	"classsr/internal/par"
	"classsr/picture"
	"classsr/resample"
	"classsr/scaling"
)

// Sizing asks for results of a certain size: pictures are enlarged in as many passes as that takes, and resized then.
type Sizing struct {
	Target scaling.Target
	Models *Models
	// Linear resizes in linear light.
	Linear bool
}

// Resized is what a Result tells of a picture that was resized, or took two passes. NetworkWidth and NetworkHeight are the size, in pixels,
// that the last network gave, or that of the input if there was none.
type Resized struct {
	NetworkWidth  int `json:"network_width,omitempty"`
	NetworkHeight int `json:"network_height,omitempty"`
	// Passes lists the passes, if there were two. The Result then has the classes of the first one and, of arithmetic and seconds, the sums.
	Passes []Pass `json:"passes,omitempty"`
}

// Pass describes one of two enlargements of a picture: what came out of it, and how.
type Pass struct {
	Model   string             `json:"model"`
	Scale   int                `json:"scale"`
	Mode    infer.Mode         `json:"mode"`
	Width   int                `json:"width"`
	Height  int                `json:"height"`
	Classes []infer.ClassShare `json:"classes"`
	MACs    int64              `json:"macs"`
	Seconds float64            `json:"seconds"`
}

// course is how one picture becomes as large as wanted, and the memory for it.
type course struct {
	p       *Pipeline
	in, out picture.Config
	suited  suited // what enlarges it
	passes  []*classsr.Upscaler
	models  []*classsr.Model // of the passes; nil if the Pipeline has an Upscaler only
	chosen  Chosen
	decoded int64               // bytes that the decoded picture takes
	rows    int64               // bytes that are held while the picture comes in rows; 0 if it is needed as a whole
	inRows  bool                // it comes in rows
	while   int64               // bytes that are taken while rows come, besides what an Upscaler takes
	claim   *infer.Claim        // for the pass that is next
	away    bool                // others compute that pass
	alone   *budget.Reservation // without any pass
	band    band
}

// SizeName is how the size of results is called in their names: x4, for example.
func (p *Pipeline) SizeName() string {
	if p.Sizing == nil {
		return fmt.Sprintf("x%d", p.scale())
	}
	return p.Sizing.Target.String()
}

// scale is how many times pictures are enlarged where no size is asked for.
func (p *Pipeline) scale() int {
	if p.Models == nil {
		return p.Upscaler.Scale()
	}
	return cmp.Or(p.Scale, p.Models.Scale())
}

// plan decides how a picture of this form and name becomes as large as wanted, and by which models.
func (p *Pipeline) plan(c imageio.Config, name string) (*course, error) {
	w := &course{p: p, in: c.Config, out: c.Config, decoded: c.PictureBytes, chosen: Chosen{JPEGQuality: c.Quality}}
	if p.ICC != ToSRGB && !hasEnding(p.RouteMap, mapPicture) && p.Frames == nil {
		w.rows = c.RowsBytes
	}
	if p.Sizing == nil && p.Models == nil {
		w.passes = []*classsr.Upscaler{p.Upscaler}
		w.out = w.network(1)
		return w, p.Frames.check(w)
	}
	scales, err := w.scales(c)
	if err != nil {
		return nil, err
	}
	if w.models, w.passes, err = w.suited.passes(scales); err != nil {
		return nil, err
	}
	if p.Sizing == nil {
		w.out = w.network(1)
	}
	w.choose(name)
	return w, p.Frames.check(w)
}

// scales finds which models suit a picture of this form, how large it becomes if a size is asked for, and by which scales.
func (w *course) scales(c imageio.Config) ([]int, error) {
	p := w.p
	if p.Sizing == nil {
		w.suited = p.Models.suit(c)
		return []int{p.scale()}, nil
	}
	w.suited = p.Sizing.Models.suit(c)
	var err error
	if w.out.Width, w.out.Height, err = p.Sizing.Target.Size(c.Width, c.Height); err != nil {
		return nil, err
	}
	first, second := w.suited.scales()
	scales := scaling.Choose(first, second, image.Pt(c.Width, c.Height), image.Pt(w.out.Width, w.out.Height))
	return scales, p.Sizing.Models.checkSized(scales)
}

// enlarged is the form of what an Upscaler makes.
func enlarged(c picture.Config, up *classsr.Upscaler) picture.Config {
	c.Width, c.Height = c.Width*up.Scale(), c.Height*up.Scale()
	return c
}

// network is the form of what the first passes make.
func (w *course) network(passes int) picture.Config {
	c := w.in
	for _, up := range w.passes[:passes] {
		c = enlarged(c, up)
	}
	return c
}

// resizes tells that the last pass does not give the wanted size.
func (w *course) resizes() bool { return w.network(len(w.passes)) != w.out }

// reserve reserves the memory for all that is done, encoding included, as soon as the headers are read.
func (w *course) reserve(ctx context.Context, c imageio.Config, format string) (err error) {
	if err := imageio.CheckOutput(format, w.out); err != nil {
		return err
	}
	w.while = imageio.EncoderBytes(w.out, format, w.p.largest(c.Bands)) + w.resizerBytes(w.p.Threads)
	if hasEnding(w.p.RouteMap, mapPicture) {
		w.while += paintBytes(c.Config)
	}
	beside := infer.Beside{Before: c.DecodeBytes, While: w.while + w.decoded - c.Bytes()}
	switch len(w.passes) {
	case 0:
		shared := w.p.Shared
		if shared == nil {
			shared = budget.Default()
		}
		w.alone, err = shared.Reserve(ctx, max(c.DecodeBytes, w.decoded+w.while))
	case 1:
		w.claim, err = w.claimPass(ctx, 0, c.Config, false, beside)
		if w.rows > 0 && fault.KindOf(err) == fault.TooLarge {
			return w.claimRows(ctx, err)
		}
	default:
		second, err := w.claimSecond(ctx) // refused now rather than after the first pass
		if err != nil {
			return err
		}
		second.Release()
		beside.While = w.network(1).Bytes() + w.decoded - c.Bytes()
		w.claim, err = w.claimPass(ctx, 0, c.Config, false, beside)
		return err
	}
	return err
}

// claimRows reserves what it takes if the picture comes in rows, since it is too large to be in memory as a whole, which is the error if it is
// needed so.
func (w *course) claimRows(ctx context.Context, whole error) (err error) {
	w.claim, err = w.claimPass(ctx, 0, w.in, true, infer.Beside{Before: w.rows, While: w.while + w.rows})
	return w.comesInRows(whole, err)
}

// comesInRows notes that a picture which is too large as a whole comes in rows, if that is no error. It gives the error that tells what is missing.
func (w *course) comesInRows(whole, inRows error) error {
	if w.inRows = inRows == nil; fault.KindOf(inRows) == fault.Unsupported {
		return whole
	}
	return inRows
}

// claimSecond reserves what the second pass takes, for which the result of the first one is in memory as a whole.
func (w *course) claimSecond(ctx context.Context) (*infer.Claim, error) {
	between := w.network(1)
	claim, err := w.claimPass(ctx, 1, between, false, infer.Beside{While: w.while + w.decoded})
	if err != nil {
		return nil, fmt.Errorf("the second of two passes (x%d, then x%d), on %dx%d pixels: %w",
			w.passes[0].Scale(), w.passes[1].Scale(), between.Width, between.Height, err)
	}
	return claim, nil
}

// accepts tells whether there is memory for the passes, without reserving it; decoding is the error, if any, about that of the whole picture.
func (w *course) accepts(decoding error) error {
	err := decoding
	for i := 0; i < len(w.passes) && err == nil; i++ {
		err = w.passes[i].Accepts(w.network(i))
	}
	if fault.KindOf(err) == fault.TooLarge && w.rows > 0 && len(w.passes) == 1 {
		return w.comesInRows(err, w.passes[0].AcceptsRows(w.in))
	}
	return err
}

// release gives back what is reserved.
func (w *course) release() {
	if w.claim != nil {
		w.claim.Release()
		w.claim = nil
	}
	if w.alone != nil {
		w.alone.Release()
		w.alone = nil
	}
}

// begin begins the last pass, and the resizing behind it. In any case it takes over what is reserved.
func (w *course) begin(ctx context.Context, in *reading) (*rows, error) {
	r := &rows{course: w}
	complete := false
	defer func() {
		if !complete { // after a panic, too: others wait for what is reserved
			_ = r.Close() // the first error tells what happened
		}
	}()
	if err := r.begin(ctx, in); err != nil {
		return nil, err
	}
	complete = true
	return r, nil
}

func (r *rows) begin(ctx context.Context, from *reading) (err error) {
	w, in := r.course, from.Picture
	if len(w.passes) == 2 {
		if in, err = r.first(ctx, in); err != nil {
			return err
		}
	}
	if last := len(w.passes) - 1; last < 0 {
		r.RowSource = in.Rows(copyRows)
	} else {
		if r.enlargement, err = w.beginPass(ctx, last, in, from); err != nil {
			return err
		}
		r.RowSource = r.enlargement
	}
	if w.resizes() {
		r.RowSource, err = resample.Resize(ctx, r.RowSource, w.out.Width, w.out.Height, w.p.resizing())
	}
	return err
}

// resizing is how results are resized.
func (p *Pipeline) resizing() resample.Resizing {
	return resample.Resizing{Linear: p.Sizing.Linear, Bicubic: p.Sizing.Models.interpolates(), Threads: p.Threads, Shared: p.Shared}
}

// copyRows is how many rows of a picture that needs no network are handed on at a time.
const copyRows = 64

// rows are the rows of a result, and how it came about.
type rows struct {
	picture.RowSource
	course      *course
	enlargement Enlargement      // the last pass; nil if there is none
	reports     []classsr.Report // of passes before it
	taken       int              // rows of the result that were handed on
}

// first does the first of two passes, and gathers its result.
func (r *rows) first(ctx context.Context, in *picture.Picture) (*picture.Picture, error) {
	w := r.course
	e, err := w.beginPass(ctx, 0, in, nil)
	if err != nil {
		return nil, err
	}
	between, err := r.gather(e)
	if err != nil {
		return nil, err
	}
	w.claim, err = w.claimSecond(ctx) // when what the first pass took is given back
	return between, err
}

// gather makes a picture of what the first of two passes gives, and ends it.
func (r *rows) gather(e Enlargement) (*picture.Picture, error) {
	defer func() { _ = e.Close() }() // the first error tells what happened
	between, err := gather(e, func(rows int) { r.course.moved(0, rows) })
	r.reports = append(r.reports, e.Report())
	return between, err
}

// gather makes a picture of rows. told is told how many there are so far.
func gather(src picture.RowSource, told func(rows int)) (*picture.Picture, error) {
	out, y := src.Config().New(), 0
	for {
		band, err := src.NextRows()
		switch {
		case errors.Is(err, io.EOF) && y == out.Height:
			return out, nil
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		}
		to := out.Band(y, y+band.Height)
		copy(to.Pix8, band.Pix8)
		copy(to.Pix16, band.Pix16)
		copy(to.Pix32, band.Pix32)
		y += band.Height
		told(y)
	}
}

// Close ends the work, whether it is done or not, and gives back what it took. It may be called again.
func (r *rows) Close() error {
	r.course.release()
	if e := r.enlargement; e != nil {
		r.enlargement = nil
		return e.Close()
	}
	return nil
}

// noModel stands for the model where no network enlarges a picture.
const noModel = "none"

// onlyResized are its classes.
var onlyResized = []infer.ClassShare{{Name: noModel, Share: 1}}

// report says what was done, after all rows were taken.
func (r *rows) report() (classsr.Report, Resized) {
	w := r.course
	if r.enlargement != nil {
		r.reports = append(r.reports, r.enlargement.Report())
	}
	set, _ := kernel.Select() // which was asked before
	report := classsr.Report{
		Kernel: set, Model: noModel, Scale: 1, Mode: classsr.ModeFull, Threads: par.Threads(w.p.Threads),
		Classes: onlyResized, PaperFLOPsPercent: 100,
	}
	switch {
	case len(r.reports) > 0:
		report = r.reports[0]
	case w.p.Sizing.Models.interpolates():
		report.Model, report.Classes = classsr.Bicubic, []infer.ClassShare{{Name: classsr.Bicubic, Share: 1}}
	}
	if w.p.Sizing == nil {
		return report, Resized{}
	}
	var resized Resized
	if len(r.reports) == 2 {
		second := r.reports[1]
		resized.Passes = []Pass{passOf(report), passOf(second)}
		report.Scale *= second.Scale
		report.MACs, report.MACsFull = report.MACs+second.MACs, report.MACsFull+second.MACsFull
		report.MACsRepeated += second.MACsRepeated
		report.Seconds.Route += second.Seconds.Route
		report.Seconds.Network += second.Seconds.Network
		report.Device = report.Device.Add(second.Device)
	}
	network := w.network(len(w.passes))
	resized.NetworkWidth, resized.NetworkHeight = network.Width, network.Height
	report.Width, report.Height = w.in.Width, w.in.Height
	report.OutWidth, report.OutHeight = w.out.Width, w.out.Height
	return report, resized
}

func passOf(r classsr.Report) Pass {
	return Pass{r.Model, r.Scale, r.Mode, r.OutWidth, r.OutHeight, r.Classes, r.MACs, r.Seconds.Route + r.Seconds.Network}
}

// notes says what a user may not expect of how a size was reached.
func (w *course) notes(r classsr.Report) []string {
	network := w.network(len(w.passes))
	switch {
	case w.p.Sizing == nil:
		return leftOut(r)
	case w.p.Sizing.Models.interpolates():
	case len(w.passes) == 0 && w.resizes():
		return []string{fmt.Sprintf("it is larger than the size that is asked for, so it was only reduced, from %dx%d to %dx%d",
			w.in.Width, w.in.Height, w.out.Width, w.out.Height)}
	case len(w.passes) == 0:
		return []string{"it has the size that is asked for, and was only copied"}
	case network.Width < w.out.Width || network.Height < w.out.Height:
		return []string{fmt.Sprintf("networks enlarged it to %dx%d, and interpolation from there to %dx%d",
			network.Width, network.Height, w.out.Width, w.out.Height)}
	}
	return nil
}
