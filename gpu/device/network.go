package device

import (
	"image"
	"math"

	"classsr/gpu/shaders"
	"classsr/nn"
	"classsr/program"
	"classsr/tensor"
)

// network is a program packed for the device.
type network struct {
	program  *program.Program
	steps    []operation // by step
	slots    []slots     // by value
	channels []int       // by value
	reach    *reach      // nil if no part can be left out
	unit     float32     // brings its result to 0..1
}

// operation is a step of a program, packed.
type operation interface {
	// uses lists the pipelines that it needs.
	uses() []kernel
	// sums is how many quads of float32 it needs besides its values.
	sums(l *layout, s program.Step) int
	// emit adds the dispatches of step number i.
	emit(b *builder, i int)
}

// packing is the weights of all networks of a model, while they are made.
type packing struct {
	quadBytes int
	tiling    func(taps, out, quadBytes int) tiling // chooseTiling, or another one in tests
	matrices  *matrices                             // nil if the device has none, or they are not to be used
	params    tensor.Set
	weights   []float32 // quads, of float16 if quadBytes says so
	exact     []float32 // quads of float32: biases and the like
	net       *network
	loose     []bool // by value
}

// pack adds a network.
func (p *packing) pack(n Network) *network {
	prog := n.Program
	shapes := prog.Shapes(tensor.Shape{N: 1, C: prog.Channels, H: probe, W: probe})
	net := &network{program: prog, slots: make([]slots, len(shapes)), reach: newReach(prog), unit: n.Unit}
	for v, s := range shapes {
		net.channels = append(net.channels, s.C)
		net.slots[v] = dense(s.C)
	}
	p.net, p.params, p.loose = net, n.Params, loose(prog)
	for i := 0; i < len(prog.Steps); i = len(net.steps) {
		if several := p.squeeze(prog, i); several != nil {
			net.steps = append(net.steps, several...)
			continue
		}
		net.steps = append(net.steps, p.operation(prog.Steps[i], program.Value(i+1)))
	}
	return net
}

// probe is a side of pictures that all networks can enlarge.
const probe = 16

// operation packs a step. It is the one place that knows all operations.
func (p *packing) operation(s program.Step, v program.Value) operation {
	channels := p.net.channels[v]
	switch op := s.Op.(type) {
	case program.Conv:
		return p.conv(op, s.Inputs[0], v)
	case program.Activate:
		return each{operation: shaders.Activate, numbers: p.perChannel(op.Slopes(p.params), channels)}
	case program.Sigmoid:
		return each{operation: shaders.Sigmoid}
	case program.Norm:
		return each{operation: shaders.Affine, numbers: p.affine(op)}
	case program.Add:
		return each{operation: shaders.Add, numbers: p.addExact(op.Factor)}
	case program.Mul:
		return each{operation: shaders.Mul}
	case program.Scale: // a product of all channels
		return each{operation: shaders.Affine, numbers: p.scaled(op.Factor, channels)}
	case program.ChannelMul:
		return each{operation: shaders.ChannelMul}
	case program.Mean:
		return mean{p.net.slots[s.Inputs[0][0]].quads()}
	case program.MeanOf:
		return p.meanOf(op, s.Inputs[0][0], v)
	case program.Shuffle:
		return each{operation: shaders.Shuffle, factor: op.Factor}
	case program.Unshuffle:
		return each{operation: shaders.Unshuffle, factor: op.Factor}
	case program.Nearest:
		return each{operation: shaders.Nearest, factor: op.Factor}
	case program.Bilinear:
		return each{operation: shaders.Bilinear, factor: op.Factor}
	case program.Bicubic:
		return each{operation: shaders.Bicubic, factor: op.Scale, numbers: p.bicubic(op.Bicubic)}
	}
	panic("device: an operation that cannot be packed")
}

// addExact adds numbers and gives where they begin, in quads.
func (p *packing) addExact(numbers ...float32) int {
	at := len(p.exact) / quadSize
	p.exact = append(p.exact, numbers...)
	for len(p.exact)%quadSize != 0 {
		p.exact = append(p.exact, 0)
	}
	return at
}

// perChannel adds a number for each channel, or one for all.
func (p *packing) perChannel(numbers []float32, channels int) int {
	all := make([]float32, channels)
	for c := range all {
		all[c] = numbers[min(c, len(numbers)-1)]
	}
	return p.addExact(all...)
}

// affine adds a quad of factors and one of offsets by turns.
func (p *packing) affine(n program.Norm) int {
	factors, offsets := n.Affine(p.params)
	return p.alternate(len(factors), func(c int) (float32, float32) { return float32(factors[c]), float32(offsets[c]) })
}

// scaled is the affine that multiplies by a factor.
func (p *packing) scaled(factor float32, channels int) int {
	return p.alternate(channels, func(int) (float32, float32) { return factor, 0 })
}

func (p *packing) alternate(channels int, of func(c int) (float32, float32)) int {
	var all []float32
	for first := 0; first < channels; first += quadSize {
		var factors, offsets [quadSize]float32
		for k := range min(quadSize, channels-first) {
			factors[k], offsets[k] = of(first + k)
		}
		all = append(append(all, factors[:]...), offsets[:]...)
	}
	return p.addExact(all...)
}

// bicubic adds the weights of each place within a pixel.
func (p *packing) bicubic(b nn.Bicubic) int {
	var all []float32
	for place := range b.Scale {
		for _, w := range b.Weights(place) {
			all = append(all, float32(w))
		}
	}
	return p.addExact(all...)
}

// each is an operation that makes a quad of few others.
type each struct {
	operation uint32
	factor    int
	numbers   int // where its numbers begin in exact
}

func (e each) kernel() kernel { return newKernel(shaders.Each, 0, 0, 0, e.operation) }

func (e each) uses() []kernel { return []kernel{e.kernel()} }

func (each) sums(*layout, program.Step) int { return 0 }

func (e each) emit(b *builder, i int) {
	v, inputs := program.Value(i+1), b.net.program.Steps[i].Inputs
	b.begin(e.kernel(), v, 1, image.Pt(shaders.TileColumns, shaders.TileRows))
	b.value(v)
	for k := range 3 {
		b.value(inputs[min(k, len(inputs)-1)][0])
	}
	from := inputs[0][0]
	size, third := b.layout.size[from], len(inputs)-2
	b.add(e.factor, b.net.channels[from], b.exact+e.numbers, size.X, size.Y, max(third, 0))
	b.end(b.net.slots[v].quads())
}

// floatBits is a float32 among integers.
func floatBits(f float32) int { return int(int32(math.Float32bits(f))) }
