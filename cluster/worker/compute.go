package worker

import (
	"fmt"
	"runtime/debug"

	"classsr/cluster/wire"
	"classsr/fault"
)

// compute computes units whose inputs are there.
func (s *session) compute() {
	defer close(s.out)
	for u := range s.inputs {
		if !s.enter(u, wire.Computing) {
			s.end(u)
			continue
		}
		var last delivery
		err := s.survive(u.ID, func() (err error) {
			if u.Kind == wire.Rows {
				last, err = s.rows(u)
			} else {
				last, err = s.pictures(u)
			}
			return err
		})
		switch {
		case u.ctx.Err() != nil:
			_ = last.close() // it is not wanted
			s.end(u)
		case err != nil: // nothing of it was a picture's own fault, or that would have been told in the result
			s.pass(u, delivery{unit: u, problem: wire.ProblemOf(err, true)})
		default:
			s.pass(u, last)
		}
	}
}

// survive turns a panic into an error, so that a mistake in the program ends what it was made in only.
func (s *session) survive(unit string, do func() error) (err error) {
	defer func() {
		if mistake := recover(); mistake != nil {
			s.Log.Error("mistake in the program", "unit", unit, "panic", fmt.Sprint(mistake), "stack", string(debug.Stack()))
			err = fault.New(fault.Internal, "a mistake in the program; the log of worker %s tells more", s.About.Name)
		}
	}()
	return do()
}

// elsewhere tells whether another machine may do what this one could not.
func elsewhere(err error) bool {
	switch fault.KindOf(err) {
	case fault.TooLarge, fault.Unavailable, fault.Busy:
		return true
	}
	return false
}
