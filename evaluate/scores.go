package evaluate

import (
	"classsr/fault"
	"classsr/metric"
	"classsr/picture"
)

// Scores says how close a picture is to another one: PSNR in dB (+Inf for equal pictures) and SSIM, over RGB and over BT.601
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
			return Scores{}, fault.New(fault.Unsupported, "its quality cannot be measured: %w", err)
		}
		if *m.ssim, err = metric.SSIM(m.a, m.b, border); err != nil {
			return Scores{}, fault.New(fault.Unsupported, "its quality cannot be measured: %w", err)
		}
	}
	return s, nil
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
		for i := range planes[c] {
			planes[c][i] *= 255
		}
	}
	return metric.Planes(p.Width, p.Height, planes...)
}
