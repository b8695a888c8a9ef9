package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"classsr"
	"classsr/resample"
)

// sized makes the forecasts for a picture that is to become as large as is asked for. Which model enlarges it depends on its size.
func (e *Estimator) sized(ctx context.Context, std io.Reader, in Input) (*Estimates, error) {
	o, w, err := e.open(std, in)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	network := w.network(len(w.passes))
	r := &Estimates{
		Input: in.Path, Width: w.in.Width, Height: w.in.Height, Model: noModel, Scale: network.Width / w.in.Width, OutWidth: w.out.Width, OutHeight: w.out.Height,
		NetworkWidth: network.Width, NetworkHeight: network.Height, Chosen: w.chosen,
	}
	if len(w.passes) == 0 {
		if e.p.Sizing.Models.interpolates() {
			r.Model = classsr.Bicubic
		}
		f := classsr.Forecast{Mode: classsr.ModeFull, Classes: onlyResized}
		f.MemoryMB = (w.in.Bytes() + w.resizerBytes(e.options.Threads)) / 1e6
		files, err := e.fileCosts(ctx, nil, o, w.out)
		r.Forecasts = []Estimate{files.estimate(f, 0)}
		return r, err
	}
	model := w.models[0]
	r.Model = model.Name()
	asked := []classsr.Options{e.options}
	if !asks(e.options) {
		asked = allWays(model, e.options)
	}
	files, err := e.fileCosts(ctx, w.passes[0], o, w.out)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Job{Input: in.Path}.Picture(), err)
	}
	for _, way := range asked {
		if way.Mode == classsr.ModePaper {
			continue // which leaves edges out
		}
		f, err := e.forecast(ctx, w, way, o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", Job{Input: in.Path}.Picture(), err)
		}
		r.Forecasts = append(r.Forecasts, files.estimate(f, way.Budget))
	}
	r.of(o.Bands)
	return r, nil
}

// forecast adds up what the passes take by some options. The second pass is taken to find the picture as difficult as the first one did; a
// model without classes does it in full.
func (e *Estimator) forecast(ctx context.Context, w *course, o classsr.Options, in *opened) (classsr.Forecast, error) {
	var sum classsr.Forecast
	onDevice, passes := false, 0.0 // seconds with the device, where it can do at least one pass
	for i, pass := range w.passes {
		model := w.models[i]
		if i > 0 && !model.HasClasses() {
			o.Mode, o.Branch, o.Router, o.Budget, o.MaxTime, o.Quality = "", 0, "", 0, 0, 0
		}
		o.Scale = pass.Scale()
		up, err := model.Upscaler(o)
		if err != nil {
			return sum, err
		}
		f, err := in.forecast(ctx, up)
		if err != nil {
			return sum, err
		}
		between := w.network(i)
		times := int64(between.Width/w.in.Width) * int64(between.Height/w.in.Height)
		onDevice = onDevice || f.DeviceSeconds > 0
		passes += cmp.Or(f.DeviceSeconds, f.Seconds) * float64(times)
		if i == 0 {
			sum = f
			continue
		}
		sum.MACs += f.MACs * times
		sum.MACsFull += f.MACsFull * times
		sum.Seconds += f.Seconds * float64(times)
		sum.MemoryMB = max(sum.MemoryMB, f.MemoryMB) + between.Bytes()/1e6
	}
	if sum.DeviceSeconds = 0; onDevice {
		sum.DeviceSeconds = passes
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
