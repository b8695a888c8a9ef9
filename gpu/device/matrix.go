package device

import (
	"cmp"
	"image"
	"slices"

	"classsr/gpu/shaders"
	"classsr/gpu/vulkan"
)

// matrices is how convolutions are computed as products of cooperative matrices (shaders.MatrixName): each product is of m pixels by k channels with k by n
// channels of the result.
type matrices struct {
	m, n, k   int
	threads   int // of a workgroup
	subgroups int // of it that work
}

const (
	// matrixSubgroups is how many subgroups a workgroup has: each makes a quarter of its tile where a matrix is of 16 pixels.
	matrixSubgroups = 4
	// mostAcross is how many matrices of the result's channels a workgroup makes side by side.
	mostAcross = 4
	// mostWaste is how many times as much as needed may be multiplied, since channels are filled up with zeros.
	mostWaste = 2
	// leastSide and mostSide bound the sides of matrices: rows are at least 16 bytes, and what is shared does not grow beyond what devices have.
	leastSide, mostSide = 8, 32
)

// chooseMatrices gives the largest shape that the shaders can be made for, or nil if the device has none: float16 that is summed in float32.
func chooseMatrices(info vulkan.Info) *matrices {
	if !info.CooperativeMatrix || !info.Float16 || !info.Storage16 {
		return nil
	}
	var all []*matrices
	for _, s := range info.Matrices {
		x := &matrices{m: int(s.M), n: int(s.N), k: int(s.K), threads: matrixSubgroups * int(info.Subgroup), subgroups: matrixSubgroups}
		if s.A == vulkan.Float16 && s.B == vulkan.Float16 && s.C == vulkan.Float32 && s.Result == vulkan.Float32 && x.fits(info) {
			all = append(all, x)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return slices.MinFunc(all, func(a, b *matrices) int { return cmp.Compare(b.m*b.n*b.k, a.m*a.n*a.k) })
}

// fits tells whether the shaders can be made for this shape, and for the device.
func (x *matrices) fits(info vulkan.Info) bool {
	for _, side := range []int{x.m, x.n, x.k} {
		if side < leastSide || side > mostSide || side%leastSide != 0 {
			return false
		}
	}
	most := min(info.MaxInvocations, info.MaxSize[0])
	return shaders.MatrixColumns%x.m == 0 && x.threads > 0 && x.threads <= int(most) && int64(x.shared()) <= info.SharedMemory
}

// shared is the bytes of shared memory that a workgroup takes at most: float16 of the input, and a matrix of sums for each subgroup.
func (x *matrices) shared() int {
	const taps, padding = 3, 8
	width, height := shaders.MatrixColumns+taps-1, shaders.MatrixRows+taps-1
	return width*height*(x.k+padding)*exactBytes/quadSize/2 + x.subgroups*x.m*x.n*exactBytes/quadSize
}

// across is how many matrices a workgroup makes side by side, for a result of so many quads: as many as can be without more workgroups than needed.
func (x *matrices) across(quads int) int {
	all := ceil(quads*quadSize, x.n)
	return ceil(all, ceil(all, mostAcross))
}

// worthwhile tells whether filling up a group's channels with zeros leaves enough of the products.
func (x *matrices) worthwhile(g connected, sources []int) bool {
	across := x.across(g.quads)
	made := ceil(g.quads*quadSize, across*x.n) * across * x.n
	taken := 0
	chunks(sources, g.first, g.end, x.k/quadSize, func(int, int) { taken += x.k })
	return made*taken <= mostWaste*g.quads*(g.end-g.first)*quadSize*quadSize
}

func ceil(a, b int) int { return (a + b - 1) / b }

// chunks goes through quads first to end-1 of sources side by side, at most so many at a time and of one source, as the shader does.
func chunks(sources []int, first, end, most int, do func(q, n int)) {
	before := 0
	for _, count := range sources {
		last := min(end, before+count)
		for q := max(first, before); q < last; q += most {
			do(q, min(most, last-q))
		}
		before += count
	}
}

// addMatrices cuts the result's quads into blocks for products of matrices, and adds their weights.
func (p *packing) addMatrices(c *conv, w weighing, groups []connected) {
	x := p.matrices
	across := x.across(groups[0].quads)
	c.tile = image.Pt(shaders.MatrixColumns, shaders.MatrixRows)
	c.kernel = newKernel(shaders.MatrixName(w.taps, across), uint32(x.threads), uint32(x.m), uint32(x.n), uint32(x.k), uint32(x.subgroups))
	outQuads := across * x.n / quadSize
	for len(p.weights)%(2*quadSize) != 0 { // matrices begin at multiples of 16 bytes
		p.weights = append(p.weights, 0)
	}
	c.weights = len(p.weights) / quadSize
	for _, g := range groups {
		for q := 0; q < g.quads; q += outQuads {
			b := block{g.first, g.end, len(p.weights)/quadSize - c.weights, g.out + q, min(outQuads, g.quads-q)}
			c.blocks = append(c.blocks, b)
			p.weights = w.matrices(p.weights, b, x, across)
		}
	}
}

// matrices appends the weights of a block: by pass, chunk of the input, tap and matrix, with zeros for channels that are not there.
func (w *weighing) matrices(to []float32, b block, x *matrices, across int) []float32 {
	for pass := range w.side * w.side {
		chunks(w.quads, b.first, b.end, x.k/quadSize, func(q, n int) {
			for tap := range w.taps * w.taps { // row by row
				ky, kx := tap/w.taps+pass/w.side, tap%w.taps+pass%w.side
				for matrix := range across {
					for k := range x.k {
						for o := range x.n {
							o += matrix * x.n
							value := float32(0)
							if k < n*quadSize && o < b.quads*quadSize {
								value = w.at(w.out[b.out*quadSize+o], w.in[q*quadSize+k], ky, kx)
							}
							to = append(to, value)
						}
					}
				}
			}
		})
	}
	return to
}
