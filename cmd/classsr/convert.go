package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"classsr/internal/atomicfile"
	"classsr/weights"
)

// convertFlags are the flags of the convert command.
type convertFlags struct {
	scale      int
	name       string
	licence    string
	provenance string
	overwrite  bool
}

func newConvert(io streams) *cobra.Command {
	var f convertFlags
	cmd := &cobra.Command{
		Use:   "convert IN OUT",
		Short: "Convert a PyTorch checkpoint (.pth) to a model file (.safetensors)",
		Long: "Convert a PyTorch checkpoint or safetensors file to a model file of this program. The network and its width are\n" +
			"recognised from the names and shapes of the tensors; nothing in the checkpoint is ever executed.",
		Example: "  classsr convert carn_m.pth carn-m.safetensors --licence MIT",
		Args:    cobra.ExactArgs(2),
		RunE:    func(_ *cobra.Command, args []string) error { return f.run(io, args[0], args[1]) },
	}
	flags := cmd.Flags()
	flags.IntVarP(&f.scale, "scale", "s", 0, "enlargement `N` of a FSRCNN, which its tensors do not tell (default 4)")
	flags.StringVar(&f.name, "name", "", "`NAME` of the model (default: that of the output file)")
	flags.StringVar(&f.licence, "licence", "", "licence of the weights, an SPDX `ID`")
	flags.StringVar(&f.provenance, "provenance", "", "`TEXT` on who trained the model, how and on what")
	flags.BoolVar(&f.overwrite, "overwrite", false, "replace the output file if it exists")
	return cmd
}

func (f *convertFlags) run(io streams, in, out string) error {
	ending := strings.ToLower(filepath.Ext(out))
	if ending != ".safetensors" {
		return usagef("%s: models are written as .safetensors", out)
	}
	model, err := weights.Open(in, f.scale)
	if err != nil {
		return err
	}
	if f.scale != 0 && !slices.Equal(model.Scales(), []int{f.scale}) {
		return usagef("--scale %d: the tensors are those of a network for x%d, which needs no telling", f.scale, model.Scales())
	}
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
	if err := model.Save(out, f.overwrite); err != nil {
		if errors.Is(err, atomicfile.ErrExists) {
			return fmt.Errorf("%w: use --overwrite to replace it", err)
		}
		return err
	}
	io.note("%s -> %s  %s", in, out, describeModel(model))
	return nil
}

// describeModel says what was recognised.
func describeModel(m *weights.Model) string {
	var widths []string
	for _, b := range m.Branches {
		widths = append(widths, fmt.Sprint(b.Spec.Width))
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
