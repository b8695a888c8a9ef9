package metric

import "math"

const (
	ssimWindow = 11  // side of the Gaussian window, in pixels
	ssimSigma  = 1.5 // its standard deviation
	ssimHalf   = ssimWindow / 2
)

// SSIM is the mean structural similarity of two pictures of one size, with border pixels removed on each side: an 11x11 Gaussian
// window (sigma 1.5) at the places where it lies wholly inside, K1 = 0.01, K2 = 0.03, peak 255, the mean over the channels.
//
// Equal pictures give exactly 1. It returns an error if the sizes differ, the border is negative, or less than 11x11 pixels are
// left (ErrTooSmall). The memory it takes grows with the width of the pictures alone.
func SSIM(a, b Image, border int) (float64, error) {
	p, err := inner(a, b, border, ssimWindow)
	if err != nil {
		return 0, err
	}
	s := newSSIM(p.width)
	total := 0.0
	for c := range p.channels {
		for y := range p.height {
			p.rows(s.a, s.b, c, y)
			s.push(y)
			if y >= ssimWindow-1 {
				total += s.sumRow(y)
			}
		}
	}
	places := float64(p.width-ssimWindow+1) * float64(p.height-ssimWindow+1)
	return total / (places * float64(p.channels)), nil
}

// moments are the window's means of what SSIM is made from. The variances enter only by their sum, so one mean serves both.
type moments [4][]float64 // of a, b, a*a + b*b, a*b

// ssimState is a sliding window over two pictures: the last rows, already filtered along the width.
type ssimState struct {
	weight         [ssimHalf + 1]float64 // of the window's centre and of the distances from it
	a, b           []float64             // the row to push
	squares, cross []float64             // a*a + b*b and a*b of that row
	rows           [ssimWindow]moments   // the moments of row y are at y % ssimWindow
	mean           moments
}

func newSSIM(width int) *ssimState {
	s := &ssimState{weight: gaussian()}
	for _, row := range []*[]float64{&s.a, &s.b, &s.squares, &s.cross} {
		*row = make([]float64, width)
	}
	for q := range s.mean {
		s.mean[q] = make([]float64, width-ssimWindow+1)
		for y := range s.rows {
			s.rows[y][q] = make([]float64, width-ssimWindow+1)
		}
	}
	return s
}

// gaussian gives the weights of the distances 0 to 5 from the centre; all eleven of the window add up to 1.
func gaussian() (weight [ssimHalf + 1]float64) {
	sum := 0.0
	for d := range weight {
		weight[d] = math.Exp(-float64(d*d) / (2 * ssimSigma * ssimSigma))
		sum += 2 * weight[d]
	}
	sum -= weight[0]
	for d := range weight {
		weight[d] /= sum
	}
	return weight
}

// push takes a and b as row y of the pictures.
func (s *ssimState) push(y int) {
	for x, a := range s.a {
		b := s.b[x]
		s.squares[x] = float64(a*a) + float64(b*b)
		s.cross[x] = a * b
	}
	row := &s.rows[y%ssimWindow]
	for q, values := range [4][]float64{s.a, s.b, s.squares, s.cross} {
		var taps [ssimWindow][]float64
		for k := range taps {
			taps[k] = values[k:]
		}
		s.filter(row[q], &taps)
	}
}

// sumRow is the sum of SSIM over the places where row y is the last of the window.
func (s *ssimState) sumRow(y int) float64 {
	for q := range s.mean {
		var taps [ssimWindow][]float64
		for k := range taps {
			taps[k] = s.rows[(y+1+k)%ssimWindow][q]
		}
		s.filter(s.mean[q], &taps)
	}
	const (
		c1 = (0.01 * 255) * (0.01 * 255)
		c2 = (0.03 * 255) * (0.03 * 255)
	)
	sum := 0.0
	for x, a := range s.mean[0] {
		b := s.mean[1][x]
		ab, squares := float64(a*b), float64(a*a)+float64(b*b)
		covariance, variances := s.mean[3][x]-ab, s.mean[2][x]-squares
		sum += (float64(2*ab) + c1) * (float64(2*covariance) + c2) / ((squares + c1) * (variances + c2))
	}
	return sum
}

// filter computes dst[x] = sum over k of weight[|k-5|]*taps[k][x]. The conversions keep a processor from fusing products with
// sums: results are the same everywhere.
func (s *ssimState) filter(dst []float64, taps *[ssimWindow][]float64) {
	n := len(dst)
	t0, t1, t2, t3, t4, t5 := taps[0][:n], taps[1][:n], taps[2][:n], taps[3][:n], taps[4][:n], taps[5][:n]
	t6, t7, t8, t9, t10 := taps[6][:n], taps[7][:n], taps[8][:n], taps[9][:n], taps[10][:n]
	w0, w1, w2, w3, w4, w5 := s.weight[0], s.weight[1], s.weight[2], s.weight[3], s.weight[4], s.weight[5]
	for x := range dst {
		sum := float64(w0 * t5[x])
		sum += float64(w1 * (t4[x] + t6[x]))
		sum += float64(w2 * (t3[x] + t7[x]))
		sum += float64(w3 * (t2[x] + t8[x]))
		sum += float64(w4 * (t1[x] + t9[x]))
		dst[x] = sum + float64(w5*(t0[x]+t10[x]))
	}
}
