package onnx

import (
	"fmt"

	"classsr/fault"
	"classsr/nn"
	"classsr/tensor"
)

// node is an ONNX operation.
type node struct {
	op         string
	attributes []attribute
	// paramDims are the dimensions that the parameters have in ONNX, in the order of the operation's Params; nil if they are
	// the graph's own.
	paramDims [][]int
	// constants are inputs that follow the graph's inputs, by name. An array without data is an input left out.
	constants []constant
}

// attribute is a named float32, int, string or []int.
type attribute struct {
	name  string
	value any
}

type constant struct {
	name  string
	array tensor.Array
}

// translate gives the ONNX operation of an operation; inputs and parameters keep their order.
func translate(op nn.Op) (node, error) {
	switch op := op.(type) {
	case nn.Conv:
		return translateConv(op), nil
	case nn.Deconv:
		return translateDeconv(op), nil
	case nn.Linear:
		// On maps of one pixel the layer is a convolution with kernels of one.
		n := translateConv(nn.Conv{In: op.In, Out: op.Out, Kernel: 1})
		n.paramDims = [][]int{{op.Out, op.In, 1, 1}, {op.Out}}
		return n, nil
	case nn.ReLU:
		return node{op: "Relu"}, nil
	case nn.LeakyReLU:
		return node{op: "LeakyRelu", attributes: []attribute{{"alpha", op.Slope}}}, nil
	case nn.PReLU:
		return node{op: "PRelu", paramDims: [][]int{{op.Slopes, 1, 1}}}, nil
	case nn.Sigmoid:
		return node{op: "Sigmoid"}, nil
	case nn.Add:
		return node{op: "Add"}, nil
	case nn.ChannelMul:
		return node{op: "Mul"}, nil
	case nn.Mul:
		return node{op: "Mul"}, nil
	case nn.Scale:
		factor := tensor.Array{Dims: []int{1}, Data: []float32{op.Factor}}
		return node{op: "Mul", constants: []constant{{fmt.Sprint("factor", op.Factor), factor}}}, nil
	case nn.Concat:
		return node{op: "Concat", attributes: []attribute{{"axis", 1}}}, nil
	case nn.PixelShuffle:
		return node{op: "DepthToSpace", attributes: []attribute{{"blocksize", op.Factor}, {"mode", "CRD"}}}, nil
	case nn.PixelUnshuffle:
		return translateUnshuffle(op), nil
	case nn.BatchNorm:
		return node{op: "BatchNormalization", attributes: []attribute{{"epsilon", float32(nn.BatchNormEpsilon)}}}, nil
	case nn.GlobalAvgPool:
		return node{op: "GlobalAveragePool"}, nil
	case nn.Nearest:
		return translateNearest(op), nil
	case nn.Bilinear:
		return translateBilinear(op), nil
	case nn.Bicubic:
		return translateBicubic(op), nil
	}
	return node{}, fault.New(fault.Unsupported, "operation %T has no counterpart in ONNX yet", op)
}

func translateConv(c nn.Conv) node {
	k, s, p := c.Kernel, c.StepSize(), c.Pad
	return node{op: "Conv", attributes: []attribute{
		{"group", c.GroupCount()},
		{"kernel_shape", []int{k, k}},
		{"pads", []int{p, p, p, p}},
		{"strides", []int{s, s}},
	}}
}

func translateDeconv(d nn.Deconv) node {
	k, s, p, o := d.Kernel, d.Stride, d.Pad, d.OutPad
	return node{op: "ConvTranspose", attributes: []attribute{
		{"kernel_shape", []int{k, k}},
		{"output_padding", []int{o, o}},
		{"pads", []int{p, p, p, p}},
		{"strides", []int{s, s}},
	}}
}

// translateBicubic has the kernel and the positions of nn.Bicubic, but not its edges: ONNX knows no mirrored ones for Resize, and
// ONNX Runtime repeats the edge samples. So the outermost Scale/2 rows and columns of the result differ, and only these.
func translateBicubic(b nn.Bicubic) node {
	factor := float32(b.Scale)
	scales := tensor.Array{Dims: []int{4}, Data: []float32{1, 1, factor, factor}}
	return node{
		op: "Resize",
		attributes: []attribute{
			{"coordinate_transformation_mode", "half_pixel"},
			{"cubic_coeff_a", float32(-0.5)},
			{"mode", "cubic"},
		},
		constants: []constant{{}, {fmt.Sprint("scales", b.Scale), scales}}, // the one left out is the region of interest
	}
}

// translateUnshuffle gives a convolution with a kernel for each pixel of a square, since ONNX's own operation orders channels otherwise.
func translateUnshuffle(u nn.PixelUnshuffle) node {
	f := u.Factor
	n := translateConv(nn.Conv{In: u.Channels, Kernel: f, Stride: f, Groups: u.Channels})
	weight := tensor.NewArray(u.Channels*f*f, 1, f, f)
	for channel := range weight.Dims[0] {
		weight.Data[channel*f*f+channel%(f*f)] = 1
	}
	n.constants = []constant{{fmt.Sprintf("pixels%dof%d", f, u.Channels), weight}}
	return n
}

// translateNearest takes the pixel that a result pixel lies in.
func translateNearest(e nn.Nearest) node {
	factor := float32(e.Factor)
	scales := tensor.Array{Dims: []int{4}, Data: []float32{1, 1, factor, factor}}
	return node{
		op: "Resize",
		attributes: []attribute{
			{"coordinate_transformation_mode", "asymmetric"},
			{"mode", "nearest"},
			{"nearest_mode", "floor"},
		},
		constants: []constant{{}, {fmt.Sprint("scales", e.Factor), scales}}, // the one left out is the region of interest
	}
}

// translateBilinear uses half_pixel, in which positions beyond the outermost pixel centres are brought back to them.
func translateBilinear(b nn.Bilinear) node {
	factor := float32(b.Factor)
	scales := tensor.Array{Dims: []int{4}, Data: []float32{1, 1, factor, factor}}
	return node{
		op: "Resize",
		attributes: []attribute{
			{"coordinate_transformation_mode", "half_pixel"},
			{"mode", "linear"},
		},
		constants: []constant{{}, {fmt.Sprint("scales", b.Factor), scales}}, // the one left out is the region of interest
	}
}
