package device

import (
	"slices"

	"classsr/program"
)

// quadSize is how many channels lie side by side in memory.
const quadSize = 4

// slots says which channel lies in each slot of a value's quads, or -1: none. Its length is a multiple of quadSize.
type slots []int

// dense has the channels one after the other.
func dense(channels int) slots { return grouped(channels, 1) }

// grouped begins each group of channels with a new quad.
func grouped(channels, groups int) slots {
	var s slots
	per := channels / groups
	for c := range channels {
		s = append(s, c)
		for c%per == per-1 && len(s)%quadSize != 0 {
			s = append(s, -1)
		}
	}
	return s
}

// sideBySide is the slots of several values that are one after the other.
func sideBySide(all []slots, channels []int) slots {
	var joined slots
	first := 0
	for i, s := range all {
		for _, c := range s {
			if c >= 0 {
				c += first
			}
			joined = append(joined, c)
		}
		first += channels[i]
	}
	return joined
}

func (s slots) quads() int { return len(s) / quadSize }

// isDense tells whether operations that know nothing of slots can read it.
func (s slots) isDense(channels int) bool { return slices.Equal(s, dense(channels)) }

// span is the quads first to end-1 that hold channels from to until-1.
func (s slots) span(from, until int) (first, end int) {
	first = len(s)
	for i, c := range s {
		if c >= from && c < until {
			first, end = min(first, i/quadSize), i/quadSize+1
		}
	}
	return first, end
}

// loose tells of each value whether its slots may be any: only convolutions read it, as what they convolve.
func loose(p *program.Program) []bool {
	free := make([]bool, len(p.Steps)+1)
	for v := range free {
		free[v] = program.Value(v) != p.Output && program.Value(v) != program.Input
	}
	for _, s := range p.Steps {
		_, isConv := s.Op.(program.Conv)
		for i, values := range s.Inputs {
			for _, v := range values {
				free[v] = free[v] && isConv && i == 0
			}
		}
	}
	return free
}
