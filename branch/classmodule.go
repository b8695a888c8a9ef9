package branch

import (
	"context"
	"image"
	"slices"

	"classsr/internal/kernel"
	"classsr/nn"
	"classsr/tensor"
)

// classModule is a Class-Module as a chain of dense layers: its first convolution sees squares that do not overlap, the others single
// positions, so that each layer does the same at every square. Its scores have the same bits with every kernel set and on every machine,
// since classes follow from them: sums run in one fixed order, and every product is rounded before it is added. Plans of package engine
// promise no such thing.
type classModule struct {
	channels     int // of the picture
	layers       []*kernel.Dense
	weight, bias []float32 // of the linear layer: scores x channels of the last layer
}

// moduleBatch is how many windows a worker takes at once: so few that all threads have some.
const moduleBatch = 8

// newClassModule takes over a graph of the form that package arch builds: a convolution of squares, others of single positions, with or
// without activations, an average and a linear layer.
func newClassModule(g *nn.Graph, params tensor.Set) *classModule {
	g.Shapes(tensor.Shape{N: 1, C: g.Channels, H: moduleSquare, W: moduleSquare}) // panics if channels do not fit
	m := &classModule{channels: g.Channels}
	last := len(g.Nodes) - 1
	for i := 0; i < last-1; i++ {
		node, side := g.Nodes[i], 1
		if i == 0 {
			side = moduleSquare
		}
		if !isDense(node.Op, side) || !follows(g, i) {
			panic("classsr: a Class-Module has a convolution of squares, then others of single positions")
		}
		slope := float32(1)
		if leaky, ok := g.Nodes[i+1].Op.(nn.LeakyReLU); ok && follows(g, i+1) {
			slope = leaky.Slope
			i++
		}
		arrays := node.Arrays(params)
		weight, bias := arrays[0].Data, arrays[1].Data
		m.layers = append(m.layers, kernel.NewDense(len(weight)/len(bias), len(bias), weight, bias, slope))
	}
	if len(m.layers) == 0 || !follows(g, last-1) || !follows(g, last) {
		panic("classsr: a Class-Module is a chain of layers")
	}
	_, pools := g.Nodes[last-1].Op.(nn.GlobalAvgPool)
	if _, linear := g.Nodes[last].Op.(nn.Linear); !pools || !linear {
		panic("classsr: a Class-Module ends with an average and a linear layer")
	}
	arrays := g.Nodes[last].Arrays(params)
	m.weight, m.bias = arrays[0].Data, arrays[1].Data
	return m
}

// isDense tells whether an operation is a convolution that cuts its input into squares of some pixels a side.
func isDense(op nn.Op, side int) bool {
	c, ok := op.(nn.Conv)
	return ok && c.Kernel == side && c.StepSize() == side && c.Pad == 0 && c.GroupCount() == 1 && !c.NoBias
}

// follows tells whether node i reads nothing but the node before it.
func follows(g *nn.Graph, i int) bool {
	inputs := g.Nodes[i].Inputs
	return len(inputs) == 1 && inputs[0] == nn.Value(i)
}

// macs is the arithmetic for a window, whose sides are whole squares.
func (m *classModule) macs(window image.Point) int64 {
	squares := int64(window.X / moduleSquare * (window.Y / moduleSquare))
	macs := int64(len(m.weight))
	for _, l := range m.layers {
		macs += squares * int64(l.In) * int64(l.Out)
	}
	return macs
}

// classifier is a worker's memory for the Class-Module.
type classifier struct {
	plane   []float32    // of a window
	values  [2][]float32 // sources and results of a layer
	sums    []float64
	means   []float32
	scratch kernel.Scratch
}

// scores fills in the scores of some cores.
func (c *classifier) scores(ctx context.Context, m *classModule, in Source, cores []image.Rectangle, to [][]float32) error {
	for i, core := range cores {
		if err := ctx.Err(); err != nil {
			return err
		}
		size := in.Config()
		window := sees(core, image.Pt(size.Width, size.Height))
		to[i] = c.score(m, in, window)
	}
	return nil
}

// score looks at one window.
func (c *classifier) score(m *classModule, in Source, window image.Rectangle) []float32 {
	w, h := window.Dx(), window.Dy()
	c.plane = grow(c.plane, w*h)
	squares := c.begin(m, w, h)
	for channel := range m.channels {
		readWindow(c.plane, min(channel, in.Config().Colors-1), in, window)
		c.gather(m, channel, c.plane, w)
	}
	return c.run(m, squares)
}

// begin makes room for the first layer's sources.
func (c *classifier) begin(m *classModule, w, h int) (squares int) {
	squares = w / moduleSquare * (h / moduleSquare)
	c.values[0] = grow(c.values[0], squares*m.layers[0].In)
	return squares
}

// gather copies a channel of a window, w pixels wide, to the squares, row by row of them. Within a square, numbers are ordered as the
// first layer's weights are: by channel, row and column.
func (c *classifier) gather(m *classModule, channel int, plane []float32, w int) {
	const pixels = moduleSquare * moduleSquare
	distance := m.channels * pixels
	for y := range len(plane) / w {
		at := y/moduleSquare*(w/moduleSquare)*distance + channel*pixels + y%moduleSquare*moduleSquare
		for row := plane[y*w:][:w]; len(row) > 0; row = row[moduleSquare:] {
			*(*[moduleSquare]float32)(c.values[0][at:]) = [moduleSquare]float32(row)
			at += distance
		}
	}
}

// run computes the layers for so many gathered squares.
func (c *classifier) run(m *classModule, squares int) []float32 {
	src, dst, distance := c.values[0], c.values[1], m.layers[0].In
	for _, l := range m.layers {
		dst = grow(dst, squares*l.Width())
		l.Run(dst, src, distance, squares, &c.scratch)
		src, dst, distance = dst, src, l.Width()
	}
	c.values = [2][]float32{src, dst}
	c.average(src, distance, squares, m.layers[len(m.layers)-1].Out)
	return m.linear(c.means)
}

// average makes the means of the features over all squares, added up in their order.
func (c *classifier) average(features []float32, distance, squares, channels int) {
	c.sums, c.means = slices.Grow(c.sums[:0], channels)[:channels], grow(c.means, channels)
	clear(c.sums)
	for i := range squares {
		for channel, v := range features[i*distance:][:channels] {
			c.sums[channel] += float64(v)
		}
	}
	for channel, sum := range c.sums {
		c.means[channel] = float32(sum / float64(squares))
	}
}

// linear is the last layer. Products of float32 are exact in float64.
func (m *classModule) linear(means []float32) []float32 {
	scores := make([]float32, len(m.bias))
	for k := range scores {
		sum := float64(m.bias[k])
		for channel, v := range means {
			sum += float64(float64(v) * float64(m.weight[k*len(means)+channel]))
		}
		scores[k] = float32(sum)
	}
	return scores
}

// readWindow fills dst with a rectangle of a channel of the picture. Pixels beyond its right and lower border are those at the border.
func readWindow(dst []float32, channel int, in Source, r image.Rectangle) {
	size := in.Config()
	w, inside := r.Dx(), r.Intersect(image.Rect(0, 0, size.Width, size.Height))
	for y := range r.Dy() {
		row, from := dst[y*w:][:w], min(r.Min.Y+y, size.Height-1)
		in.ReadPlane(row[:inside.Dx()], channel, image.Rect(inside.Min.X, from, inside.Max.X, from+1))
		for i := inside.Dx(); i < w; i++ {
			row[i] = row[inside.Dx()-1]
		}
	}
}

// grow gives s the length n, with new memory if it has too little.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
