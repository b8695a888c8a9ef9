package main

import (
	"context"

	"classsr"
	"classsr/gpu"
	"classsr/infer"
	"classsr/metric"
	"classsr/picture"
)

// routed measures models with classes, routed and by their full networks, in turns on the device.
func (b *bench) routed(ctx context.Context) error {
	if b.device == nil {
		return nil
	}
	for i, size := range b.sizes {
		var original, small *picture.Picture
		for _, name := range b.models {
			for _, precision := range b.precisions {
				r := routed{Model: name, Size: sizeText(size), Precision: precision}
				if find(b.results.Routed, r.key()) >= 0 && !b.again || precision == float16 && !b.device.Half {
					continue
				}
				if b.late() {
					return nil
				}
				if original == nil {
					var err error
					if original, err = b.original(size); err == nil {
						small, err = reduced(original)
					}
					if err != nil {
						b.miss("a photo", err.Error())
						return nil
					}
				}
				b.say("%s routed and full, on %s, %s", r.Model, r.Size, r.Precision)
				if err := b.route(ctx, &r, small, original, i == 0); err != nil {
					if ctx.Err() != nil {
						return ctx.Err()
					}
					r.Failed = err.Error()
				}
				b.results.Routed = put(b.results.Routed, r)
				if err := b.save(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// route measures a case. The processor computes it once, too, if that is to be compared.
func (b *bench) route(ctx context.Context, r *routed, small, original *picture.Picture, compare bool) error {
	d, err := gpu.Open(ctx, b.gpuOptions(r.Precision == float16))
	if err != nil {
		return err
	}
	defer d.Close()
	m, err := classsr.Open(r.Model)
	if err != nil {
		return err
	}
	var ups [2]*classsr.Upscaler
	for i, mode := range []infer.Mode{infer.ModeRouted, infer.ModeFull} {
		if ups[i], err = m.Upscaler(classsr.Options{Device: d, Mode: mode}); err != nil {
			return err
		}
	}
	if compare {
		if err := b.compareRouted(ctx, r, m, ups[0], small, original); err != nil {
			return err
		}
	}
	var times [2][3][]float64
	for turn := range b.turns + b.warm {
		for i, u := range ups {
			_, report, err := u.Upscale(ctx, small)
			if err != nil {
				return err
			}
			if why := report.Device.CPUBecause; why != "" {
				r.Failed = "the processor computed it: " + why
				return nil
			}
			if i == 0 {
				r.Shares = report.Classes
			}
			if turn < b.warm {
				continue
			}
			s, device := report.Seconds, report.Device.Seconds
			for k, seconds := range []float64{device.Upload + device.Compute + device.Download, s.Route, s.Route + s.Network} {
				times[i][k] = append(times[i][k], 1000*seconds)
			}
		}
	}
	for i, p := range []*passage{&r.Routed, &r.Full} {
		p.Device, p.Route, p.Wall = spreadOf(times[i][0]).Median, spreadOf(times[i][1]).Median, spreadOf(times[i][2]).Median
	}
	if r.Routed.Device > 0 {
		r.DeviceRatio = r.Full.Device / r.Routed.Device
	}
	r.WallRatio = r.Full.Wall / r.Routed.Wall
	return nil
}

// compareRouted compares the device's result with the processor's, and both with the picture from before it was reduced.
func (b *bench) compareRouted(ctx context.Context, r *routed, m *classsr.Model, u *classsr.Upscaler, small, original *picture.Picture) error {
	processor, err := m.Upscaler(classsr.Options{Mode: infer.ModeRouted})
	if err != nil {
		return err
	}
	want, _, err := processor.Upscale(ctx, small)
	if err != nil {
		return err
	}
	got, _, err := u.Upscale(ctx, small)
	if err != nil {
		return err
	}
	for i := range want.Pix8 {
		r.MaxLevel = max(r.MaxLevel, int(want.Pix8[i])-int(got.Pix8[i]), int(got.Pix8[i])-int(want.Pix8[i]))
	}
	if r.PSNR, err = psnr(got, original); err != nil {
		return err
	}
	best, err := psnr(want, original)
	r.PSNRLoss = best - r.PSNR
	return err
}

// psnr compares pictures of 8 bits without their borders.
func psnr(a, b *picture.Picture) (float64, error) {
	return metric.PSNR(metric.Bytes(a.Width, a.Height, 3, a.Pix8), metric.Bytes(b.Width, b.Height, 3, b.Pix8), reduction)
}
