package kernel

import "unsafe"

// denseArgs are a dense layer at some positions: results that all see the same sources, as in a matrix product or a 1x1 convolution.
//
//	for p := range positions {
//		for o := range outs {
//			sum := bias[o]
//			for k := range ins {
//				sum += float32(src[p][k] * weight[k][o])
//			}
//			if sum < 0 {
//				sum *= slope
//			}
//			dst[p][o] = sum
//		}
//	}
//
// Every set gives these bits: the order of the sums is this one, and each product is rounded before it is added. Vectors lie along the
// results, so that their width shows nowhere.
//
// Distances between positions, and between weights of one source and the next, are in bytes. outs is a multiple of Line. The assembly
// knows the fields by their offsets (layout.go).
type denseArgs struct {
	dst         *float32
	dstDistance int
	src         *float32
	srcDistance int
	weight      *float32
	weightLine  int
	bias        *float32
	ins, outs   int
	slope       float32
}

// Dense is a dense layer with an activation. It may be shared.
type Dense struct {
	In, Out int
	set     *Set
	weight  []float32 // In x Width
	bias    []float32 // Width
	slope   float32
}

// NewDense packs a layer for the kernel set in use. Weights are ordered as in PyTorch, out x in. Negative results are multiplied with the
// slope, which is 1 where there is no activation.
func NewDense(in, out int, weight, bias []float32, slope float32) *Dense {
	return newDense(current(), in, out, weight, bias, slope)
}

func newDense(set *Set, in, out int, weight, bias []float32, slope float32) *Dense {
	if in < 1 || out < 1 || len(weight) != in*out || len(bias) != out {
		panic("kernel: a dense layer's parameters have other shapes than the layer")
	}
	d := &Dense{In: in, Out: out, set: set, slope: slope}
	width := d.Width()
	d.weight, d.bias = AlignedSlice(in*width), AlignedSlice(width)
	copy(d.bias, bias)
	for k := range in {
		for o := range out {
			d.weight[k*width+o] = weight[o*in+k]
		}
	}
	return d
}

// Width is the distance between the results of two positions: Out, rounded up to Line.
func (d *Dense) Width() int { return RoundUpToLine(d.Out) }

// denseOuts bounds the results that a kernel computes at a time, so that their weights stay in the first-level cache, and no call takes long
// (see maxPixels).
const denseOuts = 4 * Line

// Run computes the layer at some positions, whose sources lie distance numbers apart, and whose results Width numbers. The bits are the same
// with every kernel set, and on every machine. What lies between results is overwritten with zeros.
func (d *Dense) Run(dst, src []float32, distance, positions int, scratch *Scratch) {
	if positions == 0 {
		return
	}
	width := d.Width()
	_, _ = dst[positions*width-1], src[(positions-1)*distance+d.In-1] // kernels do not check
	for out := 0; out < width; out += denseOuts {
		tiles := (positions + d.set.densePositions - 1) / d.set.densePositions
		for i := range tiles {
			first, end := i*positions/tiles, (i+1)*positions/tiles
			scratch.dense = denseArgs{
				dst: &dst[first*width+out], dstDistance: width * floatBytes,
				src: &src[first*distance], srcDistance: distance * floatBytes,
				weight: &d.weight[out], weightLine: width * floatBytes, bias: &d.bias[out],
				ins: d.In, outs: min(width-out, denseOuts), slope: d.slope,
			}
			d.set.dense(end-first, &scratch.dense)
		}
	}
}

// denseGeneric computes denseArgs for any number of positions in pure Go.
func denseGeneric(positions int, a *denseArgs) {
	bias := unsafe.Slice(a.bias, a.outs)
	for p := 0; p < positions; p += 2 {
		q := min(p+1, positions-1)
		d0, d1 := rowAt(a.dst, p*a.dstDistance, a.outs), rowAt(a.dst, q*a.dstDistance, a.outs)
		s0, s1 := rowAt(a.src, p*a.srcDistance, a.ins), rowAt(a.src, q*a.srcDistance, a.ins)
		copy(d0, bias)
		k := 0
		if q > p {
			copy(d1, bias)
			for ; k+4 <= a.ins; k += 4 {
				denseFour(d0, d1, (*[4]float32)(s0[k:]), (*[4]float32)(s1[k:]), a.weights(k), a.weights(k+1), a.weights(k+2), a.weights(k+3))
			}
		}
		for ; k < a.ins; k++ {
			denseOne(d0, s0[k], a.weights(k))
			if q > p {
				denseOne(d1, s1[k], a.weights(k))
			}
		}
		denseLeak(d0, a.slope)
		if q > p {
			denseLeak(d1, a.slope)
		}
	}
}

// weights gives those of a source.
func (a *denseArgs) weights(k int) []float32 { return rowAt(a.weight, k*a.weightLine, a.outs) }

// denseFour adds four sources in their order at two positions, which spares loads and stores.
func denseFour(d0, d1 []float32, s, r *[4]float32, w0, w1, w2, w3 []float32) {
	n := len(d0)
	d1, w0, w1, w2, w3 = d1[:n], w0[:n], w1[:n], w2[:n], w3[:n]
	s0, s1, s2, s3, r0, r1, r2, r3 := s[0], s[1], s[2], s[3], r[0], r[1], r[2], r[3]
	for o := range d0 {
		a, b := d0[o]+float32(s0*w0[o]), d1[o]+float32(r0*w0[o])
		a, b = a+float32(s1*w1[o]), b+float32(r1*w1[o])
		a, b = a+float32(s2*w2[o]), b+float32(r2*w2[o])
		d0[o], d1[o] = a+float32(s3*w3[o]), b+float32(r3*w3[o])
	}
}

func denseOne(d []float32, s float32, w []float32) {
	for o, v := range w[:len(d)] {
		d[o] += float32(s * v)
	}
}

func denseLeak(d []float32, slope float32) {
	for o, v := range d {
		if v < 0 {
			d[o] = v * slope
		}
	}
}
