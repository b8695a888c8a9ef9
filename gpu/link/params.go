package link

import (
	"classsr/arch"
	"classsr/tensor"
	"classsr/weights"
)

// ParamsBytes is what a network's parameters take in a region.
func ParamsBytes(spec arch.Spec) int64 {
	n := int64(0)
	for _, p := range spec.Build().Params() {
		n += 4 * int64(tensor.DimsLen(p.Dims))
	}
	return n
}

// WriteParams writes a network's parameters into memory of ParamsBytes.
func WriteParams(to []byte, n weights.Network) {
	floats := Floats(to)
	for _, name := range n.Params.Names() {
		floats = floats[copy(floats, n.Params[name].Data):]
	}
}

// Params reads what WriteParams has written into a region. A network that cannot be, or that does not fit, is an error of ErrRefused. Numbers may be anything.
func (n *Network) Params(region []byte) (weights.Network, error) {
	if err := n.Spec.Check(); err != nil {
		return weights.Network{}, refused("%w", err)
	}
	if n.Spec.Scale == 0 {
		return weights.Network{}, refused("a network that does not enlarge")
	}
	if !fits(n.Offset, ParamsBytes(n.Spec), 1, int64(len(region))) {
		return weights.Network{}, refused("parameters at %d of a region of %d bytes", n.Offset, len(region))
	}
	out := weights.Network{Spec: n.Spec, Params: tensor.Set{}}
	for _, p := range n.Spec.Build().Params() {
		out.Params[p.Name] = tensor.NewArray(p.Dims...)
	}
	floats := Floats(region[n.Offset:])
	for _, name := range out.Params.Names() {
		floats = floats[copy(out.Params[name].Data, floats):]
	}
	return out, nil
}
