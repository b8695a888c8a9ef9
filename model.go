package classsr

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"classsr/branch"
	"classsr/fault"
	"classsr/internal/kernel"
	"classsr/models"
	"classsr/weights"
)

const (
	// DefaultModel is the name of the model that is used if none is named: ClassSR-SPAN, x4.
	DefaultModel = models.Default
	// FastModel is the name of a smaller model, ClassSR-FSRCNN, x4: several times as fast as DefaultModel, with lower quality.
	FastModel = models.Fast
	// Bicubic is the name of the model without a network: bicubic interpolation, as by MATLAB's imresize.
	Bicubic = branch.Bicubic
)

// Kind says which pictures a built-in model was trained for: models.Clean, models.Photo or models.Real.
type Kind = models.Kind

// Names lists the names of the built-in models, the default one first and Bicubic last.
func Names() []string { return append(models.Names(), Bicubic) }

// DefaultModelFor is the name of the built-in model that is used for a scale if none is named; empty if there is none.
func DefaultModelFor(scale int) string {
	b, _ := models.Choose(scale, models.Wanted{Kind: models.Clean})
	return b.Name
}

// Model is a network, or several networks for classes of picture content, of which Upscalers are made. It does not change and may be used
// by several goroutines at once.
type Model struct {
	file *weights.Model // nil for bicubic
	name string
	// builtin describes it if it is built in.
	builtin models.Builtin
	// scales lists the enlargements on offer, the default one first.
	scales []int
}

// bicubicScales are the enlargements the bicubic model offers.
var bicubicScales = []int{4, 2, 3, 8}

// Open opens a model by the name of a built-in one (see Names) or by the path of a file: safetensors, a PyTorch checkpoint of a known
// network, or either file of one for ncnn. Errors name the model or file and have a kind: fault.NotFound, fault.Unsupported or fault.Damaged, for instance.
func Open(nameOrPath string) (*Model, error) {
	if _, err := kernel.Select(); err != nil {
		return nil, err
	}
	if nameOrPath == Bicubic {
		return &Model{name: Bicubic, scales: bicubicScales}, nil
	}
	if file, scale, err := models.Open(nameOrPath); err != nil {
		return nil, err
	} else if file != nil {
		m := newModel(file, scale)
		m.builtin, _ = models.Find(nameOrPath)
		return m, nil
	}
	if _, err := os.Stat(nameOrPath); errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(nameOrPath, `./\`) {
		return nil, fault.New(fault.NotFound, "no model named %q; the built-in models are %s; give a model file by its path",
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

// ModelOf makes a model, at all its scales, of the contents of a model file. They must fit together, as those of files do, and the
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

// Weights gives the networks of the model, which must not be changed; nil for Bicubic.
func (m *Model) Weights() *weights.Model { return m.file }

// Name is the model's name, or the path of its file if it has none.
func (m *Model) Name() string { return m.name }

// Kind says which pictures a built-in model was trained for. It is empty for files and for Bicubic.
func (m *Model) Kind() Kind { return m.builtin.Kind }

// Denoises tells whether how strongly the model removes noise can be chosen.
func (m *Model) Denoises() bool { return m.file != nil && m.file.Weak != nil }

// Denoised gives the model with its removal of noise set to a strength from 0, which keeps nearly all, to 1, as it is anyway. It returns an error of
// kind fault.Usage that names the model if it has no such choice.
func (m *Model) Denoised(strength float64) (*Model, error) {
	if !m.Denoises() {
		return nil, fault.New(fault.Usage, "how strongly %s removes noise cannot be chosen", m.name)
	}
	file, err := m.file.Denoised(strength)
	if err != nil {
		return nil, err
	}
	denoised := *m
	denoised.file = file
	return &denoised, nil
}

// Scales lists how many times the model can enlarge, the default first.
func (m *Model) Scales() []int { return slices.Clone(m.scales) }

// HasClasses tells whether the model has a Class-Module and several branches, so that it can be routed.
func (m *Model) HasClasses() bool { return m.file != nil && m.file.ClassModule != nil }

// listScales writes scales in their order, for messages.
func listScales(scales []int) string {
	var texts []string
	for _, s := range slices.Sorted(slices.Values(scales)) {
		texts = append(texts, strconv.Itoa(s))
	}
	return strings.Join(texts, ", ")
}
