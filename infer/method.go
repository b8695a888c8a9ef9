package infer

import (
	"context"

	"classsr/branch"
	"classsr/fault"
	"classsr/picture"
	"classsr/weights"
)

// method is what a mode does: how it cuts a picture, chooses classes, computes pieces and gathers their results. All else is the same for
// all modes.
type method interface {
	// fit chooses how a picture is cut. It returns an error if there is too little room, or if the mode cannot enlarge such a picture.
	fit(r room) (sizing, error)
	// plan decides everything about a picture, for which there is so much room; s is what fit found for pictures of its size.
	plan(ctx context.Context, in branch.Source, s sizing, r room) (*plan, error)
	// lane makes what computes pieces.
	lane() lane
	// canvas makes what gathers the results of a job: all of them in whole, if that is not nil, and before rounding, too, if exact is set
	// and the mode has them so.
	canvas(j *job, whole *picture.Picture, exact bool) canvas
}

// newMethod makes what options ask of a model. This is the one place where modes are told apart.
func newMethod(m *weights.Model, name string, o Options) (mode Mode, chosen method, full *branch.Branch, err error) {
	if m == nil {
		return newBicubic(name, o)
	}
	classes := m.ClassModule != nil
	mode = o.Mode
	switch {
	case o.Branch > 0:
		mode = BranchMode(o.Branch)
	case mode == "" && classes:
		mode = ModeRouted
	case mode == "":
		mode = ModeFull
	}
	switch {
	case mode != ModeRouted && o.hasGoal():
		err = goalWithoutRouting(mode, name)
	case (mode == ModeRouted || mode == ModePaper) && !classes:
		err = fault.New(fault.Usage, "mode %s: %s has no classes to choose from; use mode %s", mode, name, ModeFull)
	case mode == ModeRouted:
		chosen, full, err = newRouted(m, o)
	case mode == ModePaper:
		chosen, full, err = newPaper(m, o.Scale)
	default:
		chosen, full, err = newSingle(m, name, o)
	}
	return mode, chosen, full, err
}

// newBicubic makes the method of the model without a network, which has no mode but ModeFull.
func newBicubic(name string, o Options) (Mode, method, *branch.Branch, error) {
	if o.Mode != "" && o.Mode != ModeFull || o.Branch > 0 {
		return "", nil, nil, fault.New(fault.Usage, "%s works in mode %s only", name, ModeFull)
	}
	if o.hasGoal() {
		return "", nil, nil, fault.New(fault.Usage, "budget, time, quality and router only work in mode %s, which %s does not have", ModeRouted, name)
	}
	return ModeFull, bicubic{o.Scale}, nil, nil
}

// goalWithoutRouting is the error about a goal for what does not route.
func goalWithoutRouting(mode Mode, name string) error {
	return fault.New(fault.Usage, "budget, time, quality and router only work in mode %s, and %s runs in mode %s", ModeRouted, name, mode)
}
