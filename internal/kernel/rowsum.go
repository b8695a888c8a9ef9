package kernel

// rowSum is a stack of result planes that are weighted sums of the same source rows: a group of a convolution. Its weights are packed for one kernel set; it is read-only.
type rowSum struct {
	set    *Set
	taps   int // of each source plane
	blocks []rowBlock
}

// rowBlock is as many result planes as a kernel computes at a time.
type rowBlock struct {
	first, outs int
	weight      []float32 // for each source row, outs numbers
	bias, slope []float32 // outs numbers; slope is nil without activation
}

// newRowSum makes room for the weights of outs results with rows source rows.
func newRowSum(set *Set, outs, rows, taps int) rowSum {
	s := rowSum{set: set, taps: taps}
	for _, r := range evenly(outs, set.maxOuts) {
		s.blocks = append(s.blocks, rowBlock{first: r.first, outs: r.len(), weight: weightsFor(rows * r.len())})
	}
	return s
}

// pack takes over weights, given by weightOf(result, source row).
func (s *rowSum) pack(weightOf func(o, row int) float32, bias, slope []float32) {
	for i := range s.blocks {
		b := &s.blocks[i]
		b.bias, b.slope = bias[b.first:], groupOf(slope, b.first, b.outs)
		for j := range b.weight {
			b.weight[j] = weightOf(b.first+j%b.outs, j/b.outs)
		}
	}
}

// run computes n numbers, at most maxPixels, of a row of all result planes. The sources are those for these; add, if it is not nowhere, is
// added before the activation; a is scratch memory.
func (s *rowSum) run(to segment, n int, sources []segment, add segment, a *rowArgs) {
	for i := range s.blocks {
		b := &s.blocks[i]
		*a = rowArgs{
			dst: to.from(b.first).src, dstPlane: to.plane,
			segments: &sources[0], segmentCount: len(sources), taps: s.taps,
			weight: &b.weight[0], bias: &b.bias[0], n: n,
		}
		if add.src != nil {
			a.add, a.addPlane = add.from(b.first).src, add.plane
		}
		if b.slope != nil {
			a.slope = &b.slope[0]
		}
		s.set.row(b.outs, a)
	}
}

// weightsFor makes room for so many weights, and for what kernels may read behind them: they load weights in vectors.
func weightsFor(n int) []float32 { return make([]float32, n, n+Line) }
