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
//	rows elsewhere      -> Split decides (split.go), Parts compute by a Brief (parts.go), with the bits of the whole
//	pictures in a row   -> Sequence computes what has changed (sequence.go, scene.go, recompute.go)
//
// The package reads no files and knows none of the built-in models.
package infer

import (
	"context"
	"errors"
	"image"
	"io"
	"sync"

	"classsr/branch"
	"classsr/budget"
	"classsr/cost"
	"classsr/fault"
	"classsr/internal/kernel"
	"classsr/internal/par"
	"classsr/internal/stopwatch"
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
	denoise *float64       // the strength with which the model was made; nil if nothing was chosen
	full    *branch.Branch // the network at full width, for comparison; nil for bicubic interpolation
	speed   *speed         // of full

	budget *budget.Budget
	lanes  *idleLanes // kept from one picture to the next
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
	u := &Upscaler{name: name, options: o, threads: par.Threads(o.Threads), kernel: set, budget: o.budget(), lanes: &idleLanes{}}
	u.mode, u.method, u.full, err = newMethod(m, name, o)
	if err != nil {
		return nil, fault.Default(fault.Usage, err)
	}
	if m != nil {
		u.denoise = m.Strength
	}
	u.speed = &speed{}
	if r, routes := u.method.(*routed); routes {
		u.speed = r.speed
	}
	return u, nil
}

// Scale is how many times the Upscaler enlarges.
func (u *Upscaler) Scale() int { return u.options.Scale }

// Mode is the mode in use, also if the options left it open; BranchMode(k) if the options chose branch k.
func (u *Upscaler) Mode() Mode { return u.mode }

// FullMACs is the multiply-accumulates of the full network on a picture of so many pixels, each once; 0 for interpolation.
func (u *Upscaler) FullMACs(width, height int) int64 {
	if u.full == nil {
		return 0
	}
	return u.full.MACs(image.Pt(width, height))
}

// Accepts tells whether a picture of this form can be enlarged band by band, before it is decoded: it returns the errors of Claim, without
// waiting, or nil.
func (u *Upscaler) Accepts(c picture.Config) error {
	_, _, err := u.fit(c, 0, kept{})
	return err
}

// AcceptsRows tells whether a picture of this form can be enlarged in rows, as Accepts does: it returns the errors of ClaimRows, without waiting.
func (u *Upscaler) AcceptsRows(c picture.Config) error {
	if err := u.slides(c); err != nil {
		return err
	}
	_, _, err := u.fit(c, 0, kept{rows: true})
	return err
}

// Begin begins to enlarge a picture. The result is Scale times as wide and high and has the picture's colours (gray stays gray), depth and
// alpha, and comes band by band, so that it need not be in memory as a whole. The picture must not be changed before the Enlargement is
// closed. claim is a Claim for a picture of this form, or nil to make one now, whose errors are returned then. In ModePaper the right and
// lower edges are left out as the paper does, and a picture with a side of less than 32 pixels is an error. It returns ctx's error if ctx is
// done. After an error the claim is released.
func (u *Upscaler) Begin(ctx context.Context, in *picture.Picture, claim *Claim) (*Enlargement, error) {
	if claim == nil {
		var err error
		if claim, err = u.Claim(ctx, in.Config(), Beside{}); err != nil {
			return nil, err
		}
	}
	return u.start(ctx, in, claim, false)
}

// BeginRows begins to enlarge a picture as Begin does, of which open gives the rows from top to bottom as often as it is called: once for each
// look at the picture before it is enlarged, and then while it is. Only a few rows of it are in memory at a time. The result has the bits of
// Begin. All rows are read before the first one of the result comes, so what cannot be read shows before; if the rows are others later, so is
// the result. claim is a ClaimRows for a picture of this form.
func (u *Upscaler) BeginRows(ctx context.Context, open func() (picture.RowSource, error), claim *Claim) (*Enlargement, error) {
	return u.start(ctx, picture.NewWindow(claim.config, open), claim, false)
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
	claim, err := u.claim(ctx, in.Config(), Beside{}, kept{whole: true})
	if err != nil {
		return nil, err
	}
	e, err := u.start(ctx, in, claim, exact)
	if err != nil {
		return nil, err
	}
	for err == nil {
		_, err = e.NextRows()
	}
	defer func() { _ = e.Close() }()
	if errors.Is(err, ErrUntrusted) {
		_ = e.Close()
		return u.Enlarge(ctx, in, exact) // the device is not used again
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

// start decides everything about a picture and begins the work.
func (u *Upscaler) start(ctx context.Context, in branch.Source, c *Claim, exact bool) (e *Enlargement, err error) {
	complete := false
	defer func() {
		if !complete { // after a panic, too: others wait for what is reserved
			c.Release()
		}
	}()
	if in.Config() != c.config || c.up != u || c.kept.part > 0 || c.kept.split > 0 {
		panic("infer: a claim for another picture")
	}
	watch := stopwatch.Start()
	v, p, err := u.decide(ctx, in, c)
	if err != nil {
		return nil, err
	}
	d := u.onDevice(ctx, c, v, p)
	planning := watch.Elapsed().Seconds()
	if v.window != nil {
		v.window.Begin(max(p.windowRows(), d.windowRows()))
	}
	e, err = u.run(ctx, c, v, p, d, exact, planning)
	complete = err == nil
	return e, err
}

// run starts the workers by a plan, which took so many seconds, or has a device compute it as long as that goes well.
func (u *Upscaler) run(ctx context.Context, c *Claim, v view, p *plan, d *deviceRun, exact bool, planning float64) (*Enlargement, error) {
	first := p
	if d.computes() {
		first = d.plan
	}
	j, err := newJob(v, first, u.Scale())
	if err != nil {
		return nil, err
	}
	var out *picture.Picture
	if c.kept.whole {
		out = j.out.New()
	}
	e := u.newEnlargement(ctx, c, j, u.method.canvas(j, out, exact), planning, u.progress(first))
	e.whole, e.device, e.processor = out, d, p
	e.start()
	return e, nil
}

// decide looks at the picture and makes the plan, within the memory that was claimed, and gives back what it does not need.
func (u *Upscaler) decide(ctx context.Context, in branch.Source, c *Claim) (view, *plan, error) {
	var p *plan
	v, err := u.study(ctx, in, func(in branch.Source) (err error) {
		p, err = u.method.plan(ctx, in, c.sizing, c.claimed())
		return err
	})
	if err != nil {
		return view{}, nil, err
	}
	if !u.wantsDevice() { // else that is known when it is planned, too
		c.reserved.Resize(c.bytes(p.sizing))
	}
	return v, p, nil
}

// study looks at the picture and then has something decided about what networks see of it, on all cores of the Upscaler.
func (u *Upscaler) study(ctx context.Context, in branch.Source, decide func(seen branch.Source) error) (view, error) {
	if err := u.budget.AcquireThreads(ctx, u.threads); err != nil {
		return view{}, err
	}
	defer u.budget.ReleaseThreads(u.threads)
	v, err := u.look(ctx, in)
	if err != nil {
		return view{}, err
	}
	v.lookAgain()
	if err = decide(v.source); err == nil {
		err = v.err()
	}
	return v, err
}

// progress makes a function that adds up what is done of the pieces and tells Options.Progress.
func (u *Upscaler) progress(p *plan) func(pixels int, _ int64) {
	if u.options.Progress == nil {
		return func(int, int64) {}
	}
	all, total := p.pixels(), p.covered.X*p.rows()
	var mu sync.Mutex
	done := 0
	return func(pixels int, _ int64) {
		mu.Lock()
		defer mu.Unlock()
		done += pixels
		u.options.Progress(int(float64(total)*float64(min(done, all))/float64(all)), total) // after a device failed, some are computed again
	}
}
