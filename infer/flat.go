package infer

import (
	"context"
	"image"
	"slices"

	"classsr/branch"
	"classsr/internal/par"
	"classsr/picture"
)

// flatCells says where a picture is flat: all pixels of a cell and of those around it have the same colour. There the result has that very
// colour, which networks miss by a level or two, most of all saturated ones. Between the middles of cells that are flat and others, the
// network's results pass over into it.
type flatCells struct {
	columns, rows int
	flat          []bool // row by row
	any           []bool // by row: whether one of its cells is flat
}

// flatCell is the side of a cell: so long that edges beside flat cells are out of the reach of what networks do well there, ringing included.
const flatCell = 8

// flatAround is how many rows above and below others are looked at most to find the cells that results of these depend on.
const flatAround = 3 * flatCell

// flatCellsBytes is what the cells of a picture take while they are found: two flags each.
func flatCellsBytes(c picture.Config) int64 {
	return 2 * int64(parts(c.Width, flatCell)+1) * int64(parts(c.Height, flatCell)+1)
}

// newFlatCells looks for flat cells on so many cores, those that results of rows from to until of the picture depend on. It returns ctx's error if
// ctx is done.
func newFlatCells(ctx context.Context, in branch.Source, threads, from, until int) (*flatCells, error) {
	c := in.Config()
	f := &flatCells{columns: parts(c.Width, flatCell), rows: parts(c.Height, flatCell)}
	top, end := cellsLookedAt(c.Height, from, until)
	f.flat, f.any = make([]bool, f.columns*f.rows), make([]bool, f.rows)
	// plain says of each cell that it is one colour, and with the row after and the column after as well, so that two plain cells side by
	// side have the same one.
	plain := make([]bool, f.columns*f.rows)
	finders := make([]flatFinder, min(threads, end-top))
	n := together(in, end-top, flatCell)
	for first := top; first < end; first += n {
		err := par.Do(ctx, len(finders), min(n, end-first), func(worker, i int) error {
			row := first + i
			finders[worker].find(in, c, row, plain[row*f.columns:][:f.columns])
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for y := range f.rows {
		for x := range f.columns {
			flat := true
			for yy := max(y-1, 0); flat && yy <= min(y+1, f.rows-1); yy++ {
				row := plain[yy*f.columns:][:f.columns]
				flat = !slices.Contains(row[max(x-1, 0):min(x+2, f.columns)], false)
			}
			f.flat[y*f.columns+x] = flat
			f.any[y] = f.any[y] || flat
		}
	}
	return f, nil
}

// cellsLookedAt gives the rows of cells that results of rows from to until of a picture of this height depend on: those between whose middles these
// rows lie, and one more on both sides.
func cellsLookedAt(height, from, until int) (top, end int) {
	rows := parts(height, flatCell)
	first, _, _ := between(from, flatCell, rows)
	_, last, _ := between(until-1, flatCell, rows)
	return max(first-1, 0), min(last+2, rows)
}

// flatFinder is a worker's memory.
type flatFinder struct{ planes [3][]float32 }

// find tells which cells of a row are plain.
func (f *flatFinder) find(in branch.Source, c picture.Config, row int, plain []bool) {
	r := image.Rect(0, row*flatCell, c.Width, min((row+1)*flatCell+1, c.Height))
	if s, ok := in.(*slab); ok && !s.filled {
		in, r = s.rows, r.Sub(image.Pt(0, s.top))
	}
	if p, ok := in.(*picture.Picture); ok {
		at, step := r.Min.Y*c.Width*p.Channels(), p.Channels()
		switch c.Depth {
		case 8:
			markPlain(plain, p.Pix8[at:], c.Width, r.Dy(), step)
		case 16:
			markPlain(plain, p.Pix16[at:], c.Width, r.Dy(), step)
		default:
			markPlain(plain, p.Pix32[at:], c.Width, r.Dy(), step)
		}
		return
	}
	own := make([]bool, len(plain))
	for i := range c.Colors {
		f.planes[i] = grow(f.planes[i], r.Dx()*r.Dy())
		in.ReadPlane(f.planes[i], i, r)
		markPlain(own, f.planes[i], c.Width, r.Dy(), 1)
		for x := range plain {
			plain[x] = own[x] && (i == 0 || plain[x])
		}
	}
}

// markPlain tells of each cell of some rows of samples, step of them for a pixel, whether all of its pixels and those of the row and of the
// column after it are the same.
func markPlain[S comparable](plain []bool, samples []S, width, rows, step int) {
	for i := range plain {
		left := i * flatCell
		n := min(flatCell+1, width-left) * step
		first := samples[left*step:][:n]
		plain[i] = slices.Equal(first[step:], first[:n-step])
		for y := 1; y < rows && plain[i]; y++ {
			plain[i] = slices.Equal(samples[(y*width+left)*step:][:n], first)
		}
	}
}

// flatten replaces what a network made of flat parts of row y of the result, from column x on. in is the picture that it was made of.
func (f *flatCells) flatten(colours [][]float32, in branch.Source, scale, x, y int) {
	own := y / scale
	upper, lower, down := between(own, flatCell, f.rows)
	if !f.any[upper] && !f.any[lower] {
		return
	}
	weight := func(column int) float32 {
		w := float32(0)
		if f.flat[upper*f.columns+column] {
			w = 1 - down
		}
		if f.flat[lower*f.columns+column] {
			w += down
		}
		return w
	}
	// Columns are gone through from the middle of a cell to that of the next one, between which weights pass over on a straight line.
	end := (x + len(colours[0]) - 1) / scale
	for right := (x/scale + flatCell/2) / flatCell; right*flatCell-flatCell/2 <= end; right++ {
		left, last := max(right-1, 0), min(right, f.columns-1)
		from, until := weight(left), weight(last)
		if from == 0 && until == 0 {
			continue
		}
		at := left
		if from == 0 {
			at = last
		}
		r := image.Rect(at*flatCell, own, at*flatCell+1, own+1)
		begin := right*flatCell - flatCell/2
		for c, plane := range colours {
			var colour [1]float32
			in.ReadPlane(colour[:], min(c, in.Config().Colors-1), r)
			for column := max(begin, x/scale); column <= min(begin+flatCell-1, end); column++ {
				w := from + (until-from)*(float32(column-begin)+0.5)/flatCell
				part := plane[max(column*scale-x, 0):min((column+1)*scale-x, len(plane))]
				for i := range part {
					part[i] += (colour[0] - part[i]) * w
				}
			}
		}
	}
}
