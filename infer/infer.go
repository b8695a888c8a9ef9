// Package infer enlarges pictures with the networks of a model.
//
// An Upscaler is made for a model and Options. For each picture it makes a plan, in which everything is decided: how the picture is cut
// into pieces, which class each part has, which memory is taken. Then its workers compute the pieces, and a canvas gathers the results.
// What the modes do differently is in their methods (method.go), and nowhere else.
//
//	options, files      -> Upscaler
//	picture             -> plan: sizing, classes, pieces (routed.go, single.go, paper.go, bicubic.go)
//	plan                -> workers: strips with real context, blended at the borders between classes (stripworker.go)
//	results             -> canvas: into the picture, or the paper's mean of sub-images (canvas.go, mean.go)
//
// The package reads no files and knows none of the built-in models.
package infer

import (
	"context"
	"image"
	"slices"
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
	idle []*worker // kept from one picture to the next
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

// Accepts tells whether a picture of this form can be enlarged, before it is decoded. It returns an error of kind fault.TooLarge if that
// takes more memory than allowed, and one of kind fault.Unsupported if the picture is too small for the mode; nil otherwise.
func (u *Upscaler) Accepts(c picture.Config) error {
	_, err := u.fit(c)
	return err
}

// Upscale enlarges a picture. The result is Scale times as wide and high and has the picture's colours (gray stays gray), depth and alpha.
// It returns the errors of Accepts, or ctx's error as soon as ctx is done. In ModePaper the right and lower edges are left out as the
// paper does, and a picture with a side of less than 32 pixels is an error.
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
	s, err := u.fit(in.Config())
	if err != nil {
		return nil, err
	}
	start := time.Now()
	p, err := u.method.plan(ctx, in, u.threads, s)
	if err != nil {
		return nil, err
	}
	planning := time.Since(start).Seconds()
	j, err := newJob(in, p, u.Scale(), u.progress(p.covered))
	if err != nil {
		return nil, err
	}
	c := u.method.canvas(j)
	start = time.Now()
	if err := u.compute(ctx, j, c); err != nil {
		return nil, err
	}
	computing := time.Since(start).Seconds()
	e := &Enlarged{Picture: j.out, Exact: c.finish(exact), Report: u.report(p), plan: p}
	e.Report.Seconds.Network = computing
	if p.choice != nil {
		e.Report.Seconds.Route = planning
	}
	return e, nil
}

// compute computes all pieces of a job.
func (u *Upscaler) compute(ctx context.Context, j *job, c canvas) error {
	pieces := j.plan.pieces
	workers := u.takeWorkers(min(j.plan.workers, len(pieces)))
	defer u.giveBack(workers)
	return par.Do(ctx, len(workers), len(pieces), func(i, p int) error {
		w := workers[i]
		return w.enlarge(ctx, j, &pieces[p], func(colours [][]float32, r image.Rectangle) { c.add(w, colours, r) })
	})
}

// takeWorkers gives n workers, idle ones first.
func (u *Upscaler) takeWorkers(n int) []*worker {
	u.mu.Lock()
	defer u.mu.Unlock()
	taken := min(n, len(u.idle))
	workers := slices.Clone(u.idle[:taken])
	u.idle = slices.Delete(u.idle, 0, taken)
	for len(workers) < n {
		workers = append(workers, &worker{enlarger: u.method.worker()})
	}
	return workers
}

func (u *Upscaler) giveBack(workers []*worker) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.idle = append(u.idle, workers...)
	u.idle = u.idle[:min(len(u.idle), u.threads)] // concurrent calls had more
}

// fit chooses the size of cores, or tells that the picture is too large.
func (u *Upscaler) fit(c picture.Config) (sizing, error) {
	limit := u.options.Memory
	if limit <= 0 {
		limit = sysmem.Available() / 5 * 4
	}
	pictures := u.pictureBytes(c)
	if pictures >= limit {
		return sizing{}, fault.New(fault.TooLarge, "the picture and its enlargement to %dx%d take %s of memory, more than the %s allowed: "+
			"allow more memory, use a smaller scale, or cut the picture into parts",
			c.Width*u.Scale(), c.Height*u.Scale(), formatBytes(pictures), formatBytes(limit))
	}
	return u.method.fit(image.Pt(c.Width, c.Height), u.threads, limit-pictures)
}

// pictureBytes is what a picture and its enlargement take.
func (u *Upscaler) pictureBytes(c picture.Config) int64 {
	channels := int64(c.Colors)
	if c.Alpha {
		channels++
	}
	return int64(c.Width) * int64(c.Height) * channels * int64(c.Depth/8) * int64(1+u.Scale()*u.Scale())
}

func formatBytes(n int64) string { return humanize.Bytes(uint64(max(n, 0))) }

// progress makes a function that adds up what is done and tells Options.Progress.
func (u *Upscaler) progress(size image.Point) func(resultPixels int) {
	if u.options.Progress == nil {
		return func(int) {}
	}
	var mu sync.Mutex
	done := 0
	return func(resultPixels int) {
		mu.Lock()
		defer mu.Unlock()
		done += resultPixels
		u.options.Progress(done/(u.Scale()*u.Scale()), size.X*size.Y)
	}
}
