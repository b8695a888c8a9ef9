package evaluate

import (
	"context"

	"classsr"
	"classsr/fault"
	"classsr/metric"
	"classsr/picture"
)

// Measure enlarges lr and compares the result with hr, a picture as many times as large as the Upscaler enlarges, with a border of as many
// pixels removed. In classsr.ModePaper it measures as the paper does: the mean of the sub-images before it is rounded to the picture that
// is returned, against the part of hr that they cover.
func Measure(ctx context.Context, up *classsr.Upscaler, lr, hr *picture.Picture) (*picture.Picture, Scores, classsr.Report, error) {
	if hr.Width != lr.Width*up.Scale() || hr.Height != lr.Height*up.Scale() {
		return nil, Scores{}, classsr.Report{}, fault.New(fault.Usage, "a picture of %dx%d, enlarged %d times, does not have the size of the original, %dx%d",
			lr.Width, lr.Height, up.Scale(), hr.Width, hr.Height)
	}
	e, err := up.Enlarge(ctx, lr, true)
	if err != nil {
		return nil, Scores{}, classsr.Report{}, err
	}
	want, got := metricImage(hr.Crop(e.Picture.Bounds())), metricImage(e.Picture)
	if e.Exact != nil {
		got = metric.Planes(e.Picture.Width, e.Picture.Height, e.Exact...)
	}
	scores, err := compare(want, got, up.Scale())
	return e.Picture, scores, e.Report, err
}
