package kernel

// WeightSum computes the gradient of a convolution's weight over a batch as products of matrices (gradient.go), in pieces that may be computed
// at the same time. The bits do not depend on who computes which. It is read-only, and so may be shared.
type WeightSum struct {
	Shape
	set           *Set
	in, out       int // planes of a group
	h, w          int // of results
	pictures      int
	tiled         bool
	rows          int // of a result plane's weight: source planes, or places in the kernels of source planes
	columns       int // of sums: as many as rows, rounded up
	inLen, outLen int // how far the numbers of a tile or pixel lie from those of the next one, of rows and of result planes
	lines         int // of tiles or pixels, of a picture
	unit          int // how many of them are laid out at a time
	shares        int // of all lines of all pictures, which are summed up apart
}

const (
	// gradientUnit is how many tiles are laid out at a time, about: with fewer, the sums go through memory too often.
	gradientUnit = 64
	// gradientBytes is how many bytes of pixels are laid out at a time, so that they stay in the second-level cache.
	gradientBytes = 256 << 10
	// gradientPixels is how many of them are multiplied at a time, so that they stay in the first-level cache.
	gradientPixels = 64
	// gradientShares is how many shares of a batch can be computed at the same time, for each group.
	gradientShares = 8
	// gradientColumns is how many columns of a unit stay in the first-level cache.
	gradientColumns = 64
)

// NewWeightSum says how the gradient of a weight is computed for so many pictures, whose results have h rows and w columns; nil if inner
// products of rows (WeightGradient) are better. The stride is 1.
func NewWeightSum(s Shape, h, w, pictures int) *WeightSum {
	sum := newWeightSum(current(), s, h, w, pictures)
	if sum == nil || !sum.faster() {
		return nil
	}
	return sum
}

func newWeightSum(set *Set, shape Shape, h, w, pictures int) *WeightSum {
	if set.outer == nil {
		return nil
	}
	s := &WeightSum{Shape: shape, set: set, in: shape.In / shape.Groups, out: shape.Out / shape.Groups, h: h, w: w, pictures: pictures}
	s.tiled = shape.Size == 3 && shape.Pad == 1 && s.tileCost() <= s.pixelCost()
	s.rows, s.lines = s.in*shape.Size*shape.Size, h
	if s.tiled {
		s.rows, s.lines, s.unit = s.in, divideUp(h, gradientTile), max(gradientUnit/s.tileColumns(), 1)
	}
	s.columns = s.wide(s.rows)
	s.inLen, s.outLen = s.columns, s.wide(s.out)
	if !s.tiled {
		// What many pixels have in one place must not compete for the same lines of the cache.
		s.inLen, s.outLen = s.inLen|Line, s.outLen|Line
		s.unit = max(gradientBytes/(floatBytes*(s.inLen+s.outLen)*w), 1)
	}
	s.shares = min(gradientShares, divideUp(s.lines*pictures, s.unit))
	return s
}

func divideUp(a, b int) int { return (a + b - 1) / b }

// tileColumns is how many tiles lie side by side.
func (s *WeightSum) tileColumns() int { return divideUp(s.w, gradientTile) }

// wide is how many numbers lie side by side for so many planes: whole vectors, and whole transposed ones.
func (s *WeightSum) wide(planes int) int {
	whole := max(lanePlanes, s.set.lanes)
	return divideUp(planes, whole) * whole
}

// Costs are cycles for a tile of a group, as measured on a processor with AVX2.

func (s *WeightSum) tileCost() float64 {
	const transform, sum = 50, 2.6
	return transform*float64(s.wide(s.in)+s.wide(s.out)) + sum*float64(s.wide(s.in)*s.out)
}

func (s *WeightSum) pixelCost() float64 {
	const layOut, sum = 18, 1.2
	rows := s.wide(s.in * s.Size * s.Size)
	return layOut*float64(rows+s.wide(s.out)) + sum*float64(rows*s.out)
}

func (s *WeightSum) faster() bool {
	const dot = 1.8
	cost := s.pixelCost()
	if s.tiled {
		cost = s.tileCost()
	}
	return cost < dot*float64(s.in*s.Size*s.Size*s.out)
}

// Pieces is how many pieces there are.
func (s *WeightSum) Pieces() int { return s.shares * s.Groups }

// Len is how many numbers the sums of all pieces take.
func (s *WeightSum) Len() int { return s.Pieces() * s.pieceLen() }

func (s *WeightSum) pieceLen() int { return s.frequencies()*s.sumLen() + s.outLen }

// biasSums are the sums of the results' gradients in those of a piece.
func (s *WeightSum) biasSums(piece []float32) []float32 {
	return piece[s.frequencies()*s.sumLen():][:s.outLen]
}

func (s *WeightSum) frequencies() int {
	if s.tiled {
		return gradientFrequencies
	}
	return 1
}

// sumLen is how many numbers the sums of a frequency take.
func (s *WeightSum) sumLen() int { return s.out * s.columns }

// Add computes a piece. Its sums go to their place in sums, which has Len numbers and begins at a cache line. For each picture of the batch,
// planes gives the gradient of the result, and what was convolved, in padded planes that lie side by side; all have a border of at
// least the padding.
func (s *WeightSum) Add(sums []float32, piece int, planes func(picture int) (dy Padded, x []Padded), scratch *Scratch) {
	share, group := piece/s.Groups, piece%s.Groups
	sums = sums[piece*s.pieceLen():][:s.pieceLen()]
	clear(sums)
	all := s.lines * s.pictures
	for line, end := share*all/s.shares, (share+1)*all/s.shares; line < end; {
		picture, first := line/s.lines, line%s.lines
		count := min(s.unit, s.lines-first, end-line)
		dy, x := planes(picture)
		dy = dy.Planes(group*s.out, s.out)
		if s.tiled {
			s.addTiles(sums, first, count, dy, x, group*s.in, scratch)
		} else {
			s.addPixels(sums, first, count, dy, x, group*s.in, scratch)
		}
		line += count
	}
}

// addPixels adds the products of count rows of pixels from the given one on. Rows are taken with the borders between them, which are zeros.
func (s *WeightSum) addPixels(sums []float32, first, count int, dy Padded, x []Padded, plane int, scratch *Scratch) {
	n := count * dy.stride()
	long := divideUp(n, lanePlanes) * lanePlanes
	scratch.gradients, scratch.laidOut = grow(scratch.gradients, long*s.outLen), grow(scratch.laidOut, long*s.inLen)
	a := &scratch.lanes
	a.chunks, a.lines, a.ahead = long/lanePlanes, 1, lanePlanes*dy.plane()*floatBytes
	a.dst, a.next = &scratch.gradients[0], s.outLen*floatBytes
	for o := 0; o < s.out; o += lanePlanes {
		for i := range a.rows {
			a.rows[i] = dy.at(min(o+i, s.out-1), first, 0)
		}
		s.set.planesToLanes(a)
		a.dst = rowAtPointer(a.dst, lanePlanes*floatBytes)
	}
	a.dst, a.next = &scratch.laidOut[0], s.inLen*floatBytes
	taps := s.Size * s.Size
	a.ahead /= taps
	for row := 0; row < s.rows; row += lanePlanes {
		for i := range a.rows {
			r := min(row+i, s.rows-1)
			source, in := findPlane(x, plane+r/taps)
			a.rows[i] = source.at(in, first+r/s.Size%s.Size-s.Pad, r%s.Size-s.Pad)
		}
		s.set.planesToLanes(a)
		a.dst = rowAtPointer(a.dst, lanePlanes*floatBytes)
	}
	s.sumUp(sums, n, 0, scratch)
	for _, p := range evenly(n, gradientPixels) {
		s.multiply(sums, p.len(), p.first*s.outLen, p.first*s.inLen, scratch)
	}
}

// at is the place of a pixel, which may lie in the border.
func (s Padded) at(plane, y, x int) *float32 {
	return &s.Data[s.origin()+plane*s.plane()+y*s.stride()+x]
}

// addTiles adds the products of count lines of tiles from the given one on.
func (s *WeightSum) addTiles(sums []float32, first, count int, dy Padded, x []Padded, plane int, scratch *Scratch) {
	columns := s.tileColumns()
	n := count * columns
	// What lies in the same place of all frequencies must not compete for the same lines of the cache.
	outFrequency, inFrequency := n*s.outLen+Line, n*s.inLen+Line
	scratch.gradients = grow(scratch.gradients, gradientFrequencies*outFrequency)
	scratch.laidOut = grow(scratch.laidOut, gradientFrequencies*inFrequency)
	for line := range count {
		y := (first + line) * gradientTile
		t := tileLine{columns: columns, points: s.set.tilePoints, size: gradientTile, step: s.outLen, frequency: outFrequency}
		for o := 0; o < s.out; o += lanePlanes {
			for i := range scratch.lanes.rows {
				scratch.lanes.rows[i] = dy.at(min(o+i, s.out-1), y, 0)
			}
			t.transform(scratch.gradients[line*columns*s.outLen+o:], s.set, dy, min(s.h-y, gradientTile), s.w, scratch)
		}
		t = tileLine{columns: columns, points: s.set.sourcePoints, size: gradientIn, step: s.inLen, frequency: inFrequency}
		for in := 0; in < s.in; in += lanePlanes {
			var source Padded
			for i := range scratch.lanes.rows {
				var at int
				source, at = findPlane(x, plane+min(in+i, s.in-1))
				scratch.lanes.rows[i] = source.at(at, y-1, -1)
			}
			// The pixel behind the last one is the border's.
			t.transform(scratch.laidOut[line*columns*s.inLen+in:], s.set, source, min(s.h-y+2, gradientIn), s.w+2, scratch)
		}
	}
	const all = gradientIn + 1 // the frequency that is the sum of a tile's pixels
	s.sumUp(sums, n, all*outFrequency, scratch)
	for f := range gradientFrequencies {
		s.multiply(sums[f*s.sumLen():], n, f*outFrequency, f*inFrequency, scratch)
	}
}

// sumUp adds to the sums of the results' gradients, of n tiles or pixels that lie from this number of scratch memory on.
func (s *WeightSum) sumUp(sums []float32, n, gradients int, scratch *Scratch) {
	scratch.outer = outerArgs{
		a: &ones[0], b: &scratch.gradients[gradients], sums: &s.biasSums(sums)[0],
		bNext: s.outLen * floatBytes, n: n, columns: s.outLen,
	}
	s.set.outer(1, &scratch.outer)
}

// tileLine is a line of tiles, of results or of sources.
type tileLine struct {
	columns         int
	points          func(*pointsArgs)
	size            int // of a tile's rows and columns of pixels
	step, frequency int // how far the next tile and the next frequency go behind one
}

// transform transforms the tiles of eight planes, whose first pixels are in scratch. Of the tiles' rows and columns together there are so many; the
// others are zeros.
func (t *tileLine) transform(to []float32, set *Set, source Padded, rows, columns int, scratch *Scratch) {
	width := gradientTile*(t.columns-1) + t.size
	chunks := divideUp(width, lanePlanes)
	line := chunks * lanePlanes * lanePlanes // numbers
	scratch.pixels, scratch.filtered = grow(scratch.pixels, gradientIn*line), grow(scratch.filtered, gradientIn*line)
	lanes := &scratch.lanes
	lanes.line, lanes.chunks, lanes.lines = source.stride()*floatBytes, chunks, rows
	lanes.ahead = lanePlanes * source.plane() * floatBytes
	lanes.dst, lanes.next, lanes.dstLine = &scratch.pixels[0], lanePlanes*floatBytes, line*floatBytes
	set.planesToLanes(lanes)
	for row := range t.size {
		pixels := scratch.pixels[row*line:][:line]
		if row >= rows {
			clear(pixels)
		} else if columns < width {
			clear(pixels[columns*lanePlanes:])
		}
	}
	scratch.points = pointsArgs{
		src: &scratch.pixels[0], step: line * floatBytes, next: lanePlanes * floatBytes,
		dst: &scratch.filtered[0], dstStep: line * floatBytes, dstNext: lanePlanes * floatBytes,
		n: width, lines: 1,
	}
	t.points(&scratch.points)
	scratch.points = pointsArgs{
		src: &scratch.filtered[0], step: lanePlanes * floatBytes, next: gradientTile * lanePlanes * floatBytes, line: line * floatBytes,
		dst: &to[0], dstStep: t.frequency * floatBytes, dstNext: t.step * floatBytes, dstLine: gradientIn * t.frequency * floatBytes,
		n: t.columns, lines: gradientIn,
	}
	t.points(&scratch.points)
}

// multiply adds the products of n tiles or pixels, which lie from these numbers of scratch memory on.
func (s *WeightSum) multiply(sums []float32, n, gradients, laidOut int, scratch *Scratch) {
	a := &scratch.outer
	a.aNext, a.bNext, a.sumLine, a.n = s.outLen*floatBytes, s.inLen*floatBytes, s.columns*floatBytes, n
	for column := 0; column < s.columns; column += gradientColumns {
		a.columns = min(s.columns-column, gradientColumns)
		a.b = &scratch.laidOut[laidOut+column]
		blocks := divideUp(s.out, s.set.maxOuts)
		for i := range blocks {
			first, end := i*s.out/blocks, (i+1)*s.out/blocks
			a.a, a.sums = &scratch.gradients[gradients+first], &sums[first*s.columns+column]
			s.set.outer(end-first, a)
		}
	}
}

// Gather adds the sums of all pieces to the gradients of weight, in the order of PyTorch, and bias, for result planes first to end-1. Either may be
// nil. It changes sums.
func (s *WeightSum) Gather(weight, bias, sums []float32, first, end int, scratch *Scratch) {
	for o := first; o < end && bias != nil; o++ {
		for share := range s.shares {
			bias[o] += s.biasSums(sums[(share*s.Groups+o/s.out)*s.pieceLen():])[o%s.out]
		}
	}
	if weight != nil {
		s.gatherWeight(weight, sums, first, end, scratch)
	}
}

func (s *WeightSum) gatherWeight(gradient, sums []float32, first, end int, scratch *Scratch) {
	for o := first; o < end; o++ {
		group, at := o/s.out, o%s.out*s.columns
		piece := func(share int) []float32 { return sums[(share*s.Groups+group)*s.pieceLen():] }
		for f := range s.frequencies() {
			total := piece(0)[f*s.sumLen()+at:][:s.columns]
			for share := 1; share < s.shares; share++ {
				combine(s.set, total, total, piece(share)[f*s.sumLen()+at:][:s.columns], 1, 1, 0)
			}
		}
		to := gradient[o*s.in*s.Size*s.Size:][:s.in*s.Size*s.Size]
		total := piece(0)[at:]
		if !s.tiled {
			combine(s.set, to, to, total[:s.rows], 1, 1, 0)
			continue
		}
		// Frequencies along the columns for each one along the rows, then the other way round.
		step, row := s.sumLen()*floatBytes, gradientIn*s.sumLen()*floatBytes
		s.sumPoints(total, row, step, gradientIn, scratch)
		s.sumPoints(total, step, row, s.Size, scratch)
		for k := range s.Size * s.Size {
			for i, v := range total[(k/s.Size*gradientIn+k%s.Size)*s.sumLen():][:s.in] {
				to[i*s.Size*s.Size+k] += v
			}
		}
	}
}

// sumPoints transforms numbers a step apart, for so many lines of them.
func (s *WeightSum) sumPoints(total []float32, step, line, lines int, scratch *Scratch) {
	scratch.points = pointsArgs{
		src: &total[0], step: step, next: lanePlanes * floatBytes, line: line,
		dst: &total[0], dstStep: step, dstNext: lanePlanes * floatBytes, dstLine: line,
		n: s.columns / lanePlanes, lines: lines,
	}
	s.set.sumPoints(&scratch.points)
}
