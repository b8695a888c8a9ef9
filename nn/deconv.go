package nn

import "classsr/tensor"

// Deconv is a transposed convolution with square kernels: every input pixel adds its kernel, scaled, to the result.
//
//	x: N x In x H x W    y: N x Out x (H-1)*Stride-2*Pad+Kernel+OutPad (and likewise for W)
//	weight: In x Out x Kernel x Kernel    bias: Out
type Deconv struct {
	In, Out int
	Kernel  int
	Stride  int
	Pad     int // rows and columns cut off the result at each side
	OutPad  int // rows and columns added at the bottom and right
}

// Shape implements Op.
func (d Deconv) Shape(in []tensor.Shape) tensor.Shape {
	if len(in) != 1 || in[0].C != d.In {
		panic("nn: Deconv takes one input with In channels")
	}
	size := func(n int) int { return (n-1)*d.Stride - 2*d.Pad + d.Kernel + d.OutPad }
	return tensor.Shape{N: in[0].N, C: d.Out, H: size(in[0].H), W: size(in[0].W)}
}

// Params implements Op.
func (d Deconv) Params() []Param {
	return []Param{
		{Suffix: "weight", Dims: []int{d.In, d.Out, d.Kernel, d.Kernel}},
		{Suffix: "bias", Dims: []int{d.Out}},
	}
}

// MACs implements Op. Taps that fall off the borders are counted; they are few.
func (d Deconv) MACs(in []tensor.Shape) MACs {
	perPixel := int64(d.In * d.Out * d.Kernel * d.Kernel)
	out := d.Shape(in)
	return MACs{
		True:  int64(in[0].N*in[0].H*in[0].W) * perPixel,
		Paper: int64(out.N*out.H*out.W) * perPixel,
	}
}

// Forward implements Op.
func (d Deconv) Forward(y *tensor.Tensor, xs []*tensor.Tensor, p []tensor.Array) {
	x := xs[0]
	sums := make([]float64, y.H*y.W)
	for n := range y.N {
		for oc := range y.C {
			for i := range sums {
				sums[i] = float64(p[1].Data[oc])
			}
			for ic := range x.C {
				kernel := p[0].Data[(ic*d.Out+oc)*d.Kernel*d.Kernel:]
				d.scatter(sums, y.Shape, x.Plane(n, ic), x.Shape, kernel)
			}
			out := y.Plane(n, oc)
			for i, v := range sums {
				out[i] = float32(v)
			}
		}
	}
}

// scatter adds one input plane's kernels: sums[iy*stride-pad+ky][ix*stride-pad+kx] += plane[iy][ix] * kernel[ky][kx].
func (d Deconv) scatter(sums []float64, out tensor.Shape, plane []float32, in tensor.Shape, kernel []float32) {
	for iy := range in.H {
		for ky := range d.Kernel {
			oy := iy*d.Stride - d.Pad + ky
			if oy < 0 || oy >= out.H {
				continue
			}
			for ix := range in.W {
				v := float64(plane[iy*in.W+ix])
				for kx := range d.Kernel {
					ox := ix*d.Stride - d.Pad + kx
					if ox >= 0 && ox < out.W {
						sums[oy*out.W+ox] += v * float64(kernel[ky*d.Kernel+kx])
					}
				}
			}
		}
	}
}

// Backward implements Op. Every product x[n][ic][iy][ix] * weight[ic][oc][ky][kx] that scatter adds to y[n][oc][oy][ox] gives
//
//	dx[n][ic][iy][ix]       += weight[ic][oc][ky][kx] * dy[n][oc][oy][ox]
//	dweight[ic][oc][ky][kx] += x[n][ic][iy][ix] * dy[n][oc][oy][ox]
//
// and dbias[oc] += dy[n][oc][oy][ox].
func (d Deconv) Backward(dx []*tensor.Tensor, dp []tensor.Array, dy *tensor.Tensor, x []*tensor.Tensor, p []tensor.Array) {
	if dx[0] != nil {
		d.inputGradient(dx[0], dy, p[0].Data)
	}
	if dp[0].Data != nil {
		d.weightGradient(dp[0].Data, dy, x[0])
	}
	addChannelSums(dp[1].Data, dy)
}

func (d Deconv) inputGradient(dx, dy *tensor.Tensor, weight []float32) {
	for n := range dx.N {
		for ic := range dx.C {
			for i := range dx.H * dx.W {
				var sum float64
				for oc := range dy.C {
					kernel := weight[(ic*d.Out+oc)*d.Kernel*d.Kernel:]
					sum += d.gather(dy.Plane(n, oc), dy.Shape, i/dx.W, i%dx.W, kernel)
				}
				dx.Plane(n, ic)[i] += float32(sum)
			}
		}
	}
}

// gather is the sum of kernel[ky][kx] * dy[iy*stride-pad+ky][ix*stride-pad+kx] over the taps inside the plane.
func (d Deconv) gather(dy []float32, out tensor.Shape, iy, ix int, kernel []float32) float64 {
	var sum float64
	for ky := range d.Kernel {
		for kx := range d.Kernel {
			oy, ox := iy*d.Stride-d.Pad+ky, ix*d.Stride-d.Pad+kx
			if oy >= 0 && oy < out.H && ox >= 0 && ox < out.W {
				sum += float64(kernel[ky*d.Kernel+kx]) * float64(dy[oy*out.W+ox])
			}
		}
	}
	return sum
}

func (d Deconv) weightGradient(dw []float32, dy, x *tensor.Tensor) {
	taps := d.Kernel * d.Kernel
	for ic := range d.In {
		for oc := range d.Out {
			for tap := range taps {
				var sum float64
				for n := range x.N {
					sum += d.correlate(dy.Plane(n, oc), dy.Shape, x.Plane(n, ic), x.Shape, tap/d.Kernel, tap%d.Kernel)
				}
				dw[(ic*d.Out+oc)*taps+tap] += float32(sum)
			}
		}
	}
}

// correlate is the sum of x[iy][ix] * dy[oy][ox] over all inputs whose tap (ky, kx) lies inside the result.
func (d Deconv) correlate(dy []float32, out tensor.Shape, x []float32, in tensor.Shape, ky, kx int) float64 {
	var sum float64
	for iy := range in.H {
		for ix := range in.W {
			oy, ox := iy*d.Stride-d.Pad+ky, ix*d.Stride-d.Pad+kx
			if oy >= 0 && oy < out.H && ox >= 0 && ox < out.W {
				sum += float64(x[iy*in.W+ix]) * float64(dy[oy*out.W+ox])
			}
		}
	}
	return sum
}
