package arch

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"classsr/nn"
	"classsr/tensor"
)

// Recognise tells from the names and shapes of parameters which network they belong to. It returns its Spec and the
// parameters under the names of the paper's released code, with those filled in that files may leave out. FSRCNN's parameters
// have the same shapes at every scale: scale says which is meant (0 means 4); the other networks ignore it.
//
// The error wraps ErrUnknown if no architecture fits, and otherwise names the tensor that is missing, surplus, misshapen or
// not finite.
func Recognise(params tensor.Set, scale int) (Spec, tensor.Set, error) {
	for _, a := range All {
		named := a.renamed(params)
		spec, ok := a.recognise(dims(named))
		if !ok {
			continue
		}
		if a == &fsrcnn && scale != 0 {
			spec.Scale = scale
		}
		if a.fixed != nil {
			spec.InputRange = meanShiftRange(named)
			fixed := a.fixed(spec)
			maps.Copy(fixed, named)
			named = fixed
		}
		if err := spec.Check(); err != nil {
			return Spec{}, nil, err
		}
		if err := nn.CheckParams(spec.Params(), named); err != nil {
			return Spec{}, nil, fmt.Errorf("%s of width %d: %w", a.Title, spec.Width, err)
		}
		if err := named.CheckFinite(); err != nil {
			return Spec{}, nil, err
		}
		return spec, named, nil
	}
	return Spec{}, nil, fmt.Errorf("%w (%s)", ErrUnknown, sample(params))
}

func (a *Arch) renamed(params tensor.Set) tensor.Set {
	if a.rename == nil {
		return params
	}
	named := tensor.Set{}
	for name, array := range params {
		named[a.rename(name)] = array
	}
	return named
}

func sample(params tensor.Set) string {
	names := params.Names()
	if len(names) == 0 {
		return "the file holds none"
	}
	more := ""
	if len(names) > 3 {
		names, more = names[:3], ", ..."
	}
	return strings.Join(names, ", ") + more
}

// dims gives the dimensions of parameters by name.
type dims tensor.Set

// has tells whether there is a tensor of this name and number of dimensions that holds anything.
func (d dims) has(name string, rank int) bool {
	a, ok := d[name]
	return ok && len(a.Dims) == rank && !slices.Contains(a.Dims, 0)
}

// at is dimension i of a tensor that has was asked about.
func (d dims) at(name string, i int) int { return d[name].Dims[i] }

// count counts how many of the names prefix+"0"+suffix, prefix+"1"+suffix, ... there are without a gap.
func (d dims) count(prefix, suffix string) int {
	n := 0
	for {
		if _, ok := d[fmt.Sprint(prefix, n, suffix)]; !ok {
			return n
		}
		n++
	}
}
