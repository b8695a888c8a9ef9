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

	"classsr/imageio"
	"classsr/internal/kernel"
	"classsr/internal/par"
	"classsr/internal/sysmem"
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

// method computes colour planes of pieces.
type method interface {
	// context is how many pixels around a core are read.
	context() int
	// sizing chooses the size of cores, for work on a picture of this size by so many threads, with so many bytes together.
	sizing(picture image.Point, threads int, bytes int64) (sizing, error)
	// worker makes what a single worker needs.
	worker() enlarger
	// macs and paperFLOPs count for a piece.
	macs(window image.Point, core image.Rectangle) int64
	paperFLOPs(picture image.Point) int64
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
	enlarge(ctx context.Context, j *job, p tile.Piece, write func(colours [][]float32, r image.Rectangle)) error
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
		u.mode = ModeFull
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
	if u.model.file == nil {
		if u.mode != ModeFull {
			return fmt.Errorf("%s has no mode but %s", Bicubic, ModeFull)
		}
		u.method, u.class = bicubic{u.scale}, Bicubic
		u.full = u.method
		return nil
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

// Upscale enlarges a picture. The result has the picture's colours (gray stays gray), depth and alpha. It returns an error if
// the work would take more memory than allowed, or ctx's error as soon as ctx is done.
func (u *Upscaler) Upscale(ctx context.Context, in *imageio.Picture) (*imageio.Picture, Report, error) {
	size := image.Pt(in.Width, in.Height)
	sizing, err := u.plan(in.Config())
	if err != nil {
		return nil, Report{}, err
	}
	pieces := tile.Cover(size, sizing.core, u.method.context())
	out := imageio.New(in.Width*u.scale, in.Height*u.scale, in.Colors, in.Alpha, in.Depth)
	bicubic, err := resample.New(size.X, size.Y, out.Width, out.Height, resample.Original)
	if err != nil {
		return nil, Report{}, err
	}
	job := &job{in: in, out: out, scale: u.scale, bicubic: bicubic, bytes: sizing.bytes, threads: sizing.threads, progress: u.progress(size)}
	start := time.Now()
	workers := u.takeWorkers(min(sizing.workers, len(pieces)))
	defer u.giveBack(workers)
	err = par.Do(ctx, len(workers), len(pieces), func(worker, i int) error {
		return job.do(ctx, workers[worker], pieces[i])
	})
	if err != nil {
		return nil, Report{}, err
	}
	seconds := time.Since(start).Seconds()
	report := u.report(size, pieces)
	report.Seconds.Network = seconds
	return out, report, nil
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
func (u *Upscaler) Accepts(c imageio.Config) error {
	_, err := u.plan(c)
	return err
}

// plan chooses the size of cores, or tells that the picture is too large.
func (u *Upscaler) plan(c imageio.Config) (sizing, error) {
	limit := u.options.Memory
	if limit <= 0 {
		limit = sysmem.Available() / 5 * 4
	}
	channels := int64(c.Colors)
	if c.Alpha {
		channels++
	}
	pictures := int64(c.Width) * int64(c.Height) * channels * int64(c.Depth/8) * int64(1+u.scale*u.scale)
	if pictures >= limit {
		return sizing{}, fmt.Errorf("the picture and its enlargement to %dx%d take %s of memory, of %s allowed: "+
			"use a smaller scale, or cut the picture", c.Width*u.scale, c.Height*u.scale, formatBytes(pictures), formatBytes(limit))
	}
	return u.method.sizing(image.Pt(c.Width, c.Height), u.threads, limit-pictures)
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

func (u *Upscaler) report(size image.Point, pieces []tile.Piece) Report {
	r := Report{
		Width: size.X, Height: size.Y, OutWidth: size.X * u.scale, OutHeight: size.Y * u.scale,
		Model: u.model.name, Scale: u.scale, Mode: u.mode, Kernel: u.kernel, Threads: u.threads,
		Classes:           []ClassShare{{u.class, 1}},
		MACsFull:          u.full.macs(size, image.Rectangle{Max: size}),
		PaperFLOPsPercent: 100,
	}
	type shape struct {
		window image.Point
		core   image.Rectangle
	}
	known := map[shape]int64{} // most pieces have the same shape, and counting takes a while
	for _, p := range pieces {
		s := shape{p.Window.Size(), p.Core.Sub(p.Window.Min)}
		if _, ok := known[s]; !ok {
			known[s] = u.method.macs(s.window, s.core)
		}
		r.MACs += known[s]
	}
	if full := u.full.paperFLOPs(size); full > 0 {
		r.PaperFLOPsPercent = 100 * float64(u.method.paperFLOPs(size)) / float64(full)
	}
	return r
}
