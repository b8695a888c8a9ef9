package main

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"classsr/dataset"
	"classsr/degrade"
	"classsr/train"
)

// spoilFlags say how LR pictures are degraded.
type spoilFlags struct {
	jpeg        spread
	subsampling []float64
	noise, blur spread
}

func (f *spoilFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Var(sizeValue[spread]{&f.jpeg, parseSpread}, "jpeg", "degrade LR pictures by JPEG, with a quality drawn from `LOW-HIGH[:SHARE]`, such as 30-95:0.9 or 75")
	flags.Float64SliceVar(&f.subsampling, "jpeg-subsampling", nil, "`SHARES` of 4:2:0, 4:2:2 and 4:4:4 among these (default 0.7,0.1,0.2)")
	flags.Var(sizeValue[spread]{&f.noise, parseSpread}, "noise", "degrade them by noise of a deviation drawn from `LOW-HIGH[:SHARE]`, in 1/255, such as 0.5-4:0.4")
	flags.Var(sizeValue[spread]{&f.blur, parseSpread}, "blur", "degrade them by a Gaussian blur of a deviation drawn from `LOW-HIGH[:SHARE]`, in LR pixels")
}

// degradation is what the flags say; nil if they say nothing.
func (f *spoilFlags) degradation(cmd *cobra.Command) (*degrade.Degradation, error) {
	changed := cmd.Flags().Changed
	switch {
	case changed("jpeg-subsampling") && (!changed("jpeg") || len(f.subsampling) != 3):
		return nil, usagef("--jpeg-subsampling: it takes three shares, of 4:2:0, 4:2:2 and 4:4:4, and needs --jpeg")
	case !changed("jpeg") && !changed("noise") && !changed("blur"):
		return nil, nil
	case math.Trunc(f.jpeg.low) != f.jpeg.low || math.Trunc(f.jpeg.high) != f.jpeg.high:
		return nil, usagef("--jpeg %v-%v: qualities are whole numbers", f.jpeg.low, f.jpeg.high)
	}
	d := &degrade.Degradation{}
	if changed("jpeg") {
		d.JPEG = &degrade.JPEG{Quality: [2]int{int(f.jpeg.low), int(f.jpeg.high)}, Share: f.jpeg.share}
		if len(f.subsampling) == 3 {
			d.JPEG.Subsampling = [3]float64(f.subsampling)
		}
	}
	if changed("noise") {
		d.Noise = &degrade.Noise{Sigma: [2]float64{f.noise.low, f.noise.high}, Share: f.noise.share}
	}
	if changed("blur") {
		d.Blur = &degrade.Blur{Sigma: [2]float64{f.blur.low, f.blur.high}, Share: f.blur.share}
	}
	d.SetDefaults()
	if err := d.Check(); err != nil {
		return nil, usagef("%v", err)
	}
	return d, nil
}

// degradeFlags say how prepare degrades LR pictures.
type degradeFlags struct {
	spoilFlags
	recipe   string
	variants int
	seed     uint64
}

func (f *degradeFlags) register(cmd *cobra.Command) {
	f.spoilFlags.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.recipe, "recipe", "", "prepare for a `RECIPE` of train, built in or a file: its scale, number of classes and degradation")
	flags.IntVar(&f.variants, "variants", 1, "use each picture `N` times, each time degraded in another way")
	flags.Uint64Var(&f.seed, "seed", 0, "`NUMBER` that what is drawn depends on")
}

// into puts what the flags and their recipe say into settings.
func (f *degradeFlags) into(cmd *cobra.Command, s *dataset.Settings) error {
	changed := cmd.Flags().Changed
	if f.recipe != "" {
		r, err := train.LoadRecipe(f.recipe)
		if err != nil {
			return err
		}
		if changed("scale") && s.Scale != r.Scale {
			return usagef("--scale %d: the recipe %s trains for x%d", s.Scale, f.recipe, r.Scale)
		}
		s.Scale = r.Scale
		if !changed("classes") {
			s.Classes = len(r.Branches)
		}
		s.Degradation = r.Degradation
	}
	given, err := f.degradation(cmd)
	switch {
	case err != nil:
		return err
	case given != nil && s.Degradation != nil:
		return usagef("the recipe %s says how pictures are degraded: leave out --jpeg, --noise and --blur", f.recipe)
	case given != nil:
		s.Degradation = given
	}
	switch {
	case s.Degradation == nil && (changed("variants") || changed("seed")):
		return usagef("--variants and --seed are for degraded pictures: give --jpeg, --noise or --blur, or a --recipe that does")
	case s.Degradation == nil:
		return nil
	}
	if changed("variants") {
		if s.Degradation.Variants = f.variants; f.variants == 0 {
			return usagef("--variants 0: it must be at least 1")
		}
	}
	if changed("seed") {
		s.Degradation.Seed = f.seed
	}
	s.Degradation.SetDefaults()
	return nil
}

// spread is a range, and the share of pictures that something of it is done to.
type spread struct{ low, high, share float64 }

func parseSpread(text string) (spread, error) {
	bad := errors.New("it must be a range and a share of pictures, such as 30-95 or 30-95:0.9")
	numbers, share, found := strings.Cut(text, ":")
	low, high, isRange := strings.Cut(numbers, "-")
	if !isRange {
		high = low
	}
	s := spread{share: 1}
	for _, part := range []struct {
		text string
		to   *float64
	}{{low, &s.low}, {high, &s.high}, {share, &s.share}} {
		if part.to == &s.share && !found {
			continue
		}
		v, err := strconv.ParseFloat(part.text, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return spread{}, bad
		}
		*part.to = v
	}
	if !(s.share > 0 && s.share <= 1) {
		return spread{}, errors.New("its share of pictures must be above 0 and at most 1")
	}
	return s, nil
}
