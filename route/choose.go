package route

import (
	"math"
	"slices"
)

// Problem is all that a choice of classes for the cores of a picture depends on.
//
// A choice is the same on every machine: products that are added are converted to float64 first, which keeps Go from fusing the two,
// as it does on some processors.
type Problem struct {
	Grid
	// Losses, by core and class, say how much worse each class would be than the best, or +Inf where it must not be chosen.
	Losses [][]float64
	Costs  Costs // of the classes
}

// Costs says what classes cost: Pixel for each pixel, Beside for each pixel along an upright border with another class, and Below for each pixel
// along a level one, which is what the context takes that is computed on its other side. Upright ones are dearer: rows are computed in vectors
// and tiles, which are not full at their ends.
type Costs struct{ Pixel, Beside, Below []float64 }

// Loss is the sum of the losses of a choice: classes, by core.
func (p *Problem) Loss(classes []int) float64 {
	sum := 0.0
	for i, class := range classes {
		sum += p.Losses[i][class]
	}
	return sum
}

// Hardest is the choice that gives all cores the hardest class.
func (p *Problem) Hardest() []int {
	classes := make([]int, p.Columns()*p.Rows())
	for i := range classes {
		classes[i] = len(p.Costs.Pixel) - 1
	}
	return classes
}

// Of is the cost of a choice of classes for the cores of a grid.
func (c Costs) Of(g Grid, classes []int) float64 {
	sum := 0.0
	for y := range g.Rows() {
		for x := range g.Columns() {
			i := y*g.Columns() + x
			sum += float64(float64(g.width(x)*g.height(y)) * c.Pixel[classes[i]])
			if x > 0 {
				sum += borderCost(c.Beside, classes[i], classes[i-1], g.height(y))
			}
			if y > 0 {
				sum += borderCost(c.Below, classes[i], classes[i-g.Columns()], g.width(x))
			}
		}
	}
	return sum
}

// Columns is what a choice costs by column of cores, borders between two columns half in each.
func (c Costs) Columns(g Grid, classes []int) []float64 {
	columns := make([]float64, g.Columns())
	for i, class := range classes {
		x, y := i%g.Columns(), i/g.Columns()
		columns[x] += float64(float64(g.width(x)*g.height(y)) * c.Pixel[class])
		if x > 0 {
			half := float64(borderCost(c.Beside, class, classes[i-1], g.height(y)) / 2)
			columns[x-1] += half
			columns[x] += half
		}
		if y > 0 {
			columns[x] += borderCost(c.Below, class, classes[i-g.Columns()], g.width(x))
		}
	}
	return columns
}

// RowsOf is what a choice costs by row of cores, borders between two rows half in each.
func (c Costs) RowsOf(g Grid, classes []int) []float64 {
	across := Grid{Xs: g.Ys, Ys: g.Xs}
	turned := make([]int, len(classes))
	for i, class := range classes {
		x, y := i%g.Columns(), i/g.Columns()
		turned[x*g.Rows()+y] = class
	}
	return Costs{Pixel: c.Pixel, Beside: c.Below, Below: c.Beside}.Columns(across, turned)
}

// borderCost is the cost of a border of some pixels between two classes, which may be the same, by what borders in this direction cost.
func borderCost(border []float64, a, b, pixels int) float64 {
	if a == b {
		return 0
	}
	return float64(float64(pixels) * (border[a] + border[b]))
}

// Minimise gives each core a class, such that the sum of the losses and of lambda times the costs is small. Lambda is the Lagrange
// multiplier of the costs: a higher one makes a cheaper choice. Minimise looks for moves that lower the sum: of single cores, of
// blocks of cores and of all connected cores of a class, and stops where there is none. It may miss the smallest sum.
func (p *Problem) Minimise(lambda float64) []int {
	const maxRounds = 4
	return p.choose(lambda, maxRounds)
}

// MinimiseRoughly looks at each move only once, which takes a third of the time and is nearly as good. It serves to look for a lambda.
func (p *Problem) MinimiseRoughly(lambda float64) []int { return p.choose(lambda, 1) }

func (p *Problem) choose(lambda float64, rounds int) []int {
	s := newSolver(p, lambda)
	copy(s.classes, s.best)
	const largestBlock = 4
	for range rounds {
		changed := false
		for size := largestBlock; size >= 1; size /= 2 {
			changed = s.moveBlocks(size) || changed
		}
		if changed = s.moveComponents() || changed; !changed {
			break
		}
	}
	return s.classes
}

// solver is a choice in the making.
type solver struct {
	*Problem
	lambda               float64
	rows, columns, kinds int
	classes              []int
	alone                []float64 // by core and class: loss and lambda times cost, without borders
	queue                []int
	seen, inPart         []bool
	beside               []neighbour
	best                 []int // by core: the class that alone is least
}

func newSolver(p *Problem, lambda float64) *solver {
	s := &solver{Problem: p, lambda: lambda, rows: p.Rows(), columns: p.Columns(), kinds: len(p.Costs.Pixel)}
	n := s.rows * s.columns
	s.classes, s.alone, s.seen = make([]int, n), make([]float64, n*s.kinds), make([]bool, n)
	s.inPart, s.best = make([]bool, n), make([]int, n)
	s.findNeighbours()
	for i := range n {
		area := float64(s.width(i%s.columns) * s.height(i/s.columns))
		for class := range s.kinds {
			s.alone[i*s.kinds+class] = p.Losses[i][class] + float64(lambda*area*p.Costs.Pixel[class])
			if s.alone[i*s.kinds+class] < s.alone[i*s.kinds+s.best[i]] {
				s.best[i] = class
			}
		}
	}
	return s
}

// moveBlocks gives blocks of size x size cores the class that is best for them as a whole.
func (s *solver) moveBlocks(size int) bool {
	changed := false
	var block []int
	for top := 0; top < s.rows; top += size {
		for left := 0; left < s.columns; left += size {
			block = block[:0]
			for y := top; y < min(top+size, s.rows); y++ {
				for x := left; x < min(left+size, s.columns); x++ {
					block = append(block, y*s.columns+x)
				}
			}
			changed = s.move(block) || changed
		}
	}
	return changed
}

// moveComponents does the same for connected cores of one class.
func (s *solver) moveComponents() bool {
	changed := false
	clear(s.seen)
	for i := range s.classes {
		if s.seen[i] {
			continue
		}
		s.queue = append(s.queue[:0], i)
		s.seen[i] = true
		for at := 0; at < len(s.queue); at++ {
			for _, n := range s.beside[sides*s.queue[at]:][:sides] {
				if j := int(n.core); j >= 0 && !s.seen[j] && s.classes[j] == s.classes[i] {
					s.seen[j] = true
					s.queue = append(s.queue, j)
				}
			}
		}
		changed = s.move(s.queue) || changed
	}
	return changed
}

// neighbour is a core beside, above or below another one: its number, or -1 at the picture's border, and the length of the border between them.
type neighbour struct {
	core   int32
	beside bool
	pixels float64
}

// sides is how many neighbours a core has at most.
const sides = 4

// findNeighbours lists all cores' neighbours.
func (s *solver) findNeighbours() {
	s.beside = make([]neighbour, sides*len(s.classes))
	for i := range s.classes {
		x, y := i%s.columns, i/s.columns
		at := s.beside[sides*i:][:sides]
		for side := range at {
			at[side].core = -1
		}
		if x > 0 {
			at[0] = neighbour{int32(i - 1), true, float64(s.height(y))}
		}
		if x < s.columns-1 {
			at[1] = neighbour{int32(i + 1), true, float64(s.height(y))}
		}
		if y > 0 {
			at[2] = neighbour{int32(i - s.columns), false, float64(s.width(x))}
		}
		if y < s.rows-1 {
			at[3] = neighbour{int32(i + s.columns), false, float64(s.width(x))}
		}
	}
}

// move gives all cores of a part the same class if that makes the sum smaller, the one that makes it smallest. It returns whether
// that changed anything.
func (s *solver) move(part []int) bool {
	const worthwhile = 1e-9 // relative; less may be rounding, and go on for ever
	if !slices.ContainsFunc(part, s.unsettled) {
		return false
	}
	for _, i := range part {
		s.inPart[i] = true
	}
	before := s.asItIs(part)
	best, class := before-float64(worthwhile*math.Abs(before)), -1
	for k := range s.kinds {
		if v := s.allOf(part, k); v < best {
			best, class = v, k
		}
	}
	for _, i := range part {
		s.inPart[i] = false
		if class >= 0 {
			s.classes[i] = class
		}
	}
	return class >= 0
}

// unsettled tells whether a core may do better in another class: it does not if its own is the best for itself and that of all its
// neighbours.
func (s *solver) unsettled(i int) bool {
	class := s.classes[i]
	if s.best[i] != class {
		return true
	}
	for _, n := range s.beside[sides*i:][:sides] {
		if n.core >= 0 && s.classes[n.core] != class {
			return true
		}
	}
	return false
}

// asItIs is what the cores of a part and their borders add to the sum.
func (s *solver) asItIs(part []int) float64 {
	alone, borders := 0.0, 0.0
	for _, i := range part {
		class := s.classes[i]
		alone += s.alone[i*s.kinds+class]
		for _, n := range s.beside[sides*i:][:sides] {
			if n.core < 0 || s.classes[n.core] == class {
				continue
			}
			b := s.between(n, class)
			if s.inPart[n.core] {
				b /= 2 // it is met from both sides
			}
			borders += b
		}
	}
	return alone + float64(s.lambda*borders)
}

// allOf is what they would add if all had one class.
func (s *solver) allOf(part []int, class int) float64 {
	alone, borders := 0.0, 0.0
	for _, i := range part {
		alone += s.alone[i*s.kinds+class]
		for _, n := range s.beside[sides*i:][:sides] {
			if n.core >= 0 && s.classes[n.core] != class && !s.inPart[n.core] {
				borders += s.between(n, class)
			}
		}
	}
	return alone + float64(s.lambda*borders)
}

// between is the cost of the border between a neighbour and a core that has this class.
func (s *solver) between(n neighbour, class int) float64 {
	border := s.Costs.Below
	if n.beside {
		border = s.Costs.Beside
	}
	return float64(n.pixels * (border[class] + border[s.classes[n.core]]))
}
