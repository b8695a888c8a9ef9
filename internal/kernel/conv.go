package kernel

// Conv is a convolution with its weights packed for the kernels; it is read-only and may be shared.
type Conv struct {
	in, out int // planes of a group
	groups  []tapSum
	slope   []float32 // of the activation, one for each plane or one for all; nil for none
}

// NewConv packs a convolution of square kernels (size x size) over groups of planes. The weights are ordered as in PyTorch:
// out x in/groups x size x size; bias has one number for each result plane. An activation, if slope is not nil, multiplies
// negative results with slope[0], or with slope[plane] if there are several.
func NewConv(in, out, size, stride, groups int, weight, bias, slope []float32) *Conv {
	c := &Conv{in: in / groups, out: out / groups, slope: slope}
	var taps []tap
	for plane := range c.in {
		for dy := range size {
			for dx := range size {
				taps = append(taps, tap{plane, dy, dx})
			}
		}
	}
	for g := range groups {
		first := g * c.out
		weightOf := func(o, t int) float32 { return weight[(first+o)*len(taps)+t] }
		c.groups = append(c.groups, newTapSum(c.out, stride, taps, weightOf, bias[first:first+c.out]))
	}
	return c
}

// Run computes h rows of w pixels of all result planes. If residual is not nil, its planes are added to the sums before the
// activation; they may be the result planes themselves only if these are not among the sources.
func (c *Conv) Run(dst []Plane, h, w int, src, residual []Plane, gather *Gather) {
	for y := range h {
		for g := range c.groups {
			sum := &c.groups[g]
			groupSrc := src[g*c.in : (g+1)*c.in]
			for o := 0; o < c.out; o += 2 {
				first := g*c.out + o
				d0 := dst[first].Row(y, 0, w)
				var d1 []float32
				if o+1 < c.out {
					d1 = dst[first+1].Row(y, 0, w)
				}
				sum.pair(o, d0, d1, groupSrc, y*sum.stride, 0, gather)
				c.finish(d0, first, y, residual)
				if d1 != nil {
					c.finish(d1, first+1, y, residual)
				}
			}
		}
	}
}

func (c *Conv) finish(d []float32, plane, y int, residual []Plane) {
	if residual != nil {
		addRow(d, residual[plane].Row(y, 0, len(d)))
	}
	if c.slope != nil {
		leak(d, c.slope[plane%len(c.slope)])
	}
}

// addRow does d[i] += s[i].
func addRow(d, s []float32) {
	for i, v := range s[:len(d)] {
		d[i] += v
	}
}

// leak multiplies negative numbers with slope.
func leak(d []float32, slope float32) {
	if slope == 0 {
		for i, v := range d {
			d[i] = max(v, 0)
		}
		return
	}
	for i, v := range d {
		if v < 0 {
			d[i] = v * slope
		}
	}
}
