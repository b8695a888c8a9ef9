// Package models holds the models that are inside the program. What they are, how they were trained and under which licences stands in
// docs/models.md and NOTICE.
package models

import (
	"bytes"
	"embed"
	"fmt"

	"classsr/weights"
)

//go:embed *.safetensors
var files embed.FS

const (
	// Default is the model that is used where none is named.
	Default = "carn-x4"
	// Fast is the model for those in a hurry: some twenty times as fast, and not as good.
	Fast = "fsrcnn-x4"
)

// builtin is a model inside the program. Several may share a file that serves several scales.
type builtin struct {
	name  string
	file  string
	scale int
}

var builtins = []builtin{
	{Default, "carn-x4.safetensors", 4},
	{Fast, "fsrcnn-x4.safetensors", 4},
	{"carn-m-x2", "carn-m.safetensors", 2},
	{"carn-m-x3", "carn-m.safetensors", 3},
	{"carn-m-x4", "carn-m.safetensors", 4},
}

// Names lists the models, the default one first.
func Names() []string {
	names := make([]string, len(builtins))
	for i, b := range builtins {
		names[i] = b.name
	}
	return names
}

// For names the first model of an enlargement; empty if there is none.
func For(scale int) string {
	for _, b := range builtins {
		if b.scale == scale {
			return b.name
		}
	}
	return ""
}

// Open reads the model of a name and gives the enlargement that it is for; the file is nil if there is none of that name.
func Open(name string) (file *weights.Model, scale int, err error) {
	for _, b := range builtins {
		if b.name != name {
			continue
		}
		data, err := files.ReadFile(b.file)
		if err != nil {
			return nil, 0, err
		}
		file, err := weights.Read(bytes.NewReader(data), int64(len(data)), 0)
		if err != nil {
			return nil, 0, fmt.Errorf("built-in model %s: %w", name, err)
		}
		file.Name = name
		return file, b.scale, nil
	}
	return nil, 0, nil
}
