package infer

import (
	"cmp"
	"image"
	"slices"

	"classsr/branch"
	"classsr/tile"
)

// recompute is the plan for what may be another result than that of the picture before: squares as large as cores, where samples or classes have changed
// as far away as their results depend on them. They are computed in rectangles, which have the bits of the whole picture wherever they lie. It gives the squares, too, joined to runs.
func (s *Sequence) recompute(d divisible, claim *Claim, seen *seen) (p *plan, squares []image.Rectangle) {
	size := image.Pt(claim.config.Width, claim.config.Height)
	p = d.uncut(size, seen.choice)
	p.sizing, p.bands = claim.sizing, d.ends(size, seen.choice)
	p.ahead = len(p.bands) // the result is in memory as a whole
	squares = s.squares(d, p, seen)
	areas := joined(slices.Clone(squares), shapeOf(d.networks()))
	areas = shared(areas, p.busyThreads(s.up.threads), p.core.X, shapeOf(d.networks()))
	complete := d.pieces(p)
	for _, area := range areas {
		first, _ := slices.BinarySearch(p.bands, area.Min.Y+1)
		last, _ := slices.BinarySearch(p.bands, area.Max.Y)
		p.pieces = append(p.pieces, piece{Piece: tile.Piece{Core: area}, first: first, end: last + 1})
		complete(&p.pieces[len(p.pieces)-1])
	}
	p.sizeArenas()
	return p, squares
}

// squares are those that are to be computed, each as high as a band of the plan, joined to runs where they lie beside each other.
func (s *Sequence) squares(d divisible, p *plan, seen *seen) []image.Rectangle {
	columns := tile.Cuts(p.size.X, branch.SubImage)
	if p.choice != nil {
		columns = p.choice.blend.Xs
	}
	reach := s.up.reach(d.networks())
	others := seen.otherCores(s.choice)
	var runs []image.Rectangle
	for band := range p.bands {
		top, end := p.band(band)
		for x := range len(columns) - 1 {
			square := image.Rect(columns[x], top, columns[x+1], end)
			around := image.Rectangle{Min: square.Min.Sub(reach), Max: square.Max.Add(reach)}
			// What is computed of a layer depends on which of its neighbours are computed, and so on classes twice as far away.
			farther := image.Rectangle{Min: around.Min.Sub(reach), Max: around.Max.Add(reach)}
			if !seen.any(around) && !slices.ContainsFunc(others, farther.Overlaps) {
				continue
			}
			if n := len(runs); n > 0 && runs[n-1].Min.Y == top && runs[n-1].Max.X == square.Min.X {
				runs[n-1].Max.X = square.Max.X
				continue
			}
			runs = append(runs, square)
		}
	}
	return runs
}

// reach is how far from a pixel samples lie, at most, that its result depends on, down to the last bit.
func (u *Upscaler) reach(branches []*branch.Branch) image.Point {
	r := image.Pt(0, rowsAround(branches))
	for _, b := range branches {
		r.X = max(r.X, b.Context()+b.Plan.Alignment())
	}
	if u.flattens() {
		r.X, r.Y = max(r.X, flatAround), max(r.Y, flatAround)
	}
	return r
}

// shape says what is computed besides an area, for its context: so many columns on both sides together, and so many rows. each is what an area costs whatever its size.
type shape struct{ columns, rows, each int }

func shapeOf(branches []*branch.Branch) shape {
	hardest := branches[len(branches)-1]
	return shape{columns: 2 * hardest.Context(), rows: int(repeatedRows(hardest))}
}

// cost is what an area costs, in pixels.
func (s shape) cost(r image.Rectangle) int { return (r.Dx()+s.columns)*(r.Dy()+s.rows) + s.each }

// joined joins areas, which do not overlap, where they cost less together, and gives areas that do not overlap either. Of many it joins only those that follow
// each other.
func joined(areas []image.Rectangle, s shape) []image.Rectangle {
	const many = 256
	for {
		best, at, with := 0, -1, -1
		for i, a := range areas {
			for k := i + 1; k < len(areas) && (len(areas) <= many || k <= i+2); k++ {
				if saved := s.cost(a) + s.cost(areas[k]) - s.cost(a.Union(areas[k])); saved > best {
					best, at, with = saved, i, k
				}
			}
		}
		if at < 0 {
			return areas
		}
		union := areas[at].Union(areas[with])
		areas = slices.Delete(areas, with, with+1)
		areas[at] = union
		areas = merged(areas, at)
	}
}

// merged joins areas that overlap area i with it.
func merged(areas []image.Rectangle, i int) []image.Rectangle {
	union := areas[i]
	for again := true; again; {
		again = false
		rest := areas[:0:0]
		for _, a := range areas {
			if a.Overlaps(union) {
				again = again || !a.In(union)
				union = union.Union(a)
				continue
			}
			rest = append(rest, a)
		}
		areas = append(rest, union)
	}
	return areas
}

// shared cuts areas into upright strips, of at most a width, so that so many threads have about the same to do, and brings them into the order in which pieces
// are begun.
func shared(areas []image.Rectangle, threads, widest int, s shape) []image.Rectangle {
	total := 0
	for _, a := range areas {
		total += s.cost(a)
	}
	var out []image.Rectangle
	for _, a := range areas {
		strips := max(parts(a.Dx(), widest), min((s.cost(a)*threads+total/2)/max(total, 1), parts(a.Dx(), 2*branch.SubImage)))
		edges := tile.Cuts(a.Dx(), roundUpToEven(parts(a.Dx(), strips)))
		for i := range len(edges) - 1 {
			out = append(out, image.Rect(a.Min.X+edges[i], a.Min.Y, a.Min.X+edges[i+1], a.Max.Y))
		}
	}
	slices.SortFunc(out, func(a, b image.Rectangle) int {
		return cmp.Or(cmp.Compare(a.Min.Y, b.Min.Y), cmp.Compare(a.Min.X, b.Min.X))
	})
	return out
}
