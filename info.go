package classsr

import (
	"slices"

	"classsr/arch"
	"classsr/branch"
	"classsr/models"
	"classsr/weights"
)

// ClassInfo describes one branch of a model: the name of its class, its architecture if it is not the model's, the channels of its feature
// maps (Width), the number of its parameters, and what one 32x32 patch costs in multiply-accumulates and in FLOPs as the paper counts them.
type ClassInfo struct {
	Name            string `json:"name"`
	Architecture    string `json:"architecture,omitempty"` // if it is not the model's
	Width           int    `json:"width"`
	Params          int    `json:"params"`
	MACsPatch       int64  `json:"macs_patch"`
	PaperFLOPsPatch int64  `json:"paper_flops_patch"`
}

// ClassModuleInfo describes the Class-Module of a model: the number of its parameters, and what one 32x32 patch costs.
type ClassModuleInfo struct {
	Params          int   `json:"params"`
	MACsPatch       int64 `json:"macs_patch"`
	PaperFLOPsPatch int64 `json:"paper_flops_patch"`
}

// Info describes a model; in JSON it is what `classsr models --json` prints. Scale is the default enlargement. Classes are the branches,
// the simplest first, and ClassModule is nil for a model without classes. Params counts the parameters of all branches and the
// Class-Module. InputRange is the value of white in the network, 1 or 255. Licence is an SPDX identifier.
// Kind and Fast are those of built-in models. Denoise tells that how strongly it removes noise can be chosen (upscale --denoise). Note is what users
// ought to know before they use it.
type Info struct {
	Name         string           `json:"name"`
	Kind         Kind             `json:"kind,omitempty"`
	Fast         bool             `json:"fast,omitempty"`
	Architecture string           `json:"architecture,omitempty"`
	Scale        int              `json:"scale"`
	Scales       []int            `json:"scales,omitempty"` // if there are several
	Classes      []ClassInfo      `json:"classes"`
	ClassModule  *ClassModuleInfo `json:"class_module,omitempty"`
	Params       int              `json:"params"`
	InputRange   int              `json:"input_range,omitempty"`
	Denoise      bool             `json:"denoise,omitempty"`
	Licence      string           `json:"licence,omitempty"`
	Provenance   string           `json:"provenance,omitempty"`
	Note         string           `json:"note,omitempty"`
}

// inventsTexture is the note about models that do.
const inventsTexture = "it invents texture: results look sharp and real, but show details that were never there"

// Note is what users ought to know before they use the model, in a sentence; empty for nearly all models.
func (m *Model) Note() string {
	if m.builtin.Kind == models.Real {
		return inventsTexture
	}
	return ""
}

// Info describes the model at its default scale.
func (m *Model) Info() Info {
	info := Info{Name: m.name, Kind: m.builtin.Kind, Fast: m.builtin.Fast, Scale: m.scales[0], Classes: []ClassInfo{}, Denoise: m.Denoises()}
	info.Note = m.Note()
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

// ArchitectureInfo describes the paper's ClassSR form of an architecture (fsrcnn, carn, srresnet, rcan, span, fsrcnn2016, srvggnet or rrdbnet) at a scale: a branch of each of
// its widths, and the Class-Module. It returns an error if there is no such architecture or it cannot enlarge so many times.
func ArchitectureInfo(name string, scale int) (Info, error) {
	a, err := arch.ByName(name)
	if err != nil {
		return Info{}, err
	}
	if !a.Enlarges() {
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
	cost := spec.Build().Cost(branch.Patch)
	i.Params += cost.Params
	class := ClassInfo{Name: name, Width: spec.Width, Params: cost.Params, MACsPatch: cost.True, PaperFLOPsPatch: cost.PaperFLOPs()}
	if spec.Net != i.Architecture {
		class.Architecture = spec.Net
	}
	i.Classes = append(i.Classes, class)
}

func (i *Info) setClassModule(spec arch.Spec) {
	cost := spec.Build().Cost(branch.Patch)
	i.Params += cost.Params
	i.ClassModule = &ClassModuleInfo{cost.Params, cost.True, cost.PaperFLOPs()}
}
