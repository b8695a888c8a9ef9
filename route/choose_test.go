package route

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// grid has cores of 10x10 pixels.
func grid(columns, rows int) *Problem {
	p := &Problem{Costs: Costs{[]float64{0.1, 0.5, 1}, []float64{0.5, 2, 4}, []float64{0.5, 2, 4}}}
	for x := range columns + 1 {
		p.Xs = append(p.Xs, 10*x)
	}
	for y := range rows + 1 {
		p.Ys = append(p.Ys, 10*y)
	}
	return p
}

func randomProblem(t *rapid.T) *Problem {
	p := grid(rapid.IntRange(1, 7).Draw(t, "columns"), rapid.IntRange(1, 7).Draw(t, "rows"))
	for range p.Columns() * p.Rows() {
		hard := rapid.Float64Range(0, 300).Draw(t, "difficulty")
		p.Losses = append(p.Losses, []float64{hard, hard / 3, 0})
	}
	return p
}

func TestWithoutAPriceTheBestClassIsChosen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		if loss := p.Loss(p.Minimise(0)); loss != 0 {
			t.Fatalf("loss %g", loss)
		}
	})
}

// No change of a single core, of a block or of all cores to one class may be better than what was chosen.
func TestChoicesCannotBeImprovedByOneMove(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		lambda := rapid.Float64Range(0.01, 10).Draw(t, "lambda")
		chosen := p.Minimise(lambda)
		sum := func(classes []int) float64 { return p.Loss(classes) + lambda*p.Costs.Of(p.Grid, classes) }
		got := sum(chosen)
		for i := range chosen {
			for class := range p.Costs.Pixel {
				other := slices.Clone(chosen)
				other[i] = class
				if better := sum(other); better < got-1e-6*got {
					t.Fatalf("core %d in class %d has %g, less than %g", i, class, better, got)
				}
			}
		}
	})
}

func TestWhatMustNotBeChosenIsNot(t *testing.T) {
	p := grid(3, 1)
	inf := math.Inf(1)
	p.Losses = [][]float64{{0, 0, 0}, {inf, inf, 0}, {0, 0, 0}}
	if got := p.Minimise(1e6); got[1] != 2 {
		t.Errorf("chosen %v", got)
	}
}

// Columns share out the costs of a choice, borders included.
func TestColumnsAndRowsCostAllThatAChoiceDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		chosen := p.Minimise(rapid.Float64Range(0.01, 10).Draw(t, "lambda"))
		want := p.Costs.Of(p.Grid, chosen)
		for name, costs := range map[string][]float64{"columns": p.Costs.Columns(p.Grid, chosen), "rows": p.Costs.RowsOf(p.Grid, chosen)} {
			sum := 0.0
			for _, cost := range costs {
				sum += cost
			}
			if math.Abs(sum-want) > 1e-9*want {
				t.Fatalf("%s cost %g, the choice %g", name, sum, want)
			}
		}
	})
	p := grid(2, 1)
	if got, want := p.Costs.Columns(p.Grid, []int{0, 2}), []float64{100*0.1 + 10*4.5/2, 100 + 10*4.5/2}; !slices.Equal(got, want) {
		t.Errorf("columns cost %v, want %v", got, want)
	}
	p = grid(1, 2)
	p.Costs.Below = []float64{1, 2, 3}
	if got, want := p.Costs.RowsOf(p.Grid, []int{0, 2}), []float64{100*0.1 + 10*4./2, 100 + 10*4./2}; !slices.Equal(got, want) {
		t.Errorf("rows cost %v, want %v", got, want)
	}
}

// An island whose border costs more than it saves is given up, also where no single core of it would be.
func TestIslandsThatDoNotPay(t *testing.T) {
	for _, c := range []struct {
		border float64
		want   int // class of the island's cores
	}{{0.1, 0}, {4, 2}} {
		p := grid(6, 6)
		same := []float64{c.border, c.border, c.border}
		p.Costs.Beside, p.Costs.Below = same, same
		for i := range 36 {
			x, y := i%6, i/6
			hard := 1000.0
			if x >= 2 && x < 4 && y >= 2 && y < 4 {
				hard = 0
			}
			p.Losses = append(p.Losses, []float64{hard, hard, 0})
		}
		got := p.Minimise(1)
		for _, i := range []int{14, 15, 20, 21} {
			if got[i] != c.want {
				t.Errorf("border %g: core %d has class %d, want %d", c.border, i, got[i], c.want)
			}
		}
		if got[0] != 2 {
			t.Errorf("border %g: the corner has class %d", c.border, got[0])
		}
	}
}

// Where the left half is easy and the right one hard, only the upright border between them counts.
func TestBordersCostByDirection(t *testing.T) {
	none, dear := []float64{0, 0, 0}, []float64{500, 500, 500}
	for _, c := range []struct {
		beside, below []float64
		border        float64 // of the hard class
	}{{dear, none, 0}, {none, dear, 60}} {
		p := grid(6, 6)
		p.Costs.Beside, p.Costs.Below = c.beside, c.below
		for i := range 36 {
			hard := 0.0
			if i%6 >= 3 {
				hard = 300
			}
			p.Losses = append(p.Losses, []float64{hard, hard, 0})
		}
		if u := UsageOf(p.Grid, p.Minimise(1), 3); u.Beside[2] != c.border || u.Below[2] != 0 {
			t.Errorf("borders cost %v and %v: those of the hard class are %g and %g long, want %g and 0", c.beside, c.below, u.Beside[2], u.Below[2], c.border)
		}
	}
}

// The cheapest choice keeps within what may be lost, and uses it up where cores are alike.
func TestTheCheapestChoiceUsesWhatMayBeLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		allowed := rapid.Float64Range(0, 2000).Draw(t, "allowed")
		if classes, _ := cheapestWithin(p, allowed); p.Loss(classes) > allowed {
			t.Fatalf("%g is lost where %g may be", p.Loss(classes), allowed)
		}
	})
	// Ten cores with the same loss: with any multiplier all change, or none.
	p := grid(10, 1)
	p.Costs.Beside, p.Costs.Below = []float64{0, 0, 0}, []float64{0, 0, 0}
	for range 10 {
		p.Losses = append(p.Losses, []float64{30, 30, 0})
	}
	classes, _ := cheapestWithin(p, 130)
	if loss := p.Loss(classes); loss != 120 {
		t.Errorf("classes %v lose %g, want 120", classes, loss)
	}
}

func TestCostCountsBordersFromBothSides(t *testing.T) {
	p := grid(2, 1)
	p.Losses = [][]float64{{0, 0, 0}, {0, 0, 0}}
	if got, want := p.Costs.Of(p.Grid, []int{0, 2}), 100*0.1+100*1+10*(0.5+4); math.Abs(got-want) > 1e-9 {
		t.Errorf("cost %g, want %g", got, want)
	}
	if got := p.Cores(); len(got) != 2 || got[1].Min.X != 10 || got[1].Max.Y != 10 {
		t.Errorf("cores %v", got)
	}
}

// BenchmarkChoose is a choice for a picture of 1150x820 whose content varies smoothly, with a little noise.
func BenchmarkChoose(b *testing.B) {
	p := grid(36, 26)
	for i := range p.Columns() * p.Rows() {
		x, y := float64(i%p.Columns()), float64(i/p.Columns())
		hard := 60 * (1.2 + math.Sin(x/5)*math.Cos(y/4) + 0.2*math.Sin(12.9*x+78.2*y))
		p.Losses = append(p.Losses, []float64{hard, hard / 3, 0})
	}
	for b.Loop() {
		p.Minimise(1)
	}
}
