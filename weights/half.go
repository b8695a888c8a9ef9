package weights

import (
	"classsr/fault"
	"classsr/tensor"
)

// Half rounds all that is learnt to the nearest float16 numbers (to even ones in the middle), so that files hold the model in half the space:
// Write does that by itself where it loses nothing. The mean colours of CARN and RCAN stay as they are.
//
// The error names a tensor with a number that is too large for float16, and is of kind fault.Usage; the model is as it was then.
func (m *Model) Half() error {
	rounded := map[*Network]tensor.Set{}
	for _, p := range m.parts() {
		set := tensor.Set{}
		for name, a := range p.network.Params {
			set[name] = a
			if !p.network.Spec.Learns(name) {
				continue
			}
			half := tensor.NewArray(a.Dims...)
			for i, v := range a.Data {
				bits, ok := tensor.ToFloat16(v)
				if !ok {
					return fault.New(fault.Usage, "tensor %q holds %v, and float16 ends at 65504: the model cannot be stored in half precision", p.prefix+name, v)
				}
				half.Data[i] = tensor.Float16(bits)
			}
			set[name] = half
		}
		rounded[p.network] = set
	}
	for network, set := range rounded {
		network.Params = set
	}
	return nil
}

// halves names the tensors that files hold as float16: all that are learnt if that loses nothing of any, and none otherwise.
func (m *Model) halves() map[string]bool {
	names := map[string]bool{}
	for _, p := range m.parts() {
		for name, a := range p.network.Params {
			if !p.network.Spec.Learns(name) {
				continue
			}
			for _, v := range a.Data {
				if bits, ok := tensor.ToFloat16(v); !ok || tensor.Float16(bits) != v {
					return nil
				}
			}
			names[p.prefix+name] = true
		}
	}
	return names
}

// part is a network of a model, with the prefix of its tensors in files.
type part struct {
	prefix  string
	network *Network
}

func (m *Model) parts() []part {
	if m.ClassModule == nil {
		parts := []part{{"", &m.Branches[len(m.Branches)-1]}}
		if m.Weak != nil {
			parts = append(parts, part{WeakPrefix, m.Weak})
		}
		return parts
	}
	parts := []part{{ClassModulePrefix, m.ClassModule}}
	for i := range m.Branches {
		parts = append(parts, part{BranchPrefix(i), &m.Branches[i]})
	}
	return parts
}
