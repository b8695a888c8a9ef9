package nn

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"classsr/tensor"
)

// A transposed convolution is a convolution whose results are shuffled.
func TestDeconvAsConv(t *testing.T) {
	for _, d := range []Deconv{
		{In: 5, Out: 3, Kernel: 9, Stride: 4, Pad: 3, OutPad: 1}, {In: 2, Out: 3, Kernel: 9, Stride: 2, Pad: 4, OutPad: 1},
		{In: 4, Out: 1, Kernel: 9, Stride: 3, Pad: 3}, {In: 2, Out: 2, Kernel: 9, Stride: 8, Pad: 1, OutPad: 1},
		{In: 2, Out: 2, Kernel: 4, Stride: 2, Pad: 1}, {In: 1, Out: 2, Kernel: 3, Stride: 3},
	} {
		t.Run(fmt.Sprintf("%+v", d), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 1))
			random := func(a []float32) []float32 {
				for i := range a {
					a[i] = float32(r.NormFloat64())
				}
				return a
			}
			g, params := NewGraph(d.In), tensor.Set{}
			g.Add("up", d, Input)
			for _, p := range g.Params() {
				params[p.Name] = tensor.Array{Dims: p.Dims, Data: random(make([]float32, tensor.DimsLen(p.Dims)))}
			}
			x := tensor.New(tensor.Shape{N: 2, C: d.In, H: 6, W: 7})
			random(x.Data)
			want := g.Forward(params, x)

			arrays := d.ConvParams(g.Nodes[0].Arrays(params))
			shuffled := NewGraph(d.In)
			shuffled.Add("", PixelShuffle{Factor: d.Stride}, shuffled.Add("up", d.AsConv(), Input))
			got := shuffled.Forward(tensor.Set{"up.weight": arrays[0], "up.bias": arrays[1]}, x)
			if got.Shape != want.Shape {
				t.Fatalf("shape %v, want %v", got.Shape, want.Shape)
			}
			for i, v := range got.Data {
				if diff := v - want.Data[i]; diff > 1e-5 || diff < -1e-5 {
					t.Fatalf("number %d is %g, want %g", i, v, want.Data[i])
				}
			}
		})
	}
}
