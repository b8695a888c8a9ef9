package classsr

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"strings"

	"classsr/imageio"
	"classsr/internal/par"
	"classsr/route"
	"classsr/tile"
	"classsr/weights"
)

// calibration is what a model file knows of its routers: a table for each, the better one first.
type calibration []*route.Table

// readCalibration gives the calibration of a model; none if it was not calibrated.
func readCalibration(m *weights.Model) (calibration, error) {
	if m.Routing == "" {
		return nil, nil
	}
	var c calibration
	if err := json.Unmarshal([]byte(m.Routing), &c); err != nil {
		return nil, fmt.Errorf("the model's calibration cannot be read: %w", err)
	}
	for _, t := range c {
		if t == nil {
			return nil, fmt.Errorf("the model's calibration lacks a table")
		}
		if err := t.Check(); err != nil {
			return nil, fmt.Errorf("the model's calibration: %w", err)
		}
	}
	return c, nil
}

// table gives the table of a router, of the best one if none is named; nil if the model was not calibrated and the Class-Module is asked.
func (c calibration) table(router string) (*route.Table, error) {
	if len(c) == 0 && (router == "" || router == RouterClassModule) {
		return nil, nil
	}
	var have []string
	for _, t := range c {
		if t.Router == router || router == "" {
			return t, nil
		}
		have = append(have, t.Router)
	}
	switch {
	case router != RouterClassModule && router != RouterEdge:
		return nil, fmt.Errorf("no router %q; there are %s and %s", router, RouterClassModule, RouterEdge)
	case len(c) == 0:
		return nil, fmt.Errorf("router %s needs a calibrated model: run classsr calibrate on it", router)
	}
	return nil, fmt.Errorf("the model is calibrated for router %s, not for %s: calibrate it again", strings.Join(have, ", "), router)
}

// Calibrator measures what the branches of a model lose on content of a difficulty, for its routers to choose by. Pictures for it must not
// be those that the model is tested on.
type Calibrator struct {
	model    *Model
	router   *router
	branches []*Upscaler // of the classes
	classes  []string
	threads  int
	samples  map[string][]route.Sample // by router and size of cores
	settings []routerSetting
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
func (c *Calibrator) Add(ctx context.Context, lr, hr *imageio.Picture) error {
	var outs []*imageio.Picture
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

func (c *Calibrator) difficulties(ctx context.Context, lr *imageio.Picture, router string, cores []image.Rectangle) ([]float64, error) {
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
func squaredError(a, b *imageio.Picture, r image.Rectangle) float64 {
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

// Finish gives the model with its calibration.
func (c *Calibrator) Finish() (*Model, error) {
	var tables calibration
	for _, s := range c.settings {
		t, err := route.NewTable(s.router, s.core, c.classes, c.samples[s.router], tableLevels)
		if err != nil {
			return nil, err
		}
		tables = append(tables, t)
	}
	text, err := json.Marshal(tables)
	if err != nil {
		return nil, err
	}
	file := *c.model.file
	file.Routing = string(text)
	return ModelOf(&file), nil
}
