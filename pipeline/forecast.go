package pipeline

import (
	"context"
	"fmt"
	"io"

	"classsr"
	"classsr/internal/sysmem"
)

// Estimates holds forecasts of several ways to enlarge a picture; in JSON it is what `classsr plan --json` prints.
type Estimates struct {
	Input  string `json:"input"`
	Page   int    `json:"page,omitempty"` // where it is one of several that are estimated
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Model  string `json:"model"`
	Scale  int    `json:"scale"`
	// OutWidth and OutHeight are the size of the result, in pixels, and NetworkWidth and NetworkHeight that of what the networks give, where
	// a size was asked for. Scale is how many times all passes enlarge, and Model the one of the first.
	OutWidth      int        `json:"out_width,omitempty"`
	OutHeight     int        `json:"out_height,omitempty"`
	NetworkWidth  int        `json:"network_width,omitempty"`
	NetworkHeight int        `json:"network_height,omitempty"`
	Forecasts     []Estimate `json:"forecasts"`
	// Bands is how many are enlarged, each by itself, if the picture was read so. The Forecasts are for all of them.
	Bands int `json:"bands,omitempty"`
	Chosen
}

// of makes forecasts for one band forecasts for all, of which each is taken to be as difficult. Memory is taken for one at a time.
func (r *Estimates) of(bands int) {
	r.Bands = bands
	for i := range r.Forecasts {
		f, n := &r.Forecasts[i], max(1, bands)
		f.MACs, f.MACsFull = f.MACs*int64(n), f.MACsFull*int64(n)
		f.Seconds, f.TotalSeconds, f.DeviceSeconds = f.Seconds*float64(n), f.TotalSeconds*float64(n), f.DeviceSeconds*float64(n)
	}
}

// Estimate is the forecast of one way to enlarge a picture. Budget is its budget in percent, 0 if it has none. TotalSeconds is the time from file
// to file, and PeakMB the most memory of the process at a time, in units of 10^6 bytes.
type Estimate struct {
	classsr.Forecast
	Budget       float64 `json:"budget,omitempty"`
	TotalSeconds float64 `json:"total_seconds"`
	PeakMB       int64   `json:"peak_mb"`
}

// Estimator makes forecasts of several ways to enlarge pictures.
type Estimator struct {
	p       *Pipeline
	ways    map[string][]way // by the names of the models
	memory  int64            // that may be used
	program int64            // bytes that the process takes before it reads a picture
	options classsr.Options
}

// way is one way to enlarge a picture.
type way struct {
	options classsr.Options
	up      *classsr.Upscaler // nil until it is needed: networks that are ready to run take memory
}

// estimatedBudgets are the budgets, in percent, that are compared where no way is asked for.
var estimatedBudgets = []float64{80, 60, 40, 20}

// NewEstimator makes an Estimator for pictures that become scale times as large, or as large as the models make them if that is 0, in the mode
// or by the goal that the options of the models ask for; if they ask for none, in all modes and for some budgets. sizing, if not nil, asks for
// another size, and has the models for it.
func NewEstimator(m *Models, scale int, sizing *Sizing) (*Estimator, error) {
	e := &Estimator{p: &Pipeline{Scale: scale, Sizing: sizing}, ways: map[string][]way{}, program: sysmem.PeakRSS()}
	if sizing != nil {
		e.options = sizing.Models.options
		e.memory = sysmem.Allowed(e.options.Memory)
		return e, nil
	}
	e.options = m.options
	e.memory = sysmem.Allowed(e.options.Memory)
	if e.p.Models = m; !asks(e.options) {
		e.p.Models = m.inFull() // which is the first of all ways
	}
	first, err := m.First(scale)
	if err != nil {
		return nil, err
	}
	// What the options ask for shows in the first two: others only have another budget or branch.
	ways := e.waysOf(first)
	for i := range min(2, len(ways)) {
		if _, err := ways[i].upscaler(first); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// asks tells whether the options ask for one way to enlarge.
func asks(o classsr.Options) bool {
	return o.Mode != "" || o.Branch != 0 || o.Budget != 0 || o.MaxTime != 0 || o.Quality != 0
}

// waysOf gives the ways to enlarge pictures with a model.
func (e *Estimator) waysOf(m *classsr.Model) []way {
	if ways := e.ways[m.Name()]; ways != nil {
		return ways
	}
	o := e.options
	o.Scale = e.p.scale()
	asked := []classsr.Options{o}
	if !asks(o) {
		asked = allWays(m, o)
	}
	ways := make([]way, len(asked))
	for i := range asked {
		ways[i].options = asked[i]
	}
	e.ways[m.Name()] = ways
	return ways
}

// upscaler gives the Upscaler of a way.
func (w *way) upscaler(m *classsr.Model) (*classsr.Upscaler, error) {
	if w.up == nil {
		var err error
		if w.up, err = m.Upscaler(w.options); err != nil {
			return nil, err
		}
	}
	return w.up, nil
}

// allWays lists the options of all ways to enlarge.
func allWays(m *classsr.Model, o classsr.Options) []classsr.Options {
	router := o.Router
	o.Router = ""
	full := o
	full.Mode = classsr.ModeFull
	if !m.HasClasses() {
		return []classsr.Options{full}
	}
	routed := o
	routed.Mode, routed.Router = classsr.ModeRouted, router
	ways := []classsr.Options{full, routed}
	for _, routed.Budget = range estimatedBudgets {
		ways = append(ways, routed)
	}
	for k := range m.Info().Classes {
		single := o
		single.Branch = k + 1
		ways = append(ways, single)
	}
	o.Mode = classsr.ModePaper
	return append(ways, o)
}

// Estimate makes the forecasts for a picture, which comes from std if its path is Std. Pictures that are too small for the paper's mode go
// without that.
func (e *Estimator) Estimate(ctx context.Context, std io.Reader, in Input) (*Estimates, error) {
	if e.p.Sizing != nil {
		return e.sized(ctx, std, in)
	}
	o, w, err := e.open(std, in)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	model, first := w.models[0], w.passes[0]
	ways := e.waysOf(model)
	ways[0].up = first
	files, err := e.fileCosts(ctx, first, o, w.out)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Job{Input: in.Path}.Picture(), err)
	}
	r := &Estimates{Input: in.Path, Width: w.in.Width, Height: w.in.Height, Model: model.Name(), Scale: first.Scale(), Chosen: w.chosen}
	for i := range ways {
		up, err := ways[i].upscaler(model)
		if err != nil {
			return nil, err
		}
		forecast, err := o.forecast(ctx, up)
		if err != nil {
			if up.Mode() == classsr.ModePaper && len(ways) > 1 && ctx.Err() == nil {
				continue
			}
			return nil, fmt.Errorf("%s: %w", Job{Input: in.Path}.Picture(), err)
		}
		r.Forecasts = append(r.Forecasts, files.estimate(forecast, ways[i].options.Budget))
	}
	r.of(o.Bands)
	return r, nil
}
