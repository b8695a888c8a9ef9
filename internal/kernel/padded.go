package kernel

import "image"

// Padded is padded planes: a stack of planes with borders of zeros, all of it in memory: what training keeps. The borders right of a row are those
// left of the next row, and the ones below a plane those above the next plane, so that a plane and all that a convolution reads
// around it is one long row.
type Padded struct {
	Data    []float32
	C, H, W int
	Border  int // rows and columns between planes and rows, as many as the widest padding
}

// PaddedLen is how many numbers padded planes take.
func PaddedLen(c, h, w, border int) int {
	s := Padded{C: c, H: h, W: w, Border: border}
	return RoundUpToLine(s.origin() + c*s.plane() + border + Line)
}

func (s Padded) stride() int { return s.W + s.Border }

func (s Padded) plane() int { return (s.H + s.Border) * s.stride() }

func (s Padded) origin() int { return s.Border*s.stride() + s.Border }

// long is how many numbers lie between the first one of a plane and the end of its last row.
func (s Padded) long() int { return s.H * s.stride() }

// Plane is all rows of a plane as one row, with the borders between them.
func (s Padded) Plane(c int) []float32 {
	i := s.origin() + c*s.plane()
	return s.Data[i : i+s.long() : i+s.long()]
}

// Row is a row of a plane.
func (s Padded) Row(c, y int) []float32 {
	i := s.origin() + c*s.plane() + y*s.stride()
	return s.Data[i : i+s.W : i+s.W]
}

// Planes is count planes from the first one on.
func (s Padded) Planes(first, count int) Padded {
	s.Data = s.Data[first*s.plane():]
	s.C = count
	return s
}

// Block is the same memory as a Block, from column x on, which may lie in the border; zeros are as long as a row with its borders.
func (s Padded) Block(x int, zeros []float32) Block {
	return Block{
		Data: s.Data[s.origin()+x:], C: s.C, Plane: s.plane(), Stride: s.stride(), Ring: s.H, Height: s.H, Zeros: zeros,
	}
}

// ClearBorders puts the zeros right of the rows of a plane back.
func (s Padded) ClearBorders(c int) {
	i := s.origin() + c*s.plane() + s.W
	for range s.H {
		for j := range s.Data[i : i+s.Border] { // one or two: too few for a call
			s.Data[i+j] = 0
		}
		i += s.stride()
	}
}

// longRow is the planes as blocks of a single row each: the first row and all that follow it.
func (s Padded) longRow() Block {
	return Block{Data: s.Data[s.origin():], C: s.C, Plane: s.plane(), Stride: s.long(), Ring: 1, Height: 1}
}

// RunPadded is Run for whole padded planes, all of one height and width, with borders of at least the padding. zeros are as long as a row with
// its borders and a tile. Convolutions that are not computed in tiles work on all rows of a plane as one.
func (c *Conv) RunPadded(dst Padded, src []Padded, add *Padded, zeros []float32, scratch *Scratch) {
	if c.winograd != nil {
		scratch.padded = scratch.padded[:0]
		for _, s := range src {
			scratch.padded = append(scratch.padded, s.Block(-c.Pad, zeros))
		}
		var added *Block
		if add != nil {
			scratch.added = add.Block(0, zeros)
			added = &scratch.added
		}
		c.Run(dst.Block(0, zeros), image.Rect(0, 0, dst.W, dst.H), Grid{}, scratch.padded, After{Add: added}, scratch)
		return
	}
	scratch.padded = scratch.padded[:0]
	for _, s := range src {
		b := s.longRow()
		b.Data = s.Data // from before the first pixel on
		scratch.padded = append(scratch.padded, b)
	}
	for g := range c.Groups {
		scratch.blocks = slicePlanes(scratch.blocks[:0], scratch.padded, g*c.in, c.in)
		c.runLongRows(g, dst, add, scratch)
	}
	for plane := range dst.C {
		dst.ClearBorders(plane)
	}
}

// runLongRows is RunPadded for one group, whose sources are in scratch.
func (c *Conv) runLongRows(g int, dst Padded, add *Padded, scratch *Scratch) {
	out := dst.longRow().planes(g*c.out, c.out)
	if c.in >= minForPanels {
		c.runPanels(g, dst, out, add, scratch)
		return
	}
	if add != nil {
		scratch.add = add.longRow().planes(g*c.out, c.out)
	}
	for x := 0; x < dst.long(); x += maxPixels {
		n := min(dst.long()-x, maxPixels)
		list := scratch.segments[:0]
		for ky := range c.Size {
			for _, b := range scratch.blocks {
				at := dst.origin() + x + (ky-c.Pad)*dst.stride() - c.Pad
				_ = b.Data[(b.C-1)*b.Plane+at+n+c.Size-2] // kernels do not check
				list = append(list, segment{&b.Data[at], b.Plane * floatBytes, b.C})
			}
		}
		scratch.segments = list
		var added segment
		if add != nil {
			added = scratch.add.segment(0, x, n)
		}
		c.groups[g].run(out.segment(0, x, n), n, list, added, &scratch.args)
	}
}

// PixelUnshuffle makes blocks of pixels planes, as many along each axis as a row of src is longer than one of dst:
//
//	dst[(c*factor+dy)*factor+dx][y][x] = src[c][y*factor+dy][x*factor+dx]
func PixelUnshuffle(dst, src Padded) {
	set, factor := current(), src.H/dst.H
	for first := 0; first < dst.C; first += factor {
		c, dy := first/(factor*factor), first/factor%factor
		for y := range dst.H {
			i := dst.origin() + first*dst.plane() + y*dst.stride()
			separate(set, dst.Data[i:i+(factor-1)*dst.plane()+dst.W], src.Row(c, y*factor+dy), dst.plane(), factor)
		}
	}
}

// minForPanels is how many source planes make up for copying them.
const minForPanels = 32

// runPanels is runLongRows for many source planes. They lie so far apart that each is on a page of memory of its own, and that a row of it comes from
// a more distant cache than the one before; so some pixels of all of them are copied side by side first, which a processor sees coming.
func (c *Conv) runPanels(g int, dst Padded, out Block, add *Padded, scratch *Scratch) {
	// The last pad keeps pixels of one place from competing for the same lines of the cache.
	pixels, reach := maxPixels, (c.Size-1)*(dst.stride()+1)
	if c.Size == 1 { // nothing is copied twice
		pixels /= 2
	}
	line := RoundUpToLine(pixels+reach) + Line
	if line%(4*Line) == 0 {
		line += Line
	}
	panel := scratch.row(c.in * line)
	if add != nil {
		scratch.add = add.longRow().planes(g*c.out, c.out)
	}
	for x := 0; x < dst.long(); x += pixels {
		n := min(dst.long()-x, pixels)
		to := panel
		for _, b := range scratch.blocks {
			at := dst.origin() + x - c.Pad*(dst.stride()+1)
			for range b.C {
				copy(to[:n+reach], b.Data[at:at+n+reach])
				to = to[line:]
				at += b.Plane
			}
		}
		list := scratch.segments[:0]
		for ky := range c.Size {
			list = append(list, segment{&panel[ky*dst.stride()], line * floatBytes, c.in})
		}
		scratch.segments = list
		var added segment
		if add != nil {
			added = scratch.add.segment(0, x, n)
		}
		c.groups[g].run(out.segment(0, x, n), n, list, added, &scratch.args)
	}
}

// WeightPart is a part of a convolution's weight: some result planes, and of the source planes of each group the ones from FirstIn to
// EndIn-1.
type WeightPart struct{ FirstOut, EndOut, FirstIn, EndIn int }

// WeightParts cuts a convolution's weight into parts of about the same work, for several threads.
func WeightParts(s Shape) []WeightPart {
	// Large enough that rows are used several times, and so small that even narrow layers have several parts.
	const outs, rows = 12, 72
	ins := max(rows/(s.Size*s.Size), 1)
	var parts []WeightPart
	for _, o := range evenly(s.Out, outs) {
		for _, i := range evenly(s.In/s.Groups, ins) {
			parts = append(parts, WeightPart{o.first, o.end, i.first, i.end})
		}
	}
	return parts
}

// WeightGradient adds the gradient of a part of a convolution's weight: out x in/groups x size x size numbers, for stride 1. dy is the
// gradient of the result, x what was convolved, in padded planes that lie side by side; all have a border of at least pad.
//
//	gradient[o][i][ky][kx] += sum over pixels of dy[o][y][x] * x[group's plane i][y+ky-pad][x+kx-pad]
func WeightGradient(gradient []float32, s Shape, part WeightPart, dy Padded, x []Padded, scratch *Scratch) {
	weightGradient(current(), gradient, s, part, dy, x, scratch)
}

func weightGradient(set *Set, gradient []float32, s Shape, part WeightPart, dy Padded, x []Padded, scratch *Scratch) {
	perIn, perOut, taps := s.In/s.Groups, s.Out/s.Groups, s.Size*s.Size
	for first := part.FirstOut; first < part.EndOut; {
		group := first / perOut
		end := min((group+1)*perOut, part.EndOut)
		for in := part.FirstIn; in < part.EndIn; {
			padded, plane := findPlane(x, group*perIn+in)
			count := min(part.EndIn-in, padded.C-plane) // planes of one stack
			scratch.offsets = scratch.offsets[:0]
			for i := range count * taps {
				ky, kx := i/s.Size%s.Size-s.Pad, i%s.Size-s.Pad
				scratch.offsets = append(scratch.offsets, ((plane+i/taps)*padded.plane()+ky*padded.stride()+kx)*floatBytes)
			}
			for _, outs := range evenly(end-first, set.dotsA) {
				o := first + outs.first
				for _, ins := range evenly(count*taps, set.dotsB) {
					scratch.dots = dotsArgs{
						a: &dy.Data[dy.origin()+o*dy.plane()], aPlane: dy.plane() * floatBytes,
						b: &padded.Data[padded.origin()], offsets: &scratch.offsets[ins.first], n: dy.long(),
						sums: &gradient[(o*perIn+in)*taps+ins.first], sumPlane: perIn * taps * floatBytes,
					}
					set.dots(outs.len(), ins.len(), &scratch.dots)
				}
			}
			in += count
		}
		first = end
	}
}

// findPlane gives the stack that a plane of several side by side lies in, and its number there.
func findPlane(padded []Padded, plane int) (Padded, int) {
	for _, s := range padded {
		if plane < s.C {
			return s, plane
		}
		plane -= s.C
	}
	panic("kernel: padded do not have that plane")
}
