package main

import (
	"io"
	"slices"
	"strconv"

	"github.com/spf13/pflag"

	"classsr/imageio"
	"classsr/pipeline"
	"classsr/pipeline/order"
)

// readingFlags are flags about what is read of files.
type readingFlags struct {
	page    string
	bands   string
	samples string
}

func (f *readingFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.page, "page", "", "the page or frame `N` that is read of files with several (TIFF, GIF, WebP, APNG), or all (default the first)")
	flags.StringVar(&f.bands, "bands", "", "which `BANDS` of a TIFF are read: one as gray, or three as red, green and blue, such as 4,3,2; or all, each\n"+
		"enlarged by itself, to a TIFF with as many")
	flags.StringVar(&f.samples, "range", "", "which samples become black and white, `LOW,HIGH`, in TIFFs of floating point or signed numbers; by default the\n"+
		"smallest and the largest, or 0,1. TIFFs get their own values back")
}

// every stands for all pages, or all bands.
const every = "all"

func (f *readingFlags) allPages() bool { return f.page == every }

func (f *readingFlags) allBands() bool { return f.bands == every }

// reading gives what is wanted of files.
func (f *readingFlags) reading() (imageio.Options, error) {
	var o imageio.Options
	if f.page != "" && !f.allPages() { // without a word, notes tell of the others
		var err error
		if o.Page, err = strconv.Atoi(f.page); err != nil {
			return o, usagef("--page %s: it must be a whole number, or all", f.page)
		}
		if o.Page < 1 {
			return o, usagef("--page %d: pages are counted from 1 on", o.Page)
		}
	}
	if f.bands != "" && !f.allBands() {
		var err error
		if o.Bands, err = order.ParseBands(f.bands); err != nil {
			return o, usagef("--bands %s: %w", f.bands, err)
		}
	}
	if f.samples != "" {
		r, err := order.ParseRange(f.samples)
		if err != nil {
			return o, usagef("--range %s: %w", f.samples, err)
		}
		o.Range = &r
	}
	return o, nil
}

// input is standard input, as it can be read more than once if again says so, or if all pages are wanted. release is to be called in the end.
func (f *readingFlags) input(std streams, args []string, again bool) (in io.Reader, release func(), err error) {
	if (again || f.allPages()) && slices.Contains(args, pipeline.Std) {
		return pipeline.Rereadable(std.in)
	}
	return std.in, func() {}, nil
}
