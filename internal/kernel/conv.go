package kernel

import "image"

// Conv is a convolution with its weights packed for a kernel set. It may be shared while nobody packs it.
type Conv struct {
	Shape
	in, out  int         // planes of a group
	groups   []rowSum    // or else
	winograd []*winograd // for each group
}

// Shape says what a convolution does: square kernels of Size x Size numbers over groups of planes.
type Shape struct {
	In, Out                   int // planes of all groups
	Size, Stride, Pad, Groups int
	// Exact asks for less rounding at little cost in speed: Winograd's algorithm only where there are many planes.
	Exact bool
	// Fleeting keeps weights as they are, for networks with so many that transformed ones would fill the memory and be slower to read
	// than to compute; every Run transforms them.
	Fleeting bool
	// Wide asks for tiles of four columns instead of two, which is faster for windows that are computed whole. Not all kernel sets have them.
	Wide bool
	// Shuffle, if it is more than 1, makes the channels of each group's result pixels, as PixelShuffle does.
	Shuffle int
}

// NewConv packs a convolution for the kernel set in use. The weights are ordered as in PyTorch: out x in/groups x size x size;
// bias has one number for each result plane. An activation, if slope is not nil, multiplies negative results with slope[0], or
// with slope[plane] if there are several.
func NewConv(shape Shape, weight, bias, slope []float32) *Conv {
	return newConv(current(), shape, weight, bias, slope)
}

func newConv(set *Set, s Shape, weight, bias, slope []float32) *Conv {
	s.Shuffle = max(s.Shuffle, 1)
	c := &Conv{Shape: s, in: s.In / s.Groups, out: s.Out / s.Groups}
	taps := s.Size
	if s.Stride > 1 {
		taps = 1
	}
	least := minForWinograd
	if s.Exact {
		least = minForExact
	}
	for range s.Groups {
		if s.Size == 3 && s.Stride == 1 && c.in >= least && c.out >= least {
			c.winograd = append(c.winograd, newWinograd(set, c.in, c.out, s))
		} else {
			c.groups = append(c.groups, newRowSum(set, c.out, c.in*s.Size*s.Size, taps))
		}
	}
	c.Pack(weight, bias, slope)
	return c
}

// Pack takes over other weights of the same shape, as NewConv does. Bias and slope are kept, not copied.
func (c *Conv) Pack(weight, bias, slope []float32) {
	size := c.Size
	slope = eachPlane(slope, c.Out)
	perOut := c.in * size * size
	for g := range c.Groups {
		first := g * c.out
		groupBias, groupSlope := bias[first:first+c.out], groupOf(slope, first, c.out)
		if c.winograd != nil {
			c.winograd[g].pack(weight[first*perOut:], groupBias, groupSlope)
			continue
		}
		// Source rows are ordered by kernel row, plane and column; with a stride every one of them is copied first, in the
		// same order.
		c.groups[g].pack(func(o, row int) float32 {
			ky, plane, kx := row/(c.in*size), row/size%c.in, row%size
			return weight[(first+o)*perOut+(plane*size+ky)*size+kx]
		}, groupBias, groupSlope)
	}
}

// eachPlane repeats a slope that is the same for all planes.
func eachPlane(slope []float32, planes int) []float32 {
	if len(slope) != 1 {
		return slope
	}
	each := make([]float32, planes)
	fill(each, slope[0])
	return each
}

// groupOf gives the slopes of count planes; none of none.
func groupOf(slope []float32, first, count int) []float32 {
	if slope == nil {
		return nil
	}
	return slope[first : first+count]
}

// Tiles gives the rows and columns of the whole tiles that a rectangle of the result lies in: rows y0 to y1-1 and columns x0 to
// x1-1. They may reach beyond the tensor. Convolutions that are not computed in tiles give back the rectangle.
func (c *Conv) Tiles(grid Grid, r image.Rectangle) image.Rectangle {
	r = c.tilesOfSums(grid, c.sums(r))
	return image.Rectangle{Min: r.Min.Mul(c.Shuffle), Max: r.Max.Mul(c.Shuffle)}
}

// sums is the sums that a rectangle of the result is made of: the same, but for a shuffle.
func (c *Conv) sums(r image.Rectangle) image.Rectangle {
	f := c.Shuffle
	return image.Rect((r.Min.X-mod(r.Min.X, f))/f, (r.Min.Y-mod(r.Min.Y, f))/f, (r.Max.X+mod(-r.Max.X, f))/f, (r.Max.Y+mod(-r.Max.Y, f))/f)
}

func (c *Conv) tilesOfSums(grid Grid, r image.Rectangle) image.Rectangle {
	if c.winograd != nil {
		r.Min.Y, r.Max.Y = grid.rows(r.Min.Y, r.Max.Y)
		r.Min.X, r.Max.X = c.winograd[0].gridColumns(grid, r.Min.X, r.Max.X)
	}
	return r
}

// After is what is done to a convolution's sums, bias included, before the activation.
type After struct {
	// Scale, if not nil, has a number for each result plane that its sums are multiplied with.
	Scale []float32
	// Add, if not nil, is planes that are added then. Its column 0 is the first one of the result; it may be the result itself.
	Add *Block
}

// Run computes the rectangle r of all result planes; column 0 of dst is its first column. The sources are blocks side by
// side; their column 0 is what the first tap of the first column of Tiles reads, and they reach as far as the last tap of its last
// one.
func (c *Conv) Run(dst Block, r image.Rectangle, grid Grid, src []Block, after After, scratch *Scratch) {
	add := after.Add
	if c.winograd == nil {
		switch {
		case c.Shuffle > 1:
			c.runShuffled(dst, r, src, scratch)
		case after.Scale != nil:
			c.runScaled(dst, r, src, after, scratch)
		default:
			c.runRows(dst, r, src, add, scratch)
		}
		return
	}
	result := r
	r = c.sums(r)
	tiles := c.tilesOfSums(grid, r)
	planes := c.out / (c.Shuffle * c.Shuffle) // of a group's result
	for g := range c.winograd {
		out := dst.planes(g*planes, planes)
		var groupAdd *Block
		if add != nil {
			scratch.add = add.planes(g*c.out, c.out)
			groupAdd = &scratch.add
		}
		scratch.blocks = slicePlanes(scratch.blocks[:0], src, g*c.in, c.in)
		a := area{
			first: tiles.Min.Y, y0: r.Min.Y, y1: r.Max.Y, left: r.Min.X - tiles.Min.X, w: r.Dx(), pad: c.Pad,
			x: r.Min.X, result: result,
		}
		c.winograd[g].run(out, a, scratch.blocks, groupAdd, groupOf(after.Scale, g*c.out, c.out), scratch)
	}
}

// runRows is Run without tiles. Where the rows of all sources lie is found once for all groups, of which there may be one for each plane.
func (c *Conv) runRows(dst Block, r image.Rectangle, src []Block, add *Block, scratch *Scratch) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := 0; x < r.Dx(); x += maxPixels {
			n := min(r.Dx()-x, maxPixels)
			to := dst.segment(y, x, n)
			var added segment
			if add != nil {
				added = add.segment(y, x, n)
			}
			if c.Stride == 1 {
				scratch.sources = c.sources(scratch.sources[:0], src, y, x, n)
			}
			for g := range c.groups {
				list := c.ofGroup(g, src, y, x, n, scratch)
				c.groups[g].run(to.from(g*c.out), n, list, added.from(g*c.out), &scratch.args)
			}
		}
	}
}

// Means gives the means of all result planes from those of what each tap of each source plane reads, as ShiftedMeans finds them: dst[o] is the sum over
// planes and taps of weight*mean, and bias[o]. The convolution is a Fleeting one of a single group.
func (c *Conv) Means(dst, means []float32, scratch *Scratch) {
	taps := c.Size * c.Size
	if c.Groups > 1 || len(dst) != c.Out || len(means) != c.In*taps || c.winograd != nil && !c.Fleeting {
		panic("kernel: not the means of this convolution")
	}
	set, rows := current(), scratch.row(len(means))[:len(means)]
	for plane := range c.In {
		for tap, v := range means[plane*taps:][:taps] {
			i := plane*taps + tap
			if c.winograd == nil {
				i = (tap/c.Size*c.In+plane)*c.Size + tap%c.Size
			}
			rows[i] = v
		}
	}
	scratch.segments = append(scratch.segments[:0], segment{&rows[0], floatBytes, len(rows)})
	sum := func(first, outs int, weight, bias []float32) {
		scratch.args = rowArgs{
			dst: &dst[first], dstPlane: floatBytes, segments: &scratch.segments[0], segmentCount: 1, taps: 1,
			weight: &weight[0], bias: &bias[0], n: 1,
		}
		set.row(outs, &scratch.args)
	}
	if c.winograd == nil {
		for _, b := range c.groups[0].blocks {
			sum(b.first, b.outs, b.weight, b.bias)
		}
		return
	}
	for _, b := range c.winograd[0].blocks {
		sum(b.first, b.outs, b.weight, b.bias)
	}
}

// runScaled is Run without tiles and with a scale, row by row. No network has many such convolutions.
func (c *Conv) runScaled(dst Block, r image.Rectangle, src []Block, after After, scratch *Scratch) {
	w := r.Dx()
	if len(scratch.unscaled) < c.Out*w {
		scratch.unscaled = make([]float32, c.Out*w)
	}
	sums := Block{Data: scratch.unscaled, C: c.Out, Plane: w, Stride: w, Ring: 1}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		sums.First, sums.Height = y, y+1
		c.runRows(sums, image.Rect(r.Min.X, y, r.Max.X, y+1), src, nil, scratch)
		for plane, factor := range after.Scale {
			row := sums.Row(plane, y, 0, w)
			if after.Add == nil {
				Combine(dst.Row(plane, y, 0, w), row, row, factor, 0, 0)
				continue
			}
			Combine(dst.Row(plane, y, 0, w), row, after.Add.Row(plane, y, 0, w), factor, 1, 0)
		}
	}
}

// runShuffled is Run without tiles and with a shuffle, row by row.
func (c *Conv) runShuffled(dst Block, r image.Rectangle, src []Block, scratch *Scratch) {
	of := c.sums(r)
	w := of.Dx()
	scratch.shuffled = grow(scratch.shuffled, c.Out*w)
	sums := Block{Data: scratch.shuffled, C: c.Out, Plane: w, Stride: w, Ring: 1}
	for y := of.Min.Y; y < of.Max.Y; y++ {
		sums.First, sums.Height = y, y+1
		row := image.Rect(of.Min.X, y, of.Max.X, y+1)
		c.runRows(sums, row, src, nil, scratch)
		shuffleGroups(dst, r, sums, 0, row, c.Shuffle)
	}
}

// ScratchBytes is what Run's scratch memory comes to hold, but for a few rows.
func (c *Conv) ScratchBytes() int64 {
	most := 0
	for _, w := range c.winograd {
		most = max(most, w.scratchLen())
	}
	return floatBytes * int64(most)
}

// sources lists the sources of a row: for each row of the kernel, the planes of each block.
func (c *Conv) sources(list []segment, src []Block, y, x, n int) []segment {
	for ky := range c.Size {
		for _, b := range src {
			list = append(list, b.segment(y-c.Pad+ky, x, n+c.Size-1))
		}
	}
	return list
}

// ofGroup gives the sources of a group: those of them that were listed, or copies of their numbers.
func (c *Conv) ofGroup(g int, src []Block, y, x, n int, scratch *Scratch) []segment {
	list := scratch.segments[:0]
	switch {
	case c.Stride > 1:
		scratch.blocks = slicePlanes(scratch.blocks[:0], src, g*c.in, c.in)
		list = append(list, segment{c.gather(y, x, n, scratch), n * floatBytes, c.in * c.Size * c.Size})
	case c.Groups == 1:
		return scratch.sources
	default:
		for ky := range c.Size {
			list = sliceSegments(list, scratch.sources[ky*len(src):][:len(src)], g*c.in, c.in)
		}
	}
	scratch.segments = list
	return list
}

// gather copies the source rows of a convolution with a stride, which are not contiguous.
func (c *Conv) gather(y, x, n int, scratch *Scratch) *float32 {
	rows := scratch.row(c.in * c.Size * c.Size * n)
	to := rows
	for ky := range c.Size {
		for _, b := range scratch.blocks {
			for plane := range b.C {
				for kx := range c.Size {
					from := b.Row(plane, y*c.Stride-c.Pad+ky, x*c.Stride+kx, (n-1)*c.Stride+1)
					for i := range n {
						to[i] = from[i*c.Stride]
					}
					to = to[n:]
				}
			}
		}
	}
	return &rows[0]
}
