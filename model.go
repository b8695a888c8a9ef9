package classsr

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"classsr/arch"
	"classsr/engine"
	"classsr/internal/kernel"
	"classsr/tensor"
	"classsr/weights"
)

// Model is a network, or several for several classes of picture content, ready to make Upscalers of. It is read-only and may
// be shared.
type Model struct {
	file *weights.Model // nil for bicubic
	name string
	// scales lists the enlargements on offer, the default one first.
	scales []int
}

// bicubicScales are the enlargements the bicubic model offers.
var bicubicScales = []int{4, 2, 3, 8}

// Open opens a model: by the name of one inside the program (Names lists them) or by the path of a file (safetensors, or a
// PyTorch checkpoint of a known network).
func Open(nameOrPath string) (*Model, error) {
	if _, err := kernel.Select(); err != nil {
		return nil, err
	}
	if nameOrPath == Bicubic {
		return &Model{name: Bicubic, scales: bicubicScales}, nil
	}
	for _, b := range builtins {
		if b.name == nameOrPath {
			return b.open()
		}
	}
	if _, err := os.Stat(nameOrPath); errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(nameOrPath, `./\`) {
		return nil, fmt.Errorf("no model named %q; built in are %s, and a file is given by its path",
			nameOrPath, strings.Join(Names(), ", "))
	}
	file, err := weights.Open(nameOrPath, 0)
	if err != nil {
		return nil, err
	}
	if file.Name == "" {
		file.Name = nameOrPath
	}
	return ModelOf(file), nil
}

// NewModel makes a model of a single network, with parameters that fit its Spec, such as those of Spec.Init.
func NewModel(spec arch.Spec, params tensor.Set) *Model {
	network := weights.Network{Spec: spec, Params: params}
	return ModelOf(&weights.Model{Name: spec.Net, Branches: []weights.Network{network}, Classes: weights.ClassNames(1)})
}

// ModelOf makes a model, at all its scales, of what a model file holds. Its parts must fit together, as those of files do, and its
// parameters must not change while Upscalers of the model are in use.
func ModelOf(file *weights.Model) *Model { return newModel(file, 0) }

// newModel offers one scale of a file, or all if scale is 0.
func newModel(file *weights.Model, scale int) *Model {
	m := &Model{file: file, name: file.Name, scales: []int{scale}}
	if scale == 0 {
		m.scales = slices.Clone(file.Scales())
		slices.SortFunc(m.scales, func(a, b int) int { return b - a })
		if i := slices.Index(m.scales, 4); i > 0 { // the usual enlargement is the default one
			m.scales[0], m.scales[i] = m.scales[i], m.scales[0]
		}
	}
	return m
}

// Weights gives the networks of the model, which must not be changed; nil for bicubic.
func (m *Model) Weights() *weights.Model { return m.file }

// Name is the model's name, or the path of its file if it has none.
func (m *Model) Name() string { return m.name }

// Scales lists the enlargements the model can do, the default one first.
func (m *Model) Scales() []int { return slices.Clone(m.scales) }

// ClassInfo describes one branch of a model. Costs are those of one 32x32 patch.
type ClassInfo struct {
	Name            string `json:"name"`
	Architecture    string `json:"architecture,omitempty"` // if it is not the model's
	Width           int    `json:"width"`
	Params          int    `json:"params"`
	MACsPatch       int64  `json:"macs_patch"`
	PaperFLOPsPatch int64  `json:"paper_flops_patch"`
}

// ClassModuleInfo describes the Class-Module of a model. Costs are those of one 32x32 patch.
type ClassModuleInfo struct {
	Params          int   `json:"params"`
	MACsPatch       int64 `json:"macs_patch"`
	PaperFLOPsPatch int64 `json:"paper_flops_patch"`
}

// Info describes a model. Params counts all branches and the Class-Module.
type Info struct {
	Name         string           `json:"name"`
	Architecture string           `json:"architecture,omitempty"`
	Scale        int              `json:"scale"`
	Scales       []int            `json:"scales,omitempty"` // if there are several
	Classes      []ClassInfo      `json:"classes"`
	ClassModule  *ClassModuleInfo `json:"class_module,omitempty"`
	Params       int              `json:"params"`
	InputRange   int              `json:"input_range,omitempty"`
	Licence      string           `json:"licence,omitempty"`
	Provenance   string           `json:"provenance,omitempty"`
}

// patch is the sub-image of the paper, for which costs are given.
var patch = tensor.Shape{N: 1, C: 3, H: 32, W: 32}

// Info describes the model at its default scale.
func (m *Model) Info() Info {
	info := Info{Name: m.name, Scale: m.scales[0], Classes: []ClassInfo{}}
	if len(m.scales) > 1 {
		info.Scales = slices.Sorted(slices.Values(m.scales))
	}
	if m.file == nil {
		info.Provenance = "interpolation without a network (MATLAB's imresize)"
		return info
	}
	info.Architecture = m.file.Full().Spec.Net
	for i, b := range m.file.Branches {
		b.Spec.Scale = m.scales[0]
		info.addClass(m.file.Classes[i], b.Spec)
	}
	if m.file.ClassModule != nil {
		info.setClassModule(m.file.ClassModule.Spec)
	}
	info.InputRange = m.file.Full().Spec.InputRange
	info.Licence, info.Provenance = m.file.Licence, m.file.Provenance
	return info
}

// ArchitectureInfo describes the paper's ClassSR form of an architecture: a branch of each of its widths, and the Class-Module.
func ArchitectureInfo(name string, scale int) (Info, error) {
	a, err := arch.ByName(name)
	if err != nil {
		return Info{}, err
	}
	if !a.InPaper() {
		_, err := arch.Paper(name, scale, 1) // which says why not
		return Info{}, err
	}
	info := Info{Name: name, Architecture: name, Scale: scale, Classes: []ClassInfo{}}
	classes := weights.ClassNames(len(a.Widths))
	for i, width := range a.Widths {
		spec, err := arch.Paper(name, scale, width)
		if err != nil {
			return Info{}, err
		}
		info.addClass(classes[i], spec)
		info.InputRange = spec.InputRange
	}
	info.setClassModule(arch.PaperClassModule(len(a.Widths)))
	return info, nil
}

func (i *Info) addClass(name string, spec arch.Spec) {
	cost := spec.Build().Cost(patch)
	i.Params += cost.Params
	class := ClassInfo{Name: name, Width: spec.Width, Params: cost.Params, MACsPatch: cost.True, PaperFLOPsPatch: cost.PaperFLOPs()}
	if spec.Net != i.Architecture {
		class.Architecture = spec.Net
	}
	i.Classes = append(i.Classes, class)
}

func (i *Info) setClassModule(spec arch.Spec) {
	cost := spec.Build().Cost(patch)
	i.Params += cost.Params
	i.ClassModule = &ClassModuleInfo{cost.Params, cost.True, cost.PaperFLOPs()}
}

// compile makes the plan of a branch at this scale.
func compile(n weights.Network, scale int) (*engine.Plan, arch.Spec, error) {
	spec, err := n.Spec.AtScale(scale)
	if err != nil {
		return nil, spec, err
	}
	return engine.Compile(spec.Build(), spec.ParamsAtScale(n.Params)), spec, nil
}
