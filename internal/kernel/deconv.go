package kernel

// Deconv is a transposed convolution with its weights packed for a kernel set; it is read-only and may be shared.
//
// Result rows and columns fall into stride phases each. Within one pair of phases the transposed convolution is an ordinary
// convolution with the few taps that reach these pixels; the other taps are never touched.
type Deconv struct {
	set         *Set
	out         int
	stride, pad int
	size        int
	phases      []rowSum // stride*stride, rows first
}

// NewDeconv packs a transposed convolution for the kernel set in use. The weights are ordered as in PyTorch: in x out x size x
// size.
func NewDeconv(in, out, size, stride, pad int, weight, bias []float32) *Deconv {
	return newDeconv(current(), in, out, size, stride, pad, weight, bias)
}

func newDeconv(set *Set, in, out, size, stride, pad int, weight, bias []float32) *Deconv {
	if size < stride {
		panic("kernel: a transposed convolution whose kernel is smaller than its stride")
	}
	d := &Deconv{set: set, out: out, stride: stride, pad: pad, size: size}
	for py := range stride {
		for px := range stride {
			rows, columns := d.phaseTaps(py), d.phaseTaps(px)
			weightOf := func(o, row int) float32 {
				ky := rows[row/(in*len(columns))]
				plane, kx := row/len(columns)%in, columns[row%len(columns)]
				return weight[((plane*out+o)*size+ky)*size+kx]
			}
			d.phases = append(d.phases, newRowSum(set, out, len(rows)*in*len(columns), len(columns), weightOf, bias, nil))
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
func (d *Deconv) lastTap(phase int) int { return phase + (d.size-1-phase)/d.stride*d.stride }

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

// Run computes w pixels of rows y0 to y1-1 of all result planes, from result column x0 on, which is column 0 of dst. Column 0 of
// src is source column sx0, at or before what these read.
func (d *Deconv) Run(dst Block, y0, y1, x0, w int, src Block, sx0 int, scratch *Scratch) {
	for y := y0; y < y1; y++ {
		for x := 0; x < w; x += mostPixels {
			d.row(dst.From(x), y, x0+x, min(w-x, mostPixels), src, sx0, scratch)
		}
	}
}

// row computes w pixels of one row of all result planes: each phase of columns apart, then side by side.
func (d *Deconv) row(dst Block, y, x, w int, src Block, sx0 int, scratch *Scratch) {
	length := (w + d.stride - 1) / d.stride
	rows := scratch.row(d.stride * d.out * length)
	for i := range min(d.stride, w) { // the phase of columns x+i, x+i+stride, ...
		n := (w - i + d.stride - 1) / d.stride
		phase := &d.phases[mod(y+d.pad, d.stride)*d.stride+mod(x+i+d.pad, d.stride)]
		sx := d.Source(x+i) - sx0
		list := scratch.segments[:0]
		for sy := d.Source(y); sy < d.SourceEnd(y); sy++ {
			list = append(list, src.segment(sy, sx, n+phase.taps-1))
		}
		scratch.segments = list
		out := Block{Data: rows[i*length:], C: d.out, Plane: d.stride * length, Ring: 1, Height: 1}
		phase.run(out, 0, 0, n, list, nil, &scratch.args)
	}
	for o := range d.out {
		interleave(d.set, dst.Row(o, y, 0, w), rows[o*d.stride*length:], length, d.stride)
	}
}

// interleave does dst[i*count+r] = rows[r*distance+i].
func interleave(set *Set, dst, rows []float32, distance, count int) {
	done := 0
	if set.interleave != nil {
		done = set.interleave(dst, rows, distance, count)
	}
	for r := range count {
		row := rows[r*distance:]
		for i := done; i*count+r < len(dst); i++ {
			dst[i*count+r] = row[i]
		}
	}
}

func mod(a, b int) int { return (a%b + b) % b }
