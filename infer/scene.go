package infer

import (
	"context"
	"image"

	"classsr/branch"
)

// chooseNext chooses the classes of a picture of a sequence: by the goal where a scene begins, and else by the multiplier of the picture before.
func (r *routed) chooseNext(ctx context.Context, in branch.Source, to *seen, s *Sequence, claim *Claim) (err error) {
	threads := s.up.threads
	switch {
	case to.scene || s.options.Alone:
		if to.judged, err = r.judge(ctx, in, threads); err == nil {
			to.choice, err = r.decide(ctx, to.judged, threads, claim.sizing)
		}
		return err
	case s.choice.fullBecause != "": // so is all of its scene
		to.judged, to.choice = s.judged, s.choice
		return nil
	}
	if to.judged, err = r.judgeChanged(ctx, in, to.changes, s.judged, threads); err != nil {
		return err
	}
	return r.follow(ctx, to, s.choice, threads, claim.sizing)
}

// follow chooses the classes of a picture that was looked at, and that follows another one.
func (r *routed) follow(ctx context.Context, to *seen, before *choice, threads int, z sizing) error {
	problem, predicted := r.problem(to.judged, r.lone())
	kept := make([]bool, len(before.Classes))
	for i, core := range problem.Cores() {
		kept[i] = !to.any(core.Inset(-routersReach))
	}
	to.choice = r.choice(problem.Grid, r.goal.Follow(problem, predicted, r.table, before.Classes, kept, before.lambda), to.judged.routerMACs, "")
	to.choice.lambda = before.lambda
	if !r.goal.BoundsCost() {
		return nil
	}
	e, err := r.estimator(ctx, to.judged, problem.Grid, threads, z)
	if err == nil && !r.goal.Meets(to.choice.Classes, e) {
		to.choice, err = r.decide(ctx, to.judged, threads, z)
	}
	return err
}

// routersReach is how far from a core routers look at most.
const routersReach = branch.SubImage

// judgeChanged looks at a picture of which only some cores have changed since the one before, which was judged.
func (r *routed) judgeChanged(ctx context.Context, in branch.Source, c *changes, before *judged, threads int) (*judged, error) {
	j := *before
	j.edges, j.scores = append([]branch.Edge(nil), before.edges...), append([][]float32(nil), before.scores...)
	var cores []image.Rectangle
	var numbers []int
	for i, core := range j.grid.Cores() {
		if c.any(core.Inset(-routersReach)) {
			cores, numbers = append(cores, core), append(numbers, i)
		}
	}
	if j.routerMACs = 0; len(cores) == 0 {
		return &j, nil
	}
	edges, scores, err := r.ask(ctx, in, cores, len(cores), threads)
	if err != nil {
		return nil, err
	}
	for k, i := range numbers {
		if edges != nil {
			j.edges[i] = edges[k]
		}
		if scores != nil {
			j.scores[i] = scores[k]
		}
	}
	if scores != nil {
		j.routerMACs = r.RouteMACs(j.size, len(cores))
	}
	return &j, nil
}

// otherCores lists the cores, or squares, that have another class than they had.
func (s *seen) otherCores(before *choice) []image.Rectangle {
	if s.choice == nil || before == nil || len(before.Classes) != len(s.choice.Classes) {
		return nil
	}
	cores := s.choice.blend.Cores()
	var other []image.Rectangle
	for i, class := range s.choice.Classes {
		if class != before.Classes[i] {
			other = append(other, cores[i])
		}
	}
	return other
}

// changedClasses is the share of cores that have another class than in the picture before.
func (s *Sequence) changedClasses(seen *seen) float64 {
	if seen.fresh || seen.choice == nil || seen.scene {
		return 0
	}
	return float64(len(seen.otherCores(s.choice))) / float64(len(seen.choice.Classes))
}
