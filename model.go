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
	// DefaultModel is the model that is used where none is named.
	DefaultModel = models.Default
	// FastModel is the model for those in a hurry: some twenty times as fast, and not as good.
	FastModel = models.Fast
	// Bicubic names the model without a network: bicubic interpolation, as MATLAB's imresize does it.
	Bicubic = branch.Bicubic
)

// Names lists the models inside the program.
func Names() []string { return append(models.Names(), Bicubic) }

// DefaultModelFor names the model that is used for an enlargement where none is named; empty if there is none.
func DefaultModelFor(scale int) string { return models.For(scale) }

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
	if file, scale, err := models.Open(nameOrPath); err != nil {
		return nil, err
	} else if file != nil {
		return newModel(file, scale), nil
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

// HasClasses tells whether the model has a Class-Module and branches to choose from.
func (m *Model) HasClasses() bool { return m.file != nil && m.file.ClassModule != nil }

// listScales writes scales in their order, for messages.
func listScales(scales []int) string {
	var texts []string
	for _, s := range slices.Sorted(slices.Values(scales)) {
		texts = append(texts, strconv.Itoa(s))
	}
	return strings.Join(texts, ", ")
}
