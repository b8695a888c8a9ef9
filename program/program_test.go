package program_test

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"classsr/arch"
	"classsr/arch/archtest"
	"classsr/nn"
	"classsr/program"
	"classsr/tensor"
)

// graphs gives a small network of every kind.
func graphs(t *testing.T) map[string]*nn.Graph {
	t.Helper()
	graphs := map[string]*nn.Graph{"classmodule": arch.PaperClassModule(3).Build()}
	for name, spec := range archtest.Specs(t, 8) {
		graphs[name] = spec.Build()
	}
	return graphs
}

func randomTensor(s tensor.Shape, seed uint64) *tensor.Tensor {
	r := rand.New(rand.NewPCG(seed, 2))
	x := tensor.New(s)
	for i := range x.Data {
		x.Data[i] = r.Float32() - 0.5
	}
	return x
}

// compute executes an operation by nothing but what it says of itself and the arithmetic of nn.
func compute(op program.Operation, x []*tensor.Tensor, params tensor.Set) *tensor.Tensor {
	var shapes []tensor.Shape
	for _, t := range x {
		shapes = append(shapes, t.Shape)
	}
	y := tensor.New(op.Shape(shapes))
	switch op := op.(type) {
	case program.Conv:
		shuffled := y
		if op.Shuffle > 1 {
			plain := op
			plain.Shuffle = 1
			y = tensor.New(plain.Shape(shapes))
		}
		conv := nn.Conv{In: op.In, Out: op.Out, Kernel: op.Kernel, Stride: op.Stride, Pad: op.Pad, Groups: op.Groups}
		weight, bias := op.Weights(params)
		conv.Forward(y, x, []tensor.Array{{Data: weight}, {Data: bias}})
		if op.Scaled {
			nn.ChannelMul{}.Forward(y, []*tensor.Tensor{y, x[len(x)-1]}, nil)
		}
		if op.Residual {
			nn.Add{}.Forward(y, []*tensor.Tensor{y, x[1]}, nil)
		}
		if op.Gated {
			for i := range y.Data {
				y.Data[i] *= x[1].Data[i] + x[2].Data[i]
			}
		}
		if op.Activation != nil {
			activate(y, *op.Activation, params)
		}
		if op.Shuffle > 1 {
			nn.PixelShuffle{Factor: op.Shuffle}.Forward(shuffled, []*tensor.Tensor{y}, nil)
			y = shuffled
		}
	case program.MeanOf:
		nn.GlobalAvgPool{}.Forward(y, []*tensor.Tensor{compute(op.Conv, x, params)}, nil)
	case program.Add:
		for i, v := range x[0].Data {
			y.Data[i] = op.Factor*v + x[1].Data[i]
		}
	case program.Activate:
		copy(y.Data, x[0].Data)
		activate(y, op.Activation, params)
	case program.Norm:
		factor, offset := op.Affine(params)
		for c := range y.C {
			for i, v := range x[0].Plane(0, c) {
				y.Plane(0, c)[i] = float32(float64(v)*factor[c] + offset[c])
			}
		}
	case program.ChannelMul:
		op.Forward(y, x, nil)
		if op.Residual {
			nn.Add{}.Forward(y, []*tensor.Tensor{y, x[2]}, nil)
		}
	case interface {
		Forward(y *tensor.Tensor, x []*tensor.Tensor, p []tensor.Array)
	}:
		op.Forward(y, x, nil)
	default:
		panic("test: an unknown operation")
	}
	return y
}

func activate(y *tensor.Tensor, a program.Activation, params tensor.Set) {
	slopes := a.Slopes(params)
	for c := range y.C {
		for i, v := range y.Plane(0, c) {
			if v < 0 {
				y.Plane(0, c)[i] = v * slopes[c%len(slopes)]
			}
		}
	}
}

// inputs gives what a step reads, side by side.
func inputs(s program.Step, values []*tensor.Tensor) []*tensor.Tensor {
	var joined []*tensor.Tensor
	for _, list := range s.Inputs {
		var parts []*tensor.Tensor
		var shapes []tensor.Shape
		for _, v := range list {
			parts, shapes = append(parts, values[v]), append(shapes, values[v].Shape)
		}
		x := tensor.New(nn.Concat{}.Shape(shapes))
		nn.Concat{}.Forward(x, parts, nil)
		joined = append(joined, x)
	}
	return joined
}

// Programs are all that an executor needs: by them alone, networks give what their graphs do, in either mode.
func TestProgramsGiveWhatTheirGraphsDo(t *testing.T) {
	for name, g := range graphs(t) {
		params := archtest.RandomParams(g, 7)
		x := randomTensor(tensor.Shape{N: 1, C: 3, H: 12, W: 8}, 3)
		want := g.Forward(params, x)
		for _, mode := range []program.Mode{program.Inference, program.Training} {
			p := program.Lower(g, mode)
			values := []*tensor.Tensor{x}
			shapes := p.Shapes(x.Shape)
			for i, s := range p.Steps {
				values = append(values, compute(s.Op, inputs(s, values), params))
				if values[i+1].Shape != shapes[i+1] {
					t.Fatalf("%s: value %d has shape %v, want %v", name, i+1, values[i+1].Shape, shapes[i+1])
				}
			}
			got := values[p.Output]
			if got.Shape != want.Shape || want.H > 1 && want.H != 12*p.Scale || want.H == 1 && p.Scale != 0 {
				t.Fatalf("%s: the result has shape %v, want %v; scale %d", name, got.Shape, want.Shape, p.Scale)
			}
			for i, v := range want.Data {
				if d := math.Abs(float64(got.Data[i] - v)); !(d < 1e-5) {
					t.Fatalf("%s, mode %d: number %d is %g, want %g", name, mode, i, got.Data[i], v)
				}
			}
		}
	}
}

// Plans keep what Weights gives, and must not follow parameters that are trained on.
func TestBiasesAreNew(t *testing.T) {
	g := nn.NewGraph(3)
	g.Add("c", nn.Conv{In: 3, Out: 2, Kernel: 1}, nn.Input)
	params := archtest.RandomParams(g, 7)
	_, bias := program.Lower(g, program.Inference).Steps[0].Op.(program.Conv).Weights(params)
	before := bias[0]
	params["c.bias"].Data[0]++
	if bias[0] != before {
		t.Error("the bias follows the parameter")
	}
}

func TestMACsAreThoseOfTheGraph(t *testing.T) {
	for name, g := range graphs(t) {
		in := tensor.Shape{N: 1, C: 3, H: 32, W: 24}
		p := program.Lower(g, program.Inference)
		var got int64
		for i, s := range p.Shapes(in)[1:] {
			got += p.Steps[i].Op.MACs(image.Rect(0, 0, s.W, s.H))
		}
		if want := g.Cost(in).True; got != want {
			t.Errorf("%s: %d MACs, want %d", name, got, want)
		}
	}
}

// A region of a result is made from what Reach says: of less it cannot be made, and what lies beyond is not looked at. NaN shows wherever
// it is read.
func TestReachIsWhatIsRead(t *testing.T) {
	tried := map[string]bool{}
	for name, g := range graphs(t) {
		params := archtest.RandomParams(g, 7)
		p := program.Lower(g, program.Inference)
		shapes := p.Shapes(tensor.Shape{N: 1, C: 3, H: 12, W: 16})
		var values []*tensor.Tensor
		for v, s := range shapes {
			values = append(values, randomTensor(s, uint64(v)))
		}
		for n, s := range p.Steps {
			made := shapes[n+1]
			kind := fmt.Sprintf("%T %v of %v", s.Op, made, shapes[s.Inputs[0][0]])
			if c, ok := s.Op.(program.Conv); ok {
				kind += fmt.Sprint(c.Kernel, c.Groups, c.Residual)
			}
			if tried[kind] {
				continue
			}
			tried[kind] = true
			for _, r := range []image.Rectangle{
				image.Rect(0, 0, made.W, made.H), image.Rect(made.W/2, made.H/3, made.W/2+1, made.H/3+1),
				image.Rect(made.W/3, made.H-1, made.W, made.H),
			} {
				for i := range s.Inputs {
					size := image.Pt(shapes[s.Inputs[i][0]].W, shapes[s.Inputs[i][0]].H)
					whole := image.Rectangle{Max: size}
					reach := s.Op.Reach(i, r, size).Intersect(whole)
					what := fmt.Sprintf("%s, %T, input %d, region %v", name, s.Op, i, r)
					outside := func(at image.Point) bool { return !at.In(reach) }
					if seen(s, params, values, i, r, outside) {
						t.Errorf("%s: something beyond %v is read", what, reach)
					}
					for _, line := range edges(reach) {
						if !seen(s, params, values, i, r, func(at image.Point) bool { return at.In(line) }) {
							t.Errorf("%s: %v is not read", what, line)
						}
					}
				}
			}
		}
	}
}

// edges gives the outermost rows and columns of a rectangle.
func edges(r image.Rectangle) []image.Rectangle {
	return []image.Rectangle{
		image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+1), image.Rect(r.Min.X, r.Max.Y-1, r.Max.X, r.Max.Y),
		image.Rect(r.Min.X, r.Min.Y, r.Min.X+1, r.Max.Y), image.Rect(r.Max.X-1, r.Min.Y, r.Max.X, r.Max.Y),
	}
}

// seen tells whether region r of a step's result shows NaN put into input i.
func seen(s program.Step, params tensor.Set, values []*tensor.Tensor, i int, r image.Rectangle, spoilt func(at image.Point) bool) bool {
	x := inputs(s, values)
	nan := float32(math.NaN())
	for c := range x[i].C {
		plane := x[i].Plane(0, c)
		for at := range plane {
			if spoilt(image.Pt(at%x[i].W, at/x[i].W)) {
				plane[at] = nan
			}
		}
	}
	y := compute(s.Op, x, params)
	for c := range y.C {
		for py := r.Min.Y; py < r.Max.Y; py++ {
			for px := r.Min.X; px < r.Max.X; px++ {
				if v := y.Plane(0, c)[py*y.W+px]; v != v {
					return true
				}
			}
		}
	}
	return false
}
