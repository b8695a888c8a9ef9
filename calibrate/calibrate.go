// Package calibrate measures how much quality the branches of a model lose on content of each difficulty. Routers choose classes by that.
//
//	c, err := calibrate.New(model, threads)
//	c.Add(ctx, lr, hr) // for each pair of pictures
//	c.AddPage(ctx, page) // for each page, if there are any
//	c.Fit()
//	c.Try(ctx, lr, hr) // for each pair of pictures again
//	calibrated, err := c.Finish()
//
// Folders does all of this with the pictures of folders. Do not use the pictures that the model is tested on.
package calibrate

import (
	"cmp"
	"context"
	"encoding/json"
	"image"
	"math"
	"slices"

	"classsr"
	"classsr/branch"
	"classsr/fault"
	"classsr/internal/par"
	"classsr/internal/sysmem"
	"classsr/picture"
	"classsr/route"
	"classsr/tile"
)

// Calibrator measures a model. Give all pictures to Add and all pages to AddPage, call Fit, give all of them to Try, and call Finish.
type Calibrator struct {
	// Quality is how many dB may be lost by default with the calibrated model, at most 10; 0 stands for route.DefaultQuality. Set it before Fit.
	Quality float64

	model    *classsr.Model
	set      *branch.Set
	branches []*classsr.Upscaler // of the classes
	classes  []string
	threads  int
	memory   int64                     // that Folders may take for a picture and its results
	samples  map[string][]route.Sample // by router and size of cores
	pictures int                       // that were added
	settings []routerSetting
	sharp    []float64 // by class, but the last: route.Table.Sharp; nil without pages
	tables   route.Calibration
	trials   []*trial
}

// routerSetting is a router with a size of cores.
type routerSetting struct {
	router string
	core   int
}

// tableLevels is how many difficulties a table has.
const tableLevels = 24

// New makes a Calibrator that uses so many cores; 0 means all. It returns an error of kind fault.Usage if the model has no classes.
func New(m *classsr.Model, threads int) (*Calibrator, error) {
	if !m.HasClasses() {
		return nil, fault.New(fault.Usage, "%s has no classes to choose from, so there is nothing to calibrate", m.Name())
	}
	c := &Calibrator{model: m, threads: par.Threads(threads), memory: sysmem.Allowed(0), samples: map[string][]route.Sample{}}
	c.settings = []routerSetting{{route.Edge, edgeCore}, {route.ClassModule, branch.SubImage}}
	scale := m.Scales()[0]
	var err error
	if c.set, err = branch.NewSet(m.Weights(), scale); err != nil {
		return nil, err
	}
	if !m.Weights().Branches[0].Spec.Interpolates() {
		plain, err := classsr.Open(classsr.Bicubic)
		if err != nil {
			return nil, err
		}
		if err := c.add(plain, classsr.Bicubic, classsr.Options{Scale: scale, Threads: threads}); err != nil {
			return nil, err
		}
	}
	for k, name := range m.Weights().Classes {
		if err := c.add(m, name, classsr.Options{Branch: k + 1, Threads: threads}); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// add adds a class, computed by an Upscaler of a model with these options.
func (c *Calibrator) add(m *classsr.Model, name string, o classsr.Options) error {
	u, err := m.Upscaler(o)
	if err != nil {
		return err
	}
	c.branches, c.classes = append(c.branches, u), append(c.classes, name)
	return nil
}

// edgeCore is the side of the cores that route.Edge is calibrated for.
const edgeCore = 32

// Add enlarges lr with each branch and compares the results with hr, which must be as many times as large as the model enlarges by default.
// It returns an error if lr cannot be enlarged, and ctx's error if ctx is done.
func (c *Calibrator) Add(ctx context.Context, lr, hr *picture.Picture) error {
	var outs []*picture.Picture
	for _, u := range c.branches {
		out, _, err := u.Upscale(ctx, lr)
		if err != nil {
			return err
		}
		outs = append(outs, out)
	}
	size := image.Pt(lr.Width, lr.Height)
	for _, s := range c.settings {
		grid := route.Grid{Xs: tile.Cuts(size.X, s.core), Ys: tile.Cuts(size.Y, s.core)}
		cores := grid.Cores()
		difficulties, err := c.difficulties(ctx, lr, s.router, cores)
		if err != nil {
			return err
		}
		for i, core := range cores {
			sample := route.Sample{Picture: c.pictures, Difficulty: difficulties[i], Pixels: core.Dx() * core.Dy()}
			scale := c.branches[0].Scale()
			r := image.Rectangle{Min: core.Min.Mul(scale), Max: core.Max.Mul(scale)}
			for _, out := range outs {
				sample.Errors = append(sample.Errors, squaredError(out, hr, r))
			}
			c.samples[s.router] = append(c.samples[s.router], sample)
		}
	}
	c.pictures++
	return nil
}

func (c *Calibrator) difficulties(ctx context.Context, lr *picture.Picture, router string, cores []image.Rectangle) ([]float64, error) {
	var difficulties []float64
	if router == route.Edge {
		edges, err := branch.Edges(ctx, lr, cores, branch.EdgeBlock, c.threads)
		for _, e := range edges {
			difficulties = append(difficulties, e.Difficulty)
		}
		return difficulties, err
	}
	scores, err := c.set.Classify(ctx, lr, cores, c.threads)
	for _, s := range scores {
		difficulties = append(difficulties, branch.ModuleDifficulty(s))
	}
	return difficulties, err
}

// squaredError is the mean squared error of two pictures in a rectangle, over all colours, of samples of 0..255.
func squaredError(a, b *picture.Picture, r image.Rectangle) float64 {
	n := r.Dx() * r.Dy()
	planeA, planeB := make([]float32, n), make([]float32, n)
	sum := 0.0
	for c := range a.Colors {
		a.ReadPlane(planeA, c, r)
		b.ReadPlane(planeB, c, r)
		for i, v := range planeA {
			d := float64(v-planeB[i]) * 255
			sum += d * d
		}
	}
	return sum / float64(n*a.Colors)
}

// Fit makes the tables of errors from what was added. It returns an error if nothing was.
func (c *Calibrator) Fit() error {
	for _, s := range c.settings {
		t, err := route.NewTable(s.router, s.core, c.classes, c.samples[s.router], tableLevels)
		if err != nil {
			return err
		}
		t.Block, t.Sharp, t.Quality = branch.EdgeBlock, c.sharp, c.Quality
		c.tables = append(c.tables, t)
	}
	fitted, err := c.withTables()
	if err != nil {
		return err
	}
	for _, t := range c.tables {
		for _, allowed := range triedLosses {
			u, err := fitted.Upscaler(classsr.Options{Mode: classsr.ModeRouted, Router: t.Router, Quality: allowed, Threads: c.threads})
			if err != nil {
				return err
			}
			c.trials = append(c.trials, &trial{up: u, table: t, allowed: allowed})
		}
	}
	return nil
}

// triedLosses are the losses, in dB, that are allowed to see what they come to.
var triedLosses = []float64{0.005, 0.015, 0.03, 0.05, 0.1, 0.3}

// trial is what comes of an allowed loss.
type trial struct {
	up      *classsr.Upscaler
	table   *route.Table
	allowed float64
	// Sums over the pictures: dB lost, and nanoseconds by the costs.
	lost, cost float64
	pictures   int
}

// Try enlarges a picture with several allowed losses, to measure how many dB it really loses.
func (c *Calibrator) Try(ctx context.Context, lr, hr *picture.Picture) error {
	full := c.branches[len(c.branches)-1]
	best, _, err := full.Upscale(ctx, lr)
	if err != nil {
		return err
	}
	want := squaredError(best, hr, hr.Bounds())
	for _, t := range c.trials {
		e, err := t.up.Enlarge(ctx, lr, false)
		if err != nil {
			return err
		}
		got := squaredError(e.Picture, hr, hr.Bounds())
		if want == 0 || got == 0 {
			continue // nothing to be lost
		}
		t.lost += max(0, 10*math.Log10(got/want)) // what is gained on one picture is no comfort on another
		t.cost += e.Nanoseconds()
		t.pictures++
	}
	return nil
}

// Finish gives the model with its calibration. Its default router is the one that is cheaper at the default quality.
func (c *Calibrator) Finish() (*classsr.Model, error) {
	costs := map[*route.Table]float64{}
	for _, table := range c.tables {
		highest := 0.0
		for _, t := range c.trials {
			if t.table != table || t.pictures == 0 {
				continue
			}
			lost := t.lost / float64(t.pictures)
			if lost <= table.DefaultQuality() || costs[table] == 0 {
				costs[table] = t.cost
			}
			if lost > highest {
				table.Allowed, table.Lost = append(table.Allowed, t.allowed), append(table.Lost, lost)
				highest = lost
			}
		}
	}
	slices.SortStableFunc(c.tables, func(a, b *route.Table) int { return cmp.Compare(costs[a], costs[b]) })
	return c.withTables()
}

// withTables gives the model with the tables as they are.
func (c *Calibrator) withTables() (*classsr.Model, error) {
	text, err := json.Marshal(c.tables)
	if err != nil {
		return nil, err
	}
	file := *c.model.Weights()
	file.Routing = string(text)
	return classsr.ModelOf(&file), nil
}
