package ncnn

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"classsr/arch"
	"classsr/fault"
	"classsr/nn"
	"classsr/tensor"
)

// Tensors gives the weights under the names that they have in PyTorch, having checked that the layers compute exactly the network that has
// these names: SRVGGNetCompact or RRDBNet, in any of the forms that ncnn's tools write. The data is shared.
//
// The error is of kind fault.Unsupported if the layers compute anything else, and of kind fault.Damaged if a weight is infinite or none.
func (n *Network) Tensors() (tensor.Set, error) {
	for _, names := range []func([]Layer) []string{namesOfSRVGGNet, namesOfRRDBNet} {
		withParams := slices.DeleteFunc(slices.Clone(n.Layers), func(l Layer) bool { return len(l.Params) == 0 })
		named := names(withParams)
		if named == nil {
			continue
		}
		set := tensor.Set{}
		for i, l := range withParams {
			for j, p := range l.Op.Params() {
				set[named[i]+"."+p.Suffix] = l.Params[j]
			}
		}
		if err := set.CheckFinite(); err != nil {
			return nil, fault.As(fault.Damaged, err)
		}
		spec, _, err := arch.Recognise(set, arch.Known{})
		if err != nil {
			if errors.Is(err, arch.ErrUnknown) {
				continue
			}
			return nil, fault.As(fault.Unsupported, fmt.Errorf("by the order of its layers: %w", err))
		}
		set, err = n.as(spec.Build())
		if err != nil {
			return nil, fault.New(fault.Unsupported, "its weights are those of %s, but its layers compute something else: %w", spec.Net, err)
		}
		return set, nil
	}
	return nil, fault.New(fault.Unsupported, "its layers are not those of SRVGGNetCompact or RRDBNet, the networks that are read from such files: "+
		"use the PyTorch checkpoint (.pth) that it was made from")
}

// namesOfSRVGGNet numbers convolutions and activations.
func namesOfSRVGGNet(layers []Layer) []string {
	names := make([]string, len(layers))
	for i := range layers {
		names[i] = fmt.Sprint("body.", i)
	}
	return names
}

// namesOfRRDBNet gives names to convolutions, of which 15 are in a block and 6 around the blocks; nil if they are not as many.
func namesOfRRDBNet(layers []Layer) []string {
	const inBlock, around = 15, 6
	if len(layers) < inBlock+around || (len(layers)-around)%inBlock != 0 {
		return nil
	}
	names := []string{"conv_first"}
	for i := range len(layers) - around {
		names = append(names, fmt.Sprintf("body.%d.rdb%d.conv%d", i/inBlock, i%inBlock/5+1, i%5+1))
	}
	return append(names, "conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last")
}

// as gives the parameters under the names that they have in a graph, or an error if the graph computes something else. Every operation of the
// graph must be a layer that reads the same, and no layer may be left.
func (n *Network) as(g *nn.Graph) (tensor.Set, error) {
	byRole := map[string][]int{}
	for i, l := range n.Layers {
		r := role(l.Op, l.Inputs)
		byRole[r] = append(byRole[r], i)
	}
	values := make([]nn.Value, 1, len(g.Nodes)+1) // by values of the graph
	params := tensor.Set{}
	last := 0 // line
	for _, node := range g.Nodes {
		inputs := make([]nn.Value, len(node.Inputs))
		for i, v := range node.Inputs {
			inputs[i] = values[v]
		}
		r := role(node.Op, inputs)
		if len(byRole[r]) == 0 {
			return nil, fmt.Errorf("after line %d, no layer computes the %s of %s%s", last, kindOf(node.Op), n.lines(inputs), nameIn(node))
		}
		i := byRole[r][0]
		if len(byRole[r]) > 1 {
			return nil, fmt.Errorf("lines %d and %d compute the same", n.Layers[i].Line, n.Layers[byRole[r][1]].Line)
		}
		values = append(values, nn.Value(i+1))
		last = n.Layers[i].Line
		for j, p := range node.Op.Params() {
			params[node.ParamName(p)] = n.Layers[i].Params[j]
		}
	}
	if got := values[g.Output()]; got != n.output {
		return nil, fmt.Errorf("its result is made by line %d, not by line %d", n.Layers[n.output-1].Line, n.Layers[got-1].Line)
	}
	if len(n.Layers) != len(g.Nodes) {
		for i, l := range n.Layers {
			if !slices.Contains(values, nn.Value(i+1)) {
				return nil, fmt.Errorf("line %d is none of its layers", l.Line)
			}
		}
	}
	return params, nil
}

// role is the same for operations that compute the same of the same values.
func role(op nn.Op, inputs []nn.Value) string {
	inputs = slices.Clone(inputs)
	switch o := op.(type) {
	case nn.Conv:
		o.Stride, o.Groups = o.StepSize(), o.GroupCount()
		op = o
	case nn.Add, nn.Mul: // of either order
		slices.Sort(inputs)
	}
	return fmt.Sprintf("%T%v of %v", op, op, inputs)
}

// lines says which lines make values.
func (n *Network) lines(values []nn.Value) string {
	var texts []string
	for _, v := range values {
		if v == nn.Input {
			texts = append(texts, "the input")
			continue
		}
		texts = append(texts, fmt.Sprint("line ", n.Layers[v-1].Line))
	}
	return strings.Join(texts, " and ")
}

// kindOf is the name of an operation with its attributes, for errors.
func kindOf(op nn.Op) string {
	return strings.NewReplacer("nn.", "", "{free:{}}", "", "free:{} ", "").Replace(fmt.Sprintf("%T%+v", op, op))
}

// nameIn is the name of a node with parameters, for errors.
func nameIn(n nn.Node) string {
	if n.Name == "" {
		return ""
	}
	return fmt.Sprintf(" (%s)", n.Name)
}
