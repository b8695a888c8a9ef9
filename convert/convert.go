// Package convert turns model files into other files: PyTorch checkpoints and safetensors into the program's model files, and these into
// checkpoints, ONNX or networks of ncnn for others.
package convert

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"classsr/fault"
	"classsr/internal/atomicfile"
	"classsr/weights"
	"classsr/weights/ncnn"
	"classsr/weights/onnx"
	"classsr/weights/torch"
)

// Endings of the files that are written.
const (
	safetensorsEnding = ".safetensors"
	checkpointEnding  = ".pth"
	onnxEnding        = ".onnx"
	// ncnnEnding is that of a list of layers, beside which a file of weights is written.
	ncnnEnding, ncnnWeights = ".param", ".bin"
)

// Options says what is written.
type Options struct {
	// Scale is the enlargement of a FSRCNN, which its tensors do not tell, and that of a file for ONNX or ncnn; 0 means what the file says, or 4.
	Scale int
	// Name, Licence (an SPDX identifier) and Provenance describe a model file; what is empty stays as it is. Without any name it is that of
	// the output file.
	Name, Licence, Provenance string
	// Branch, from 1, or ClassModule say which network of a model of several goes into a file for ONNX or ncnn.
	Branch      int
	ClassModule bool
	// Weak is a model file of the same network, trained to keep noise, that a model file gets as its weak end (upscale --denoise); empty for none.
	Weak string
	// Half rounds the numbers of a model file to float16, in which it takes half the space.
	Half      bool
	Overwrite bool
	// Producer is written into ONNX files: the program and its version.
	Producer string
}

// File reads the model in one file and writes another, whose ending says what it becomes. It gives a line about what was written.
func File(in, out string, o Options) (string, error) {
	ending := strings.ToLower(filepath.Ext(out))
	if err := o.checkFor(ending, out); err != nil {
		return "", err
	}
	model, err := weights.Open(in, o.Scale)
	if err != nil {
		return "", err
	}
	if o.Weak != "" {
		if model, err = pair(model, in, o.Weak, o.Scale); err != nil {
			return "", err
		}
	}
	if holdsOneNetwork(ending) {
		return o.export(model, in, out)
	}
	if o.Scale != 0 && !slices.Equal(model.Scales(), []int{o.Scale}) {
		return "", fault.New(fault.Usage, "--scale %d: the tensors are those of a network for x%d; leave --scale out", o.Scale, model.Scales())
	}
	if ending == checkpointEnding {
		if i := slices.IndexFunc(model.Branches, func(b weights.Network) bool { return b.Spec.Interpolates() }); i >= 0 {
			return "", fault.New(fault.Usage, "%s: branch %d of %s is %s, which a checkpoint cannot hold: write %s",
				out, i+1, in, model.Branches[i].Spec.Net, safetensorsEnding)
		}
		model.Weak = nil // which no other program would know
		err = atomicfile.Write(out, o.Overwrite, func(w io.Writer) error { return torch.Write(w, model.Tensors()) })
	} else {
		o.describe(model, out)
		if o.Half {
			err = model.Half()
		}
		if err == nil {
			err = model.Save(out, o.Overwrite)
		}
	}
	if err != nil {
		return "", err
	}
	return describeModel(model), nil
}

// holdsOneNetwork tells whether files of an ending are for other programs and hold a network, where models may have several.
func holdsOneNetwork(ending string) bool { return ending == onnxEnding || ending == ncnnEnding }

// pair gives a model the network in the file weak as its weak end.
func pair(strong *weights.Model, in, weak string, scale int) (*weights.Model, error) {
	end, err := weights.Open(weak, scale)
	if err != nil {
		return nil, err
	}
	m, err := weights.Pair(strong, end)
	if err != nil {
		return nil, fmt.Errorf("%s does not fit %s: %w", weak, in, err)
	}
	return m, nil
}

// checkFor returns an error if the output file cannot be, or cannot be what the flags say.
func (o Options) checkFor(ending, out string) error {
	switch ending {
	case safetensorsEnding, checkpointEnding, onnxEnding, ncnnEnding:
	default:
		return fault.New(fault.Usage, "%s: models are written as %s, %s, %s or %s", out, safetensorsEnding, checkpointEnding, onnxEnding, ncnnEnding)
	}
	if !holdsOneNetwork(ending) && (o.Branch != 0 || o.ClassModule) {
		return fault.New(fault.Usage, "%s: --branch and --class-module are for %s and %s; other files hold the whole model", out, onnxEnding, ncnnEnding)
	}
	if ending != safetensorsEnding && o.Name+o.Licence+o.Provenance != "" {
		return fault.New(fault.Usage, "%s: --name, --licence and --provenance are for %s; other files have no place for them", out, safetensorsEnding)
	}
	if ending != safetensorsEnding && o.Weak != "" {
		return fault.New(fault.Usage, "%s: --weak is for %s; other files hold one network", out, safetensorsEnding)
	}
	if ending != safetensorsEnding && o.Half {
		return fault.New(fault.Usage, "%s: --half is for %s; other files are written in float32", out, safetensorsEnding)
	}
	return nil
}

// describe gives the model what the flags say about it.
func (o Options) describe(model *weights.Model, out string) {
	if o.Name != "" {
		model.Name = o.Name
	} else if model.Name == "" {
		model.Name = strings.TrimSuffix(filepath.Base(out), filepath.Ext(out))
	}
	if o.Licence != "" {
		model.Licence = o.Licence
	}
	if o.Provenance != "" {
		model.Provenance = o.Provenance
	}
}

// export writes one network for another program.
func (o Options) export(model *weights.Model, in, out string) (string, error) {
	network, err := o.choose(model, in)
	if err != nil {
		return "", err
	}
	spec := network.Spec
	title := fmt.Sprintf("%s, width %d", spec.Net, spec.Width)
	if spec.Enlarges() {
		scale := o.Scale
		if scale == 0 {
			scale = spec.Scale
		}
		if spec, err = spec.AtScale(scale); err != nil {
			return "", fault.As(fault.Usage, err)
		}
		title += fmt.Sprint(", x", scale)
	} else {
		title += fmt.Sprintf(", %d classes", spec.Classes)
	}
	ending := filepath.Ext(out)
	err = atomicfile.Write(out, o.Overwrite, func(w io.Writer) error {
		if strings.ToLower(ending) == onnxEnding {
			return onnx.Export(w, spec.Build(), network.Params, o.Producer)
		}
		return atomicfile.Write(strings.TrimSuffix(out, ending)+ncnnWeights, o.Overwrite, func(weights io.Writer) error {
			return ncnn.Write(w, weights, spec.Build(), network.Params)
		})
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, colours in 0..%d", title, spec.InputRange), nil
}

// choose gives the network of the model that the flags name. Only a model of one network needs no flag.
func (o Options) choose(model *weights.Model, in string) (weights.Network, error) {
	switch branches := len(model.Branches); {
	case o.ClassModule && model.ClassModule == nil:
		return weights.Network{}, fault.New(fault.Usage, "--class-module: %s is a plain network and has none", in)
	case o.ClassModule:
		return *model.ClassModule, nil
	case o.Branch > branches:
		return weights.Network{}, fault.New(fault.Usage, "--branch %d: the last branch of %s is %d", o.Branch, in, branches)
	case o.Branch > 0:
		return model.Branches[o.Branch-1], nil
	case branches > 1:
		return weights.Network{}, fault.New(fault.Usage, "%s has %d branches, and files for other programs hold one network: "+
			"name it with --branch K or --class-module", in, branches)
	}
	return model.Full(), nil
}

// describeModel says what was recognised.
func describeModel(m *weights.Model) string {
	var widths []string
	for _, b := range m.Branches {
		width := fmt.Sprint(b.Spec.Width)
		if b.Spec.Interpolates() {
			width = b.Spec.Net
		}
		widths = append(widths, width)
	}
	var scales []string
	for _, s := range m.Scales() {
		scales = append(scales, fmt.Sprint("x", s))
	}
	kind := m.Full().Spec.Net
	if m.ClassModule != nil {
		kind = "ClassSR with branches of " + kind
	}
	if m.Weak != nil {
		kind += " with a weak end"
	}
	return fmt.Sprintf("%s, width %s, %s", kind, strings.Join(widths, "/"), strings.Join(scales, " "))
}
