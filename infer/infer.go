// Package infer enlarges pictures with the networks of a model.
//
// An Upscaler is made for a model and Options. For each picture it makes a plan, in which everything is decided: how the picture is cut
// into pieces, which class each part has, which memory is taken. Then its workers compute the pieces from top to bottom, and whoever wants
// the result pulls it band by band. What the modes do differently is in their methods (method.go), and nowhere else.
//
//	options, files      -> Upscaler
//	picture             -> plan: sizing, classes, pieces (routed.go, single.go, paper.go, bicubic.go)
//	plan                -> schedule: who computes what next
//	pieces              -> lanes: networks with real context, blended at the borders between classes (routedlane.go)
//	rows of the result  -> canvas: bands (brush.go), or the paper's mean of sub-images (mean.go)
//	bands               -> Enlargement, a picture.RowSource
//
// The package reads no files and knows none of the built-in models.
package infer

import (
	"context"
	"errors"
	"image"
	"io"
	"sync"
	"time"

	"github.com/dustin/go-humanize"

	"classsr/branch"
	"classsr/cost"
	"classsr/fault"
	"classsr/internal/kernel"
	"classsr/internal/par"
	"classsr/internal/sysmem"
	"classsr/picture"
	"classsr/weights"
)

// Upscaler enlarges pictures with a model. It may be used by several goroutines at once; each call uses Options.Threads cores.
type Upscaler struct {
	name    string
	options Options
	mode    Mode
	threads int
	kernel  string
	method  method
	full    *branch.Branch // the network at full width, for comparison; nil for bicubic interpolation

	mu   sync.Mutex
	idle []*ownLane // kept from one picture to the next
}

// New makes an Upscaler of a model, named in reports and errors; nil stands for bicubic interpolation. Options.Scale must be one of the
// model's. It returns an error of kind fault.Usage if the model cannot do what the options ask for.
func New(m *weights.Model, name string, o Options) (*Upscaler, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	set, err := kernel.Select()
	if err != nil {
		return nil, fault.As(fault.Usage, err)
	}
	u := &Upscaler{name: name, options: o, threads: par.Threads(o.Threads), kernel: set}
	u.mode, u.method, u.full, err = newMethod(m, name, o)
	if err != nil {
		return nil, fault.Default(fault.Usage, err)
	}
	return u, nil
}

// Scale is how many times the Upscaler enlarges.
func (u *Upscaler) Scale() int { return u.options.Scale }

// Mode is the mode in use, also if the options left it open; BranchMode(k) if the options chose branch k.
func (u *Upscaler) Mode() Mode { return u.mode }

// Accepts tells whether a picture of this form can be enlarged band by band, before it is decoded. It returns an error of kind
// fault.TooLarge if that takes more memory than allowed, and one of kind fault.Unsupported if the picture is too small for the mode; nil
// otherwise.
func (u *Upscaler) Accepts(c picture.Config) error {
	_, _, err := u.fit(c, false)
	return err
}

// Begin begins to enlarge a picture. The result is Scale times as wide and high and has the picture's colours (gray stays gray), depth and
// alpha, and comes band by band, so that it need not be in memory as a whole. The picture must not be changed before the Enlargement is
// closed. It returns the errors of Accepts, or ctx's error if ctx is done. In ModePaper the right and lower edges are left out as the paper
// does, and a picture with a side of less than 32 pixels is an error.
func (u *Upscaler) Begin(ctx context.Context, in *picture.Picture) (*Enlargement, error) {
	return u.start(ctx, in, false, false)
}

// Upscale enlarges a picture as Begin does, and gathers the result.
func (u *Upscaler) Upscale(ctx context.Context, in *picture.Picture) (*picture.Picture, Report, error) {
	e, err := u.Enlarge(ctx, in, false)
	if err != nil {
		return nil, Report{}, err
	}
	return e.Picture, e.Report, nil
}

// Enlarged is an enlarged picture and the report about it.
type Enlarged struct {
	Picture *picture.Picture
	Report  Report
	// Exact holds the colour planes of the result before rounding, in 0..255, if they were asked for and the mode has them (ModePaper,
	// whose protocol measures these); else nil.
	Exact [][]float32

	plan *plan
}

// Nanoseconds is what routing and networks cost by the canonical costs: a figure to compare choices by, the same on every machine, and not
// the time that passed.
func (e *Enlarged) Nanoseconds() float64 {
	if len(e.plan.branches) == 0 {
		return 0
	}
	costs := cost.NewClasses(e.plan.branches, blendWidth).Canonical()
	return costs.OfUsage(e.plan.usage) + e.plan.routerNanoseconds()
}

// Enlarge enlarges a picture as Upscale does and gives more details. exact asks for Enlarged.Exact.
func (u *Upscaler) Enlarge(ctx context.Context, in *picture.Picture, exact bool) (*Enlarged, error) {
	e, err := u.start(ctx, in, true, exact)
	if err != nil {
		return nil, err
	}
	defer func() { _ = e.Close() }()
	for err == nil {
		_, err = e.NextRows()
	}
	if !errors.Is(err, io.EOF) {
		return nil, err
	}
	out := &Enlarged{Picture: e.whole, Report: e.Report(), plan: e.job.plan}
	if m, ok := e.canvas.(*mean); ok {
		out.Exact = m.exact
	}
	return out, nil
}

// start decides everything about a picture and begins the work. whole asks for all of the result in one picture.
func (u *Upscaler) start(ctx context.Context, in *picture.Picture, whole, exact bool) (*Enlargement, error) {
	s, r, err := u.fit(in.Config(), whole)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	p, err := u.method.plan(ctx, in, s, r)
	if err != nil {
		return nil, err
	}
	planning := time.Since(start).Seconds()
	j, err := newJob(in, p, u.Scale())
	if err != nil {
		return nil, err
	}
	var out *picture.Picture
	if whole {
		out = j.out.New()
	}
	e := u.begin(ctx, j, u.method.canvas(j, out, exact), planning)
	e.whole = out
	return e, nil
}

// takeLane gives a lane, an idle one if there is any.
func (u *Upscaler) takeLane() *ownLane {
	u.mu.Lock()
	defer u.mu.Unlock()
	if n := len(u.idle); n > 0 {
		l := u.idle[n-1]
		u.idle = u.idle[:n-1]
		return l
	}
	return &ownLane{lane: u.method.lane()}
}

func (u *Upscaler) giveBack(l *ownLane) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.idle) < u.threads {
		u.idle = append(u.idle, l)
	}
}

// fit chooses how a picture is cut, or tells that it is too large, and says what room there is.
func (u *Upscaler) fit(c picture.Config, whole bool) (sizing, room, error) {
	limit := u.options.Memory
	if limit <= 0 {
		limit = sysmem.Available() / 5 * 4
	}
	r := room{size: image.Pt(c.Width, c.Height), threads: u.threads}
	result := c
	result.Width, result.Height = c.Width*u.Scale(), c.Height*u.Scale()
	pictures := c.Bytes()
	if whole {
		pictures += result.Bytes()
	} else {
		r.row = result.Bytes() / int64(c.Height)
	}
	left := limit - pictures
	if left <= 0 {
		return sizing{}, r, u.tooLarge(c, pictures, limit, whole)
	}
	r.bytes, r.modest = left, !whole && u.options.Memory <= 0
	s, err := r.best(u.method.fit)
	return s, r, err
}

func (u *Upscaler) tooLarge(c picture.Config, bytes, limit int64, whole bool) error {
	if !whole {
		return fault.New(fault.TooLarge, "the picture of %dx%d takes %s of memory, more than the %s allowed: allow more memory, or cut the "+
			"picture into parts", c.Width, c.Height, formatBytes(bytes), formatBytes(limit))
	}
	return fault.New(fault.TooLarge, "the picture and its enlargement to %dx%d take %s of memory, more than the %s allowed: "+
		"allow more memory, use a smaller scale, or cut the picture into parts",
		c.Width*u.Scale(), c.Height*u.Scale(), formatBytes(bytes), formatBytes(limit))
}

func formatBytes(n int64) string { return humanize.Bytes(uint64(max(n, 0))) }

// progress makes a function that adds up what is done of the pieces and tells Options.Progress.
func (u *Upscaler) progress(p *plan) func(pixels int) {
	if u.options.Progress == nil {
		return func(int) {}
	}
	all, total := 0, p.covered.X*p.covered.Y
	for _, piece := range p.pieces {
		for band := piece.first; band < piece.end; band++ {
			top, end := p.band(band)
			all += (end - top) * piece.Core.Dx()
		}
	}
	var mu sync.Mutex
	done := 0
	return func(pixels int) {
		mu.Lock()
		defer mu.Unlock()
		done += pixels
		u.options.Progress(int(float64(total)*float64(done)/float64(all)), total)
	}
}
