package work

import (
	"context"

	"classsr/pipeline/order"
	"classsr/server/pace"
)

// Plan is what enlarging a picture takes.
type Plan struct {
	Width       int     `json:"width"`
	Height      int     `json:"height"`
	OutWidth    int     `json:"out_width"`
	OutHeight   int     `json:"out_height"`
	Model       string  `json:"model"`
	Kind        string  `json:"kind"`
	Because     string  `json:"because,omitempty" doc:"why it is not the usual model"`
	Format      string  `json:"result_format" doc:"ending of the result's name"`
	Seconds     float64 `json:"seconds" doc:"about, while nothing else runs"`
	ResultBytes int64   `json:"result_bytes" doc:"of the result's file, at most"`
	Points      []Point `json:"points" nullable:"false" doc:"what it takes at several budgets; the first is as asked"`
}

// Point is what a picture takes at a budget.
type Point struct {
	Budget  float64 `json:"budget" doc:"percent of the full network's multiply-accumulates"`
	Seconds float64 `json:"seconds"`
}

// Plan forecasts what a picture takes, by its headers and by how long others like it took here.
func (w *Works) Plan(_ context.Context, path, name string, o order.Order) (*Plan, error) {
	j, err := w.Judge(path, name, o)
	if err != nil {
		return nil, err
	}
	seconds := w.Pace.Seconds(pace.Key{Model: j.Model, Mode: string(o.Mode.Mode), Format: j.Ending}, j.Seconds)
	budget := 100.0
	if o.Budget > 0 {
		budget = o.Budget
		seconds *= budget / 100
	}
	return &Plan{
		Width: j.Width, Height: j.Height, OutWidth: j.OutWidth, OutHeight: j.OutHeight, Model: j.Model, Kind: j.Kind, Because: j.Because,
		Format: j.Ending, Seconds: seconds, ResultBytes: j.ResultBytes, Points: []Point{{budget, seconds}},
	}, nil
}
