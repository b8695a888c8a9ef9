package route

import "slices"

// Blend is a picture enlarged by several classes, which pass over into each other where their cores meet: each class's weight is its
// share of a square around the pixel, which is twice Width pixels of the small picture wide.
type Blend struct {
	Grid
	Classes []int // of the cores
	Scale   int   // of the result over the picture
	Width   int   // even, at most half of a core's side; 0 for hard borders
}

// Band is the part of a picture that lies in rows Top to Bottom-1 and in any of the spans, which do not overlap and go from left to
// right.
type Band struct {
	Top, Bottom int
	Spans       []Span
}

// Span is columns Left to Right-1.
type Span struct{ Left, Right int }

// Parts are the parts of the small picture that a class has any weight in, from top to bottom.
func (b *Blend) Parts(class int) []Band {
	var bands []Band
	add := func(top, bottom int, rows ...int) {
		if top < bottom {
			bands = append(bands, Band{top, bottom, b.spans(class, rows)})
		}
	}
	last := b.Rows() - 1
	for y := range b.Rows() {
		top, bottom := b.Ys[y], b.Ys[y+1]
		if y > 0 && b.Width > 0 {
			add(top, top+b.Width, y-1, y)
			top += b.Width
		}
		if y < last && b.Width > 0 {
			bottom -= b.Width
		}
		add(top, bottom, y)
		if y < last && b.Width > 0 {
			add(bottom, b.Ys[y+1], y, y+1)
		}
	}
	return bands
}

// Until is the row of the small picture before which nothing depends on the rows of cores after row y.
func (b *Blend) Until(y int) int {
	if y == b.Rows()-1 {
		return b.Ys[y+1]
	}
	return b.Ys[y+1] - b.Width
}

// spans are the columns that a class has any weight in if it has the cores of all these rows.
func (b *Blend) spans(class int, rows []int) []Span {
	var spans []Span
	for x := range b.Columns() {
		if !slices.ContainsFunc(rows, func(y int) bool { return b.Classes[y*b.Columns()+x] == class }) {
			continue
		}
		s := Span{max(b.Xs[x]-b.Width, b.Xs[0]), min(b.Xs[x+1]+b.Width, b.Xs[b.Columns()])}
		if n := len(spans); n > 0 && s.Left <= spans[n-1].Right {
			spans[n-1].Right = s.Right
			continue
		}
		spans = append(spans, s)
	}
	return spans
}

// Segment is columns Left to Right-1 of a row of the result, where a class has the weight At in the first column and Step more in each
// one that follows.
type Segment struct {
	Left, Right int
	At, Step    float32
}

// Row is what all pixels of a row of the result have in common.
type Row struct {
	upper, lower int     // rows of cores
	share        float32 // of the lower one
}

// Same tells that two rows have the same weights everywhere.
func (r Row) Same(s Row) bool { return r == s }

// RowAt describes row y of the result.
func (b *Blend) RowAt(y int) Row {
	row, other, share := b.place(b.Ys, y)
	if other < row {
		return Row{other, row, 1 - share}
	}
	return Row{row, other, share}
}

// place finds the core that position i of an axis of the result lies in, the one that it passes over into (the same if there is none),
// and that one's share, at most a half.
func (b *Blend) place(edges []int, i int) (own, other int, share float32) {
	own = at(edges, i/b.Scale)
	reach := b.Width * b.Scale
	before, after := i-edges[own]*b.Scale, edges[own+1]*b.Scale-1-i
	part := func(distance int) float32 { return (float32(reach) - float32(distance) - 0.5) / float32(2*reach) }
	switch {
	case own > 0 && before < reach:
		return own, own - 1, part(before)
	case own < len(edges)-2 && after < reach:
		return own, own + 1, part(after)
	}
	return own, own, 0
}

// weight is the share of a class in a row's part of a column of cores.
func (b *Blend) weight(r Row, x, class int) float32 {
	upper, lower := b.Classes[r.upper*b.Columns()+x] == class, b.Classes[r.lower*b.Columns()+x] == class
	switch {
	case upper && lower:
		return 1
	case upper:
		return 1 - r.share
	case lower:
		return r.share
	}
	return 0
}

// Segments appends the segments of columns left to right-1 of a row in which a class has any weight.
func (b *Blend) Segments(to []Segment, r Row, class, left, right int) []Segment {
	reach := b.Width * b.Scale
	begin := len(to)
	add := func(x0, x1 int, from, until float32) {
		s := Segment{max(x0, left), min(x1, right), from, 0}
		if s.Left >= s.Right || from == 0 && until == 0 {
			return
		}
		if from != until {
			s.Step = (until - from) / float32(x1-x0)
			s.At = from + s.Step*(float32(s.Left-x0)+0.5)
		}
		if n := len(to); n > begin && s.Step == 0 && to[n-1].Step == 0 && to[n-1].At == s.At && to[n-1].Right == s.Left {
			to[n-1].Right = s.Right
			return
		}
		to = append(to, s)
	}
	last := b.Columns() - 1
	first, end := at(b.Xs, max(left-reach, 0)/b.Scale), at(b.Xs, min((right+reach)/b.Scale, b.Size().X-1))
	for x := first; x <= end; x++ {
		w := b.weight(r, x, class)
		x0, x1 := b.Xs[x]*b.Scale, b.Xs[x+1]*b.Scale
		if x > 0 {
			x0 += reach
		}
		if x < last {
			x1 -= reach
		}
		add(x0, x1, w, w)
		if x < last && reach > 0 {
			add(x1, x1+2*reach, w, b.weight(r, x+1, class))
		}
	}
	return to
}

// Mixed appends the parts of columns left to right-1 of a row in which several classes have weight.
func (b *Blend) Mixed(to []Span, r Row, left, right int) []Span {
	reach := b.Width * b.Scale
	begin := len(to)
	add := func(x0, x1 int) {
		s := Span{max(x0, left), min(x1, right)}
		if s.Left >= s.Right {
			return
		}
		if n := len(to); n > begin && to[n-1].Right >= s.Left {
			to[n-1].Right = s.Right
			return
		}
		to = append(to, s)
	}
	if reach == 0 {
		return to
	}
	last := b.Columns() - 1
	class := func(y, x int) int { return b.Classes[y*b.Columns()+x] }
	for x := range b.Columns() {
		whole := class(r.upper, x) == class(r.lower, x)
		x0, x1 := b.Xs[x]*b.Scale, b.Xs[x+1]*b.Scale
		if x > 0 {
			x0 += reach
		}
		if x < last {
			x1 -= reach
		}
		if !whole {
			add(x0, x1)
		}
		if x == last {
			break
		}
		if !whole || class(r.upper, x) != class(r.upper, x+1) || class(r.lower, x) != class(r.lower, x+1) {
			add(x1, x1+2*reach)
		}
	}
	return to
}
