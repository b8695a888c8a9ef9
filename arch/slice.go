package arch

import (
	"errors"
	"fmt"

	"classsr/nn"
	"classsr/tensor"
)

// ErrNoSlice is returned (wrapped) by Slice for networks of which neither is a part of the other.
var ErrNoSlice = errors.New("it is no narrower form of the same network")

// Slice gives parameters for a narrower network from those of a wider one of the same architecture: of every group of channels the
// first ones, with the weights between them. It is a start to train from, nothing more. If both are as wide, the parameters are the
// same; a CARN for several scales gives one for wide.Scale alone so. The data is not shared.
func Slice(wide Spec, params tensor.Set, narrow Spec) (tensor.Set, error) {
	from, to := wide.Build(), narrow.Build()
	failed := fmt.Errorf("%s of width %d from %s of width %d: %w", narrow.Net, narrow.Width, wide.Net, wide.Width, ErrNoSlice)
	if wide.Net != narrow.Net || wide.Scale != narrow.Scale || wide.InputRange != narrow.InputRange || len(from.Nodes) != len(to.Nodes) {
		return nil, failed
	}
	s := slicer{from: from, to: to, kept: [][]int{firstOf(3, 3, 1, 1)}}
	probe := tensor.Shape{N: 1, C: 3, H: 16, W: 16}
	s.fromShapes, s.toShapes = from.Shapes(probe), to.Shapes(probe)
	s.findGroups()
	sliced := tensor.Set{}
	for i := range from.Nodes {
		if !s.fits(i) {
			return nil, failed
		}
		s.kept = append(s.kept, s.keep(i))
		s.slice(sliced, params, i)
	}
	return sliced, narrow.Build().Check(sliced)
}

// slicer walks through two graphs of the same structure.
type slicer struct {
	from, to             *nn.Graph
	fromShapes, toShapes []tensor.Shape
	kept                 [][]int // by value: the channels of the wider one that the narrower one has
	groups               int     // of the most divided convolution that is not depthwise
}

func (s *slicer) findGroups() {
	s.groups = 1
	for i, n := range s.from.Nodes {
		if conv, ok := n.Op.(nn.Conv); ok && !s.depthwise(i) {
			s.groups = max(s.groups, conv.GroupCount())
		}
	}
}

// depthwise tells whether node i is a convolution of each channel by itself, in both graphs.
func (s *slicer) depthwise(i int) bool {
	is := func(op nn.Op) bool {
		conv, ok := op.(nn.Conv)
		return ok && conv.In > 1 && conv.In == conv.Out && conv.GroupCount() == conv.In
	}
	return is(s.from.Nodes[i].Op) && is(s.to.Nodes[i].Op)
}

// fits tells whether node i is of the same kind in both graphs, and in the narrower one no wider.
func (s *slicer) fits(i int) bool {
	a, b := s.from.Nodes[i], s.to.Nodes[i]
	if fmt.Sprintf("%T", a.Op) != fmt.Sprintf("%T", b.Op) || len(a.Op.Params()) != len(b.Op.Params()) {
		return false
	}
	if s.toShapes[i+1].C > s.fromShapes[i+1].C {
		return false
	}
	conv, ok := a.Op.(nn.Conv)
	return !ok || (conv.GroupCount() == b.Op.(nn.Conv).GroupCount() || s.depthwise(i)) && conv.Kernel == b.Op.(nn.Conv).Kernel
}

// keep says which channels of the result of node i are kept.
func (s *slicer) keep(i int) []int {
	n := s.from.Nodes[i]
	wide, narrow := s.fromShapes[i+1].C, s.toShapes[i+1].C
	switch op := n.Op.(type) {
	case nn.Conv, nn.Deconv, nn.Linear:
		if s.depthwise(i) {
			return s.kept[n.Inputs[0]]
		}
		return firstOf(wide, narrow, s.groups, s.unit(i))
	case nn.PixelUnshuffle:
		var kept []int
		unit := op.Factor * op.Factor
		for _, c := range s.kept[n.Inputs[0]] {
			kept = append(kept, firstFrom(c*unit, unit)...)
		}
		return kept
	case nn.PixelShuffle:
		var kept []int
		for _, c := range s.kept[n.Inputs[0]] {
			if unit := op.Factor * op.Factor; c%unit == 0 {
				kept = append(kept, c/unit)
			}
		}
		return kept
	case nn.Concat:
		var kept []int
		offset := 0
		for _, in := range n.Inputs {
			for _, c := range s.kept[in] {
				kept = append(kept, offset+c)
			}
			offset += s.fromShapes[in].C
		}
		return kept
	}
	return s.kept[n.Inputs[0]]
}

// unit is how many channels of the result of node i become one in a pixel shuffle, and so go together.
func (s *slicer) unit(i int) int {
	for j := i + 1; j < len(s.from.Nodes); j++ {
		n := s.from.Nodes[j]
		if int(n.Inputs[0]) != i+1 {
			continue
		}
		switch op := n.Op.(type) {
		case nn.PixelShuffle:
			return op.Factor * op.Factor
		case nn.ReLU, nn.LeakyReLU, nn.PReLU:
			return s.unit(j)
		}
	}
	return 1
}

// firstOf lists the first channels of each group, n of all together, in units that go together.
func firstOf(all, n, groups, unit int) []int {
	if all%(groups*unit) != 0 || n%(groups*unit) != 0 {
		groups = 1
	}
	var kept []int
	for g := range groups {
		for c := range n / groups {
			kept = append(kept, g*(all/groups)+c)
		}
	}
	return kept
}

// firstFrom lists n channels from the first on.
func firstFrom(first, n int) []int {
	channels := make([]int, n)
	for i := range channels {
		channels[i] = first + i
	}
	return channels
}

// slice adds the parameters of node i.
func (s *slicer) slice(sliced, params tensor.Set, i int) {
	from, to := s.from.Nodes[i], s.to.Nodes[i]
	for j, p := range from.Op.Params() {
		src := params[from.ParamName(p)]
		narrow := to.Op.Params()[j]
		dst := tensor.NewArray(narrow.Dims...)
		rows, columns := s.kept[i+1], s.kept[from.Inputs[0]]
		switch op := from.Op.(type) {
		case nn.Deconv:
			rows, columns = columns, rows
		case nn.Conv:
			groups := op.GroupCount()
			if columns = []int{0}; !s.depthwise(i) {
				inputs := s.kept[from.Inputs[0]]
				columns = within(inputs[:len(inputs)/groups], op.In/groups)
			}
		case nn.PReLU:
			if len(src.Data) == 1 {
				rows = []int{0}
			}
		}
		if len(dst.Dims) == 1 {
			if _, ok := from.Op.(nn.Deconv); ok {
				rows = columns // a bias is one of results
			}
			for k, row := range rows[:len(dst.Data)] {
				dst.Data[k] = src.Data[row]
			}
		} else {
			taps := tensor.DimsLen(src.Dims[2:])
			for r, row := range rows {
				for c, column := range columns {
					copy(dst.Data[(r*dst.Dims[1]+c)*taps:][:taps], src.Data[(row*src.Dims[1]+column)*taps:])
				}
			}
		}
		sliced[to.ParamName(narrow)] = dst
	}
}

// within takes the channels of the first group, which all groups are like.
func within(channels []int, group int) []int {
	for _, c := range channels {
		if c >= group {
			panic("arch: groups that do not keep the same channels")
		}
	}
	return channels
}
