package classsr

import (
	"context"
	"fmt"
	"image"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize"

	"classsr/internal/kernel"
	"classsr/internal/par"
	"classsr/internal/sysmem"
	"classsr/picture"
	"classsr/resample"
	"classsr/tile"
)

// Upscaler enlarges pictures with a model. It may be used by several goroutines at once; each call uses Options.Threads cores.
type Upscaler struct {
	model   *Model
	options Options
	scale   int
	threads int
	mode    string
	class   string // of the branch that runs
	kernel  string
	method  method

	mu   sync.Mutex
	idle []*worker // kept from one picture to the next
	// full is the method of the full-width branch, for comparison.
	full method
}

// piece is a part of a picture that one branch computes in one go.
type piece struct {
	tile.Piece
	class int // of the branch; 0 if there is only one
	// masks, if not nil, is what the branches of all classes compute of it; nil where a class has nothing to do.
	masks []*part
	macs  int64 // that were done, counted by who has masks
}

// whole is a picture in one piece.
func whole(picture image.Point) piece {
	all := image.Rectangle{Max: picture}
	return piece{Piece: tile.Piece{Core: all, Window: all}}
}

// cover cuts a picture into pieces of a single class.
func cover(picture, core image.Point, context int) []piece {
	var pieces []piece
	for _, p := range tile.Cover(picture, core, context) {
		pieces = append(pieces, piece{Piece: p})
	}
	return pieces
}

// method computes colour planes of pieces.
type method interface {
	// sizing chooses the size of cores, for work on a picture of this size by so many threads, with so many bytes together.
	sizing(picture image.Point, threads int, bytes int64) (sizing, error)
	// cut gives the pieces that the picture is computed in. The choice says their classes; it is nil for methods that know none.
	cut(picture image.Point, s sizing, c *choice) []piece
	// worker makes what a single worker needs.
	worker() enlarger
	// macs counts for a piece, patchFLOPs as the paper does for a patch, on the mean over the choice.
	macs(p piece) int64
	patchFLOPs(c *choice) float64
}

// sizing is how a picture is cut.
type sizing struct {
	core    image.Point // largest size of cores
	workers int         // that there is memory for, at most the threads asked for
	threads int         // that work on one piece together; 0 stands for one
	bytes   int64       // that a worker takes for a piece with all its context
}

// enlarger computes pieces, one at a time.
type enlarger interface {
	// enlarge computes a piece of the job's picture and hands its colour planes to write, values in 0..1, rectangle by
	// rectangle (of the result) from top to bottom. The planes may be reused afterwards.
	enlarge(ctx context.Context, j *job, p *piece, write func(colours [][]float32, r image.Rectangle)) error
}

// routing is a method that chooses a class for each core.
type routing interface {
	method
	// route chooses the classes of the picture's cores.
	route(ctx context.Context, in *picture.Picture, threads int, s sizing) (*choice, error)
	// covered is the part of a picture, from the upper left corner on, that is enlarged.
	covered(picture image.Point) image.Point
}

// Upscaler makes an Upscaler. It returns an error if the model cannot do what the options ask for.
func (m *Model) Upscaler(o Options) (*Upscaler, error) {
	u := &Upscaler{model: m, options: o, scale: o.Scale, threads: par.Threads(o.Threads), mode: o.Mode}
	if u.scale == 0 {
		u.scale = m.scales[0]
	}
	if !slices.Contains(m.scales, u.scale) {
		return nil, fmt.Errorf("%s enlarges %s times, not %d; %s enlarges %s times",
			m.name, listScales(m.scales), u.scale, Bicubic, listScales(bicubicScales))
	}
	if u.mode == "" {
		u.mode = m.defaultMode()
	}
	var err error
	if u.kernel, err = kernel.Select(); err != nil {
		return nil, err
	}
	if err := u.chooseMethod(); err != nil {
		return nil, err
	}
	return u, nil
}

// chooseMethod sets what the mode runs, and what it is compared with.
func (u *Upscaler) chooseMethod() error {
	if o := u.options; u.mode != ModeRouted && (o.Budget != 0 || o.MaxTime != 0 || o.Quality != 0 || o.Router != "") {
		return fmt.Errorf("budget, time, quality and router are for mode %s, and %s is in mode %s", ModeRouted, u.model.name, u.mode)
	}
	if u.model.file == nil {
		if u.mode != ModeFull {
			return fmt.Errorf("%s has no mode but %s", Bicubic, ModeFull)
		}
		u.method, u.class = bicubic{u.scale}, Bicubic
		u.full = u.method
		return nil
	}
	if u.mode == ModeRouted || u.mode == ModePaper {
		return u.chooseRouting()
	}
	branch, class, err := u.model.branch(u.mode)
	if err != nil {
		return err
	}
	network, err := newNetwork(branch, u.scale)
	if err != nil {
		return err
	}
	u.method, u.class, u.full = network, class, network
	if u.mode != ModeFull {
		u.full, err = newNetwork(u.model.file.Full(), u.scale)
	}
	return err
}

// chooseRouting sets what ModeRouted and ModePaper run.
func (u *Upscaler) chooseRouting() error {
	if !u.model.HasClasses() {
		return fmt.Errorf("mode %s: %s has no classes to choose from; use mode %s", u.mode, u.model.name, ModeFull)
	}
	if u.mode == ModePaper {
		r, err := newRouter(u.model.file, u.scale)
		if err != nil {
			return err
		}
		u.method, u.full = paper{r}, r.branches[len(r.branches)-1]
		return nil
	}
	r, err := newRouted(u.model.file, u.scale, u.options)
	if err != nil {
		return err
	}
	u.method, u.full = r, r.full()
	return nil
}

// listScales writes scales in their order, for messages.
func listScales(scales []int) string {
	var texts []string
	for _, s := range slices.Sorted(slices.Values(scales)) {
		texts = append(texts, strconv.Itoa(s))
	}
	return strings.Join(texts, ", ")
}

// Scale is the enlargement.
func (u *Upscaler) Scale() int { return u.scale }

// Mode is the mode that was chosen, also where the options left it open.
func (u *Upscaler) Mode() string { return u.mode }

// Upscale enlarges a picture. The result has the picture's colours (gray stays gray), depth and alpha. It returns an error if
// the work would take more memory than allowed, or ctx's error as soon as ctx is done. In ModePaper the right and lower edges are
// left out as the paper does, and a picture smaller than a sub-image is an error.
func (u *Upscaler) Upscale(ctx context.Context, in *picture.Picture) (*picture.Picture, Report, error) {
	if u.mode == ModePaper {
		return u.upscaleAsPaper(ctx, in)
	}
	sizing, err := u.plan(in.Config())
	if err != nil {
		return nil, Report{}, err
	}
	job, err := u.newJob(in)
	if err != nil {
		return nil, Report{}, err
	}
	report, err := u.compute(ctx, job, sizing, func(w *worker, colours [][]float32, r image.Rectangle) {
		job.write(w, colours, r)
		job.progress(r.Dx() * r.Dy())
	})
	if err != nil {
		return nil, Report{}, err
	}
	return job.out, report, nil
}

// newJob prepares the enlarging of a picture whose plan has been made.
func (u *Upscaler) newJob(in *picture.Picture) (*job, error) {
	size := image.Pt(in.Width, in.Height)
	bicubic, err := resample.New(size.X, size.Y, size.X*u.scale, size.Y*u.scale, resample.Original)
	if err != nil {
		return nil, err
	}
	covered := u.covered(size)
	out := picture.New(covered.X*u.scale, covered.Y*u.scale, in.Colors, in.Alpha, in.Depth)
	return &job{in: in, out: out, scale: u.scale, bicubic: bicubic, progress: u.progress(covered)}, nil
}

// covered is the part of a picture that is enlarged.
func (u *Upscaler) covered(picture image.Point) image.Point {
	if r, ok := u.method.(routing); ok {
		return r.covered(picture)
	}
	return picture
}

// compute computes all pieces of a job and hands their rectangles of the result to take, from several goroutines.
func (u *Upscaler) compute(ctx context.Context, j *job, s sizing,
	take func(w *worker, colours [][]float32, r image.Rectangle)) (Report, error) {
	j.bytes, j.threads = s.bytes, s.threads
	size := image.Pt(j.in.Width, j.in.Height)
	start := time.Now()
	if r, ok := u.method.(routing); ok {
		var err error
		if j.choice, err = r.route(ctx, j.in, u.threads, s); err != nil {
			return Report{}, err
		}
	}
	routed := time.Now()
	pieces := u.method.cut(size, s, j.choice)
	workers := u.takeWorkers(min(s.workers, len(pieces)))
	defer u.giveBack(workers)
	err := par.Do(ctx, len(workers), len(pieces), func(i, p int) error {
		w := workers[i]
		return w.enlarge(ctx, j, &pieces[p], func(colours [][]float32, r image.Rectangle) { take(w, colours, r) })
	})
	if err != nil {
		return Report{}, err
	}
	network := time.Since(routed).Seconds()
	report := u.report(size, pieces, j.choice)
	report.Seconds.Network = network
	if j.choice != nil {
		report.Seconds.Route = routed.Sub(start).Seconds()
	}
	return report, nil
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

// Accepts returns an error if a picture like that is too large for the memory allowed, so that it need not be decoded first.
func (u *Upscaler) Accepts(c picture.Config) error {
	_, err := u.plan(c)
	return err
}

// plan chooses the size of cores, or tells that the picture is too large.
func (u *Upscaler) plan(c picture.Config) (sizing, error) {
	limit := u.options.Memory
	if limit <= 0 {
		limit = sysmem.Available() / 5 * 4
	}
	pictures := u.pictureBytes(c)
	if pictures >= limit {
		return sizing{}, fmt.Errorf("the picture and its enlargement to %dx%d take %s of memory, of %s allowed: "+
			"use a smaller scale, or cut the picture", c.Width*u.scale, c.Height*u.scale, formatBytes(pictures), formatBytes(limit))
	}
	return u.method.sizing(image.Pt(c.Width, c.Height), u.threads, limit-pictures)
}

// pictureBytes is what a picture and its enlargement take.
func (u *Upscaler) pictureBytes(c picture.Config) int64 {
	channels := int64(c.Colors)
	if c.Alpha {
		channels++
	}
	return int64(c.Width) * int64(c.Height) * channels * int64(c.Depth/8) * int64(1+u.scale*u.scale)
}

// workerMemory is what a worker may take for intermediate results where memory is no concern.
const workerMemory = 96 << 20

func formatBytes(n int64) string { return humanize.Bytes(uint64(max(n, 0))) }

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
		u.options.Progress(done/(u.scale*u.scale), size.X*size.Y)
	}
}

// report tells what was done; the choice is nil if there was no routing.
func (u *Upscaler) report(size image.Point, pieces []piece, c *choice) Report {
	covered := u.covered(size)
	r := Report{
		Width: size.X, Height: size.Y, OutWidth: covered.X * u.scale, OutHeight: covered.Y * u.scale,
		Model: u.model.name, Scale: u.scale, Mode: u.mode, Kernel: u.kernel, Threads: u.threads,
		MACsFull:          u.full.macs(whole(covered)),
		PaperFLOPsPercent: 100,
	}
	if c != nil {
		r.MACs, r.Route, r.FullBecause = c.routerMACs, c.Map, c.fullBecause
		for class, share := range c.Shares() {
			r.Classes = append(r.Classes, ClassShare{c.Names[class], share})
		}
	} else {
		r.Classes = []ClassShare{{u.class, 1}}
	}
	type shape struct {
		window image.Point
		core   image.Rectangle
		class  int
	}
	known := map[shape]int64{} // many pieces have the same shape, and counting takes a while
	for _, p := range pieces {
		if p.masks != nil {
			r.MACs += p.macs
			continue
		}
		s := shape{p.Window.Size(), p.Core.Sub(p.Window.Min), p.class}
		if _, ok := known[s]; !ok {
			known[s] = u.method.macs(p)
		}
		r.MACs += known[s]
	}
	if full := u.full.patchFLOPs(nil); full > 0 {
		r.PaperFLOPsPercent = 100 * u.method.patchFLOPs(c) / full
	}
	return r
}
