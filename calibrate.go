package classsr

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"math"
	"slices"

	"classsr/internal/par"
	"classsr/picture"
	"classsr/route"
	"classsr/tile"
)

// Calibrator measures what the branches of a model lose on content of a difficulty, for its routers to choose by. Pictures for it must not
// be those that the model is tested on. First all pictures go to Add, then Fit is called, then all of them go to Try.
type Calibrator struct {
	model    *Model
	router   *router
	branches []*Upscaler // of the classes
	classes  []string
	threads  int
	samples  map[string][]route.Sample // by router and size of cores
	settings []routerSetting
	tables   calibration
	trials   []*trial
}

// routerSetting is a router with a size of cores.
type routerSetting struct {
	router string
	core   int
}

// tableLevels is how many difficulties a table has.
const tableLevels = 24

// NewCalibrator makes a Calibrator that uses so many cores; 0 means all. It returns an error if the model has no classes.
func NewCalibrator(m *Model, threads int) (*Calibrator, error) {
	if !m.HasClasses() {
		return nil, fmt.Errorf("%s has no classes to choose from, so there is nothing to calibrate", m.name)
	}
	c := &Calibrator{model: m, threads: par.Threads(threads), samples: map[string][]route.Sample{}}
	c.settings = []routerSetting{{RouterEdge, edgeCore}, {RouterClassModule, subImage}}
	r, err := newRouter(m.file, m.scales[0])
	if err != nil {
		return nil, err
	}
	c.router = r
	if !m.file.Branches[0].Spec.Interpolates() {
		u, err := (&Model{name: Bicubic, scales: bicubicScales}).Upscaler(Options{Scale: m.scales[0], Threads: threads})
		if err != nil {
			return nil, err
		}
		c.branches, c.classes = append(c.branches, u), append(c.classes, Bicubic)
	}
	for k, name := range m.file.Classes {
		u, err := m.Upscaler(Options{Mode: fmt.Sprint(modeBranch, k+1), Threads: threads})
		if err != nil {
			return nil, err
		}
		c.branches, c.classes = append(c.branches, u), append(c.classes, name)
	}
	return c, nil
}

// edgeCore is the side of the cores that RouterEdge is calibrated for.
const edgeCore = 32

// Add measures a picture: lr enlarged by each branch against hr.
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
			sample := route.Sample{Difficulty: difficulties[i], Pixels: core.Dx() * core.Dy()}
			scale := c.branches[0].scale
			r := image.Rectangle{Min: core.Min.Mul(scale), Max: core.Max.Mul(scale)}
			for _, out := range outs {
				sample.Errors = append(sample.Errors, squaredError(out, hr, r))
			}
			c.samples[s.router] = append(c.samples[s.router], sample)
		}
	}
	return nil
}

func (c *Calibrator) difficulties(ctx context.Context, lr *picture.Picture, router string, cores []image.Rectangle) ([]float64, error) {
	if router == RouterEdge {
		return edgeDifficulty(ctx, lr, cores, c.threads)
	}
	scores, err := c.router.classify(ctx, lr, cores, c.threads)
	var difficulties []float64
	for _, s := range scores {
		difficulties = append(difficulties, moduleDifficulty(s))
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

// Fit makes tables of what was added.
func (c *Calibrator) Fit() error {
	for _, s := range c.settings {
		t, err := route.NewTable(s.router, s.core, c.classes, c.samples[s.router], tableLevels)
		if err != nil {
			return err
		}
		c.tables = append(c.tables, t)
	}
	fitted, err := c.withTables()
	if err != nil {
		return err
	}
	for _, t := range c.tables {
		for _, allowed := range triedLosses {
			u, err := fitted.Upscaler(Options{Mode: ModeRouted, Router: t.Router, Quality: allowed, Threads: c.threads})
			if err != nil {
				return err
			}
			c.trials = append(c.trials, &trial{up: u, table: t, allowed: allowed})
		}
	}
	return nil
}

// triedLosses are the losses, in dB, that are allowed to see what they come to.
var triedLosses = []float64{0.01, 0.03, 0.045, 0.06, 0.08, 0.1, 0.3, 1}

// trial is what comes of an allowed loss.
type trial struct {
	up      *Upscaler
	table   *route.Table
	allowed float64
	// Sums over the pictures: dB lost, and nanoseconds by the costs.
	lost, cost float64
	pictures   int
}

// Try routes a picture with several allowed losses, to see how many dB it loses in truth.
func (c *Calibrator) Try(ctx context.Context, lr, hr *picture.Picture) error {
	full := c.branches[len(c.branches)-1]
	best, _, err := full.Upscale(ctx, lr)
	if err != nil {
		return err
	}
	want := squaredError(best, hr, hr.Bounds())
	for _, t := range c.trials {
		out, report, err := t.up.Upscale(ctx, lr)
		if err != nil {
			return err
		}
		got := squaredError(out, hr, hr.Bounds())
		if want == 0 || got == 0 {
			continue // nothing to be lost
		}
		r := t.up.method.(*routed)
		t.lost += 10 * math.Log10(got/want)
		t.cost += r.costs.nanoseconds.Of(r.choiceGrid(report.Route.Size), report.Route.Classes)
		if t.table.Router == RouterClassModule {
			t.cost += r.moduleCost(report.Route.Size, len(r.grid(report.Route.Size).Cores()))
		}
		t.pictures++
	}
	return nil
}

// Finish gives the model with its calibration: the router first that is cheaper at the default quality.
func (c *Calibrator) Finish() (*Model, error) {
	costs := map[*route.Table]float64{}
	for _, table := range c.tables {
		highest := 0.0
		for _, t := range c.trials {
			if t.table != table || t.pictures == 0 {
				continue
			}
			lost := t.lost / float64(t.pictures)
			if lost <= defaultQuality || costs[table] == 0 {
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
func (c *Calibrator) withTables() (*Model, error) {
	text, err := json.Marshal(c.tables)
	if err != nil {
		return nil, err
	}
	file := *c.model.file
	file.Routing = string(text)
	return newModel(&file, 0), nil
}
