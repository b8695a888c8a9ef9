package ncnn

import (
	"fmt"

	"classsr/fault"
	"classsr/nn"
	"classsr/tensor"
)

// convolution reads a convolution, grouped or not, with its activation.
func (b *builder) convolution(l *line, in []value) (value, error) {
	op, after, err := convolutionOf(l, in[0].channels)
	if err != nil {
		return value{}, err
	}
	var params []tensor.Array
	for i, p := range op.Params() {
		read := b.weights.plain
		if i == 0 {
			read = b.weights.marked
		}
		data, err := read(int64(tensor.DimsLen(p.Dims)))
		if err != nil {
			return value{}, err
		}
		params = append(params, tensor.Array{Dims: p.Dims, Data: data})
	}
	x := b.emit(l, op, in, op.Out, in[0].side, params...)
	if after != nil {
		x = b.same(l, after, x)
	}
	return x, nil
}

// convolutionOf gives the convolution that the settings describe, and the activation after it, which may be nil.
func convolutionOf(l *line, in int) (op nn.Conv, after nn.Op, err error) {
	op = nn.Conv{In: in, Out: l.whole(0, 0), Kernel: l.whole(1, 0), Pad: l.whole(4, 0)}
	bias, size, groups := l.whole(5, 0), l.whole(6, 0), 1
	if l.kind == "ConvolutionDepthWise" {
		groups = l.whole(7, 1)
	}
	l.always(op.Kernel, 11)
	l.always(op.Pad, 14, 15, 16)
	l.always(1, 2, 12, 3, 13)                   // dilation and stride
	l.always(0, 8, 18, 19)                      // scales of int8, the value of padding, weights that are computed
	if after, err = activation(l); err != nil { // all settings are asked for now
		return op, nil, err
	}
	if bias != 0 && bias != 1 {
		return op, nil, fmt.Errorf("setting 5 (bias) is %d, neither 0 nor 1", bias)
	}
	op.NoBias = bias == 0
	if groups != 1 {
		op.Groups = groups
	}
	return op, after, checkConvolution(op, groups, size)
}

// checkConvolution returns an error if there is no such convolution, or one that is not read.
func checkConvolution(op nn.Conv, groups, size int) error {
	in, out, kernel := op.In, op.Out, op.Kernel
	if out < 1 || out > maxChannels || kernel < 1 || kernel > maxKernel || groups < 1 || in%groups != 0 || out%groups != 0 {
		return fmt.Errorf("there is no convolution of %d to %d channels in %d groups with kernels of %d pixels", in, out, groups, kernel)
	}
	if 2*op.Pad+1 != kernel {
		return fault.New(fault.Unsupported, "kernels of %d pixels with %d of padding change the size: those are read that keep it", kernel, op.Pad)
	}
	if want := int64(out) * int64(in/groups) * int64(kernel*kernel); int64(size) != want {
		return fmt.Errorf("it has %d weights, and %d to %d channels in %d groups with kernels of %d pixels need %d", size, in, out, groups, kernel, want)
	}
	return nil
}

// activation reads what follows a convolution, which may be nothing, and checks the settings.
func activation(l *line) (nn.Op, error) {
	which, values := l.whole(9, 0), l.list(10)
	if err := l.check(); err != nil {
		return nil, err
	}
	switch {
	case which == 0:
		return nil, nil
	case which == 1:
		return nn.ReLU{}, nil
	case which == 2 && len(values) == 1:
		return leaky(values[0]), nil
	}
	return nil, fault.New(fault.Unsupported, "activation %d (setting 9) with the values %v is not read; 0 (none), 1 (ReLU) and 2 (LeakyReLU of one slope) are",
		which, values)
}

func leaky(slope float32) nn.Op {
	if slope == 0 {
		return nn.ReLU{}
	}
	return nn.LeakyReLU{Slope: slope}
}

func (b *builder) relu(l *line, in []value) (value, error) {
	op := leaky(l.number32(0, 0))
	if err := l.check(); err != nil {
		return value{}, err
	}
	return b.same(l, op, in[0]), nil
}

func (b *builder) prelu(l *line, in []value) (value, error) {
	slopes := l.whole(0, 0)
	if err := l.check(); err != nil {
		return value{}, err
	}
	if slopes != 1 && slopes != in[0].channels {
		return value{}, fmt.Errorf("it has %d slopes for %d channels", slopes, in[0].channels)
	}
	data, err := b.weights.plain(int64(slopes))
	if err != nil {
		return value{}, err
	}
	return b.emit(l, nn.PReLU{Slopes: slopes}, in, in[0].channels, in[0].side, tensor.Array{Dims: []int{slopes}, Data: data}), nil
}

// interp reads the nearest enlargement by a whole factor.
func (b *builder) interp(l *line, in []value) (value, error) {
	method, high, wide := l.whole(0, 0), l.number32(1, 1), l.number32(2, 1)
	l.always(0, 3, 4, 5, 6) // a size of its own, and corners that are kept in place
	if err := l.check(); err != nil {
		return value{}, err
	}
	factor := int(max(0, min(high, maxFactor+1)))
	if method != 1 || high != wide || float32(factor) != high {
		return value{}, fault.New(fault.Unsupported, "it resizes %v times in height and %v in width by method %d (1: nearest, 2: bilinear, 3: bicubic); "+
			"nearest enlargements by whole numbers are read", high, wide, method)
	}
	if err := checkFactor(factor); err != nil {
		return value{}, err
	}
	return b.resized(l, nn.Nearest{Factor: factor}, in, in[0].channels, in[0].side.times(factor, 1))
}

// shuffle reads the pixel shuffle in the order of PyTorch.
func (b *builder) shuffle(l *line, in []value) (value, error) {
	factor, err := b.factor(l)
	if err != nil {
		return value{}, err
	}
	if in[0].channels%(factor*factor) != 0 {
		return value{}, fmt.Errorf("it makes squares of %d pixels a side of %d channels", factor, in[0].channels)
	}
	return b.resized(l, nn.PixelShuffle{Factor: factor}, in, in[0].channels/(factor*factor), in[0].side.times(factor, 1))
}

// unshuffle reads the reverse of the pixel shuffle.
func (b *builder) unshuffle(l *line, in []value) (value, error) {
	factor, err := b.factor(l)
	if err != nil {
		return value{}, err
	}
	channels := in[0].channels * factor * factor
	if channels > maxChannels {
		return value{}, fault.New(fault.TooLarge, "it makes %d channels, more than %d", channels, maxChannels)
	}
	return b.resized(l, nn.PixelUnshuffle{Channels: in[0].channels, Factor: factor}, in, channels, in[0].side.times(1, factor))
}

// factor reads the side of the squares of pixels that are channels.
func (b *builder) factor(l *line) (int, error) {
	factor := l.whole(0, 0)
	l.always(0, 1) // the order of channels
	if err := l.check(); err != nil {
		return 0, err
	}
	return factor, checkFactor(factor)
}

func checkFactor(factor int) error {
	if factor < 1 || factor > maxFactor {
		return fault.New(fault.Unsupported, "it changes sides by a factor of %d; 1 to %d are read", factor, maxFactor)
	}
	return nil
}

// resized adds an operation that changes sides, which no sequence of them may do beyond a bound.
func (b *builder) resized(l *line, op nn.Op, in []value, channels int, side ratio) (value, error) {
	if side.over > maxFactor*maxFactor || side.under > maxFactor*maxFactor {
		return value{}, fault.New(fault.TooLarge, "its sides become %d/%d of the picture's", side.over, side.under)
	}
	return b.emit(l, op, in, channels, side), nil
}

// Operations of BinaryOp and of Eltwise.
const (
	binaryAdd = 0
	binaryMul = 2

	eltwiseProduct = 0
	eltwiseSum     = 1
)

// binary reads the sum or the product of two values, or the product with a number.
func (b *builder) binary(l *line, in []value) (value, error) {
	which, scalar, factor := l.whole(0, 0), l.whole(1, 0), l.number32(2, 0)
	if err := l.check(); err != nil {
		return value{}, err
	}
	if scalar == 1 && len(in) == 1 && which == binaryMul {
		return b.same(l, nn.Scale{Factor: factor}, in[0]), nil
	}
	if scalar != 0 || len(in) != 2 || which != binaryAdd && which != binaryMul {
		return value{}, fault.New(fault.Unsupported, "operation %d of %d values (number: %d) is not read; sums (0) and products (2) of two are, "+
			"and the product with a number", which, len(in), scalar)
	}
	return b.pair(l, which == binaryAdd, in)
}

// eltwise reads the product of two values, or their sum with a coefficient for each.
func (b *builder) eltwise(l *line, in []value) (value, error) {
	which, factors := l.whole(0, 0), l.list(1)
	if err := l.check(); err != nil {
		return value{}, err
	}
	if which != eltwiseProduct && which != eltwiseSum || len(factors) != 0 && (len(factors) != len(in) || which != eltwiseSum) {
		return value{}, fault.New(fault.Unsupported, "operation %d with %d coefficients is not read; products (0) and sums (1) are, with one for each input",
			which, len(factors))
	}
	for i, f := range factors {
		if f != 1 {
			in[i] = b.same(l, nn.Scale{Factor: f}, in[i])
		}
	}
	return b.pair(l, which == eltwiseSum, in)
}

// pair adds the sum or the product of two values.
func (b *builder) pair(l *line, sum bool, in []value) (value, error) {
	if err := alike(in, true); err != nil {
		return value{}, err
	}
	if sum {
		return b.same(l, nn.Add{}, in...), nil
	}
	return b.same(l, nn.Mul{}, in...), nil
}

func (b *builder) concat(l *line, in []value) (value, error) {
	l.always(0, 0) // the axis: channels
	if err := l.check(); err != nil {
		return value{}, err
	}
	if err := alike(in, false); err != nil {
		return value{}, err
	}
	channels := 0
	for _, v := range in {
		if channels += v.channels; channels > maxChannels {
			return value{}, fault.New(fault.TooLarge, "it makes more than %d channels", maxChannels)
		}
	}
	return b.emit(l, nn.Concat{}, in, channels, in[0].side), nil
}
