package metric

import "math"

// PSNR is the peak signal-to-noise ratio in dB of two pictures of one size, with border pixels removed on each side:
// 10 log10(255^2 / MSE), the mean squared error taken over all pixels and channels together.
//
// Equal pictures give +Inf, which JSON cannot hold (the authors' code says 80 dB there). It returns an error if the sizes differ,
// the border is negative, or no pixel is left (ErrTooSmall).
func PSNR(a, b Image, border int) (float64, error) {
	p, err := inner(a, b, border, 1)
	if err != nil {
		return 0, err
	}
	total := 0.0
	rowA, rowB := make([]float64, p.width), make([]float64, p.width)
	for c := range p.channels {
		for y := range p.height {
			p.rows(rowA, rowB, c, y)
			sum := 0.0
			for x, v := range rowA {
				d := v - rowB[x]
				sum += float64(d * d)
			}
			total += sum
		}
	}
	mse := total / (float64(p.width) * float64(p.height) * float64(p.channels))
	return 10 * math.Log10(255*255/mse), nil
}
