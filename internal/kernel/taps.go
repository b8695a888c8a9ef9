package kernel

// tap is one term of a convolution: a source plane seen from a shifted origin.
type tap struct {
	plane  int
	dy, dx int
}

// tapsAtOnce is how many taps the inner loops take at a time.
const tapsAtOnce = 4

// tapSum computes rows of several result planes from one list of taps:
//
//	dst[o][x] = bias[o] + sum over t of weight[o][t] * src[taps[t].plane][y+taps[t].dy][x*stride+taps[t].dx]
type tapSum struct {
	outs   int
	stride int
	taps   []tap     // a multiple of tapsAtOnce; those added to make it one have no weight
	weight []float32 // for each pair of results, and each tapsAtOnce taps: the weights of the first, then of the second
	bias   []float32 // outs
}

// newTapSum packs weights given by weightOf(result, tap).
func newTapSum(outs, stride int, taps []tap, weightOf func(o, t int) float32, bias []float32) tapSum {
	s := tapSum{outs: outs, stride: stride, bias: bias}
	s.taps = append(s.taps, taps...)
	for len(s.taps)%tapsAtOnce != 0 {
		s.taps = append(s.taps, taps[0])
	}
	for o := 0; o < outs; o += 2 {
		for t := 0; t < len(s.taps); t += tapsAtOnce {
			for pair := range 2 {
				for i := t; i < t+tapsAtOnce; i++ {
					var w float32
					if o+pair < outs && i < len(taps) {
						w = weightOf(o+pair, i)
					}
					s.weight = append(s.weight, w)
				}
			}
		}
	}
	return s
}

// pair computes the row of results o and o+1 whose taps start at row y and column x of the sources; d1 is nil if o is the last
// result.
func (s *tapSum) pair(o int, d0, d1 []float32, src []Plane, y, x int, gather *Gather) {
	fill(d0, s.bias[o])
	if d1 != nil {
		fill(d1, s.bias[o+1])
	}
	weight := s.weight[o*len(s.taps):]
	n := len(d0)
	var rows [tapsAtOnce][]float32
	for t := 0; t < len(s.taps); t += tapsAtOnce {
		for i, tap := range s.taps[t : t+tapsAtOnce] {
			if s.stride == 1 {
				rows[i] = src[tap.plane].Row(y+tap.dy, x+tap.dx, n)
			} else {
				rows[i] = gather.row(i, src[tap.plane], y+tap.dy, x+tap.dx, n, s.stride)
			}
		}
		if d1 != nil {
			mac4x2(d0, d1, rows[0], rows[1], rows[2], rows[3], (*[8]float32)(weight))
		} else {
			mac4x1(d0, rows[0], rows[1], rows[2], rows[3], (*[4]float32)(weight))
		}
		weight = weight[2*tapsAtOnce:]
	}
}

// Gather is scratch memory for rows that are read or written with a stride; one for each worker.
type Gather struct {
	buf [tapsAtOnce][]float32
}

// slot is scratch row i, at least n long.
func (g *Gather) slot(i, n int) []float32 {
	if cap(g.buf[i]) < n {
		g.buf[i] = make([]float32, n)
	}
	return g.buf[i][:n]
}

// row copies every stride-th number of a row into scratch row i.
func (g *Gather) row(i int, p Plane, y, x, n, stride int) []float32 {
	to := g.slot(i, n)
	from := p.Data[y*p.Stride+x:]
	for j := range to {
		to[j] = from[j*stride]
	}
	return to
}

// mac4x2 adds four weighted rows to two rows:
//
//	for i := range d0 {
//		d0[i] += w[0]*s0[i] + w[1]*s1[i] + w[2]*s2[i] + w[3]*s3[i]
//		d1[i] += w[4]*s0[i] + w[5]*s1[i] + w[6]*s2[i] + w[7]*s3[i]
//	}
func mac4x2(d0, d1, s0, s1, s2, s3 []float32, w *[8]float32) {
	n := len(d0)
	d1, s0, s1, s2, s3 = d1[:n], s0[:n], s1[:n], s2[:n], s3[:n]
	w0, w1, w2, w3, w4, w5, w6, w7 := w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]
	for i := range d0 {
		a, b, c, d := s0[i], s1[i], s2[i], s3[i]
		d0[i] += w0*a + w1*b + w2*c + w3*d
		d1[i] += w4*a + w5*b + w6*c + w7*d
	}
}

// mac4x1 adds four weighted rows to one row:
//
//	for i := range d { d[i] += w[0]*s0[i] + w[1]*s1[i] + w[2]*s2[i] + w[3]*s3[i] }
func mac4x1(d, s0, s1, s2, s3 []float32, w *[4]float32) {
	n := len(d)
	s0, s1, s2, s3 = s0[:n], s1[:n], s2[:n], s3[:n]
	w0, w1, w2, w3 := w[0], w[1], w[2], w[3]
	for i := range d {
		d[i] += w0*s0[i] + w1*s1[i] + w2*s2[i] + w3*s3[i]
	}
}

func fill(d []float32, v float32) {
	for i := range d {
		d[i] = v
	}
}
