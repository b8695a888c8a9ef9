package main

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"classsr/imageio"
	"classsr/imageio/deflate"
)

// fileFlags are flags about what is read of files, and how they are written.
type fileFlags struct {
	page     int
	bands    []int
	samples  string
	pngLevel string
}

func (f *fileFlags) register(flags *pflag.FlagSet) {
	flags.IntVar(&f.page, "page", 1, "the page or frame `N` that is read of files with several (TIFF, GIF, WebP, APNG)")
	flags.IntSliceVar(&f.bands, "bands", nil, "which `BANDS` of a TIFF are read: one as gray, or three as red, green and blue, such as 4,3,2")
	flags.StringVar(&f.samples, "range", "", "which samples become black and white, `LOW,HIGH`, in TIFFs of floating point or signed numbers; by default the\n"+
		"smallest and the largest, or 0,1. TIFFs get their own values back")
	flags.StringVar(&f.pngLevel, "png-level", "default", "how hard PNG is compressed: `LEVEL` fast, default or small")
}

// reading gives what is wanted of files.
func (f *fileFlags) reading() (imageio.Options, error) {
	o := imageio.Options{Page: f.page, Bands: f.bands}
	if f.page < 1 {
		return o, usagef("--page %d: pages are counted from 1 on", f.page)
	}
	if n := len(f.bands); n != 0 && n != 1 && n != 3 {
		return o, usagef("--bands: give one band, for a gray picture, or three, for red, green and blue")
	}
	if f.samples != "" {
		r, err := parseRange(f.samples)
		if err != nil {
			return o, usagef("--range %s: %w", f.samples, err)
		}
		o.Range = &r
	}
	return o, nil
}

// parseRange reads two numbers, the smaller one first.
func parseRange(text string) (r imageio.Range, err error) {
	low, high, _ := strings.Cut(text, ",")
	r.Low, err = strconv.ParseFloat(strings.TrimSpace(low), 64)
	if err == nil {
		r.High, err = strconv.ParseFloat(strings.TrimSpace(high), 64)
	}
	if err != nil || !(r.Low < r.High) || math.IsInf(r.Low, 0) || math.IsInf(r.High, 0) {
		return r, errors.New("it must be two numbers, such as -10,50, the smaller one first")
	}
	return r, nil
}

// level gives how hard PNG is compressed.
func (f *fileFlags) level() (deflate.Level, error) {
	levels := map[string]deflate.Level{"fast": deflate.Fast, "default": deflate.Default, "small": deflate.Small}
	level, ok := levels[f.pngLevel]
	if !ok {
		return level, usagef("--png-level %s: it must be fast, default or small", f.pngLevel)
	}
	return level, nil
}
