package nn

import "classsr/tensor"

// Conv is a two-dimensional convolution (cross-correlation, as in PyTorch) with square kernels and zero padding.
//
//	x: N x In x H x W    y: N x Out x (H+2*Pad-Kernel)/Stride+1 x (W+2*Pad-Kernel)/Stride+1
//	weight: Out x In/Groups x Kernel x Kernel    bias: Out
type Conv struct {
	In, Out int
	Kernel  int
	Stride  int // 0 means 1
	Pad     int
	Groups  int // 0 means 1
	NoBias  bool
}

// StepSize is Stride with its default filled in.
func (c Conv) StepSize() int { return max(c.Stride, 1) }

// GroupCount is Groups with its default filled in.
func (c Conv) GroupCount() int { return max(c.Groups, 1) }

// Shape implements Op.
func (c Conv) Shape(in []tensor.Shape) tensor.Shape {
	if len(in) != 1 || in[0].C != c.In {
		panic("nn: Conv takes one input with In channels")
	}
	if c.In%c.GroupCount() != 0 || c.Out%c.GroupCount() != 0 {
		panic("nn: Conv's channels are not divisible by its groups")
	}
	s := in[0]
	h, w := s.H+2*c.Pad-c.Kernel, s.W+2*c.Pad-c.Kernel
	if h < 0 || w < 0 {
		panic("nn: Conv's input is smaller than its kernel")
	}
	return tensor.Shape{N: s.N, C: c.Out, H: h/c.StepSize() + 1, W: w/c.StepSize() + 1}
}

// Params implements Op.
func (c Conv) Params() []Param {
	weight := Param{Suffix: "weight", Dims: []int{c.Out, c.In / c.GroupCount(), c.Kernel, c.Kernel}}
	if c.NoBias {
		return []Param{weight}
	}
	return []Param{weight, {Suffix: "bias", Dims: []int{c.Out}}}
}

// MACs implements Op.
func (c Conv) MACs(in []tensor.Shape) MACs {
	n := int64(c.Shape(in).Len()) * int64(c.In/c.GroupCount()*c.Kernel*c.Kernel)
	return MACs{True: n, Paper: n}
}

// Forward implements Op.
func (c Conv) Forward(y *tensor.Tensor, xs []*tensor.Tensor, p []tensor.Array) {
	x := xs[0]
	inGroup, outGroup := c.In/c.GroupCount(), c.Out/c.GroupCount()
	row := make([]float64, y.W)
	for n := range y.N {
		for oc := range y.C {
			first := oc / outGroup * inGroup // the group's first input channel
			out := y.Plane(n, oc)
			for oy := range y.H {
				for ox := range row {
					row[ox] = 0
					if !c.NoBias {
						row[ox] = float64(p[1].Data[oc])
					}
				}
				for ic := range inGroup {
					kernel := p[0].Data[(oc*inGroup+ic)*c.Kernel*c.Kernel:]
					c.addRow(row, oy, x.Plane(n, first+ic), x.Shape, kernel)
				}
				for ox, v := range row {
					out[oy*y.W+ox] = float32(v)
				}
			}
		}
	}
}

// addRow adds to one row of the result what one input plane gives: row[ox] += sum of plane[iy][ix] * kernel[ky][kx] over the
// taps (iy, ix) = (oy, ox)*stride - pad + (ky, kx) that lie inside the plane.
func (c Conv) addRow(row []float64, oy int, plane []float32, s tensor.Shape, kernel []float32) {
	for ky := range c.Kernel {
		iy := oy*c.StepSize() - c.Pad + ky
		if iy < 0 || iy >= s.H {
			continue
		}
		for kx := range c.Kernel {
			w := float64(kernel[ky*c.Kernel+kx])
			for ox := range row {
				ix := ox*c.StepSize() - c.Pad + kx
				if ix >= 0 && ix < s.W {
					row[ox] += w * float64(plane[iy*s.W+ix])
				}
			}
		}
	}
}

// Backward implements Op. Every tap weight[oc][ic][ky][kx] * x[n][ic][iy][ix] that addRow adds to y[n][oc][oy][ox] gives
//
//	dx[n][ic][iy][ix]       += weight[oc][ic][ky][kx] * dy[n][oc][oy][ox]
//	dweight[oc][ic][ky][kx] += x[n][ic][iy][ix] * dy[n][oc][oy][ox]
//
// and dbias[oc] += dy[n][oc][oy][ox].
func (c Conv) Backward(dx []*tensor.Tensor, dp []tensor.Array, dy *tensor.Tensor, x []*tensor.Tensor, p []tensor.Array) {
	if dx[0] != nil {
		c.inputGradient(dx[0], dy, p[0].Data)
	}
	if dp[0].Data != nil {
		c.weightGradient(dp[0].Data, dy, x[0])
	}
	if !c.NoBias {
		addChannelSums(dp[1].Data, dy)
	}
}

func (c Conv) inputGradient(dx, dy *tensor.Tensor, weight []float32) {
	inGroup, outGroup := c.In/c.GroupCount(), c.Out/c.GroupCount()
	sums := make([]float64, dx.H*dx.W)
	for n := range dx.N {
		for ic := range dx.C {
			clear(sums)
			first := ic / inGroup * outGroup // the group's first result channel
			for oc := first; oc < first+outGroup; oc++ {
				kernel := weight[(oc*inGroup+ic%inGroup)*c.Kernel*c.Kernel:]
				c.scatter(sums, dx.Shape, dy.Plane(n, oc), dy.Shape, kernel)
			}
			addSums(dx.Plane(n, ic), sums)
		}
	}
}

// scatter adds to the gradient of one input plane what one plane of dy gives: sums[iy][ix] += plane[oy][ox] * kernel[ky][kx]
// over the taps of addRow.
func (c Conv) scatter(sums []float64, in tensor.Shape, plane []float32, out tensor.Shape, kernel []float32) {
	stride := c.StepSize()
	for oy := range out.H {
		for ky := range c.Kernel {
			iy := oy*stride - c.Pad + ky
			if iy < 0 || iy >= in.H {
				continue
			}
			for kx := range c.Kernel {
				w := float64(kernel[ky*c.Kernel+kx])
				for ox, d := range plane[oy*out.W : (oy+1)*out.W] {
					ix := ox*stride - c.Pad + kx
					if ix >= 0 && ix < in.W {
						sums[iy*in.W+ix] += w * float64(d)
					}
				}
			}
		}
	}
}

func (c Conv) weightGradient(dw []float32, dy, x *tensor.Tensor) {
	inGroup, outGroup := c.In/c.GroupCount(), c.Out/c.GroupCount()
	taps := c.Kernel * c.Kernel
	for oc := range c.Out {
		first := oc / outGroup * inGroup // the group's first input channel
		for ic := range inGroup {
			for tap := range taps {
				var sum float64
				for n := range x.N {
					sum += c.correlate(dy.Plane(n, oc), dy.Shape, x.Plane(n, first+ic), x.Shape, tap/c.Kernel, tap%c.Kernel)
				}
				dw[(oc*inGroup+ic)*taps+tap] += float32(sum)
			}
		}
	}
}

// correlate is the sum of dy[oy][ox] * x[iy][ix] over all results that tap (ky, kx) reaches from inside the input plane.
func (c Conv) correlate(dy []float32, out tensor.Shape, x []float32, in tensor.Shape, ky, kx int) float64 {
	var sum float64
	stride := c.StepSize()
	for oy := range out.H {
		iy := oy*stride - c.Pad + ky
		if iy < 0 || iy >= in.H {
			continue
		}
		for ox, d := range dy[oy*out.W : (oy+1)*out.W] {
			ix := ox*stride - c.Pad + kx
			if ix >= 0 && ix < in.W {
				sum += float64(d) * float64(x[iy*in.W+ix])
			}
		}
	}
	return sum
}
