package kernel

// Deconv is a transposed convolution with its weights packed for a kernel set; it is read-only and may be shared.
//
// Every stride result positions o = stride*j + i have one j; those with the same i read the same few source positions, counted from
// j, through the same taps: two or three for the 9x9 kernel with stride 4. So a row of the result is one small convolution for each
// i of its columns, for all j, and these are then laid side by side. Neighbouring columns i are computed together where that fills
// the vectors better than it costs taps.
type Deconv struct {
	set         *Set
	out         int
	stride, pad int
	size        int
	rows        [][]columns // by i of the row
}

// columns are result columns i from first on that are computed together.
type columns struct {
	first  int
	source span   // counted from j
	sum    rowSum // results are ordered by i, and then by plane
}

// span is a range of source positions: from first to end-1.
type span struct{ first, end int }

func (s span) len() int { return s.end - s.first }

func (s span) union(t span) span { return span{min(s.first, t.first), max(s.end, t.end)} }

// enoughOuts is how many result planes a row kernel needs to work at full speed.
const enoughOuts = 6

// NewDeconv packs a transposed convolution for the kernel set in use; size is at least stride. The weights are ordered as in
// PyTorch: in x out x size x size.
func NewDeconv(in, out, size, stride, pad int, weight, bias []float32) *Deconv {
	return newDeconv(current(), in, out, size, stride, pad, weight, bias)
}

func newDeconv(set *Set, in, out, size, stride, pad int, weight, bias []float32) *Deconv {
	if size < stride {
		panic("kernel: a transposed convolution whose kernel is smaller than its stride")
	}
	d := &Deconv{set: set, out: out, stride: stride, pad: pad, size: size}
	for row := range stride {
		var all []columns
		for first := 0; first < stride; {
			source, end := d.source(first), first+1
			for end < stride && (d.source(end) == source || (end-first)*out < enoughOuts) {
				source = source.union(d.source(end))
				end++
			}
			c := columns{first: first, source: source}
			c.sum = d.pack(in, row, end, c, weight, bias)
			all = append(all, c)
			first = end
		}
		d.rows = append(d.rows, all)
	}
	return d
}

// pack packs the weights of columns first to end-1 of rows i = row.
func (d *Deconv) pack(in, row, end int, c columns, weight, bias []float32) rowSum {
	rows, taps := d.source(row), c.source.len()
	weightOf := func(o, source int) float32 {
		ky := d.tap(row, rows.first+source/(in*taps))
		kx := d.tap(c.first+o/d.out, c.source.first+source%taps)
		if kx < 0 || kx >= d.size {
			return 0 // read for a neighbouring column
		}
		return weight[((source/taps%in*d.out+o%d.out)*d.size+ky)*d.size+kx]
	}
	var biases []float32
	for range end - c.first {
		biases = append(biases, bias...)
	}
	return newRowSum(d.set, len(biases), rows.len()*in*taps, taps, weightOf, biases, nil)
}

// tap is the kernel position through which results i read source position j+source.
func (d *Deconv) tap(i, source int) int { return i + d.pad - source*d.stride }

// source gives the source positions, counted from j, that results i read.
func (d *Deconv) source(i int) span {
	last := (i + d.pad) / d.stride
	return span{last - (d.size-1-mod(i+d.pad, d.stride))/d.stride, last + 1}
}

// Source gives the source positions, from first to end-1, that result positions o0 to o1-1 read in either direction, or are read
// along with those. They may lie beyond the source.
func (d *Deconv) Source(o0, o1 int) (first, end int) {
	all := d.source(0)
	for i := 1; i < d.stride; i++ {
		all = all.union(d.source(i))
	}
	return d.quotient(o0) + all.first, d.quotient(o1-1) + all.end
}

// quotient is the j of a result position, which may be negative.
func (d *Deconv) quotient(o int) int { return (o - mod(o, d.stride)) / d.stride }

// Run computes w pixels of rows y0 to y1-1 of all result planes, from result column x0 on, which is column 0 of dst. Column 0 of
// src is source column sx0, at or before what these read.
func (d *Deconv) Run(dst Block, y0, y1, x0, w int, src Block, sx0 int, scratch *Scratch) {
	for y := y0; y < y1; y++ {
		for x := 0; x < w; x += mostPixels {
			d.row(dst.From(x), y, x0+x, min(w-x, mostPixels), src, sx0, scratch)
		}
	}
}

// row computes w pixels of one row of all result planes.
func (d *Deconv) row(dst Block, y, x, w int, src Block, sx0 int, scratch *Scratch) {
	first := d.quotient(x)
	n := d.quotient(x+w-1) + 1 - first
	length := RoundUpToLine(n)
	size := d.stride * d.out * length
	rows := scratch.row(size + n*d.stride)
	i, j := mod(y, d.stride), d.quotient(y)
	source := d.source(i)
	for k := range d.rows[i] {
		c := &d.rows[i][k]
		list := scratch.segments[:0]
		for sy := source.first; sy < source.end; sy++ {
			list = append(list, src.segment(j+sy, first+c.source.first-sx0, n+c.source.len()-1))
		}
		scratch.segments = list
		out := Block{Data: rows[c.first*d.out*length:], C: (d.stride - c.first) * d.out, Plane: length, Ring: 1, Height: 1}
		c.sum.run(out, 0, 0, n, list, nil, &scratch.args)
	}
	skip := x - first*d.stride // pixels of the first j that nobody asked for
	whole := rows[size:]
	for o := range d.out {
		to := dst.Row(o, y, 0, w)
		if skip == 0 && w == n*d.stride {
			interleave(d.set, to, rows[o*length:], d.out*length, d.stride)
			continue
		}
		interleave(d.set, whole, rows[o*length:], d.out*length, d.stride)
		copy(to, whole[skip:])
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
