package work

import (
	"context"
	"math"
	"slices"

	"classsr/infer"
	"classsr/pipeline/order"
	"classsr/server/jobs"
	"classsr/server/pace"
	"classsr/server/tokens"
)

// Plan is what enlarging a picture takes.
type Plan struct {
	Width       int     `json:"width"`
	Height      int     `json:"height"`
	OutWidth    int     `json:"out_width"`
	OutHeight   int     `json:"out_height"`
	Frames      int     `json:"frames,omitempty" doc:"of a video"`
	Model       string  `json:"model"`
	Kind        string  `json:"kind"`
	Because     string  `json:"because,omitempty" doc:"why it is not the usual model"`
	Format      string  `json:"result_format" doc:"ending of the result's name"`
	Seconds     float64 `json:"seconds" doc:"about, while nothing else runs"`
	ResultBytes int64   `json:"result_bytes" doc:"of the result's file, at most"`
	Points      []Point `json:"points" nullable:"false" doc:"what it takes at several budgets; the first is as asked, and the only one where the model has no classes or there was no time to look at the picture"`
}

// Point is what a picture takes at a budget.
type Point struct {
	Budget  float64            `json:"budget" doc:"percent of the full network's multiply-accumulates"`
	Seconds float64            `json:"seconds" doc:"about, while nothing else runs"`
	LossDB  float64            `json:"loss_db" doc:"dB (PSNR) that are expected to be lost against the full network"`
	Classes []infer.ClassShare `json:"classes" nullable:"false" doc:"shares of the picture by class, 0 to 1; empty if nobody looked at it"`
}

// Plan forecasts what a picture takes: by a look at it and by how long others like it took here. Where a look takes too much time or
// memory, or changes nothing, it goes by the headers alone.
func (w *Works) Plan(ctx context.Context, t tokens.Token, path, name string, o order.Order) (*Plan, error) {
	j, err := w.judge(path, name, o)
	if err != nil {
		return nil, err
	}
	looked, err := w.look(ctx, t, path, name, o, j)
	if err != nil {
		return nil, err
	}
	p := &Plan{
		Width: j.Width, Height: j.Height, OutWidth: j.OutWidth, OutHeight: j.OutHeight, Frames: j.Frames, Model: j.Model, Kind: j.Kind, Because: j.Because,
		Format: j.Ending, ResultBytes: j.ResultBytes,
	}
	key := pace.Key{Model: jobs.PaceModel(j.Model), Mode: string(o.Mode.Mode), Format: j.Ending, Looked: looked != nil}
	if looked == nil {
		p.Points = []Point{w.byHeaders(key, j, o)}
	}
	for i, l := range looked {
		budget := percent(l)
		known := slices.ContainsFunc(p.Points, func(p Point) bool { return p.Budget == budget })
		if i == 0 || !known && !beaten(l, looked[i+1:]) {
			p.Points = append(p.Points, Point{budget, w.Pace.Seconds(key, j.files+l.Seconds), l.LossDB, l.Classes})
		}
	}
	p.Seconds = p.Points[0].Seconds
	return p, nil
}

// beaten tells whether one of those with more to spend is faster, as the full network is where borders between classes take more than easy parts save.
func beaten(p infer.Point, dearer []infer.Point) bool {
	return slices.ContainsFunc(dearer, func(d infer.Point) bool { return d.Seconds <= p.Seconds })
}

// byHeaders is what is known without a look at the picture.
func (w *Works) byHeaders(key pace.Key, j *Judged, o order.Order) Point {
	p := Point{Budget: 100, Seconds: w.Pace.Seconds(key, j.Seconds), Classes: []infer.ClassShare{}}
	if o.Budget > 0 {
		p.Budget = o.Budget
		p.Seconds *= o.Budget / 100
	}
	return p
}

// percent is what a point takes of the full network's multiply-accumulates, in percent with one digit. What routers and borders between classes add may come to more than
// all, which no budget can be.
func percent(p infer.Point) float64 {
	return min(math.Round(1000*float64(p.MACs)/float64(p.MACsFull))/10, 100)
}
