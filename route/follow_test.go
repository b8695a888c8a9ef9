package route

import (
	"testing"

	"pgregory.net/rapid"
)

// Whatever a picture before had, one that follows it loses hardly more than the quality allows.
func TestFollowingKeepsTheQuality(t *testing.T) {
	table, goal := &Table{}, Goal{ByQuality, 1}
	missed := false
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		predicted := Prediction{Squares: rapid.Float64Range(0, 10000).Draw(t, "squares")}
		allowed := goal.allowed(predicted, table)
		before, lambda := goal.Choose(p, predicted, table, nil)
		kept := make([]bool, len(before))
		same := goal.Follow(p, predicted, table, before, kept, lambda)
		if loss := p.Loss(same); loss > allowed {
			t.Fatalf("the same picture loses %g, and %g is allowed", loss, allowed)
		}
		for i := range p.Losses { // another picture, up to three times as difficult
			more := rapid.Float64Range(0.5, 3).Draw(t, "more")
			for class := range p.Losses[i] {
				p.Losses[i][class] *= more
			}
		}
		missed = missed || p.Loss(p.Minimise(lambda)) > allowed*exceeds
		if loss := p.Loss(goal.Follow(p, predicted, table, before, kept, lambda)); loss > allowed*exceeds {
			t.Fatalf("a picture that follows loses %g, and %g is allowed", loss, allowed)
		}
	})
	if !missed {
		t.Error("the multiplier alone keeps the quality everywhere, so this proves little")
	}
}
