package kernel

// Deconv is a transposed convolution with its weights packed for the kernels; it is read-only and may be shared.
//
// Result rows and columns fall into stride phases each. Within one pair of phases the transposed convolution is an ordinary
// convolution with the few taps that reach these pixels; the other taps are never touched.
type Deconv struct {
	out         int
	stride, pad int
	kernel      int
	phases      []tapSum // stride*stride, rows first
}

// NewDeconv packs a transposed convolution. The weights are ordered as in PyTorch: in x out x size x size.
func NewDeconv(in, out, size, stride, pad int, weight, bias []float32) *Deconv {
	d := &Deconv{out: out, stride: stride, pad: pad, kernel: size}
	for py := range stride {
		for px := range stride {
			var taps []tap
			var offsets []int // of the tap's weight within a kernel
			for plane := range in {
				for dy, ky := range d.phaseTaps(py) {
					for dx, kx := range d.phaseTaps(px) {
						taps = append(taps, tap{plane, dy, dx})
						offsets = append(offsets, (plane*out*size+ky)*size+kx)
					}
				}
			}
			weightOf := func(o, t int) float32 { return weight[offsets[t]+o*size*size] }
			d.phases = append(d.phases, newTapSum(out, 1, taps, weightOf, bias))
		}
	}
	return d
}

// phaseTaps lists the kernel positions that reach result positions o with (o+pad) mod stride = phase, in the order of the
// source positions they come from: the first one from Source(o).
func (d *Deconv) phaseTaps(phase int) []int {
	var taps []int
	for k := d.lastTap(phase); k >= 0; k -= d.stride {
		taps = append(taps, k)
	}
	return taps
}

// lastTap is the last kernel position that reaches result positions of this phase.
func (d *Deconv) lastTap(phase int) int { return phase + (d.kernel-1-phase)/d.stride*d.stride }

// Source is the first source position that result position o reads; it may be negative.
func (d *Deconv) Source(o int) int {
	phase := mod(o+d.pad, d.stride)
	return (o + d.pad - d.lastTap(phase)) / d.stride
}

// SourceEnd is one more than the last source position that result position o reads.
func (d *Deconv) SourceEnd(o int) int {
	phase := mod(o+d.pad, d.stride)
	return (o+d.pad-phase)/d.stride + 1
}

// Run computes the h rows of w pixels of all result planes that start at result position (y0, x0); src begins at source
// position (sy0, sx0), at or before what these read.
func (d *Deconv) Run(dst []Plane, y0, x0, h, w int, src []Plane, sy0, sx0 int, gather *Gather) {
	for y := range h {
		py := mod(y0+y+d.pad, d.stride)
		sy := d.Source(y0+y) - sy0
		for first := range min(d.stride, w) { // the first result column of each phase
			px := mod(x0+first+d.pad, d.stride)
			sum := &d.phases[py*d.stride+px]
			sx := d.Source(x0+first) - sx0
			n := (w - first + d.stride - 1) / d.stride
			for o := 0; o < d.out; o += 2 {
				d0 := gather.slot(0, n)
				var d1 []float32
				if o+1 < d.out {
					d1 = gather.slot(1, n)
				}
				sum.pair(o, d0, d1, src, sy, sx, nil)
				scatter(dst[o].Row(y, first, w-first), d0, d.stride)
				if d1 != nil {
					scatter(dst[o+1].Row(y, first, w-first), d1, d.stride)
				}
			}
		}
	}
}

// scatter does to[i*stride] = from[i].
func scatter(to, from []float32, stride int) {
	for i, v := range from {
		to[i*stride] = v
	}
}

func mod(a, b int) int { return (a%b + b) % b }
