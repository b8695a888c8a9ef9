package route

import (
	"image"
	"math"
	"slices"
)

// Problem is what a choice of classes is made from. Cores lie in a grid: core number y*(len(Xs)-1)+x has columns Xs[x] to Xs[x+1]-1
// and rows Ys[y] to Ys[y+1]-1.
type Problem struct {
	Xs, Ys []int
	// Losses, by core and class, say how much worse each class would be than the best, or +Inf where it must not be chosen.
	Losses [][]float64
	// Pixel is what each class costs for a pixel, Border what it costs besides for a pixel along a border with another class: the
	// context that is computed on its side.
	Pixel, Border []float64
}

// Cores are the cores' rectangles, row by row.
func (p *Problem) Cores() []image.Rectangle {
	var cores []image.Rectangle
	for y := range len(p.Ys) - 1 {
		for x := range len(p.Xs) - 1 {
			cores = append(cores, image.Rect(p.Xs[x], p.Ys[y], p.Xs[x+1], p.Ys[y+1]))
		}
	}
	return cores
}

// Loss is the sum of the losses of a choice.
func (p *Problem) Loss(classes []int) float64 {
	sum := 0.0
	for i, class := range classes {
		sum += p.Losses[i][class]
	}
	return sum
}

// Cost is what a choice costs, its borders included.
func (p *Problem) Cost(classes []int) float64 {
	s := newSolver(p, 1)
	copy(s.classes, classes)
	sum := 0.0
	for y := range s.rows {
		for x := range s.columns {
			i := y*s.columns + x
			class := classes[i]
			sum += float64(s.width(x)*s.height(y)) * p.Pixel[class]
			if x > 0 {
				sum += s.border(class, classes[i-1], s.height(y))
			}
			if y > 0 {
				sum += s.border(class, classes[i-s.columns], s.width(x))
			}
		}
	}
	return sum
}

// Choose gives each core a class, such that the sum of the losses and of price times the costs is small: a higher price makes a cheaper
// choice. It looks for moves that lower the sum, of single cores, of blocks of cores and of all connected cores of a class, and
// stops where there is none.
func (p *Problem) Choose(price float64) []int {
	s := newSolver(p, price)
	for i := range s.classes {
		best := math.Inf(1)
		for class := range s.kinds {
			if v := s.alone[i*s.kinds+class]; v < best {
				best, s.classes[i] = v, class
			}
		}
	}
	const (
		mostRounds   = 6
		largestBlock = 8
	)
	for range mostRounds {
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
	price                float64
	rows, columns, kinds int
	classes              []int
	alone                []float64 // by core and class: loss and price without borders
	queue                []int
	seen                 []bool
}

func newSolver(p *Problem, price float64) *solver {
	s := &solver{Problem: p, price: price, rows: len(p.Ys) - 1, columns: len(p.Xs) - 1, kinds: len(p.Pixel)}
	n := s.rows * s.columns
	s.classes, s.alone, s.seen = make([]int, n), make([]float64, n*s.kinds), make([]bool, n)
	for i := range n {
		area := float64(s.width(i%s.columns) * s.height(i/s.columns))
		for class := range s.kinds {
			s.alone[i*s.kinds+class] = p.Losses[i][class] + price*area*p.Pixel[class]
		}
	}
	return s
}

func (s *solver) width(x int) int  { return s.Xs[x+1] - s.Xs[x] }
func (s *solver) height(y int) int { return s.Ys[y+1] - s.Ys[y] }

// border is the cost of a border of some pixels between two classes, which may be the same.
func (s *solver) border(a, b, pixels int) float64 {
	if a == b {
		return 0
	}
	return float64(pixels) * (s.Border[a] + s.Border[b])
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
			s.neighbours(s.queue[at], func(j, _ int) {
				if !s.seen[j] && s.classes[j] == s.classes[i] {
					s.seen[j] = true
					s.queue = append(s.queue, j)
				}
			})
		}
		changed = s.move(s.queue) || changed
	}
	return changed
}

// neighbours calls f for the cores beside a core, with the length of the border.
func (s *solver) neighbours(i int, f func(j, pixels int)) {
	x, y := i%s.columns, i/s.columns
	if x > 0 {
		f(i-1, s.height(y))
	}
	if x < s.columns-1 {
		f(i+1, s.height(y))
	}
	if y > 0 {
		f(i-s.columns, s.width(x))
	}
	if y < s.rows-1 {
		f(i+s.columns, s.width(x))
	}
}

// move gives all cores of a part the same class if that makes the sum smaller, the one that makes it smallest. It returns whether
// that changed anything.
func (s *solver) move(part []int) bool {
	const worthwhile = 1e-9 // relative; less may be rounding, and go on for ever
	if len(part) == 1 && s.inside(part[0]) {
		// Only its own class can be best for a core among neighbours of the same class, unless that is not the best for itself.
		if s.best(part[0]) == s.classes[part[0]] {
			return false
		}
	}
	before := s.sum(part, -1)
	best, class := before, -1
	for k := range s.kinds {
		if v := s.sum(part, k); v < best-worthwhile*math.Abs(before) {
			best, class = v, k
		}
	}
	if class < 0 {
		return false
	}
	for _, i := range part {
		s.classes[i] = class
	}
	return true
}

// inside tells whether all neighbours of a core have its class.
func (s *solver) inside(i int) bool {
	same := true
	s.neighbours(i, func(j, _ int) { same = same && s.classes[j] == s.classes[i] })
	return same
}

// best is the best class of a core without neighbours.
func (s *solver) best(i int) int {
	values := s.alone[i*s.kinds:][:s.kinds]
	return slices.Index(values, slices.Min(values))
}

// sum is what the cores of a part and their borders add to the sum if they all had a class, or as they are if that is negative.
// Borders between two cores of the part are counted only as they are, half from each side.
func (s *solver) sum(part []int, class int) float64 {
	sum, borders := 0.0, 0.0
	if class >= 0 {
		for _, i := range part {
			s.seenIn(i, true)
		}
	}
	return sum + borders
}
