package arch

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"classsr/nn"
	"classsr/tensor"
)

// Known is what is known of a network besides its parameters; zero fields are not known.
type Known struct {
	// Scale says how far a network enlarges whose parameters do not tell, as those of FSRCNN. Unknown means 4, but every other scale of the
	// architecture can be asked for.
	Scale int
	// InputRange is what white is to the network, 1 or 255. The mean shift tells, where it is stored; unknown means as in the
	// paper.
	InputRange int
}

// Recognise tells from the names and shapes of parameters which network they belong to. It returns its Spec and the
// parameters under the names of the paper's released code, with those filled in that files may leave out.
//
// The error wraps ErrUnknown if no architecture fits, and otherwise names the tensor that is missing, surplus, misshapen or
// impossible, or what of known the parameters contradict.
func Recognise(params tensor.Set, known Known) (Spec, tensor.Set, error) {
	for _, a := range All {
		named, err := a.renamed(params)
		if err != nil {
			return Spec{}, nil, err
		}
		spec, ok := a.recognise(dims(named))
		if !ok {
			continue
		}
		switch {
		case a.anyScale && known.Scale != 0:
			spec.Scale = known.Scale
		case a.anyScale:
			spec.Scales = a.Scales
		}
		// Before anything is built: a file of many names could ask for a network far larger than itself.
		if err := spec.Check(); err != nil {
			return Spec{}, nil, err
		}
		if named, err = a.complete(&spec, named, known); err != nil {
			return Spec{}, nil, err
		}
		if err := spec.Check(); err != nil {
			return Spec{}, nil, err
		}
		if err := nn.CheckParams(spec.Params(), named); err != nil {
			return Spec{}, nil, fmt.Errorf("%s of width %d: %w", a.Title, spec.Width, err)
		}
		if err := checkValues(named); err != nil {
			return Spec{}, nil, err
		}
		return spec, named, nil
	}
	return Spec{}, nil, fmt.Errorf("%w (%s)", ErrUnknown, sample(params))
}

// complete finds the input range and fills in the parameters that files may leave out.
func (a *Arch) complete(spec *Spec, named tensor.Set, known Known) (tensor.Set, error) {
	spec.InputRange = known.InputRange
	if a.fixed == nil {
		if spec.InputRange == 0 {
			spec.InputRange = 1
		}
		return named, nil
	}
	if stored := meanShiftRange(named); stored != 0 {
		if known.InputRange != 0 && known.InputRange != stored {
			return nil, fmt.Errorf("the mean shift is that of colours in 0..%d, not 0..%d", stored, known.InputRange)
		}
		spec.InputRange = stored
	} else if spec.InputRange == 0 {
		spec.InputRange = a.paper(spec.Scale, spec.Width).InputRange
	}
	complete := a.fixed(*spec)
	maps.Copy(complete, named)
	return complete, nil
}

// checkValues returns an error that names the first parameter with a value that no trained network has.
func checkValues(params tensor.Set) error {
	for name, array := range params {
		if strings.HasSuffix(name, ".running_var") && slices.Min(array.Data) < 0 {
			return fmt.Errorf("tensor %q holds a negative variance", name)
		}
	}
	return params.CheckFinite()
}

func (a *Arch) renamed(params tensor.Set) (tensor.Set, error) {
	if a.rename == nil {
		return params, nil
	}
	named := tensor.Set{}
	for name, array := range params {
		to := a.rename(name)
		if _, taken := named[to]; taken {
			return nil, fmt.Errorf("tensor %q is there twice, under two names in use", to)
		}
		named[to] = array
	}
	return named, nil
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

// count counts how many weights of convolutions named prefix+"0"+suffix, prefix+"1"+suffix, ... there are without a gap.
func (d dims) count(prefix, suffix string) int {
	n := 0
	for d.has(fmt.Sprint(prefix, n, suffix), 4) {
		n++
	}
	return n
}
