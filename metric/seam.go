package metric

import (
	"image"
	"math"
)

// Line is a straight line between pixels: from one corner of pixels to another one, upright or level. The line from (8, 0) to
// (8, 6) lies between columns 7 and 8, along rows 0 to 5. What of it lies outside a picture does not count.
type Line struct{ From, To image.Point }

// Jumps is how much luma (0..255) jumps across some lines of pictures, and elsewhere in them.
//
// A jump is what the step from a pixel to the next one in its row or column differs from the mean of the steps before and after
// it: |d0 - (d-1 + d+1)/2|. So a slope has none, however steep, and a seam in it stands out. The two steps nearest to the
// picture's edges have no such neighbours and do not count.
type Jumps struct {
	Sum, SumElsewhere     float64
	Count, CountElsewhere int64
}

// JumpsAt measures the jumps of a picture's luma across lines and elsewhere, in rows and in columns, at columns and rows that are
// multiples of grid: enlarged pictures have a pattern of their own of the size of the enlargement, and lines lie at certain places of it.
// A place that several lines pass counts once. It panics if a line is neither upright nor level.
func JumpsAt(m Image, lines []Line, grid int) Jumps {
	var j Jumps
	if m.width == 0 {
		return j
	}
	m = m.Luma()
	marks := mark(m.width, m.height, lines)
	var rows [4][]float64 // row y is at y % 4
	for i := range rows {
		rows[i] = make([]float64, m.width)
	}
	for y := range m.height {
		row := rows[y%4]
		m.row(row, 0, y, 0)
		here := marks[y*m.width:][:m.width]
		for x := 2; x+1 < m.width; x++ {
			if x%grid != 0 {
				continue
			}
			j.count(jump(row[x-2], row[x-1], row[x], row[x+1]), here[x]&upright != 0)
		}
		if y < 3 || (y-1)%grid != 0 {
			continue
		}
		// The step to row y-1 is the last one of which both neighbours are known.
		before := marks[(y-1)*m.width:][:m.width]
		for x, v := range row {
			j.count(jump(rows[(y+1)%4][x], rows[(y+2)%4][x], rows[(y+3)%4][x], v), before[x]&level != 0)
		}
	}
	return j
}

// Add takes the jumps of another picture, or of other lines, to these.
func (j *Jumps) Add(other Jumps) {
	j.Sum += other.Sum
	j.SumElsewhere += other.SumElsewhere
	j.Count += other.Count
	j.CountElsewhere += other.CountElsewhere
}

// Seam is how visible the lines are: the mean jump across them over the mean jump elsewhere, 0 or more. Lines that do not show
// have about 1 if they lie anywhere; if they follow the content, or the grid that a picture was enlarged on, they have what is
// there, so compare pictures of one content at the same lines. It is NaN if there is no place of one of the kinds, or if nothing
// jumps anywhere, and +Inf if only the lines do.
func (j Jumps) Seam() float64 {
	if j.Count == 0 || j.CountElsewhere == 0 {
		return math.NaN()
	}
	return j.Sum / float64(j.Count) / (j.SumElsewhere / float64(j.CountElsewhere))
}

func (j *Jumps) count(jump float64, onLine bool) {
	if onLine {
		j.Sum += jump
		j.Count++
	} else {
		j.SumElsewhere += jump
		j.CountElsewhere++
	}
}

// jump is that of the step from b to c, the middle one of four neighbours.
func jump(a, b, c, d float64) float64 { return math.Abs(c - b - ((b-a)+(d-c))/2) }

// What lines do at a pixel.
const (
	upright = 1 << iota // one passes on its left
	level               // one passes above it
)

// mark says for each pixel which lines pass it.
func mark(width, height int, lines []Line) []uint8 {
	marks := make([]uint8, width*height)
	for _, l := range lines {
		r := image.Rectangle{Min: l.From, Max: l.To}.Canon()
		kind := uint8(upright)
		switch {
		case r.Dx() == 0:
			r.Max.X++
		case r.Dy() == 0:
			r.Max.Y++
			kind = level
		default:
			panic("metric: a line is neither upright nor level")
		}
		r = r.Intersect(image.Rect(0, 0, width, height))
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				marks[y*width+x] |= kind
			}
		}
	}
	return marks
}
