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

// AsConv gives a convolution that computes the same if a PixelShuffle by Stride follows it, with the parameters of ConvParams: each
// result position Stride*j+i becomes a channel of position j. It is as large as the farthest position that a result reads demands. It
// panics unless the result is Stride times as large as the input.
func (d Deconv) AsConv() Conv {
	if d.Kernel+d.OutPad-2*d.Pad != d.Stride {
		panic("nn: only a Deconv that enlarges by its stride is a convolution")
	}
	// Result position i = 0 .. Stride-1 of j = 0 reads positions s with a tap i+Pad-s*Stride in 0 .. Kernel-1.
	after := (d.Stride - 1 + d.Pad) / d.Stride
	before := max(d.Kernel-1-d.Pad, 0) / d.Stride
	pad := max(before, after)
	return Conv{In: d.In, Out: d.Out * d.Stride * d.Stride, Kernel: 2*pad + 1, Pad: pad}
}

// ConvParams gives weight and bias of AsConv, made of those of d. Taps that a result position does not have are zeros.
func (d Deconv) ConvParams(p []tensor.Array) []tensor.Array {
	c := d.AsConv()
	weight, bias := tensor.NewArray(c.Out, c.In, c.Kernel, c.Kernel), tensor.NewArray(c.Out)
	d.eachTap(c, func(conv, deconv int) { weight.Data[conv] = p[0].Data[deconv] })
	for o := range bias.Data {
		bias.Data[o] = p[1].Data[o/(d.Stride*d.Stride)]
	}
	return []tensor.Array{weight, bias}
}

// AddConvGradient adds the gradient of what ConvParams gives, converted, to the gradient dp of the parameters. Entries of dp whose Data is
// nil are not wanted.
func (d Deconv) AddConvGradient(dp, converted []tensor.Array) {
	if dp[0].Data != nil {
		d.eachTap(d.AsConv(), func(conv, deconv int) { dp[0].Data[deconv] += converted[0].Data[conv] })
	}
	if dp[1].Data != nil {
		for o, v := range converted[1].Data {
			dp[1].Data[o/(d.Stride*d.Stride)] += v
		}
	}
}

// eachTap calls f for every tap with its place in the weight of c and in that of d.
func (d Deconv) eachTap(c Conv, f func(conv, deconv int)) {
	for o := range c.Out {
		plane, row, column := o/(d.Stride*d.Stride), o/d.Stride%d.Stride, o%d.Stride
		for in := range c.In {
			for y := range c.Kernel {
				for x := range c.Kernel {
					ky, kx := row+d.Pad-(y-c.Pad)*d.Stride, column+d.Pad-(x-c.Pad)*d.Stride
					if ky >= 0 && ky < d.Kernel && kx >= 0 && kx < d.Kernel {
						f(((o*c.In+in)*c.Kernel+y)*c.Kernel+x, ((in*d.Out+plane)*d.Kernel+ky)*d.Kernel+kx)
					}
				}
			}
		}
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
