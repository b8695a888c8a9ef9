package train

import (
	"fmt"
	"reflect"
	"slices"

	"classsr"
	"classsr/arch"
	"classsr/tensor"
	"classsr/weights"
)

// networks are the parts of the model that is trained. Their parameters are moved in place.
type networks struct {
	recipe      *Recipe
	branches    []weights.Network
	classModule weights.Network
}

// newNetworks gives the model that training starts from: the recipe's, or random parameters.
func newNetworks(r *Recipe) (*networks, error) {
	n := &networks{recipe: r}
	for i := range r.Branches {
		spec, err := r.spec(i)
		if err != nil {
			return nil, err
		}
		n.branches = append(n.branches, weights.Network{Spec: spec, Params: r.random(i, spec)})
	}
	spec := arch.PaperClassModule(len(r.Branches))
	n.classModule = weights.Network{Spec: spec, Params: spec.InitGain(r.Seed+1e9, r.ClassModuleGain)}
	if r.Start == "" {
		return n, nil
	}
	from, err := openModel(r.Start)
	if err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	if from.ClassModule == nil || len(from.Branches) != len(n.branches) {
		return nil, fmt.Errorf("start: %s is not a model of %d classes; to start single branches from plain networks, use the start of their stages",
			r.Start, len(n.branches))
	}
	n.classModule.Params = cloneSet(from.ClassModule.Params)
	for i, b := range from.Branches {
		if err := n.start(i, b); err != nil {
			return nil, fmt.Errorf("start: %s: branch %d: %w", r.Start, i+1, err)
		}
	}
	return n, nil
}

// random gives random parameters of branch i. No two branches begin alike.
func (r *Recipe) random(i int, spec arch.Spec) tensor.Set {
	return spec.InitGain(r.Seed+uint64(i)*1e6, r.InitGain)
}

// openModel opens a model, built in or a file, that has networks.
func openModel(nameOrPath string) (*weights.Model, error) {
	m, err := classsr.Open(nameOrPath)
	if err != nil {
		return nil, err
	}
	if m.Weights() == nil {
		return nil, fmt.Errorf("%s has no network", nameOrPath)
	}
	return m.Weights(), nil
}

// openNetwork opens a branch of a model for a scale, by its number from 1; 0 stands for the last one, of full width.
func openNetwork(nameOrPath string, branch, scale int) (weights.Network, error) {
	m, err := openModel(nameOrPath)
	if err != nil {
		return weights.Network{}, err
	}
	n := m.Full()
	if branch != 0 {
		if branch > len(m.Branches) || m.Branches[branch-1].Spec.Interpolates() {
			return weights.Network{}, fmt.Errorf("%s has no network as branch %d", nameOrPath, branch)
		}
		n = m.Branches[branch-1]
	}
	spec, err := n.Spec.AtScale(scale)
	if err != nil {
		return weights.Network{}, fmt.Errorf("%s: %w", nameOrPath, err)
	}
	return weights.Network{Spec: spec, Params: spec.ParamsAtScale(n.Params)}, nil
}

// start gives branch i the parameters of a network, or the first channels of them if that is wider.
func (n *networks) start(i int, from weights.Network) error {
	if err := n.checkForm(i, from.Spec); err != nil {
		return err
	}
	params, err := arch.Slice(from.Spec, from.Params, n.branches[i].Spec)
	if err != nil {
		return err
	}
	n.branches[i].Params = params
	return nil
}

// widen lets branch i compute what a narrower network does.
func (n *networks) widen(i int, from weights.Network) error {
	if err := n.checkForm(i, from.Spec); err != nil {
		return err
	}
	spec := n.branches[i].Spec
	params, err := arch.Widen(from.Spec, from.Params, spec, n.recipe.random(i, spec))
	if err != nil {
		return err
	}
	n.branches[i].Params = params
	return nil
}

// checkForm returns an error if branch i has another form of its architecture than a network that it is to start from.
func (n *networks) checkForm(i int, from arch.Spec) error {
	if own := n.branches[i].Spec; from.Net == own.Net && from.BatchNorm != own.BatchNorm {
		return fmt.Errorf("it has batch_norm: %v, the recipe %v", from.BatchNorm, own.BatchNorm)
	}
	return nil
}

// startStage prepares what a stage trains.
func (n *networks) startStage(s Stage) error {
	switch {
	case s.Start.Slice != 0:
		return n.start(s.Branch-1, n.branches[s.Start.Slice-1])
	case s.Start.widens() != 0:
		return n.widen(s.Branch-1, n.branches[s.Start.widens()-1])
	case s.Start.Model != "" && s.Train == TrainClassModule:
		from, err := openModel(s.Start.Model)
		if err != nil {
			return err
		}
		if from.ClassModule == nil || !reflect.DeepEqual(from.ClassModule.Spec, n.classModule.Spec) {
			return fmt.Errorf("%s has no Class-Module for %d classes", s.Start.Model, len(n.branches))
		}
		n.classModule.Params = cloneSet(from.ClassModule.Params)
	case s.Start.Model != "":
		return n.startFrom(s.Start.Model, s, n.start)
	case s.Start.Widen != "":
		return n.startFrom(s.Start.Widen, s, n.widen)
	}
	return nil
}

// startFrom starts the branch of a stage from a network of a model, in one of the two ways.
func (n *networks) startFrom(model string, s Stage, start func(i int, from weights.Network) error) error {
	from, err := openNetwork(model, s.Start.Branch, n.recipe.Scale)
	if err != nil {
		return err
	}
	if err := start(s.Branch-1, from); err != nil {
		return fmt.Errorf("%s: %w", model, err)
	}
	return nil
}

// all gives the parameters of all parts under their names in a model file. The data is shared.
func (n *networks) all() tensor.Set { return n.model(nil).Tensors() }

// model gives a model of the parameters, with those in replaced instead where there are any. The data is shared.
func (n *networks) model(replaced tensor.Set) *weights.Model {
	pick := func(prefix string, from weights.Network) weights.Network {
		params := tensor.Set{}
		for name, a := range from.Params {
			if r, ok := replaced[prefix+name]; ok {
				a = r
			}
			params[name] = a
		}
		return weights.Network{Spec: from.Spec, Params: params}
	}
	classModule := pick(weights.ClassModulePrefix, n.classModule)
	m := &weights.Model{
		Name: n.recipe.Name, Classes: weights.ClassNames(len(n.branches)), ClassModule: &classModule,
		Licence: n.recipe.Licence, Provenance: n.recipe.Provenance,
	}
	for i, b := range n.branches {
		m.Branches = append(m.Branches, pick(weights.BranchPrefix(i), b))
	}
	return m
}

func cloneSet(set tensor.Set) tensor.Set {
	clone := tensor.Set{}
	for name, a := range set {
		clone[name] = tensor.Array{Dims: a.Dims, Data: slices.Clone(a.Data)}
	}
	return clone
}
