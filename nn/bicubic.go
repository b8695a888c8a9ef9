package nn

import "classsr/tensor"

// Bicubic enlarges by an integer scale with Keys' cubic convolution (a = -0.5), as MATLAB's imresize does; beyond its edges the
// picture is mirrored, edge samples included (a b c | c b a). Nothing is learnt and, as counted here, nothing costs.
//
//	x: N x C x H x W    y: N x C x H*Scale x W*Scale
type Bicubic struct {
	free
	Scale int
}

// Shape implements Op.
func (b Bicubic) Shape(in []tensor.Shape) tensor.Shape {
	if len(in) != 1 {
		panic("nn: Bicubic takes one input")
	}
	s := in[0]
	return tensor.Shape{N: s.N, C: s.C, H: s.H * b.Scale, W: s.W * b.Scale}
}

// BicubicTaps is how many positions along an axis a result is made from.
const BicubicTaps = 4

// First gives the first of the four neighbouring positions of an axis from which result position o is made. It and the ones
// after it may lie beyond the axis: Inside tells what stands for them.
func (b Bicubic) First(o int) int {
	first := o/b.Scale - 1
	if 2*(o%b.Scale)+1 < b.Scale { // o lies left of the centre of its pixel
		first--
	}
	return first
}

// Weights gives the weights of the four positions, which depend on nothing but o mod Scale. Their sum is 1.
func (b Bicubic) Weights(o int) [BicubicTaps]float64 {
	// The centre of o, counted from the second position.
	distance := (float64(o%b.Scale)+0.5)/float64(b.Scale) - 0.5
	if distance < 0 {
		distance++
	}
	return [BicubicTaps]float64{keys(1 + distance), keys(distance), keys(1 - distance), keys(2 - distance)}
}

// keys is Keys' kernel with a = -0.5, for x of 0 to 2. The products are converted so that no processor fuses them with the sums.
func keys(x float64) float64 {
	x2 := x * x
	x3 := x2 * x
	if x <= 1 {
		return float64(1.5*x3) - float64(2.5*x2) + 1
	}
	return float64(-0.5*x3) + float64(2.5*x2) - float64(4*x) + 2
}

// Inside maps a position that may lie beyond an axis of length n to the one that stands for it. The mirrored picture repeats
// every 2n positions, so that small pictures have positions enough too.
func (Bicubic) Inside(i, n int) int {
	if i %= 2 * n; i < 0 {
		i += 2 * n
	}
	return min(i, 2*n-1-i)
}

// taps gives the positions of an axis of length n from which result position o is made, and their weights.
func (b Bicubic) taps(o, n int) (at [BicubicTaps]int, weights [BicubicTaps]float64) {
	for i := range at {
		at[i] = b.Inside(b.First(o)+i, n)
	}
	return at, b.Weights(o)
}

// Forward implements Op.
func (b Bicubic) Forward(y *tensor.Tensor, xs []*tensor.Tensor, _ []tensor.Array) {
	x := xs[0]
	for n := range y.N {
		for c := range y.C {
			in, out := x.Plane(n, c), y.Plane(n, c)
			for oy := range y.H {
				rows, wy := b.taps(oy, x.H)
				for ox := range y.W {
					columns, wx := b.taps(ox, x.W)
					var sum float64
					for j, row := range rows {
						for i, column := range columns {
							sum += wy[j] * wx[i] * float64(in[row*x.W+column])
						}
					}
					out[oy*y.W+ox] = float32(sum)
				}
			}
		}
	}
}

// Backward implements Op: every result pixel gives its gradient back to the sixteen pixels it is made from, by their weights.
func (b Bicubic) Backward(dx []*tensor.Tensor, _ []tensor.Array, dy *tensor.Tensor, _ []*tensor.Tensor, _ []tensor.Array) {
	if dx[0] == nil {
		return
	}
	s := dx[0].Shape
	sums := make([]float64, s.H*s.W)
	for n := range dy.N {
		for c := range dy.C {
			clear(sums)
			for oy := range dy.H {
				rows, wy := b.taps(oy, s.H)
				for ox := range dy.W {
					columns, wx := b.taps(ox, s.W)
					d := float64(dy.Plane(n, c)[oy*dy.W+ox])
					for j, row := range rows {
						for i, column := range columns {
							sums[row*s.W+column] += wy[j] * wx[i] * d
						}
					}
				}
			}
			addSums(dx[0].Plane(n, c), sums)
		}
	}
}
