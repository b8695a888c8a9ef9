package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"classsr/pipeline"
	"classsr/scaling"
)

// sizeFlags are the flags of commands that make results of any size.
type sizeFlags struct {
	modelFlags
	width, height int
	fit           [2]int
	megapixels    float64
	linear        bool
}

func (f *sizeFlags) register(cmd *cobra.Command) {
	f.modelFlags.register(cmd)
	flags := cmd.Flags()
	flags.Lookup("scale").Usage = "enlarge `N` times, such as 4, 4x or 2.5; by default the model's own scale"
	flags.Var(sizeValue[int]{&f.width, scaling.ParseSide}, "width", "make results so many `PIXELS` wide")
	flags.Var(sizeValue[int]{&f.height, scaling.ParseSide}, "height", "make results so many `PIXELS` high")
	flags.Var(sizeValue[[2]int]{&f.fit, scaling.ParseFit}, "fit", "make results as large as fits into `WIDTHxHEIGHT`, such as 3840x2160")
	flags.Var(sizeValue[float64]{&f.megapixels, scaling.ParseMegapixels}, "megapixels", "make results of so many million pixels, `N`, at most")
	flags.BoolVar(&f.linear, "linear", false, "mix light instead of stored values (sRGB) where results are reduced to their size")
}

// target is the size that is asked for; none if no flag asks.
func (f *sizeFlags) target(cmd *cobra.Command) (scaling.Target, error) {
	var given []string
	for _, name := range []string{"scale", "width", "height", "fit", "megapixels"} {
		if cmd.Flags().Changed(name) {
			given = append(given, "--"+name)
		}
	}
	t := scaling.Target{Scale: f.times, Width: f.width, Height: f.height, Fit: f.fit, Megapixels: f.megapixels}
	switch {
	case len(given) < 2:
		return t, nil
	case given[0] == "--width" && given[1] == "--height":
		return t, usagef("--width and --height cannot be combined, since pictures are not stretched; use --fit %dx%d to keep within both", f.width, f.height)
	}
	return t, usagef("%s cannot be combined: give one of them", strings.Join(given, " and "))
}

// sizing is how results get the size that is asked for; nil if that is simply what the models give.
func (f *sizeFlags) sizing(cmd *cobra.Command, m *pipeline.Models) (*pipeline.Sizing, error) {
	t, err := f.target(cmd)
	if err != nil || !t.Given() || m.Enlarges(t.Whole()) {
		return nil, err
	}
	return &pipeline.Sizing{Target: t, Models: m, Linear: f.linear}, nil
}

// sizeValue is the value of a flag that is read by a function, whose errors say in plain words what the value must be.
type sizeValue[T comparable] struct {
	value *T
	parse func(string) (T, error)
}

// String is empty where nothing was given, which help does not show as a default.
func (v sizeValue[T]) String() string {
	var none T
	if v.value == nil || *v.value == none {
		return ""
	}
	return fmt.Sprint(*v.value)
}

func (v sizeValue[T]) Set(text string) error {
	parsed, err := v.parse(text)
	if err == nil {
		*v.value = parsed
	}
	return err
}

func (sizeValue[T]) Type() string { return sizeType }

// sizeType is the type of these values in flagError.
const sizeType = "size"
