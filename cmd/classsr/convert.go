package main

import (
	"errors"
	"fmt"
	stdio "io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"classsr/fault"
	"classsr/internal/atomicfile"
	"classsr/weights"
	"classsr/weights/onnx"
	"classsr/weights/torch"
)

// Endings of the files that convert writes.
const (
	safetensorsEnding = ".safetensors"
	checkpointEnding  = ".pth"
	onnxEnding        = ".onnx"
)

// convertFlags are the flags of the convert command.
type convertFlags struct {
	scale      int
	name       string
	licence    string
	provenance string
	overwrite  bool
	// Which network of a model of several goes into an ONNX file.
	branch      int // from 1; 0 if none was named
	classModule bool
}

func newConvert(std streams) *cobra.Command {
	var f convertFlags
	cmd := &cobra.Command{
		Use:   "convert IN OUT",
		Short: "Convert a PyTorch checkpoint (.pth) to a model file (.safetensors), or a model to .pth or ONNX (.onnx)",
		Long: "Convert a PyTorch checkpoint or safetensors file to a model file of this program, or to a file for others: a PyTorch\n" +
			"checkpoint with the names of the paper's released code, or ONNX. The network and its width are recognised from the names\n" +
			"and shapes of the tensors; nothing in a checkpoint is ever executed. ONNX files hold one network at one scale: of a\n" +
			"ClassSR model, one branch or the Class-Module.",
		Example: "  classsr convert carn_m.pth carn-m.safetensors --licence MIT\n" +
			"  classsr convert classsr.safetensors classsr.pth\n" +
			"  classsr convert classsr.safetensors simple.onnx --branch 1",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("branch") && f.branch < 1 {
				return usagef("--branch %d: branches are counted from 1, the simplest", f.branch)
			}
			return f.run(std, args[0], args[1])
		},
	}
	flags := cmd.Flags()
	flags.IntVarP(&f.scale, "scale", "s", 0, "enlargement `N` of a FSRCNN, which its tensors do not tell (default 4)")
	flags.StringVar(&f.name, "name", "", "`NAME` of the model (default: that of the output file)")
	flags.StringVar(&f.licence, "licence", "", "licence of the weights, an SPDX `ID`")
	flags.StringVar(&f.provenance, "provenance", "", "`TEXT` on who trained the model, how and on what")
	flags.IntVar(&f.branch, "branch", 0, "write branch `K` of a ClassSR model (from 1, the simplest) as ONNX")
	flags.BoolVar(&f.classModule, "class-module", false, "write the Class-Module of a ClassSR model as ONNX")
	cmd.MarkFlagsMutuallyExclusive("branch", "class-module")
	flags.BoolVar(&f.overwrite, "overwrite", false, "replace the output file if it exists")
	return cmd
}

func (f *convertFlags) run(std streams, in, out string) error {
	ending := strings.ToLower(filepath.Ext(out))
	if err := f.checkFor(ending, out); err != nil {
		return err
	}
	model, err := weights.Open(in, f.scale)
	if err != nil {
		return err
	}
	if ending == onnxEnding {
		return f.export(std, model, in, out)
	}
	if f.scale != 0 && !slices.Equal(model.Scales(), []int{f.scale}) {
		return usagef("--scale %d: the tensors are those of a network for x%d, which needs no telling", f.scale, model.Scales())
	}
	if ending == checkpointEnding {
		if i := slices.IndexFunc(model.Branches, func(b weights.Network) bool { return b.Spec.Interpolates() }); i >= 0 {
			return usagef("%s: branch %d of %s is %s, which a checkpoint cannot tell: write %s or %s",
				out, i+1, in, model.Branches[i].Spec.Net, safetensorsEnding, onnxEnding)
		}
		err = atomicfile.Write(out, f.overwrite, func(w stdio.Writer) error { return torch.Write(w, model.Tensors()) })
	} else {
		f.describe(model, out)
		err = model.Save(out, f.overwrite)
	}
	if err := hint(err); err != nil {
		return err
	}
	std.note("%s -> %s  %s", in, out, describeModel(model))
	return nil
}

// checkFor returns an error if the output file cannot be, or cannot be what the flags say.
func (f *convertFlags) checkFor(ending, out string) error {
	switch ending {
	case safetensorsEnding, checkpointEnding, onnxEnding:
	default:
		return usagef("%s: models are written as %s, %s or %s", out, safetensorsEnding, checkpointEnding, onnxEnding)
	}
	if ending != onnxEnding && (f.branch != 0 || f.classModule) {
		return usagef("%s: --branch and --class-module are for %s; other files hold the whole model", out, onnxEnding)
	}
	if ending != safetensorsEnding && f.name+f.licence+f.provenance != "" {
		return usagef("%s: --name, --licence and --provenance are for %s; other files have no place for them", out, safetensorsEnding)
	}
	return nil
}

// describe gives the model what the flags say about it.
func (f *convertFlags) describe(model *weights.Model, out string) {
	if f.name != "" {
		model.Name = f.name
	} else if model.Name == "" {
		model.Name = strings.TrimSuffix(filepath.Base(out), filepath.Ext(out))
	}
	if f.licence != "" {
		model.Licence = f.licence
	}
	if f.provenance != "" {
		model.Provenance = f.provenance
	}
}

// hint says what to do about a file that is in the way.
func hint(err error) error {
	if errors.Is(err, atomicfile.ErrExists) {
		return fmt.Errorf("%w: use --overwrite to replace it", err)
	}
	return err
}

// export writes one network as ONNX.
func (f *convertFlags) export(std streams, model *weights.Model, in, out string) error {
	network, err := f.choose(model, in)
	if err != nil {
		return err
	}
	spec := network.Spec
	title := fmt.Sprintf("%s, width %d", spec.Net, spec.Width)
	if spec.Enlarges() {
		scale := f.scale
		if scale == 0 {
			scale = spec.Scale
		}
		if spec, err = spec.AtScale(scale); err != nil {
			return fault.As(fault.Usage, err)
		}
		title += fmt.Sprint(", x", scale)
	} else {
		title += fmt.Sprintf(", %d classes", spec.Classes)
	}
	err = atomicfile.Write(out, f.overwrite, func(w stdio.Writer) error {
		return onnx.Export(w, spec.Build(), network.Params, "classsr "+version)
	})
	if err := hint(err); err != nil {
		return err
	}
	std.note("%s -> %s  %s, colours in 0..%d", in, out, title, spec.InputRange)
	return nil
}

// choose gives the network of the model that the flags name. Only a model of one network needs no flag.
func (f *convertFlags) choose(model *weights.Model, in string) (weights.Network, error) {
	switch branches := len(model.Branches); {
	case f.classModule && model.ClassModule == nil:
		return weights.Network{}, usagef("--class-module: %s is a plain network and has none", in)
	case f.classModule:
		return *model.ClassModule, nil
	case f.branch > branches:
		return weights.Network{}, usagef("--branch %d: the last branch of %s is %d", f.branch, in, branches)
	case f.branch > 0:
		return model.Branches[f.branch-1], nil
	case branches > 1:
		return weights.Network{}, usagef("%s has %d branches, and ONNX files hold one network: "+
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
	return fmt.Sprintf("%s, width %s, %s", kind, strings.Join(widths, "/"), strings.Join(scales, " "))
}
