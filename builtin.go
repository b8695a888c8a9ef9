package classsr

import (
	"bytes"
	"embed"
	"fmt"

	"classsr/weights"
)

//go:embed models/*.safetensors
var modelFiles embed.FS

// Notice is the program's licence and what its models and pictures ask to be said of them; package licences has those of linked modules.
//
//go:embed NOTICE
var Notice string

// DefaultModel is the model that is used where none is named.
const DefaultModel = "carn-x4"

// FastModel is the model for those in a hurry: some twenty times as fast, and not as good.
const FastModel = "fsrcnn-x4"

// Bicubic names the model without a network: bicubic interpolation, as MATLAB's imresize does it.
const Bicubic = "bicubic"

// builtin is a model inside the program. Several may share a file that serves several scales.
type builtin struct {
	name  string
	file  string
	scale int
}

var builtins = []builtin{
	{"carn-x4", "models/carn-x4.safetensors", 4},
	{"fsrcnn-x4", "models/fsrcnn-x4.safetensors", 4},
	{"carn-m-x2", "models/carn-m.safetensors", 2},
	{"carn-m-x3", "models/carn-m.safetensors", 3},
	{"carn-m-x4", "models/carn-m.safetensors", 4},
}

// Names lists the models inside the program.
func Names() []string {
	names := make([]string, len(builtins))
	for i, b := range builtins {
		names[i] = b.name
	}
	return append(names, Bicubic)
}

func (b builtin) open() (*Model, error) {
	data, err := modelFiles.ReadFile(b.file)
	if err != nil {
		return nil, err
	}
	file, err := weights.Read(bytes.NewReader(data), int64(len(data)), 0)
	if err != nil {
		return nil, fmt.Errorf("built-in model %s: %w", b.name, err)
	}
	file.Name = b.name
	return newModel(file, b.scale), nil
}

// DefaultModelFor names the model that is used for an enlargement where none is named; empty if there is none.
func DefaultModelFor(scale int) string {
	for _, b := range builtins {
		if b.scale == scale {
			return b.name
		}
	}
	return ""
}
