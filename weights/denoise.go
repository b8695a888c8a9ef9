package weights

import (
	"fmt"
	"reflect"
	"strings"

	"classsr/arch"
	"classsr/fault"
	"classsr/tensor"
)

// WeakPrefix is put before the names of the parameters of a model's weak end in files.
const WeakPrefix = "weak."

// setWeak gives a plain network its weak end. It returns an error of kind fault.Usage if the two are not the same network with other numbers.
func (m *Model) setWeak(weak Network) error {
	if m.ClassModule != nil {
		return fault.New(fault.Usage, "a model with classes cannot have a weak end, which only a single network has")
	}
	if strong := m.Full().Spec; !reflect.DeepEqual(strong, weak.Spec) {
		return fault.New(fault.Usage, "the two ends of a model must be the same network: one is %+v, the other %+v", strong, weak.Spec)
	}
	m.Weak = &weak
	return nil
}

// Pair makes a model of two of the same network: strong, and weak, which was trained to keep noise. What else there is to say about it is strong's.
// It returns an error of kind fault.Usage if they are not the same network.
func Pair(strong, weak *Model) (*Model, error) {
	m := *strong
	if weak.ClassModule != nil || weak.Weak != nil {
		return nil, fault.New(fault.Usage, "the weak end of a model must be a single network, without classes and a weak end of its own")
	}
	return &m, m.setWeak(weak.Full())
}

// Denoised gives the model whose numbers lie between the two ends of m, which has a weak one: m's own at a strength of 1, those of the weak end
// at 0, each strength*own + (1-strength)*weak. It shares numbers with m, and has no weak end. It returns an error of kind fault.Usage if m has no
// weak end, or the strength is not 0 to 1.
func (m *Model) Denoised(strength float64) (*Model, error) {
	switch {
	case m.Weak == nil:
		return nil, fault.New(fault.Usage, "the model has no weak end, so how strongly it removes noise cannot be chosen")
	case !(strength >= 0 && strength <= 1):
		return nil, fault.New(fault.Usage, "a strength of %g: it must be 0 to 1", strength)
	}
	own, weak := m.Full(), m.Weak.Params
	blended := tensor.Set{}
	for name, a := range own.Params {
		b := tensor.NewArray(a.Dims...)
		for i, v := range a.Data {
			b.Data[i] = float32(strength*float64(v) + (1-strength)*float64(weak[name].Data[i]))
		}
		blended[name] = b
	}
	between := *m
	between.Branches, between.Weak, between.Strength = []Network{{own.Spec, blended}}, nil, &strength
	return &between, nil
}

// pairFromTensors recognises a network with a weak end.
func pairFromTensors(params tensor.Set, known arch.Known, branches []string) (*Model, error) {
	strong := tensor.Set{}
	for name, a := range params {
		if !strings.HasPrefix(name, WeakPrefix) {
			strong[name] = a
		}
	}
	m, err := fromTensors(strong, known, branches)
	if err != nil {
		return nil, err
	}
	weak, err := fromTensors(params.Sub(WeakPrefix), known, nil)
	if err != nil {
		return nil, fmt.Errorf("the weak end: %w", err)
	}
	pair, err := Pair(m, weak)
	return pair, fault.As(fault.Damaged, err)
}
