package device

import (
	"fmt"
	"image"
	"slices"
	"testing"

	"classsr/arch/archtest"
	"classsr/gpu/shaders"
	"classsr/gpu/vulkan"
	"classsr/internal/testref"
	"classsr/nn"
	"classsr/program"
	"classsr/tensor"
)

// openMatrices gives a device that computes with matrices. Debian 12's lavapipe is none; that of Mesa 26 is one.
func openMatrices(t *testing.T) *Device {
	t.Helper()
	d := opened(t).matrices
	if d.matrices == nil {
		t.Skip("the device has no matrices of float16 that are summed in float32")
	}
	return d
}

// aConv is a convolution of one value, or of two that lie side by side.
type aConv struct{ kernel, in, beside, out, groups, stride int }

func (c aConv) String() string {
	return fmt.Sprintf("%dx%d,%d+%d-%d,groups=%d,stride=%d", c.kernel, c.kernel, c.in, c.beside, c.out, c.groups, c.stride)
}

// graph is the convolution as a network, after one of 1x1 that makes a second value of the first.
func (c aConv) graph() *nn.Graph {
	g := nn.NewGraph(c.in)
	x := nn.Input
	if c.beside > 0 {
		y := g.Add("beside", nn.Conv{In: c.in, Out: c.beside, Kernel: 1}, nn.Input)
		x = g.Add("both", nn.Concat{}, nn.Input, y)
	}
	g.Add("conv", nn.Conv{In: c.in + c.beside, Out: c.out, Kernel: c.kernel, Pad: c.kernel / 2, Stride: c.stride, Groups: c.groups}, x)
	return g
}

var someConvs = []aConv{
	{3, 16, 0, 16, 1, 1}, {3, 13, 0, 18, 1, 1}, {3, 64, 0, 64, 1, 1}, {3, 48, 0, 48, 1, 1}, {1, 56, 0, 12, 1, 1}, {1, 21, 0, 75, 1, 1},
	{3, 20, 25, 33, 1, 1}, {1, 36, 20, 40, 1, 1}, {3, 40, 0, 48, 2, 1}, {3, 32, 0, 32, 1, 2}, {4, 16, 0, 24, 1, 4}, {3, 12, 0, 80, 1, 1},
}

// Convolutions by matrices are as near to the processor's as float16 lets them be, with channels and sides that fill no matrix.
func TestConvolutionsByMatrices(t *testing.T) {
	d := openMatrices(t)
	for _, c := range someConvs {
		t.Run(c.String(), func(t *testing.T) {
			g := c.graph()
			params := archtest.RandomParams(g, 7)
			p := program.Lower(g, program.Inference)
			x := randomTensor(c.in, 37, 45, 3)
			want := g.Forward(params, x)
			m := load(t, d, Network{p, params, 1})
			last := m.nets[0].steps[len(p.Steps)-1].(conv)
			if last.kernel.shader[:len("matrix")] != "matrix" {
				t.Errorf("it is computed by %s", last.kernel.shader)
			}
			got := valueOf(t, m, 0, x, image.Rect(0, 0, x.W, x.H))
			largest, spread := difference(t, got, want)
			t.Logf("%s: differs by %.2g of the range", last.kernel.shader, largest/spread)
			if !(largest <= 2e-3*spread) {
				t.Errorf("differs by %g of a range of %g", largest, spread)
			}
		})
	}
}

// Whole networks by matrices are no farther from the processor than they are by the other shaders with float16.
func TestNetworksByMatrices(t *testing.T) {
	d, other := openMatrices(t), open(t, true)
	for name, spec := range specs(t) {
		t.Run(name, func(t *testing.T) {
			if !slices.Contains([]string{"fsrcnn-x4", "carn-x2", "rrdbnet-x2", "rcan-x3"}, name) {
				testref.Slow(t)
			}
			spec.Width = max(spec.Width, 16)
			if spec.Check() != nil {
				t.Skip("it has no such width")
			}
			g := spec.Build()
			params := archtest.RandomParams(g, 7)
			p := program.Lower(g, program.Inference)
			size := image.Pt(19, 13).Mul(p.Fold)
			x := randomTensor(3, size.Y, size.X, 3)
			want := g.Forward(params, x)
			var apart [2]float64
			for i, d := range []*Device{other, d} {
				largest, spread := difference(t, valueOf(t, load(t, d, Network{p, params, 1}), 0, x, image.Rectangle{Max: size}), want)
				apart[i] = largest / spread
			}
			t.Logf("differs by %.2g of the range, without matrices by %.2g", apart[1], apart[0])
			if !(apart[1] <= 1.5*apart[0]+1e-4) {
				t.Errorf("differs by %g of the range, without matrices by %g", apart[1], apart[0])
			}
		})
	}
}

// Pixels have the same bits by whichever row of a matrix they are computed.
func TestCutsChangeNoBitByMatrices(t *testing.T) { cutsChangeNoBit(t, openMatrices(t)) }

func TestHalfByMatrices(t *testing.T) { changesHardlyAnySample(t, openMatrices(t)) }

// A device without matrices, or with none that fit, computes as if they had not been asked for.
func TestWhichMatricesAreChosen(t *testing.T) {
	shape := func(m, n, k uint32, sum vulkan.Component) vulkan.Matrix {
		return vulkan.Matrix{M: m, N: n, K: k, C: sum, Result: sum}
	}
	card := vulkan.Info{
		Float16: true, Storage16: true, CooperativeMatrix: true, Subgroup: 32, SharedMemory: 49152, MaxInvocations: 1024, MaxSize: [3]uint32{1024, 1024, 64},
		Matrices: []vulkan.Matrix{shape(16, 16, 16, vulkan.Float16), shape(16, 8, 16, vulkan.Float32), shape(16, 16, 16, vulkan.Float32), shape(16, 8, 8, vulkan.Float32)},
	}
	for name, c := range map[string]struct {
		change func(*vulkan.Info)
		want   *matrices
	}{
		"the largest":     {func(*vulkan.Info) {}, &matrices{16, 16, 16, 128, 4}},
		"few":             {func(i *vulkan.Info) { i.Matrices = i.Matrices[1:2] }, &matrices{16, 8, 16, 128, 4}},
		"sums of float16": {func(i *vulkan.Info) { i.Matrices = i.Matrices[:1] }, nil},
		"odd": {func(i *vulkan.Info) {
			i.Matrices = []vulkan.Matrix{shape(12, 16, 16, vulkan.Float32), shape(16, 16, 4, vulkan.Float32)}
		}, nil},
		"too high":      {func(i *vulkan.Info) { i.Matrices = []vulkan.Matrix{shape(32, 8, 16, vulkan.Float32)} }, nil},
		"little memory": {func(i *vulkan.Info) { i.SharedMemory, i.Matrices = sharedMemory, i.Matrices[2:3] }, nil},
		"few threads":   {func(i *vulkan.Info) { i.Subgroup, i.MaxInvocations = 64, 128 }, nil},
		"no extension":  {func(i *vulkan.Info) { i.CooperativeMatrix = false }, nil},
		"no float16":    {func(i *vulkan.Info) { i.Float16 = false }, nil},
	} {
		info := card
		c.change(&info)
		if got := chooseMatrices(info); (got == nil) != (c.want == nil) || got != nil && *got != *c.want || Matrices(info) != (got != nil) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// Every device may be asked for matrices. One that has none has the bits that it has otherwise.
func TestMatricesThatAreNotThere(t *testing.T) {
	all := opened(t)
	if all.matrices.matrices != nil {
		t.Skip("they are there")
	}
	c := aConv{3, 16, 0, 16, 1, 1}
	n := Network{program.Lower(c.graph(), program.Inference), archtest.RandomParams(c.graph(), 7), 1}
	x := randomTensor(c.in, 9, 11, 3)
	var values []*tensor.Tensor
	for _, d := range []*Device{open(t, true), all.matrices} {
		values = append(values, valueOf(t, load(t, d, n), 0, x, image.Rect(0, 0, x.W, x.H)))
	}
	if !slices.Equal(values[0].Data, values[1].Data) {
		t.Error("the results differ")
	}
}

// What a workgroup makes of packed weights, in the shader's order of products, is the convolution: for each shape that devices have.
func TestWeightsOfMatrices(t *testing.T) {
	for _, shape := range []matrices{{m: 16, n: 16, k: 16}, {m: 8, n: 8, k: 8}, {m: 16, n: 8, k: 16}, {m: 8, n: 16, k: 32}} {
		for _, c := range someConvs {
			g := c.graph()
			params := archtest.RandomParams(g, 7)
			p := packing{quadBytes: exactBytes / 2, tiling: chooseTiling, matrices: &shape}
			n := p.pack(Network{program.Lower(g, program.Inference), params, 1})
			last := n.steps[len(n.steps)-1].(conv)
			if last.kernel.constants[1] != uint32(shape.m) || last.kernel.constants[2] != uint32(shape.n) {
				continue // filled up too much
			}
			x := randomTensor(c.in, 6, 7, 3)
			values := []*tensor.Tensor{x}
			if c.beside > 0 {
				first := nn.NewGraph(c.in)
				first.Add("beside", nn.Conv{In: c.in, Out: c.beside, Kernel: 1}, nn.Input)
				values = append(values, first.Forward(params, x))
			}
			got := byMatrices(&p, &last, values, n.channels[len(n.channels)-1])
			if largest, spread := difference(t, got, g.Forward(params, x)); !(largest <= 1e-5*spread) {
				t.Errorf("%+v, %v: differs by %g of a range of %g", shape, c, largest, spread)
			}
		}
	}
}

// byMatrices does what matrix.comp does, pixel by pixel.
func byMatrices(p *packing, c *conv, sources []*tensor.Tensor, channels int) *tensor.Tensor {
	x := sources[0]
	stride := max(c.Stride, 1)
	y := tensor.New(tensor.Shape{N: 1, C: channels, H: (x.H+2*c.Pad-c.Kernel)/stride + 1, W: (x.W+2*c.Pad-c.Kernel)/stride + 1})
	taps, side := 1, c.Kernel
	if c.kernel.shader[:len("matrix-3")] == "matrix-3" {
		taps, side = c.Kernel, 1
	}
	n, k := int(c.kernel.constants[2]), int(c.kernel.constants[3])
	across := p.matrices.across(c.blocks[0].quads)
	if want := shaders.MatrixName(taps, across); c.kernel.shader != want {
		panic("it is computed by " + c.kernel.shader + ", and not by " + want)
	}
	read := func(s, channel, x, y int) float32 {
		if v := sources[s]; channel < v.C && x >= 0 && x < v.W && y >= 0 && y < v.H {
			return v.Plane(0, channel)[y*v.W+x]
		}
		return 0
	}
	for _, b := range c.blocks {
		for at := range y.H * y.W {
			sums := make([]float32, across*n)
			copy(sums, p.exact[quadSize*(c.bias+b.out):])
			weights := p.weights[quadSize*(c.weights+b.weights):]
			for pass := range side * side {
				before := 0
				for s, count := range c.quads {
					for q := max(b.first-before, 0); q < min(b.end-before, count); q += k / quadSize {
						for tap := range taps * taps {
							px, py := at%y.W*stride-c.Pad+pass%side+tap%taps, at/y.W*stride-c.Pad+pass/side+tap/taps
							for matrix := range across {
								for i := range k * n {
									if channel := 4*q + i/n; channel < 4*(b.end-before) {
										sums[matrix*n+i%n] += read(s, channel, px, py) * weights[i]
									}
								}
								weights = weights[k*n:]
							}
						}
					}
					before += count
				}
			}
			for o := range min(4*b.quads, channels-4*b.out) {
				y.Plane(0, 4*b.out+o)[at] = sums[o]
			}
		}
	}
	return y
}
