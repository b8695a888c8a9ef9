package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"classsr/convert"
	"classsr/internal/atomicfile"
)

func newConvert(std streams) *cobra.Command {
	var o convert.Options
	cmd := &cobra.Command{
		Use:   "convert IN OUT",
		Short: "Convert a PyTorch checkpoint (.pth) to a model file (.safetensors), or a model to .pth, ONNX (.onnx) or ncnn (.param)",
		Long: "Convert a PyTorch checkpoint, a safetensors file or a network for ncnn (either of its files .param and .bin) to a model\n" +
			"file of this program (.safetensors), or a model for other programs: to a PyTorch checkpoint (.pth) with the parameter\n" +
			"names of the paper's released code, to ONNX (.onnx), or to the two files of a network for ncnn (.param, and .bin beside\n" +
			"it). The network and its width are recognised from the names and shapes of the tensors; nothing in a checkpoint is\n" +
			"ever executed. Files for ONNX and ncnn hold one network at one scale: of a ClassSR model, choose a branch or the\n" +
			"Class-Module.",
		Example: "  classsr convert carn_m.pth carn-m.safetensors --licence MIT\n" +
			"  classsr convert classsr.safetensors classsr.pth\n" +
			"  classsr convert classsr.safetensors simple.onnx --branch 1",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("branch") && o.Branch < 1 {
				return usagef("--branch %d: branches are counted from 1, the simplest", o.Branch)
			}
			o.Producer = "classsr " + version
			written, err := convert.File(args[0], args[1], o)
			if err != nil {
				return hint(err)
			}
			std.note("%s -> %s  %s", args[0], args[1], written)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.IntVarP(&o.Scale, "scale", "s", 0, "scale `N` of a FSRCNN, which cannot be recognised from its tensors (default: as in the name of its file, such as FSRCNN_x2.pth)")
	flags.StringVar(&o.Name, "name", "", "`NAME` of the model (default: the name of the output file)")
	flags.StringVar(&o.Licence, "licence", "", "licence of the weights, as an SPDX `ID` such as MIT")
	flags.StringVar(&o.Provenance, "provenance", "", "`TEXT` that says who trained the model, how and on what")
	flags.StringVar(&o.Weak, "weak", "", "the same network in another `FILE`, trained to keep noise: the model then has two ends, between which upscale --denoise chooses")
	flags.BoolVar(&o.Half, "half", false, "round the numbers of a model file to half precision (float16), which takes half the space")
	flags.IntVar(&o.Branch, "branch", 0, "write branch `K` of a ClassSR model (from 1, the simplest) for ONNX or ncnn")
	flags.BoolVar(&o.ClassModule, "class-module", false, "write the Class-Module of a ClassSR model for ONNX or ncnn")
	cmd.MarkFlagsMutuallyExclusive("branch", "class-module")
	flags.BoolVar(&o.Overwrite, "overwrite", false, "replace the output file if it exists")
	return cmd
}

// hint says what to do about a file that is in the way.
func hint(err error) error {
	if errors.Is(err, atomicfile.ErrExists) {
		return fmt.Errorf("%w: use --overwrite to replace it", err)
	}
	return err
}
