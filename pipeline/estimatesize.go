package pipeline

import (
	"context"
	"fmt"
	"io"

	"classsr"
	"classsr/imageio"
	"classsr/picture"
	"classsr/resample"
)

// sized makes the forecasts for a picture that is to become as large as is asked for. Which model enlarges it depends on its size.
func (e *Estimator) sized(ctx context.Context, std io.Reader, input string) (*Estimates, error) {
	decoded, w, err := e.planned(std, input)
	if err != nil {
		return nil, err
	}
	network := w.network(len(w.passes))
	r := &Estimates{
		Input: input, Width: w.in.Width, Height: w.in.Height, Model: noModel, Scale: network.Width / w.in.Width, OutWidth: w.out.Width, OutHeight: w.out.Height,
		NetworkWidth: network.Width, NetworkHeight: network.Height,
	}
	if len(w.passes) == 0 {
		if e.sizing.Models.interpolates() {
			r.Model = classsr.Bicubic
		}
		f := classsr.Forecast{Mode: classsr.ModeFull, Classes: onlyResized}
		f.MemoryMB = (w.in.Bytes() + w.resizerBytes(e.options.Threads)) / 1e6
		r.Forecasts = []Estimate{{Forecast: f}}
		return r, nil
	}
	model, err := e.sizing.Models.model(w.passes[0].Scale())
	if err != nil {
		return nil, err
	}
	r.Model = model.Name()
	asked := []classsr.Options{e.options}
	if !asks(e.options) {
		asked = allWays(model, e.options)
	}
	for _, o := range asked {
		if o.Mode == classsr.ModePaper {
			continue // which leaves edges out
		}
		f, err := e.forecast(ctx, w, o, decoded.Picture)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", input, err)
		}
		r.Forecasts = append(r.Forecasts, Estimate{f, o.Budget})
	}
	return r, nil
}

// planned reads a picture and decides how it becomes as large as is asked for.
func (e *Estimator) planned(std io.Reader, input string) (decoded *imageio.Decoded, w *course, err error) {
	decoded, err = Decode(std, input, imageio.Limits{Accept: func(c imageio.Config) (err error) {
		if err := imageio.Within(e.memory, nil)(c); err != nil {
			return err
		}
		if w, err = (&Pipeline{Sizing: e.sizing}).plan(c); err != nil {
			return err
		}
		return w.accepts()
	}})
	return decoded, w, err
}

// forecast adds up what the passes take by some options. The second pass is taken to find the picture as difficult as the first one did; a
// model without classes does it in full.
func (e *Estimator) forecast(ctx context.Context, w *course, o classsr.Options, p *picture.Picture) (classsr.Forecast, error) {
	var sum classsr.Forecast
	for i, pass := range w.passes {
		model, err := e.sizing.Models.model(pass.Scale())
		if err != nil {
			return sum, err
		}
		if i > 0 && !model.HasClasses() {
			o = classsr.Options{Threads: o.Threads, Memory: o.Memory, Shared: o.Shared}
		}
		o.Scale = pass.Scale()
		up, err := model.Upscaler(o)
		if err != nil {
			return sum, err
		}
		f, err := up.Forecast(ctx, p)
		if err != nil {
			return sum, err
		}
		if i == 0 {
			sum = f
			continue
		}
		between := w.network(i)
		times := int64(between.Width/w.in.Width) * int64(between.Height/w.in.Height)
		sum.MACs += f.MACs * times
		sum.MACsFull += f.MACsFull * times
		sum.Seconds += f.Seconds * float64(times)
		sum.MemoryMB = max(sum.MemoryMB, f.MemoryMB) + between.Bytes()/1e6
	}
	sum.MemoryMB += w.resizerBytes(o.Threads) / 1e6
	return sum, nil
}

// resizerBytes is what resizing the last pass's result takes.
func (w *course) resizerBytes(threads int) int64 {
	if !w.resizes() {
		return 0
	}
	return resample.ResizerBytes(w.network(len(w.passes)), w.out.Width, w.out.Height, threads)
}
