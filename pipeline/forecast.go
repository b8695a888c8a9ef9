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
}

// of makes forecasts for one band forecasts for all, of which each is taken to be as difficult. Memory is taken for one at a time.
func (r *Estimates) of(bands int) {
	r.Bands = bands
	for i := range r.Forecasts {
		f, n := &r.Forecasts[i], max(1, bands)
		f.MACs, f.MACsFull = f.MACs*int64(n), f.MACsFull*int64(n)
		f.Seconds, f.TotalSeconds = f.Seconds*float64(n), f.TotalSeconds*float64(n)
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

// Estimator makes forecasts of several ways to enlarge pictures with a model.
type Estimator struct {
	model   *classsr.Model
	ways    []way
	memory  int64   // that may be used
	program int64   // bytes that the process takes before it reads a picture
	sizing  *Sizing // nil if results are as large as the model makes them
	options classsr.Options
}

// way is one way to enlarge a picture.
type way struct {
	options classsr.Options
	up      *classsr.Upscaler // nil until it is needed: networks that are ready to run take memory
}

// estimatedBudgets are the budgets, in percent, that are compared where no way is asked for.
var estimatedBudgets = []float64{80, 60, 40, 20}

// NewEstimator makes an Estimator of the mode or goal that the options ask for; if they ask for none, of all modes and some budgets. sizing,
// if not nil, asks for another size than the model gives, and has the models for it.
func NewEstimator(m *classsr.Model, o classsr.Options, sizing *Sizing) (*Estimator, error) {
	e := &Estimator{model: m, memory: sysmem.Allowed(o.Memory), program: sysmem.PeakRSS(), sizing: sizing, options: o}
	if sizing != nil {
		return e, nil
	}
	asked := []classsr.Options{o}
	if !asks(o) {
		asked = allWays(m, o)
	}
	for _, options := range asked {
		e.ways = append(e.ways, way{options: options})
	}
	// What the options ask for shows in the first two: others only have another budget or branch.
	for i := range min(2, len(e.ways)) {
		if _, err := e.upscaler(i); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// asks tells whether the options ask for one way to enlarge.
func asks(o classsr.Options) bool {
	return o.Mode != "" || o.Branch != 0 || o.Budget != 0 || o.MaxTime != 0 || o.Quality != 0
}

// upscaler gives the Upscaler of way i.
func (e *Estimator) upscaler(i int) (*classsr.Upscaler, error) {
	w := &e.ways[i]
	if w.up == nil {
		var err error
		if w.up, err = e.model.Upscaler(w.options); err != nil {
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
	if e.sizing != nil {
		return e.sized(ctx, std, in)
	}
	first := e.ways[0].up
	o, w, err := e.open(std, in, &Pipeline{Upscaler: first})
	if err != nil {
		return nil, err
	}
	defer o.Close()
	files, err := e.fileCosts(ctx, first, o, w.out)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Job{Input: in.Path}.Picture(), err)
	}
	r := &Estimates{Input: in.Path, Width: w.in.Width, Height: w.in.Height, Model: e.model.Name(), Scale: first.Scale()}
	for i, way := range e.ways {
		up, err := e.upscaler(i)
		if err != nil {
			return nil, err
		}
		forecast, err := o.forecast(ctx, up)
		if err != nil {
			if up.Mode() == classsr.ModePaper && len(e.ways) > 1 && ctx.Err() == nil {
				continue
			}
			return nil, fmt.Errorf("%s: %w", Job{Input: in.Path}.Picture(), err)
		}
		r.Forecasts = append(r.Forecasts, files.estimate(forecast, way.options.Budget))
	}
	r.of(o.Bands)
	return r, nil
}
