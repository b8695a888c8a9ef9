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
