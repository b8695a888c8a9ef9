package ncnn

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"classsr/fault"
	"classsr/nn"
	"classsr/tensor"
)

const (
	// pictureChannels is what the input has: red, green and blue.
	pictureChannels = 3
	// maxChannels, maxKernel and maxFactor bound what a layer may ask for.
	maxChannels = 1 << 14
	maxKernel   = 31
	maxFactor   = 16
)

// kind is a kind of layer that is read.
type kind struct {
	inputs int // how many; any number from 1 if negative
	// add gives what the layer computes, after adding its operations.
	add func(*builder, *line, []value) (value, error)
}

var kinds = map[string]kind{
	"Input":                {0, (*builder).input},
	"Split":                {1, (*builder).split},
	"Convolution":          {1, (*builder).convolution},
	"ConvolutionDepthWise": {1, (*builder).convolution},
	"PReLU":                {1, (*builder).prelu},
	"ReLU":                 {1, (*builder).relu},
	"Interp":               {1, (*builder).interp},
	"PixelShuffle":         {1, (*builder).shuffle},
	"Reorg":                {1, (*builder).unshuffle},
	"BinaryOp":             {-1, (*builder).binary},
	"Eltwise":              {2, (*builder).eltwise},
	"Concat":               {-1, (*builder).concat},
}

// value is what a layer gives: its channels, and its sides as a part of the picture's.
type value struct {
	id       nn.Value
	channels int
	side     ratio
}

// ratio is a fraction of two positive numbers.
type ratio struct{ over, under int }

func (r ratio) times(over, under int) ratio {
	r = ratio{r.over * over, r.under * under}
	for d := 2; d <= maxFactor; d++ {
		for r.over%d == 0 && r.under%d == 0 {
			r.over, r.under = r.over/d, r.under/d
		}
	}
	return r
}

// builder makes operations of lines, in the order of the file.
type builder struct {
	weights *weightReader
	layers  []Layer
	values  map[string]value // by name
	started bool             // there was an input
	used    map[nn.Value]bool
}

// add adds the operations of a line.
func (b *builder) add(l *line) error {
	k, ok := kinds[l.kind]
	if !ok {
		return fault.New(fault.Unsupported, "layers of this kind are not read; those of networks that enlarge pictures are %s",
			strings.Join(slices.Sorted(maps.Keys(kinds)), ", "))
	}
	if n := len(l.inputs); k.inputs >= 0 && n != k.inputs || k.inputs < 0 && n == 0 {
		return fault.New(fault.Unsupported, "it has %d inputs, which such layers do not have", n)
	}
	if len(l.outputs) != 1 && l.kind != "Split" {
		return fault.New(fault.Unsupported, "it has %d outputs; one is read", len(l.outputs))
	}
	in := make([]value, len(l.inputs))
	for i, name := range l.inputs {
		if in[i], ok = b.values[name]; !ok {
			return fmt.Errorf("its input %s is made by no layer before it", quote(name))
		}
		b.used[in[i].id] = true
	}
	for _, name := range l.outputs {
		if _, twice := b.values[name]; twice {
			return fmt.Errorf("its output %s is made by another layer too", quote(name))
		}
	}
	out, err := k.add(b, l, in)
	for _, name := range l.outputs {
		b.values[name] = out
	}
	return err
}

// network gives the finished network.
func (b *builder) network() (*Network, error) {
	n := &Network{Layers: b.layers}
	for i := range b.layers {
		if b.used[nn.Value(i+1)] {
			continue
		}
		if n.output != 0 {
			return nil, fault.New(fault.Unsupported, "both line %d and line %d make something that no other layer reads: networks of one result are read",
				b.layers[n.output-1].Line, b.layers[i].Line)
		}
		n.output = nn.Value(i + 1)
	}
	if n.output == 0 {
		return nil, errors.New("it has no layer that computes something")
	}
	return n, nil
}

// emit adds an operation whose result has these channels and sides.
func (b *builder) emit(l *line, op nn.Op, in []value, channels int, side ratio, params ...tensor.Array) value {
	layer := Layer{Name: l.name, Line: l.number, Op: op, Params: params}
	for _, v := range in {
		layer.Inputs = append(layer.Inputs, v.id)
		b.used[v.id] = true
	}
	b.layers = append(b.layers, layer)
	return value{nn.Value(len(b.layers)), channels, side}
}

// same adds an operation whose result has the channels and the sides of what it reads.
func (b *builder) same(l *line, op nn.Op, in ...value) value {
	return b.emit(l, op, in, in[0].channels, in[0].side)
}

// alike returns an error if values differ in their sides, or in their channels where these matter too.
func alike(in []value, channels bool) error {
	for _, v := range in[1:] {
		if v.side != in[0].side || channels && v.channels != in[0].channels {
			return fault.New(fault.Unsupported, "its inputs differ: %d channels of %d/%d of the picture's side, and %d of %d/%d",
				in[0].channels, in[0].side.over, in[0].side.under, v.channels, v.side.over, v.side.under)
		}
	}
	return nil
}

func (b *builder) input(l *line, _ []value) (value, error) {
	_, _, _ = l.whole(0, 0), l.whole(1, 0), l.whole(11, 0) // a size that pictures may have; any other does too
	if c := l.whole(2, 0); c != 0 {
		l.always(pictureChannels, 2)
	}
	if b.started {
		return value{}, fault.New(fault.Unsupported, "it is the second input: networks of one are read")
	}
	b.started = true
	return value{nn.Input, pictureChannels, ratio{1, 1}}, l.check()
}

func (b *builder) split(l *line, in []value) (value, error) {
	return in[0], l.check()
}
