// Package arch builds networks as nn graphs, at any width: those of the ClassSR paper (FSRCNN, CARN, SRResNet, RCAN and the Class-Module),
// later ones (SPAN, SRVGGNetCompact), and those that most published models have (RRDBNet, FSRCNN as in its own paper); and bicubic
// interpolation to stand for one. A Spec says which network; Build gives its graph; Recognise finds the
// Spec from the names and shapes of stored parameters. Everything that differs between architectures (allowed scales, input
// range, whether it pools over its input) is declared here, so that no caller has to test a network's name.
//
// Parameters are named as in the released code (PyTorch state-dict keys).
package arch

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"classsr/nn"
	"classsr/tensor"
)

// Spec says which network: all that is needed to build its graph. Fields that an architecture does not have are zero.
type Spec struct {
	Net        string `json:"net"`                  // name of the architecture
	Scale      int    `json:"scale,omitempty"`      // enlargement
	Scales     []int  `json:"scales,omitempty"`     // several enlargements that the parameters serve: multi-scale CARN, bicubic, FSRCNN if nothing tells which one it is for
	Width      int    `json:"width,omitempty"`      // channels of the feature maps (d or nf)
	Depth      int    `json:"depth,omitempty"`      // FSRCNN: mapping layers m; RCAN: residual groups; SRVGGNetCompact: body convolutions; others: blocks
	Blocks     int    `json:"blocks,omitempty"`     // RCAN: blocks in a group
	Shrink     int    `json:"shrink,omitempty"`     // FSRCNN: channels s of the mapping layers
	Growth     int    `json:"growth,omitempty"`     // RRDBNet: channels that each convolution of a dense block adds
	Groups     int    `json:"groups,omitempty"`     // CARN: groups of the 3x3 convolutions
	BatchNorm  bool   `json:"batch_norm,omitempty"` // CARN: fusions are normalised instead of biased
	Squeeze    int    `json:"squeeze,omitempty"`    // RCAN: channels inside the attention
	InputRange int    `json:"input_range"`          // what white is to the network: 1 or 255
	Classes    int    `json:"classes,omitempty"`    // Class-Module
}

// Arch is one architecture and its limits.
type Arch struct {
	Name   string
	Title  string
	Scales []int // enlargements it can be built for; none for the Class-Module
	Widths []int // of the simple, medium and hard branch, in the paper where it has the network
	// Interpolates is set if there are no parameters: it is no network, and not one of the paper's.
	Interpolates bool
	// Pools is set if the network averages over its whole input, so that its result depends on how a picture is cut.
	Pools bool

	limits    []limit
	paper     func(scale, width int) Spec
	build     func(Spec) *nn.Graph
	recognise func(dims) (Spec, bool)
	// rename gives the name used here for a parameter of another released form of the network; nil if there is none.
	rename func(string) string
	// fixed gives parameters that files may leave out because they are not learnt; nil if there are none.
	fixed func(Spec) tensor.Set
	// anyScale is set if parameters do not tell how far the network enlarges.
	anyScale bool
	// uniform is set if all convolutions begin as PyTorch's do by default.
	uniform bool
	// start changes random parameters to those that training begins with; nil if nothing is to be changed.
	start func(Spec, tensor.Set)
}

// limit bounds a field of the Spec, so that no file can ask for a network that takes forever to build.
type limit struct {
	name     string
	of       func(Spec) int
	min, max int
}

// maxChannels bounds widths.
const maxChannels = 4096

// All lists every architecture.
var All = []*Arch{&fsrcnn, &carn, &srresnet, &rcan, &span, &fsrcnn2016, &srvggnet, &rrdbnet, &classModule, &bicubic}

// ErrUnknown is returned (wrapped) by Recognise for parameters that fit no architecture.
var ErrUnknown = errors.New("these tensors belong to no known network")

// ByName finds an architecture.
func ByName(name string) (*Arch, error) {
	for _, a := range All {
		if a.Name == name {
			return a, nil
		}
	}
	return nil, fmt.Errorf("unknown network %q; there are %s", name, strings.Join(SRNames(), ", "))
}

// SRNames lists the networks that enlarge pictures.
func SRNames() []string {
	var names []string
	for _, a := range All {
		if a.Enlarges() {
			names = append(names, a.Name)
		}
	}
	return names
}

// Enlarges tells whether it is a network that enlarges pictures.
func (a *Arch) Enlarges() bool { return len(a.Scales) > 0 && !a.Interpolates }

// Paper is an architecture at this scale and width, otherwise as in the ClassSR paper (section 4.1), or in its own.
func Paper(name string, scale, width int) (Spec, error) {
	a, err := ByName(name)
	if err != nil {
		return Spec{}, err
	}
	if !a.Enlarges() {
		return Spec{}, fmt.Errorf("%s is no network that enlarges; those are %s", name, strings.Join(SRNames(), ", "))
	}
	spec := a.paper(scale, width)
	return spec, spec.Check()
}

// PaperClassModule is the paper's Class-Module for this many classes.
func PaperClassModule(classes int) Spec { return classModule.paper(0, classes) }

// arch is the architecture of a Spec that has passed Check.
func (s Spec) arch() *Arch {
	a, err := ByName(s.Net)
	if err != nil {
		panic("arch: a Spec of an unknown network; call Check first")
	}
	return a
}

// Check returns an error if no network can be built from the Spec.
func (s Spec) Check() error {
	a, err := ByName(s.Net)
	if err != nil {
		return err
	}
	if s.Width < 1 || s.Width > maxChannels {
		return fmt.Errorf("%s cannot have width %d", s.Net, s.Width)
	}
	for _, l := range a.limits {
		if n := l.of(s); n < l.min || n > l.max {
			return fmt.Errorf("%s cannot have %d %s; %d to %d are possible", s.Net, n, l.name, l.min, l.max)
		}
	}
	scales := s.Scales
	if len(scales) == 0 && len(a.Scales) > 0 {
		scales = []int{s.Scale}
	}
	if len(s.Scales) > 0 && !slices.Contains(s.Scales, s.Scale) {
		return fmt.Errorf("%s: x%d is not among its scales %s", s.Net, s.Scale, list(s.Scales))
	}
	for _, scale := range scales {
		if !slices.Contains(a.Scales, scale) {
			return fmt.Errorf("%s cannot enlarge %d times; it can %s", s.Net, scale, list(a.Scales))
		}
	}
	if s.InputRange != 0 && s.InputRange != 1 && s.InputRange != 255 {
		return fmt.Errorf("%s cannot have an input range of %d; it is 1 or 255", s.Net, s.InputRange)
	}
	if s.Groups > 1 && s.Width%s.Groups != 0 {
		return fmt.Errorf("%s: width %d is not divisible by its %d groups", s.Net, s.Width, s.Groups)
	}
	return nil
}

// Enlarges tells whether the network enlarges pictures, as all but the Class-Module do.
func (s Spec) Enlarges() bool { return len(s.arch().Scales) > 0 }

// AnyScale tells whether parameters do not tell how far the network enlarges.
func (s Spec) AnyScale() bool { return s.arch().anyScale }

// Interpolates tells whether there are no parameters.
func (s Spec) Interpolates() bool { return s.arch().Interpolates }

// Pools tells whether the network averages over its whole input.
func (s Spec) Pools() bool { return s.arch().Pools }

// Learns tells whether training moves a parameter. The colours' mean shift stays as it is.
func (s Spec) Learns(name string) bool {
	fixed := s.arch().fixed
	if fixed == nil {
		return true
	}
	_, ok := fixed(s)[name]
	return !ok
}

// Build gives the graph of the network at s.Scale. Its input is RGB in 0..InputRange.
func (s Spec) Build() *nn.Graph { return s.arch().build(s) }

// AtScale is the Spec with this enlargement, one of those its parameters serve.
func (s Spec) AtScale(scale int) (Spec, error) {
	if len(s.Scales) == 0 && scale == s.Scale || slices.Contains(s.Scales, scale) {
		s.Scale = scale
		return s, nil
	}
	return Spec{}, fmt.Errorf("the model enlarges %s times, not %d", list(s.ScaleList()), scale)
}

// ScaleList lists the enlargements that the parameters serve.
func (s Spec) ScaleList() []int {
	if len(s.Scales) > 0 {
		return s.Scales
	}
	return []int{s.Scale}
}

// Params lists the parameters of the network, for all the scales it serves.
func (s Spec) Params() []nn.NamedParam {
	var all []nn.NamedParam
	seen := map[string]bool{}
	for _, scale := range s.ScaleList() {
		s.Scale = scale
		for _, p := range s.Build().Params() {
			if !seen[p.Name] {
				seen[p.Name] = true
				all = append(all, p)
			}
		}
	}
	return all
}

// ParamsAtScale picks from the parameters of all scales those that the graph of s.Scale uses.
func (s Spec) ParamsAtScale(params tensor.Set) tensor.Set {
	used := tensor.Set{}
	for _, p := range s.Build().Params() {
		used[p.Name] = params[p.Name]
	}
	return used
}

func list(values []int) string {
	return strings.Join(strings.Fields(strings.Trim(fmt.Sprint(values), "[]")), ", ")
}
