// Package weights reads and writes model files: the parameters of one enlarging network, or of a whole ClassSR model (a
// branch for each class and the Class-Module), with what is known about them.
//
// The program's own files are safetensors (docs/formats.md). Open also takes PyTorch checkpoints, through package torch, which
// can read nothing but tensors from them. What a file holds is recognised from its tensors' names and shapes; nothing in its
// metadata is trusted that the tensors contradict.
package weights

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"classsr/arch"
	"classsr/fault"
	"classsr/tensor"
)

// Network is a network with its parameters, which are read-only once it is made.
type Network struct {
	Spec   arch.Spec
	Params tensor.Set
}

// Model is what a model file holds. A branch may be an interpolation without parameters (arch.Interpolation), but not the last
// one.
type Model struct {
	Name     string    // short name, such as carn-m-x4; may be empty
	Branches []Network // of the classes, the simplest (narrowest) first; one for a plain network
	Classes  []string  // name of each branch's class
	// ClassModule tells the classes apart; nil for a plain network.
	ClassModule *Network
	// Weak is the network of a plain model once more, trained to keep noise (Denoised); nil for nearly all models.
	Weak *Network
	// Strength is that with which the model was made (Denoised); nil for others. It is in no file.
	Strength *float64
	Licence  string // SPDX identifier, or what is known; empty if nothing is
	// Routing is what is known of the errors that the branches make on content of a difficulty, as text; empty if nothing is.
	Routing    string
	Provenance string // how and on what it was trained, and by whom
}

// Single makes a model of one network, with parameters that fit its Spec, such as those of Spec.Init.
func Single(spec arch.Spec, params tensor.Set) *Model {
	return &Model{Name: spec.Net, Branches: []Network{{Spec: spec, Params: params}}, Classes: ClassNames(1)}
}

// FullClass is the class name of a plain network's only branch.
const FullClass = "full"

// Full is the branch of the hardest class, at full width.
func (m *Model) Full() Network { return m.Branches[len(m.Branches)-1] }

// Scales lists the enlargements the model can do.
func (m *Model) Scales() []int { return m.Full().Spec.ScaleList() }

// ClassNames gives names for this many classes, the simplest first.
func ClassNames(classes int) []string {
	switch classes {
	case 1:
		return []string{FullClass}
	case 2:
		return []string{"simple", "hard"}
	case 3:
		return []string{"simple", "medium", "hard"}
	}
	names := make([]string, classes)
	for i := range names {
		names[i] = fmt.Sprint("class", i+1)
	}
	return names
}

// ClassModulePrefix is put before the names of the Class-Module's parameters, as in the paper's released code.
const ClassModulePrefix = "classifier."

// BranchPrefix is put before the names of the parameters of branch i, from 0.
func BranchPrefix(i int) string { return fmt.Sprintf("net%d.", i+1) }

// FromTensors recognises a plain network or a ClassSR model from its parameters. Branches without parameters it cannot recognise:
// these only a model file tells of.
func FromTensors(params tensor.Set, known arch.Known) (*Model, error) {
	m, err := fromTensors(params, known, nil)
	return m, kindOfModel(err)
}

// kindOfModel gives an error about tensors a kind: there are networks that are not known, all else is damage.
func kindOfModel(err error) error {
	if errors.Is(err, arch.ErrUnknown) {
		return fault.Default(fault.Unsupported, err)
	}
	return fault.Default(fault.Damaged, err)
}

// fromTensors is FromTensors with the names of the branches' architectures, which may be nil.
func fromTensors(params tensor.Set, known arch.Known, branches []string) (*Model, error) {
	if len(params.Sub(WeakPrefix)) > 0 {
		return pairFromTensors(params, known, branches)
	}
	classifier := params.Sub(ClassModulePrefix)
	if len(classifier) == 0 {
		spec, named, err := arch.Recognise(params, known)
		if err != nil {
			return nil, err
		}
		if !spec.Enlarges() {
			return nil, fault.New(fault.Unsupported, "the file holds a Class-Module alone, no network to enlarge with")
		}
		m := &Model{Branches: []Network{{spec, named}}, Classes: ClassNames(1)}
		return m, m.checkBranches(branches)
	}
	m := &Model{}
	spec, named, err := arch.Recognise(classifier, arch.Known{})
	if err != nil {
		return nil, fmt.Errorf("class module: %w", err)
	}
	m.ClassModule = &Network{spec, named}
	m.Branches = make([]Network, spec.Classes)
	for i := range slices.Backward(m.Branches) { // the last one tells of what others have no parameters for
		tensors := params.Sub(BranchPrefix(i))
		if len(tensors) == 0 && i < len(branches) && i < spec.Classes-1 && interpolates(branches[i]) {
			m.Branches[i] = Network{arch.Interpolation(m.Full().Spec), tensors}
			continue
		}
		spec, named, err := arch.Recognise(tensors, known)
		if err != nil {
			return nil, fmt.Errorf("branch %d of %d: %w", i+1, m.ClassModule.Spec.Classes, err)
		}
		m.Branches[i] = Network{spec, named}
	}
	m.Classes = ClassNames(len(m.Branches))
	if err := m.check(params); err != nil {
		return nil, err
	}
	return m, m.checkBranches(branches)
}

func interpolates(name string) bool {
	a, err := arch.ByName(name)
	return err == nil && a.Interpolates
}

// checkBranches returns an error if the branches are not those that the metadata says, if it says anything.
func (m *Model) checkBranches(want []string) error {
	if got := m.architectures(); want != nil && !slices.Equal(got, want) {
		return fmt.Errorf("metadata: branches %q, but the tensors are those of %q", want, got)
	}
	return nil
}

// check returns an error if the parts of a ClassSR model do not fit together, or its tensors hold more than the parts.
func (m *Model) check(tensors tensor.Set) error {
	if len(m.Branches) < 2 {
		return fmt.Errorf("a ClassSR model has at least two branches, not %d", len(m.Branches))
	}
	prefixes := []string{ClassModulePrefix}
	for i := range m.Branches {
		prefixes = append(prefixes, BranchPrefix(i))
	}
	for _, name := range tensors.Names() {
		if !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
			return fmt.Errorf("tensor %q belongs neither to the Class-Module nor to one of its %d branches", name, len(m.Branches))
		}
	}
	for i, b := range m.Branches {
		if !b.Spec.Enlarges() {
			return fmt.Errorf("branch %d is not a network that enlarges", i+1)
		}
		if !slices.Equal(b.Spec.ScaleList(), m.Scales()) {
			return fmt.Errorf("branch %d enlarges %v times, the last one %v", i+1, b.Spec.ScaleList(), m.Scales())
		}
	}
	return nil
}

// Tensors gives all parameters under the names they have in a model file.
func (m *Model) Tensors() tensor.Set {
	all := tensor.Set{}
	for _, p := range m.parts() {
		all.Merge(p.prefix, p.network.Params)
	}
	return all
}
