package engine

import (
	"maps"
	"slices"

	"classsr/nn"
	"classsr/tensor"
)

// network is a graph with its parameters on its way to a plan.
type network struct {
	graph  *nn.Graph
	params tensor.Set
	// deconvs are what some convolutions were made of, by the value they make.
	deconvs map[nn.Value]nn.Deconv
}

// rewrite brings a graph into the form that the kernels compute best: transposed convolutions become convolutions whose results are
// shuffled, which Winograd's algorithm makes faster than leaving out the dead taps would, and activations that treat all channels
// alike come before pixel shuffles, so that the convolution before the shuffle does them on the way.
func rewrite(g *nn.Graph, params tensor.Set) network {
	n := network{nn.NewGraph(g.Channels), maps.Clone(params), map[nn.Value]nn.Deconv{}}
	users := countUsers(g)
	at := make([]nn.Value, len(g.Nodes)+1) // where the values of g are
	for i := 0; i < len(g.Nodes); i++ {
		node := g.Nodes[i]
		inputs := make([]nn.Value, len(node.Inputs))
		for j, v := range node.Inputs {
			inputs[j] = at[v]
		}
		switch op := node.Op.(type) {
		case nn.Deconv:
			at[result(i)] = n.addDeconv(node, op, params, inputs)
			continue
		case nn.PixelShuffle:
			if next := i + 1; next < len(g.Nodes) && users[result(i)] == 1 && alike(g.Nodes[next], result(i)) {
				activated := n.graph.Add(g.Nodes[next].Name, g.Nodes[next].Op, inputs...)
				at[result(next)] = n.graph.Add(node.Name, op, activated)
				i = next
				continue
			}
		}
		at[result(i)] = n.graph.Add(node.Name, node.Op, inputs...)
	}
	if at[g.Output()] != n.graph.Output() {
		panic("engine: the last node does not give the result")
	}
	return n
}

func countUsers(g *nn.Graph) []int {
	users := make([]int, len(g.Nodes)+1)
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			users[v]++
		}
	}
	return users
}

// alike tells whether a node activates v, all channels in the same way.
func alike(n nn.Node, v nn.Value) bool {
	if !slices.Equal(n.Inputs, []nn.Value{v}) {
		return false
	}
	switch op := n.Op.(type) {
	case nn.ReLU, nn.LeakyReLU:
		return true
	case nn.PReLU:
		return op.Slopes == 1
	}
	return false
}

func (n *network) addDeconv(node nn.Node, op nn.Deconv, params tensor.Set, inputs []nn.Value) nn.Value {
	arrays := op.ConvParams(node.Arrays(params))
	for i, p := range op.Params() {
		n.params[node.ParamName(p)] = arrays[i]
	}
	v := n.graph.Add(node.Name, op.AsConv(), inputs...)
	n.deconvs[v] = op
	return n.graph.Add("", nn.PixelShuffle{Factor: op.Stride}, v)
}
