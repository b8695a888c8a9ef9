package infer

import (
	"image"
	"math"

	"classsr/branch"
	"classsr/fault"
)

// sizing is how a picture is cut, and what is in memory at a time.
type sizing struct {
	core     image.Point // the largest size of cores
	lanes    int         // pieces that may be begun at a time
	bytes    int64       // that all lanes take together
	workers  int         // that compute lanes
	threads  int         // that work on one piece together; 0 stands for one
	bandRows int         // rows of the small picture in a band
	ahead    int         // bands of the result that there is room for
	// cost estimates the time, as a multiple of what it would take if nothing were computed twice and all threads had work.
	cost float64
}

// busyThreads is how many of so many threads have work.
func (s sizing) busyThreads(threads int) int { return max(s.workers, min(s.threads, threads), 1) }

// work is the memory that lanes and bands take.
func (s sizing) work(r room) int64 {
	return s.bytes + int64(min(s.ahead, parts(r.height(), s.bandRows))*s.bandRows)*r.row
}

// room is what there is to enlarge a picture with.
type room struct {
	size    image.Point // of the picture
	rows    int         // of it that are computed; 0 for all
	threads int
	bytes   int64 // for lanes and bands together
	// row is what the result of a row of the small picture takes; 0 if the result is in memory as a whole, besides bytes.
	row int64
	// column is what a lane takes for each column of its piece besides the network.
	column int64
	// modest tells to take less than bytes unless more saves much time.
	modest bool
}

// height is how many rows of the picture are computed.
func (r room) height() int {
	if r.rows > 0 {
		return r.rows
	}
	return r.size.Y
}

// What lanes and bands take together where the options do not say how much memory there is: modestBytes if that is nearly as fast; else
// ampleBytes; and all that there is if it must be, or saves very much. The results of a row of a very wide picture take so much that even a
// few are much; for these being modest may cost more time.
const (
	modestBytes, ampleBytes = 130e6, 370e6
	ampleGain, allGain      = 1.05, 1.5
	ampleGainOfWide         = 1.25
)

// best finds the best way to cut a picture.
func (r room) best(fit func(room) (sizing, error)) (sizing, error) {
	best, err := sizing{}, error(nil)
	consider := func(bytes int64, gain float64) {
		own := r
		own.bytes = min(bytes, r.bytes)
		var s sizing
		if s, err = fit(own); err == nil && (best.workers == 0 || s.cost*gain < best.cost) {
			best = s
		}
	}
	if r.modest {
		gain := ampleGain
		if r.isWide() {
			gain = ampleGainOfWide
		}
		consider(modestBytes, 1)
		consider(ampleBytes, gain)
	}
	consider(r.bytes, allGain)
	if best.workers > 0 {
		return best, nil
	}
	return best, err
}

const (
	// Bands are lowBand rows high if their results take more than largeBand bytes, else highBand: low enough that the first one comes soon,
	// high enough that a worker does not change lanes often.
	lowBand, highBand = 32, 64
	largeBand         = 32 << 20
	// fewestAhead is how many bands there is room for at least: one that is taken while others are computed.
	fewestAhead = 3
	// farthestAhead is as far as lanes need to be apart so that all workers have something to do, and aheadBytes what that may take.
	farthestAhead = 8
	aheadBytes    = 48 << 20
)

// isWide tells that bands of the usual height would take very much.
func (r room) isWide() bool { return r.row*highBand > largeBand }

// bandRows is how high bands are.
func (r room) bandRows() int {
	if r.isWide() {
		return lowBand
	}
	return highBand
}

// band is what the result of a band takes.
func (r room) band() int64 { return int64(r.bandRows()) * r.row }

// workerMemory is what a worker may take for intermediate results where memory is no concern.
const workerMemory = 96 << 20

// stripWidths are tried from the largest on: narrow strips cost much arithmetic for their context, wide ones much memory.
var stripWidths = []int{256, 192, 160, 128, 96, 80, 64, 48, 32, narrowest}

// narrowest is the width of strips below which their context costs more than another thread gives.
const narrowest = 16

// stripLimits bounds strips: widths that are tried, from the largest on, and bytes for each.
type stripLimits struct {
	widths []int
	bytes  int64
}

// stripCosts is what strips of about a size take.
type stripCosts struct {
	widest func(picture, core image.Point) int64 // bytes of the widest one
	all    func(picture, core image.Point) int64 // bytes of all together
	// context is how many columns are computed again at each side of a strip, and repeated how many rows where it is cut across.
	context  int
	repeated float64
}

// strips cuts the picture into upright strips. If the rows of all strips that are in use at a time fit into memory, each strip is as high as
// the picture, and all of them come down together. Else the picture is cut across, too.
func (r room) strips(limits stripLimits, costs stripCosts) (sizing, error) {
	s, err := stripSizing(r.size, r.threads, r.bytes-fewestAhead*r.band(), limits, costs.widest)
	if err == nil {
		s.bandRows, s.cost = r.bandRows(), costs.of(r, s)
		if r.row == 0 {
			s.lanes, s.ahead = s.workers, math.MaxInt32
			return s, nil
		}
		s.lanes = math.MaxInt32
		s.bytes = costs.all(r.size, s.core) + int64(r.size.X)*r.column
		s.ahead = r.bandsIn(r.bytes-s.bytes, farthestAhead)
		s.ahead = min(s.ahead, max(int(aheadBytes/r.band()), fewestAhead))
		if s.ahead >= min(fewestAhead, parts(r.height(), s.bandRows)) {
			return s, nil
		}
	}
	return r.sections(limits.widths, costs)
}

// bandsIn is how many bands there is room for in so many bytes, at most so many.
func (r room) bandsIn(bytes int64, most int) int {
	most = min(most, parts(r.height(), r.bandRows()))
	return int(max(min(bytes/max(r.band(), 1), int64(most)), 0))
}

// sections cuts the picture into upright strips and across, such that the least is computed again. Each worker has one piece at a time.
func (r room) sections(widths []int, costs stripCosts) (sizing, error) {
	var best sizing
	need := int64(math.MaxInt64)
	for workers := min(r.threads, parts(r.size.X, narrowest)); workers > 0; workers = fewer(workers) {
		for _, width := range widths {
			s := sizing{workers: workers, lanes: workers, bandRows: r.bandRows()}
			s.core.X = stripWidth(r.size.X, width, workers)
			lane := costs.widest(r.size, image.Pt(s.core.X, r.size.Y)) + int64(s.core.X)*r.column
			need = min(need, lane+r.band())
			s.bytes = lane * int64(workers)
			s.ahead = r.bandsIn(r.bytes-s.bytes, math.MaxInt32)
			if !s.cutAcross(r.height()) {
				continue
			}
			if s.cost = costs.of(r, s); best.workers == 0 || s.cost < best.cost {
				best = s
			}
		}
	}
	if best.workers == 0 {
		return best, tooLittle(need, r.bytes)
	}
	return best, nil
}

// cutAcross finds how high sections can be where so many rows are computed if there is room for some bands: a whole section is in memory, and if
// there are many bands a part of the next one, so that workers have something to do while the last strips are computed. It returns false if
// there is no room.
func (s *sizing) cutAcross(height int) bool {
	const few = 5
	all, high := parts(height, s.bandRows), s.ahead
	switch {
	case s.ahead < 1:
		return false
	case s.ahead >= all:
		s.ahead, s.core.Y = all, height
		return true
	case high >= few:
		high -= high / few
	}
	s.core.Y = parts(all, parts(all, high)) * s.bandRows
	return true
}

// repeatedRows is how many rows of a picture's arithmetic a branch computes again where the picture is cut across.
func repeatedRows(b *branch.Branch) float64 {
	const height, rows = 4096, 64
	window := image.Pt(64, height)
	all := b.Plan.MACs(window, image.Rectangle{Max: window})
	part := b.Plan.MACs(window, image.Rect(0, height/2, window.X, height/2+rows))
	if all == 0 {
		return 0
	}
	return float64(part)/float64(all)*height - rows
}

// of estimates a sizing's cost.
func (c stripCosts) of(r room, s sizing) float64 {
	strip := 1 + 2*float64(c.context)/float64(s.core.X)
	if s.core.X >= r.size.X {
		strip = 1
	}
	cuts := float64(parts(r.height(), s.core.Y) - 1)
	return float64(r.threads) / float64(s.workers) * strip * (1 + c.repeated*cuts/float64(r.height()))
}

// stripSizing cuts the picture into strips as high as it is, such that so many threads have so many bytes for one each.
func stripSizing(picture image.Point, threads int, bytes int64, limits stripLimits,
	stripBytes func(picture, core image.Point) int64) (sizing, error) {
	var s sizing
	for s.workers = min(threads, parts(picture.X, narrowest)); s.workers > 0; s.workers = fewer(s.workers) {
		for _, width := range limits.widths {
			s.core = image.Pt(stripWidth(picture.X, width, s.workers), picture.Y)
			lane := stripBytes(picture, s.core)
			if s.bytes = lane * int64(s.workers); lane <= limits.bytes && s.bytes <= bytes {
				return s, nil
			}
		}
	}
	return sizing{}, tooLittle(s.bytes, bytes)
}

// fewer is the next smaller number of workers to try.
func fewer(workers int) int { return min(workers*3/4, workers-1) }

// stripWidth is how wide strips are for so many workers to have the same number of them, at most about a width.
func stripWidth(picture, width, workers int) int {
	strips := parts(parts(picture, width), workers) * workers
	return max(roundUpToEven(parts(picture, strips)), min(picture, narrowest))
}

// pieces cuts the picture into pieces of one size, a row of them in each band, which take so many bytes each.
func (r room) pieces(core image.Point, bytes int64, rows int) (sizing, error) {
	s := sizing{core: core, bandRows: rows, cost: 1}
	bytes += int64(core.X) * r.column
	bands := parts(r.height(), rows)
	s.ahead = min(2, bands)
	band := int64(min(rows, r.height())) * r.row
	s.workers = int(min(int64(r.threads), (r.bytes-int64(s.ahead)*band)/max(bytes, 1)))
	if s.workers < 1 {
		return s, tooLittle(bytes+int64(s.ahead)*band, r.bytes)
	}
	if r.row == 0 {
		s.ahead = bands
	}
	s.lanes, s.bytes = s.workers, int64(s.workers)*bytes
	return s, nil
}

// parts is how many parts of at most size make up length.
func parts(length, size int) int { return (length + size - 1) / size }

// roundUpToEven makes widths such that cores begin at even columns, which they must for the tiles of convolutions.
func roundUpToEven(n int) int { return n + n%2 }

func tooLittle(need, have int64) error {
	return fault.New(fault.TooLarge, "the work needs %s of memory besides the picture, and only %s are left: allow more",
		formatBytes(need), formatBytes(have))
}
