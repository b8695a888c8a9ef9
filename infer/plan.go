package infer

import (
	"image"
	"slices"

	"classsr/arch"
	"classsr/branch"
	"classsr/cost"
	"classsr/engine"
	"classsr/route"
	"classsr/tile"
)

// plan is all that is decided about a picture before any of it is computed.
type plan struct {
	sizing
	size    image.Point // of the picture
	covered image.Point // the part, from the upper left corner on, that is enlarged
	// branches are the networks of the classes; none for bicubic interpolation. Where nothing is routed there is one class.
	branches []*branch.Branch
	classes  []string
	choice   *choice     // nil where nothing is routed
	usage    route.Usage // of the classes
	// bands are the rows of the small picture at which bands end, from row from on. The result comes band by band.
	from   int
	bands  []int
	pieces []piece // section by section, and from left to right
	// mixed is what each class computes of the picture; nil if each piece has a class of its own.
	mixed [][]route.Band
	// arenas is what the arena of each class must have room for if lanes compute several pieces; nil if each has its own.
	arenas []int64
}

// choice is what became of a picture's cores.
type choice struct {
	*route.Map
	blend *route.Blend // nil in ModePaper
	// fullBecause says why the full network computes all of it; empty if it does not, or was found best for each core.
	fullBecause string
	router      arch.Spec // the Class-Module, if it was asked
	routerMACs  int64     // 0 if it was not
	routerFLOPs float64   // of a patch, as the paper counts
	// lambda is the multiplier of the costs with which the classes were found; 0 if nothing was weighed.
	lambda float64
}

// piece is a part of a picture that a lane computes from top to bottom.
type piece struct {
	tile.Piece
	first, end int   // bands that it reaches over
	class      int   // of the branch that computes it, if it is a single one; 0 if there is only one
	macs       int64 // that were done so far
	// squares are what a device computes together of networks that pool; nil for other pieces. Of these, Core is all that is true of the piece itself.
	squares []piece
}

// part is what a branch computes of a piece.
type part struct {
	window image.Rectangle
	mask   engine.Mask // nil: all of it
}

// band gives the rows of the small picture that a band has.
func (p *plan) band(i int) (top, end int) {
	if i == 0 {
		return p.from, p.bands[0]
	}
	return p.bands[i-1], p.bands[i]
}

// rows is how many rows of the small picture all bands have together.
func (p *plan) rows() int { return p.bands[len(p.bands)-1] - p.from }

// highest is the largest height of bands, in rows of the small picture.
func (p *plan) highest() int {
	most := 0
	for i := range p.bands {
		top, end := p.band(i)
		most = max(most, end-top)
	}
	return most
}

// windowRows is how many rows of the picture are read at most by bands that may be computed at a time: those of as many bands as there is room
// for, and what networks see around them. No worker reads what lies above the first band that was not taken, or below the last that there is
// room for (schedule.take); so a window of so many rows needs nobody to wait for it.
func (p *plan) windowRows() int {
	most := 0
	for first := range p.bands {
		top, _ := p.band(first)
		_, end := p.band(min(first+p.ahead, len(p.bands)) - 1)
		most = max(most, end-top)
	}
	return min(most+2*rowsAround(p.branches), p.size.Y)
}

// rowsAround is how many rows above and below others are read at most to compute these.
func rowsAround(branches []*branch.Branch) int {
	around := bicubicAround
	for _, b := range branches {
		around = max(around, b.RowsAround())
	}
	return around
}

// sections gives the rows at which the picture is cut across, and the bands there, both ends included: cuts lie where bands end, and
// sections have at most the height of cores, if that is more than a band.
func (p *plan) sections() (rows, bands []int) {
	rows, bands = []int{p.from}, []int{0}
	top := p.from
	for i, end := range p.bands {
		last := i == len(p.bands)-1
		if last || p.bands[i+1]-top > p.core.Y {
			rows, bands = append(rows, end), append(bands, i+1)
			top = end
		}
	}
	return rows, bands
}

// cover cuts the picture into pieces that a class computes.
func (p *plan) cover(class int) {
	p.cut(tile.Cuts(p.size.X, p.core.X), p.ofClass(class))
}

// ofClass gives what completes pieces that a class computes.
func (p *plan) ofClass(class int) func(*piece) {
	return func(piece *piece) { piece.class, piece.Window = class, p.branches[class].Window(p.size, piece.Core) }
}

// cut makes pieces between the given columns, in each section. complete completes a piece that has its core.
func (p *plan) cut(columns []int, complete func(*piece)) {
	rows, bands := p.sections()
	for s := range len(rows) - 1 {
		for x := range len(columns) - 1 {
			core := image.Rect(columns[x], rows[s], columns[x+1], rows[s+1])
			p.pieces = append(p.pieces, piece{Piece: tile.Piece{Core: core}, first: bands[s], end: bands[s+1]})
			complete(&p.pieces[len(p.pieces)-1])
		}
		if p.lanes < len(columns)-1 { // lanes finish a section before they begin the next one
			p.ahead = max(p.ahead, bands[s+1]-bands[s])
		}
	}
}

// sizeArenas finds how large arenas must be for any of the pieces, so that they do not grow from piece to piece.
func (p *plan) sizeArenas() {
	if p.lanes >= len(p.pieces) {
		return
	}
	widest := image.Point{}
	for _, piece := range p.pieces {
		widest.X, widest.Y = max(widest.X, piece.Core.Dx()), max(widest.Y, piece.Core.Dy())
	}
	for _, b := range p.branches {
		p.arenas = append(p.arenas, b.Bytes(p.size, widest))
	}
}

// cuts divides a length into the fewest parts of at most so many, which are even if there are several, and gives their ends.
func cuts(length, part int) []int { return tile.Cuts(length, part)[1:] }

// within gives those of some rows that lie after from and not after until.
func within(rows []int, from, until int) []int {
	first, _ := slices.BinarySearch(rows, from+1)
	end, _ := slices.BinarySearch(rows, until+1)
	return rows[first:end]
}

// macs counts the multiply-accumulates that all pieces and the router take.
func (p *plan) macs() int64 {
	type shape struct {
		window image.Point
		core   image.Rectangle
		class  int
	}
	known := map[shape]int64{} // many pieces have the same shape, and counting takes a while
	sum := p.routerMACs()
	for i := range p.pieces {
		piece := &p.pieces[i]
		if p.mixed != nil {
			for class := range p.branches {
				if part := p.part(class, piece.Core); part != nil {
					sum += p.branches[class].Plan.Work(part.window.Size(), piece.Core.Sub(part.window.Min), part.mask).MACs
				}
			}
			continue
		}
		if len(p.branches) == 0 {
			continue
		}
		s := shape{piece.Window.Size(), piece.Core.Sub(piece.Window.Min), piece.class}
		if _, ok := known[s]; !ok {
			known[s] = p.branches[s.class].Plan.MACs(s.window, s.core)
		}
		sum += known[s]
	}
	return sum
}

// pixels counts those of the small picture that the bands of all pieces have together.
func (p *plan) pixels() int {
	sum := 0
	for _, piece := range p.pieces {
		for band := piece.first; band < piece.end; band++ {
			top, end := p.band(band)
			sum += (end - top) * piece.Core.Dx()
		}
	}
	return sum
}

// macsDone counts those that were done.
func (p *plan) macsDone() int64 {
	sum := p.routerMACs()
	for i := range p.pieces {
		sum += p.pieces[i].macs
	}
	return sum
}

// macsRepeated is how many of those that were done are more than it would have taken without cuts across: of the rows that are computed on
// both sides of a cut. Where classes are mixed it is an estimate, as if all of them reached as far as the hardest one.
func (p *plan) macsRepeated() int64 {
	rows, _ := p.sections()
	if len(rows) <= 2 || len(p.branches) == 0 || p.branches[0].Spec.Pools() {
		return 0
	}
	again := repeatedRows(p.branches[len(p.branches)-1]) * float64(len(rows)-2)
	return int64(float64(p.macsDone()-p.routerMACs()) * again / (float64(p.rows()) + again))
}

// routerMACs is what the router takes of them.
func (p *plan) routerMACs() int64 {
	if p.choice == nil {
		return 0
	}
	return p.choice.routerMACs
}

// shares is the share of each class, 0 to 1.
func (p *plan) shares() []float64 {
	if p.choice != nil {
		return p.choice.Shares()
	}
	return []float64{1}
}

// patchFLOPs is what the paper charges for a patch, on the mean over the shares of the classes.
func (p *plan) patchFLOPs() float64 {
	flops := 0.0
	if p.choice != nil && p.choice.routerMACs > 0 {
		flops = p.choice.routerFLOPs
	}
	if len(p.branches) == 0 {
		return flops
	}
	for class, share := range p.shares() {
		if share > 0 {
			flops += share * p.branches[class].PatchFLOPs()
		}
	}
	return flops
}

// routerNanoseconds is what asking the Class-Module costs, by the canonical costs.
func (p *plan) routerNanoseconds() float64 {
	if p.choice == nil || p.choice.routerMACs == 0 {
		return 0
	}
	return cost.Canonical(p.choice.router).Of(engine.Work{MACs: p.choice.routerMACs})
}
