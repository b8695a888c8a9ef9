package classsr

import (
	"context"
	"fmt"

	"classsr/metric"
	"classsr/picture"
)

// Scores says how near a picture is to another one: PSNR in dB (+Inf for equal pictures) and SSIM, over RGB and over BT.601
// luma. Gray pictures count as RGB pictures of three equal channels.
type Scores struct {
	PSNRRGB, SSIMRGB float64
	PSNRY, SSIMY     float64
}

// Compare measures two pictures of one size, with border pixels removed on each side, as the field does: on values of 0..255,
// 16-bit samples scaled to that, alpha left out. It returns an error if the sizes differ or too little is left to measure.
func Compare(a, b *picture.Picture, border int) (Scores, error) {
	return compare(metricImage(a), metricImage(b), border)
}

func compare(rgbA, rgbB metric.Image, border int) (Scores, error) {
	var s Scores
	for _, m := range []struct {
		psnr, ssim *float64
		a, b       metric.Image
	}{
		{&s.PSNRRGB, &s.SSIMRGB, rgbA, rgbB},
		{&s.PSNRY, &s.SSIMY, rgbA.Luma(), rgbB.Luma()},
	} {
		var err error
		if *m.psnr, err = metric.PSNR(m.a, m.b, border); err != nil {
			return Scores{}, fmt.Errorf("cannot be measured: %w", err)
		}
		if *m.ssim, err = metric.SSIM(m.a, m.b, border); err != nil {
			return Scores{}, fmt.Errorf("cannot be measured: %w", err)
		}
	}
	return s, nil
}

// Measure enlarges lr, as Upscale does, and compares the result with hr, a picture Scale times as large, with a border of Scale
// pixels removed. In ModePaper it measures as the paper does: the mean of the sub-images before it is rounded to the picture that
// is returned, against the part of hr that they cover.
func (u *Upscaler) Measure(ctx context.Context, lr, hr *picture.Picture) (*picture.Picture, Scores, Report, error) {
	if hr.Width != lr.Width*u.scale || hr.Height != lr.Height*u.scale {
		return nil, Scores{}, Report{}, fmt.Errorf("a picture of %dx%d enlarged %d times cannot be compared with one of %dx%d",
			lr.Width, lr.Height, u.scale, hr.Width, hr.Height)
	}
	if u.mode == ModePaper {
		return u.measureAsPaper(ctx, lr, hr)
	}
	out, report, err := u.Upscale(ctx, lr)
	if err != nil {
		return nil, Scores{}, Report{}, err
	}
	scores, err := Compare(hr, out, u.scale)
	return out, scores, report, err
}

// metricImage gives the colours of a picture in 0..255.
func metricImage(p *picture.Picture) metric.Image {
	if p.Depth == 8 && !p.Alpha {
		return metric.Bytes(p.Width, p.Height, p.Colors, p.Pix8)
	}
	planes := make([][]float32, p.Colors)
	for c := range planes {
		planes[c] = make([]float32, p.Width*p.Height)
		p.ReadPlane(planes[c], c, p.Bounds())
		multiply(planes[c], 255)
	}
	return metric.Planes(p.Width, p.Height, planes...)
}
