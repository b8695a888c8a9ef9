// Package models holds the models that are inside the program, and chooses among them. What they are, how they were trained and under which
// licences stands in docs/models.md and NOTICE.
package models

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"slices"
	"sync"

	"classsr/weights"
)

//go:embed *.safetensors
var files embed.FS

// Kind says which pictures a model was trained for.
type Kind string

const (
	// Clean models were trained on clean reductions of clean pictures: they keep what is there, noise and traces of JPEG included.
	Clean Kind = "clean"
	// Photo models were trained on pictures as cameras and JPEG leave them: they keep what is there but noise and traces of JPEG.
	Photo Kind = "photo"
	// Real models were trained to look real: they invent texture. They are never chosen unless they are asked for.
	Real Kind = "real"
)

// Kinds lists the kinds.
var Kinds = []Kind{Clean, Photo, Real}

// Builtin is a model inside the program.
type Builtin struct {
	Name  string
	Scale int
	Kind  Kind
	// Fast models are for those in a hurry: several times as fast, and not as good.
	Fast bool
	// Classes tells that it has a Class-Module and several branches, so that it can be routed.
	Classes bool
	// Denoise tells that it has a weak end (weights.Model.Weak), so that how strongly it removes noise can be chosen.
	Denoise bool

	file string // several may share one that serves several scales
	// rank says which is chosen of several of the same scale, kind and speed: the one with the lowest.
	rank int
}

const (
	// Default is the model that is chosen where nothing is asked for.
	Default = "span-x4"
	// Fast is the fast model of its scale.
	Fast = "fsrcnn-x4"
)

// builtins are all models. The order is that of lists that people read, and decides nothing.
var builtins = []Builtin{
	{Name: "span-x4", Scale: 4, Kind: Clean, Classes: true, file: "span-x4.safetensors", rank: 1},
	{Name: "span-photo-x4", Scale: 4, Kind: Photo, Classes: true, file: "span-photo-x4.safetensors", rank: 1},
	{Name: "fsrcnn-x2", Scale: 2, Kind: Clean, Fast: true, Classes: true, file: "fsrcnn-x2.safetensors", rank: 1},
	{Name: "fsrcnn-x3", Scale: 3, Kind: Clean, Fast: true, Classes: true, file: "fsrcnn-x3.safetensors", rank: 1},
	{Name: "fsrcnn-x4", Scale: 4, Kind: Clean, Fast: true, Classes: true, file: "fsrcnn-x4.safetensors", rank: 1},
	{Name: "carn-x2", Scale: 2, Kind: Clean, Classes: true, file: "carn-x2.safetensors", rank: 2},
	{Name: "carn-x3", Scale: 3, Kind: Clean, Classes: true, file: "carn-x3.safetensors", rank: 2},
	{Name: "carn-x4", Scale: 4, Kind: Clean, Classes: true, file: "carn-x4.safetensors", rank: 2},
	{Name: "srresnet-x4", Scale: 4, Kind: Clean, Classes: true, file: "srresnet-x4.safetensors", rank: 3},
	{Name: "carn-m-x2", Scale: 2, Kind: Clean, file: "carn-m.safetensors", rank: 4},
	{Name: "carn-m-x3", Scale: 3, Kind: Clean, file: "carn-m.safetensors", rank: 4},
	{Name: "carn-m-x4", Scale: 4, Kind: Clean, file: "carn-m.safetensors", rank: 4},
	{Name: "real-x4", Scale: 4, Kind: Real, Denoise: true, file: "real-x4.safetensors", rank: 1},
}

// Names lists the models, as people read lists: the default one first.
func Names() []string {
	names := []string{Default}
	for _, b := range builtins {
		if b.Name != Default {
			names = append(names, b.Name)
		}
	}
	return names
}

// Find gives the model of a name, if there is one.
func Find(name string) (Builtin, bool) {
	for _, b := range builtins {
		if b.Name == name {
			return b, true
		}
	}
	return Builtin{}, false
}

// Has tells whether there is a model of a kind.
func Has(kind Kind) bool {
	return slices.ContainsFunc(builtins, func(b Builtin) bool { return b.Kind == kind })
}

// Label is what the model's file says of it, read in no time.
func (b Builtin) Label() (weights.Label, error) {
	data, err := files.ReadFile(b.file)
	if err != nil {
		return weights.Label{}, err
	}
	return weights.ReadLabel(bytes.NewReader(data), int64(len(data)))
}

// Sum is a SHA-256 over the names of all models and what their files hold: programs with the same have the same models.
var Sum = sync.OnceValue(func() [sha256.Size]byte {
	all := sha256.New()
	for _, b := range builtins {
		data, err := files.ReadFile(b.file)
		if err != nil {
			panic("models: a file that was embedded is not there: " + b.file)
		}
		sum := sha256.Sum256(data)
		_, _ = fmt.Fprintf(all, "%s %d %x\n", b.Name, b.Scale, sum) // hashes give no errors
	}
	return [sha256.Size]byte(all.Sum(nil))
})

// Open reads the model of a name and gives the enlargement that it is for; the file is nil if there is none of that name.
func Open(name string) (file *weights.Model, scale int, err error) {
	b, ok := Find(name)
	if !ok {
		return nil, 0, nil
	}
	data, err := files.ReadFile(b.file)
	if err != nil {
		return nil, 0, err
	}
	file, err = weights.Read(bytes.NewReader(data), int64(len(data)), 0)
	if err != nil {
		return nil, 0, fmt.Errorf("built-in model %s: %w", name, err)
	}
	file.Name = name
	return file, b.Scale, nil
}
