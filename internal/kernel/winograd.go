package kernel

import (
	"image"

	"github.com/klauspost/cpuid/v2"
)

// Winograd's minimal filtering F(6x2, 3x3): tiles of six rows and two columns of a 3x3 convolution from 8x4 source pixels with 32
// multiplications for each pair of planes instead of 108. Interpolation points are 0, 1, -1, 2, -2, 1/2, -1/2 and infinity along the
// height, 0, 1, -1 and infinity along the width:
//
//	t = B r C (8x4 source pixels)    m_f = sum over planes of u_f * t_f, u = G k H (3x3 kernel)    y = A m D (6x2 result pixels)
//
// For each of the 32 pairs of points f (the frequencies) the m are a product of matrices: result planes x source planes times source
// planes x tiles. Tiles lie in vectors, so that any number of planes fills these.
//
// Two columns, not four or six: beyond a strip's core every layer needs one column less than the layer before it, and tiles of two
// can begin at the first column of each of them, wherever the core begins at an even one. Larger tiles would compute columns that
// nobody reads, at every layer more.
//
// Where there are few layers, or windows are computed whole, so that there are few such columns or none, tiles are four columns wide:
// F(6x4, 3x3), with 48 multiplications instead of 64 for the same pixels, and the points 0, 1, -1, 2, -2 and infinity along the width.
const (
	// WinogradRows and WinogradColumns are the size of a tile of the result, WideColumns the columns of a wide one.
	WinogradRows    = 6
	WinogradColumns = 2
	WideColumns     = 4

	winogradIn = WinogradRows + 2
	// winogradAcross is how many columns of the source a tile reads.
	winogradAcross = WinogradColumns + 2
	wideAcross     = WideColumns + 2
)

// tiling is a size of tiles: columns of the result and of the source, and what transforms them.
type tiling struct {
	columns, across int
	lanes           int // tiles in a vector of the transforms
	most            int // tiles that are worked on at a time
	toTiles         func(*winogradInArgs)
	fromTiles       func(*winogradOutArgs)
	kernels         func(*kernelsArgs)
	kernel          func(k *[9]float32, u []float32) // a single one
}

func (t *tiling) frequencies() int { return winogradIn * t.across }

// mostWide is how many wide tiles are transformed at a time, so that the rows between both steps of the transforms, which have room for their
// pixels, wideStride numbers each, stay in the first-level cache. The stride is no power of two.
const (
	mostWide   = 64
	wideStride = WideColumns*mostWide + Line
)

// tiling is the size of tiles that a convolution is computed in.
func (s *Set) tiling(wide bool) *tiling {
	if wide && s.wideIn != nil {
		return &tiling{
			WideColumns, wideAcross, s.wideLanes, mostWide, s.wideIn, s.wideOut, s.wideKernels, transformKernelWide,
		}
	}
	const most = 8 * 2 * Line
	return &tiling{WinogradColumns, winogradAcross, s.lanes, most, s.winogradIn, s.winogradOut, s.winogradKernels, transformKernel}
}

// Grid says where tiles begin: at rows and columns that are Row and Column more than a multiple of a tile's height and width. Parts
// of a tensor computed apart have the same bits if their tiles lie in the same grid.
type Grid struct{ Row, Column int }

// rows gives the rows of the whole tiles that rows y0 to y1-1 lie in; columns likewise.
func (g Grid) rows(y0, y1 int) (first, end int) {
	return y0 - mod(y0-g.Row, WinogradRows), y1 + mod(g.Row-y1, WinogradRows)
}

func (t *tiling) gridColumns(g Grid, x0, x1 int) (first, end int) {
	return x0 - mod(x0-g.Column, t.columns), x1 + mod(g.Column-x1, t.columns)
}

// winograd is a group of a convolution in that form.
type winograd struct {
	*tiling
	set     *Set
	in, out int
	blocks  []winogradBlock
	// kept tells that the blocks hold transformed weights; otherwise they hold the kernels, and every run transforms them.
	kept bool
	// shuffle is the Shape's. sums is how many result planes are there at most when they can become pixels.
	shuffle, sums int
}

// winogradBlock is as many result planes as a kernel computes at a time.
type winogradBlock struct {
	first, outs int
	// weight has outs numbers for each frequency and source plane, or for each source plane and place in the kernel.
	weight      []float32
	bias, slope []float32 // outs numbers; slope is nil without activation
	ones        []float32 // what sums are multiplied with unless there is a scale
}

const (
	// minForWinograd is how many source and result planes make up for the transforms.
	minForWinograd = 8
	// minForExact is how many make up for the digits too.
	minForExact = 32
)

// newWinograd makes room for a group of a convolution of that shape.
func newWinograd(set *Set, in, out int, s Shape) *winograd {
	w := &winograd{tiling: set.tiling(s.Wide), set: set, in: in, out: out, kept: !s.Fleeting, shuffle: s.Shuffle}
	made := 0
	for _, r := range blocksFor(out, set.maxOuts, s.Shuffle) {
		w.blocks = append(w.blocks, winogradBlock{first: r.first, outs: r.len(), weight: weightsFor(w.numbers() * in * r.len()), ones: make([]float32, r.len())})
		fill(w.blocks[len(w.blocks)-1].ones, 1)
		if w.sums = max(w.sums, r.end-made); r.end%s.Shuffle == 0 {
			made = r.end
		}
	}
	return w
}

// numbers is how many numbers are kept for a pair of planes.
func (w *winograd) numbers() int {
	if w.kept {
		return w.frequencies()
	}
	return 9
}

// pack takes over weights.
func (w *winograd) pack(weight, bias, slope []float32) {
	transformed := make([]float32, w.frequencies())
	for i := range w.blocks {
		b := &w.blocks[i]
		b.bias, b.slope = bias[b.first:], groupOf(slope, b.first, b.outs)
		for plane := range w.in {
			for o := range b.outs {
				k := (*[9]float32)(weight[((b.first+o)*w.in+plane)*9:])
				if !w.kept {
					for j, v := range k {
						b.weight[(plane*9+j)*b.outs+o] = v
					}
					continue
				}
				w.kernel(k, transformed)
				for f, v := range transformed {
					b.weight[(f*w.in+plane)*b.outs+o] = v
				}
			}
		}
	}
}

// weightsOf gives the transformed weights of a block: the kept ones, or where transformWeights puts them.
func (w *winograd) weightsOf(i int, s *Scratch) *float32 {
	b := &w.blocks[i]
	if w.kept {
		return &b.weight[0]
	}
	return &s.weights[w.frequencies()*w.in*b.first]
}

// transformWeights transforms the weights of all blocks for a run.
func (w *winograd) transformWeights(s *Scratch) {
	if w.kept {
		return
	}
	s.weights = grow(s.weights, w.frequencies()*w.in*w.out+Line) // kernels may read behind them
	for i := range w.blocks {
		b := &w.blocks[i]
		s.kernels = kernelsArgs{kernels: &b.weight[0], weight: w.weightsOf(i, s), planes: w.in, outs: b.outs}
		w.kernels(&s.kernels)
	}
}

// kernelsArgs are the 3x3 kernels of some result planes, outs numbers for each source plane and place, and where their transforms go,
// outs numbers for each frequency and source plane. The assembly knows the fields by their offsets (layout.go).
type kernelsArgs struct {
	kernels, weight *float32
	planes, outs    int
}

func mod(a, b int) int { return (a%b + b) % b }

// span is a range of numbers: from first to end-1.
type span struct{ first, end int }

func (s span) len() int { return s.end - s.first }

// blocksFor cuts result planes into spans of at most size. If they are shuffled, a span ends often where pixels can be made of all planes up to
// there: at a multiple of shuffle.
func blocksFor(planes, size, shuffle int) (blocks []span) {
	often := shuffle // the least common multiple
	for often%size != 0 {
		often += shuffle
	}
	for _, run := range evenly(planes/shuffle, often/shuffle) {
		for _, s := range evenly(run.len()*shuffle, size) {
			blocks = append(blocks, span{run.first*shuffle + s.first, run.first*shuffle + s.end})
		}
	}
	return blocks
}

// evenly cuts 0 to n-1 into the fewest spans of at most size, of nearly equal size.
func evenly(n, size int) []span {
	parts := (n + size - 1) / size
	spans := make([]span, parts)
	for i := range spans {
		spans[i] = span{i * n / parts, (i + 1) * n / parts}
	}
	return spans
}

// winogradPad is put between the numbers of two frequencies, which would otherwise compete for the same lines of the cache.
const winogradPad = Line

// winogradBytes bounds the transformed pixels of all planes that are worked on at a time, so that they stay in the second-level cache beside
// the weights: three eighths of it were best on processors with 512 KB (Zen 3) and with 1 MB (Zen 5). No result depends on it.
var winogradBytes = func() int {
	const least, usual, most = 96 << 10, 192 << 10, 768 << 10
	l2 := cpuid.CPU.Cache.L2
	if l2 <= 0 { // not known
		return usual
	}
	return min(max(l2/8*3, least), most)
}()

// batch is how many tiles are worked on at a time: whole pairs of vectors.
func (w *winograd) batch() int {
	pair := 2 * w.set.lanes
	return min(max(winogradBytes/(floatBytes*w.frequencies()*w.in)/pair*pair, pair), w.most)
}

// area is what a run computes: rows y0 to y1-1 and w columns from x on, in a grid that makes tile rows begin at row first and tile
// columns left pixels before column x. Column 0 of the result is column x, column 0 of the sources what the first tile reads first.
type area struct {
	first, y0, y1 int
	left, w       int
	pad           int
	result        image.Rectangle // with a shuffle: what becomes of it; x is the column that pixels of the sums are counted from
	x             int
}

// scratchLen is how many numbers a run's scratch memory holds, but for short rows.
func (w *winograd) scratchLen() int {
	n := w.frequencies() * ((w.in+min(w.set.maxOuts, w.out))*w.batch() + 2*winogradPad)
	if !w.kept {
		n += w.frequencies() * w.in * w.out
	}
	if w.shuffle > 1 {
		n += w.sums * (WinogradRows*w.columns*w.batch() + Line)
	}
	return n
}

// run computes an area of all result planes. The sources are those of the group's planes; add and scale may be nil.
func (w *winograd) run(dst Block, a area, src []Block, add *Block, scale []float32, s *Scratch) {
	s.bias = append(s.bias[:0], scale...) // times the bias, where there is a scale
	if scale != nil {
		for i := range w.blocks {
			b := &w.blocks[i]
			for o := range b.outs {
				s.bias[b.first+o] *= b.bias[o]
			}
		}
	}
	across := (a.left + a.w + w.columns - 1) / w.columns // tiles
	batch := w.batch()
	padded := roundUp(across, w.lanes)
	rows := 1 // rows of tiles that are worked on together
	if padded < batch {
		rows = batch / padded
	}
	s.transformed = grow(s.transformed, w.frequencies()*(w.in*batch+winogradPad))
	s.products = grow(s.products, w.frequencies()*(min(w.set.maxOuts, w.out)*batch+winogradPad))
	w.transformWeights(s)
	for ; a.first < a.y1; a.first += rows * WinogradRows {
		rows = min(rows, (a.y1-a.first+WinogradRows-1)/WinogradRows)
		for tile := 0; tile < across; tile += batch {
			w.runBatch(dst, a, tileBatch{tile, min(across-tile, batch), rows, w.lanes}, src, add, scale, s)
		}
	}
}

// tileBatch is tiles that are worked on together: count columns of tiles from tile first on, in so many rows of tiles.
type tileBatch struct{ first, count, rows, lanes int }

// padded is how many tiles there is room for in a row of tiles: whole vectors.
func (b tileBatch) padded() int { return roundUp(b.count, b.lanes) }

// tiles is how many there is room for in all of them: whole vectors of the products.
func (b tileBatch) tiles(set *Set) int { return roundUp(b.padded()*b.rows, set.lanes) }

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }

func (w *winograd) runBatch(dst Block, a area, b tileBatch, src []Block, add *Block, scale []float32, s *Scratch) {
	tiles := b.tiles(w.set)
	for row := range b.rows {
		plane := 0
		for _, block := range src {
			w.transform(block, a.first+row*WinogradRows-a.pad, b, s.transformed[plane*tiles+row*b.padded():], tiles, s)
			plane += block.C
		}
	}
	to := place{Block: dst}
	if w.shuffle > 1 {
		to = w.unshuffled(a, b, s)
	}
	for i := range w.blocks {
		block := &w.blocks[i]
		s.product = productArgs{
			transformed: &s.transformed[0], transformedFrequency: (w.in*tiles + winogradPad) * floatBytes,
			products: &s.products[0], productFrequency: (block.outs*tiles + winogradPad) * floatBytes,
			plane: tiles * floatBytes, weight: w.weightsOf(i, s), planes: w.in, tiles: tiles, frequencies: w.frequencies(),
		}
		w.set.product(block.outs, &s.product)
		for row := range b.rows {
			w.collect(block, to, a, b, row, add, scale, s)
		}
		if end := block.first + block.outs; w.shuffle > 1 && end%w.shuffle == 0 {
			first, last := b.columns(a, w.tiling)
			made := image.Rect(a.x+first, max(a.first, a.y0), a.x+last, min(a.first+b.rows*WinogradRows, a.y1))
			to.C = end - to.plane
			shuffleGroups(dst, a.result, to.Block, to.plane, made, w.shuffle)
			to.plane = end
		}
	}
}

// place is where result planes go: those from plane on, and columns from column on.
type place struct {
	Block
	plane, column int
}

// unshuffled is memory for the planes that are not yet pixels.
func (w *winograd) unshuffled(a area, b tileBatch, s *Scratch) place {
	first, end := b.columns(a, w.tiling)
	rows, stride := b.rows*WinogradRows, roundUp(end-first, Line)
	plane := rows*stride + Line // planes must not compete for the same lines of the cache
	s.shuffled = grow(s.shuffled, w.sums*plane)
	return place{Block{Data: s.shuffled, C: w.sums, Plane: plane, Stride: stride, First: a.first, Ring: rows, Height: a.y1}, 0, first}
}

// columns gives the first column of the area that a batch makes, and the one after the last.
func (b tileBatch) columns(a area, t *tiling) (first, end int) {
	x := b.first*t.columns - a.left
	return max(x, 0), min(x+b.count*t.columns, a.w)
}

// transform transforms the tiles of all planes of a block that read rows from y on.
func (w *winograd) transform(src Block, y int, b tileBatch, to []float32, tiles int, s *Scratch) {
	a := &s.rowsIn
	x, width := b.first*w.columns, b.count*w.columns+w.across-w.columns
	for r := range a.rows {
		seg := src.segment(y+r, x, width)
		a.rows[r], a.planes[r] = seg.src, seg.plane
	}
	a.transformed, a.plane, a.frequency = &to[0], tiles*floatBytes, (w.in*tiles+winogradPad)*floatBytes
	a.count, a.tiles, a.scratch = src.C, b.count, &s.between()[0]
	w.toTiles(a)
}

// collect makes the result rows of a row of tiles.
func (w *winograd) collect(block *winogradBlock, dst place, a area, b tileBatch, row int, add *Block, scale []float32, s *Scratch) {
	x, end := b.columns(a, w.tiling)
	args := &s.rowsOut
	args.left = x - (b.first*w.columns - a.left) // result columns that the first tile begins before
	args.n = end - x
	s.spare = grow(s.spare, args.n)
	args.scratch, args.number = &s.between()[0], 0
	args.hasAdd = 0
	if add != nil {
		args.hasAdd = 1
	}
	for r := range args.rows {
		args.rows[r], args.add[r] = &s.spare[0], &s.spare[0] // for rows that nobody wants
		args.rowPlanes[r], args.addPlanes[r] = 0, 0
		y := a.first + row*WinogradRows + r
		if y < a.y0 || y >= a.y1 {
			continue
		}
		seg := dst.segmentFrom(block.first-dst.plane, y, x-dst.column, args.n)
		args.rows[r], args.rowPlanes[r] = seg.src, seg.plane
		if add != nil {
			seg = add.segmentFrom(block.first, y, x, args.n)
			args.add[r], args.addPlanes[r] = seg.src, seg.plane
		}
	}
	tiles := b.tiles(w.set)
	args.products, args.plane = &s.products[row*b.padded()], tiles*floatBytes
	args.frequency = (block.outs*tiles + winogradPad) * floatBytes
	args.count, args.bias, args.slope, args.scale = block.outs, &block.bias[0], nil, &block.ones[0]
	if scale != nil {
		args.bias, args.scale = &s.bias[block.first], &scale[block.first]
	}
	if block.slope != nil {
		args.slope = &block.slope[0]
	}
	w.fromTiles(args)
}

// productArgs are the products of a Winograd convolution for some result planes, at all frequencies f:
//
//	for o, tile { products[f][o][tile] = sum over planes of weight[f][plane][o] * transformed[f][plane][tile] }
//
// Rows of tiles lie plane bytes apart, frequencies as far as said. The number of tiles is a multiple of the lanes. The
// assembly knows the fields by their offsets (layout.go).
type productArgs struct {
	transformed          *float32
	transformedFrequency int
	products             *float32
	productFrequency     int
	plane                int
	weight               *float32
	planes, tiles        int
	frequencies          int
}

// winogradInArgs are eight source rows of each of count planes, which lie planes bytes apart, and where the transforms of the tiles
// go: those of frequency f and a plane to transformed + f*frequency + plane index*plane. Beyond the last tile there is room for a
// whole vector of tiles, whose content does not matter. The addresses are for the kernel's own use (no pointers, since they leave
// their memory in the end, which would upset the garbage collector). The assembly knows the fields by their
// offsets (layout.go).
//
// The order of tiles in memory is the set's own: within vectors it may be any that winogradOut undoes.
type winogradInArgs struct {
	rows             [winogradIn]*float32
	planes           [winogradIn]int
	addresses        [winogradIn]uintptr
	transformed      *float32
	plane, frequency int // in bytes
	count, tiles     int
	scratch          *float32 // of wide tiles: rows of wideStride numbers
}

// winogradOutArgs are the products of count planes, and six rows of each that they give: n pixels, after left pixels (fewer than a tile has) of the
// first tile that nobody wants. The addresses are for the kernel's own use, and so is number, which is 0. The assembly
// knows the fields by their offsets (layout.go).
type winogradOutArgs struct {
	rows             [WinogradRows]*float32
	add              [WinogradRows]*float32 // what is added to them, if hasAdd is not 0
	rowPlanes        [WinogradRows]int
	addPlanes        [WinogradRows]int
	rowAddresses     [WinogradRows]uintptr
	addAddresses     [WinogradRows]uintptr
	products         *float32
	plane, frequency int // in bytes
	count, left, n   int
	bias             *float32 // count numbers
	slope            *float32 // count numbers, or nil without activation
	number           int
	hasAdd           int
	scratch          *float32 // for the kernel's own use: (2*WinogradRows + 2) * Line numbers, of wide tiles winogradIn * wideStride
	scale            *float32 // count numbers that sums are multiplied with before the bias
}
