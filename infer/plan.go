package infer

import (
	"image"

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
	choice   *choice // nil where nothing is routed
	pieces   []piece
	usage    route.Usage // of the classes
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
}

// piece is a part of a picture that a worker computes in one go.
type piece struct {
	tile.Piece
	class int // of the branch that computes it; 0 if there is only one
	// masks, if not nil, is what the branches of all classes compute of it; nil where a class has nothing to do.
	masks []*part
	macs  int64 // that were done, counted by who has masks
}

// part is what a branch computes of a strip.
type part struct {
	window image.Rectangle
	mask   engine.Mask // nil: all of it
}

// whole is a picture in one piece.
func whole(picture image.Point) piece {
	all := image.Rectangle{Max: picture}
	return piece{Piece: tile.Piece{Core: all, Window: all}}
}

// cover cuts a picture into pieces of a single class.
func cover(picture, core image.Point, context int) []piece {
	var pieces []piece
	for _, p := range tile.Cover(picture, core, context) {
		pieces = append(pieces, piece{Piece: p})
	}
	return pieces
}

// macs counts the multiply-accumulates of all pieces and of the router.
func (p *plan) macs() int64 {
	type shape struct {
		window image.Point
		core   image.Rectangle
		class  int
	}
	known := map[shape]int64{} // many pieces have the same shape, and counting takes a while
	var sum int64
	if p.choice != nil {
		sum = p.choice.routerMACs
	}
	for i := range p.pieces {
		piece := &p.pieces[i]
		if piece.masks != nil {
			sum += piece.maskedMACs(p.branches)
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

// maskedMACs is what was counted when the piece was computed, or what will be.
func (p *piece) maskedMACs(branches []*branch.Branch) int64 {
	if p.macs > 0 {
		return p.macs
	}
	var sum int64
	for class, part := range p.masks {
		if part != nil {
			sum += branches[class].Plan.Work(part.window.Size(), p.Core.Sub(part.window.Min), part.mask).MACs
		}
	}
	return sum
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
