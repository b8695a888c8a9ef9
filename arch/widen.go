package arch

import (
	"errors"
	"fmt"
	"slices"

	"classsr/nn"
	"classsr/tensor"
)

// ErrNoWidening is returned (wrapped) by Widen for networks of which neither is a part of the other.
var ErrNoWidening = errors.New("it is no wider form of the same network")

// Widen gives parameters for a wider network that computes what a narrower one of the same architecture does, to train on from there: of
// every group of channels the first ones are the narrower network's, and nothing comes into them from the others. The weights of those
// are taken from fresh, which fits the wider network, as those of Init do; they learn as soon as their results are used. The narrower
// network enlarges by its Scale; one that serves several scales gives one for that scale alone. The data is not shared.
func Widen(narrow Spec, params tensor.Set, wide Spec, fresh tensor.Set) (tensor.Set, error) {
	failed := fmt.Errorf("%s of width %d from %s of width %d: %w", wide.Net, wide.Width, narrow.Net, narrow.Width, ErrNoWidening)
	if wide.Net != narrow.Net || wide.Scale != narrow.Scale || wide.InputRange != narrow.InputRange {
		return nil, failed
	}
	widened := widen(wide.Build(), narrow.Build(), fresh, params)
	if widened == nil {
		return nil, failed
	}
	return widened, wide.Build().Check(widened)
}

// widen is Widen for graphs; it gives nil if they are not of the same structure, or the wider one is not as wide everywhere.
func widen(wide, narrow *nn.Graph, fresh, params tensor.Set) tensor.Set {
	if len(wide.Nodes) != len(narrow.Nodes) {
		return nil
	}
	// As for a slice of the wider network: what it would keep is where the narrower one's channels go.
	w := widener{slicer{from: wide, to: narrow, kept: [][]int{firstOf(3, 3, 1, 1)}}}
	probe := tensor.Shape{N: 1, C: 3, H: 16, W: 16}
	w.fromShapes, w.toShapes = wide.Shapes(probe), narrow.Shapes(probe)
	w.findGroups()
	widened := tensor.Set{}
	for i := range wide.Nodes {
		if !w.fits(i) {
			return nil
		}
		w.kept = append(w.kept, w.keep(i))
		w.put(widened, fresh, params, i)
	}
	return widened
}

// widener walks through two graphs of the same structure; its slicer goes from the wider to the narrower one.
type widener struct{ slicer }

// fits tells whether node i is of the same kind in both graphs, no wider in the narrower one, and takes together only what belongs
// together.
func (w *widener) fits(i int) bool {
	n := w.from.Nodes[i]
	if _, ok := n.Op.(nn.Concat); !ok { // what has several inputs takes them channel by channel
		for _, v := range n.Inputs[1:] {
			if !slices.Equal(w.kept[v], w.kept[n.Inputs[0]]) {
				return false
			}
		}
	}
	return w.slicer.fits(i)
}

// put adds the parameters of node i.
func (w *widener) put(widened, fresh, params tensor.Set, i int) {
	wide, narrow := w.from.Nodes[i], w.to.Nodes[i]
	outputs, inputs := w.kept[i+1], w.kept[wide.Inputs[0]]
	for j, p := range wide.Op.Params() {
		name := wide.ParamName(p)
		if _, done := widened[name]; done { // shared with an earlier node
			continue
		}
		dst := tensor.Array{Dims: p.Dims, Data: slices.Clone(fresh[name].Data)}
		src := params[narrow.ParamName(narrow.Op.Params()[j])]
		switch op := wide.Op.(type) {
		case nn.Deconv:
			putWeights(dst, src, inputs, outputs, false)
		case nn.Conv:
			columns := []int{0}
			if !w.depthwise(i) {
				groups := op.GroupCount()
				columns = within(inputs[:len(inputs)/groups], op.In/groups)
			}
			putWeights(dst, src, outputs, columns, true)
		case nn.Linear:
			putWeights(dst, src, outputs, inputs, true)
		default:
			putVector(dst, src, outputs)
		}
		if len(dst.Dims) == 1 {
			putVector(dst, src, outputs)
		}
		widened[name] = dst
	}
}

// putVector puts one number a channel, or one for all.
func putVector(dst, src tensor.Array, channels []int) {
	if len(src.Data) == 1 {
		channels = []int{0}
	}
	for k, v := range src.Data {
		dst.Data[channels[k]] = v
	}
}

// putWeights puts weights of rows and columns of taps into wider ones. What else leads to the same results, which are rows or else
// columns, becomes zero. Vectors it leaves alone.
func putWeights(dst, src tensor.Array, rows, columns []int, resultsAreRows bool) {
	if len(dst.Dims) == 1 {
		return
	}
	taps := tensor.DimsLen(dst.Dims[2:])
	at := func(row, column int) []float32 { return dst.Data[(row*dst.Dims[1]+column)*taps:][:taps] }
	if resultsAreRows {
		for _, row := range rows {
			for column := range dst.Dims[1] {
				clear(at(row, column))
			}
		}
	} else {
		for row := range dst.Dims[0] {
			for _, column := range columns {
				clear(at(row, column))
			}
		}
	}
	for r, row := range rows {
		for c, column := range columns {
			copy(at(row, column), src.Data[(r*src.Dims[1]+c)*taps:])
		}
	}
}
