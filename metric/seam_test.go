package metric

import (
	"image"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestJumpsByHand(t *testing.T) {
	// One row: the step of 10 at column 3 jumps by 10; beside it, 0 against the mean of 0 and 10 is a jump of 5, twice.
	const unit = 219 / 255. // of luma, for a level of gray
	line := Line{image.Pt(3, 0), image.Pt(3, 1)}
	pix := []uint8{0, 0, 0, 10, 10, 10}
	got := JumpsAt(Bytes(6, 1, 1, pix), []Line{line}, 1)
	if math.Abs(got.Sum-10*unit) > 1e-12 || math.Abs(got.SumElsewhere-10*unit) > 1e-12 || got.Count != 1 || got.CountElsewhere != 2 {
		t.Errorf("jumps %+v", got)
	}
	if seam := got.Seam(); math.Abs(seam-2) > 1e-12 {
		t.Errorf("seam %v, want 2", seam)
	}
	// The same as a column, and the line given from its end.
	if down := JumpsAt(Bytes(1, 6, 1, pix), []Line{{image.Pt(1, 3), image.Pt(0, 3)}}, 1); down != got {
		t.Errorf("jumps of the column %+v, of the row %+v", down, got)
	}
	// Pooled: 10 at one place and 0 at another is 5, over 10 at five places.
	got.Add(JumpsAt(Bytes(6, 1, 3, make([]uint8, 18)), []Line{line}, 1))
	if seam := got.Seam(); math.Abs(seam-5/(10/4.)) > 1e-12 || got.Count != 2 || got.CountElsewhere != 4 {
		t.Errorf("seam %v of both pictures, %+v", seam, got)
	}
}

func TestSlopesHaveNoSeamButStepsHave(t *testing.T) {
	const w, h = 64, 48
	var lines []Line
	for x := 16; x < w; x += 16 {
		lines = append(lines, Line{image.Pt(x, 0), image.Pt(x, h)})
	}
	lines = append(lines, Line{image.Pt(0, 16), image.Pt(w, 16)}, Line{image.Pt(0, 32), image.Pt(w, 32)})
	smooth, stepped := make([]float64, w*h), make([]float64, w*h)
	for i := range smooth {
		x, y := float64(i%w), float64(i/w)
		smooth[i] = 20 + x + y/2 + 0.001*(x*x*x+y*y*y) // whose jumps are the same everywhere
		stepped[i] = smooth[i] + 3*float64((i%w/16+i/w/16)%2)
	}
	if seam := JumpsAt(Planes(w, h, smooth), lines, 1).Seam(); math.Abs(seam-1) > 1e-6 {
		t.Errorf("seam of a smooth picture is %v, want 1", seam)
	}
	if seam := JumpsAt(Planes(w, h, stepped), lines, 1).Seam(); seam < 5 {
		t.Errorf("seam of a stepped picture is %v, want more", seam)
	}
}

// The definition, place by place, against the pass over the rows.
func TestJumpsFollowTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, _, _ := drawPair(t, 1)
		var lines []Line
		for range rapid.IntRange(0, 4).Draw(t, "lines") {
			at, from, to := rapid.IntRange(-1, 12), rapid.IntRange(-2, 12), rapid.IntRange(-2, 12)
			l := Line{image.Pt(at.Draw(t, "at"), from.Draw(t, "from")), image.Point{Y: to.Draw(t, "to")}}
			l.To.X = l.From.X
			if rapid.Bool().Draw(t, "level") {
				l = Line{image.Pt(l.From.Y, l.From.X), image.Pt(l.To.Y, l.To.X)}
			}
			lines = append(lines, l)
		}
		got, want := JumpsAt(m, lines, 1), directJumps(m, lines)
		if math.Abs(got.Sum-want.Sum) > 1e-9 || math.Abs(got.SumElsewhere-want.SumElsewhere) > 1e-9 ||
			got.Count != want.Count || got.CountElsewhere != want.CountElsewhere {
			t.Fatalf("jumps %+v, want %+v", got, want)
		}
	})
}

func directJumps(m Image, lines []Line) (j Jumps) {
	plane := planesOf(m.Luma())[0]
	at := func(p image.Point) float64 { return plane[p.Y*m.width+p.X] }
	inside := image.Rect(0, 0, m.width, m.height)
	for _, step := range []image.Point{{X: 1}, {Y: 1}} {
		for y := range m.height {
			for x := range m.width {
				p := image.Pt(x, y)
				a, b, d := p.Sub(step.Mul(2)), p.Sub(step), p.Add(step)
				if !a.In(inside) || !d.In(inside) {
					continue
				}
				v := math.Abs((at(p) - at(b)) - ((at(b)-at(a))+(at(d)-at(p)))/2)
				if slices.ContainsFunc(lines, func(l Line) bool { return passes(l, p, step) }) {
					j.Sum, j.Count = j.Sum+v, j.Count+1
				} else {
					j.SumElsewhere, j.CountElsewhere = j.SumElsewhere+v, j.CountElsewhere+1
				}
			}
		}
	}
	return j
}

// passes tells whether a line lies between a pixel and the one a step before it.
func passes(l Line, p, step image.Point) bool {
	if step.X == 1 {
		return l.From.X == p.X && l.To.X == p.X && min(l.From.Y, l.To.Y) <= p.Y && p.Y < max(l.From.Y, l.To.Y)
	}
	return l.From.Y == p.Y && l.To.Y == p.Y && min(l.From.X, l.To.X) <= p.X && p.X < max(l.From.X, l.To.X)
}

func TestSeamThatCannotBeTold(t *testing.T) {
	line := []Line{{image.Pt(3, 0), image.Pt(3, 9)}}
	for name, j := range map[string]Jumps{
		"nothing":  JumpsAt(Bytes(0, 5, 3, nil), line, 1),
		"tiny":     JumpsAt(Bytes(3, 3, 1, make([]uint8, 9)), line, 1),
		"no lines": JumpsAt(Bytes(9, 9, 1, make([]uint8, 81)), nil, 1),
		"flat":     JumpsAt(Bytes(9, 9, 1, make([]uint8, 81)), line, 1),
	} {
		if seam := j.Seam(); !math.IsNaN(seam) {
			t.Errorf("%s: seam %v of %+v, want NaN", name, seam, j)
		}
	}
	defer func() {
		if recover() != "metric: a line is neither upright nor level" {
			t.Error("a slanted line was taken")
		}
	}()
	JumpsAt(Bytes(9, 9, 1, make([]uint8, 81)), []Line{{image.Pt(0, 0), image.Pt(3, 9)}}, 1)
}
