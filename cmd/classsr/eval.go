package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"classsr"
	"classsr/imageio"
	"classsr/picture"
	"classsr/resample"
)

// evalFlags are the flags of the eval command.
type evalFlags struct {
	modelFlags
	hr, lr      string
	lrPaths     []string // the pictures in lr
	downscale   string
	compareFull bool
	json        bool
}

// decibel is a PSNR; JSON has no number for that of equal pictures, which becomes null.
type decibel float64

// MarshalJSON implements json.Marshaler.
func (d decibel) MarshalJSON() ([]byte, error) { return numberOrNull(float64(d)) }

// numberOrNull is v in JSON, which has no infinite numbers and no NaN.
func numberOrNull(v float64) ([]byte, error) {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return []byte("null"), nil
	}
	return json.Marshal(v)
}

// imageScore is the measurement of one picture.
type imageScore struct {
	Name    string  `json:"name"`
	PSNRRGB decibel `json:"psnr_rgb"`
	SSIMRGB float64 `json:"ssim_rgb"`
	PSNRY   decibel `json:"psnr_y"`
	SSIMY   float64 `json:"ssim_y"`
}

// evalResult is what eval --json prints: means over the pictures.
type evalResult struct {
	Model             string               `json:"model"`
	Mode              string               `json:"mode"`
	Images            int                  `json:"images"`
	Scale             int                  `json:"scale"`
	PSNRRGB           decibel              `json:"psnr_rgb"`
	SSIMRGB           float64              `json:"ssim_rgb"`
	PSNRY             decibel              `json:"psnr_y"`
	SSIMY             float64              `json:"ssim_y"`
	Classes           []classsr.ClassShare `json:"classes"`
	MACsPercent       float64              `json:"macs_percent"`
	PaperFLOPsPercent float64              `json:"paper_flops_percent"`
	SecondsNetwork    float64              `json:"seconds_network"`
	SecondsFull       float64              `json:"seconds_full,omitempty"`
	Seam              *seamFigures         `json:"seam,omitempty"`
	PerImage          []imageScore         `json:"per_image"`

	macs, macsFull, pixels int64
	paperFLOPs             float64 // in percent times pixels
}

func newEval(io streams) *cobra.Command {
	var f evalFlags
	cmd := &cobra.Command{
		Use:   "eval -m MODEL --hr DIR [--lr DIR]",
		Short: "Measure PSNR and SSIM of a model on test pictures",
		Long: "Enlarge the LR pictures and measure the results against the HR ones: PSNR and SSIM in RGB and Y (BT.601, studio range),\n" +
			"with a border of as many pixels as the scale removed, means over the pictures. LR pictures have the names of the HR ones\n" +
			"(or NAMEx4); without --lr they are made from them by the bicubic filter of MATLAB's imresize. -m bicubic is a model too.",
		Example: "  classsr eval -m carn-m-x4 --hr Set5/HR --lr Set5/LRx4\n  classsr eval -m bicubic --hr Set14/HR --json",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd, io) },
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.hr, "hr", "", "`DIR` of the HR pictures")
	flags.StringVar(&f.lr, "lr", "", "`DIR` of the LR pictures")
	flags.StringVar(&f.downscale, "downscale", "published",
		"how LR pictures are made: published (as the LR sets in use: 8 bit between the passes) or original (as the authors' code: float)")
	// Completion can only fail for flags that are not there.
	_ = cmd.RegisterFlagCompletionFunc("downscale", cobra.FixedCompletions([]string{"published", "original"}, 0))
	flags.BoolVar(&f.compareFull, "compare-full", false,
		"also time the full-width network over the whole pictures, and measure the seams of routing against it")
	flags.BoolVar(&f.json, "json", false, "print a JSON object")
	return cmd
}

func (f *evalFlags) run(cmd *cobra.Command, io streams) error {
	if f.hr == "" {
		return usagef("required flag --hr is missing: the folder of the HR pictures")
	}
	options, err := f.options(cmd)
	if err != nil {
		return err
	}
	variant := resample.Published
	switch f.downscale {
	case "published":
	case "original":
		variant = resample.Original
	default:
		return usagef("--downscale %s: it is published or original", f.downscale)
	}
	model, err := f.open(cmd)
	if err != nil {
		return err
	}
	up, err := model.Upscaler(options)
	if err != nil {
		return usageError{err}
	}
	full := up
	if f.compareFull && up.Mode() != classsr.ModeFull {
		options.Mode = classsr.ModeFull
		if full, err = model.Upscaler(options); err != nil {
			return err
		}
	}
	paths, err := imageio.List(f.hr)
	if err != nil {
		return err
	}
	if f.lr != "" {
		if f.lrPaths, err = imageio.List(f.lr); err != nil {
			return err
		}
	}
	if len(paths) == 0 {
		return fmt.Errorf("folder %s holds no pictures (PNG, JPEG, WebP or TIFF)", f.hr)
	}
	result := evalResult{Model: model.Name(), Mode: up.Mode(), Scale: up.Scale()}
	failed := false
	for _, path := range paths {
		if err := f.one(cmd.Context(), &result, up, full, path, variant); err != nil {
			if cmd.Context().Err() != nil {
				return err
			}
			io.report(err)
			failed = true
		}
	}
	if result.Images > 0 {
		result.means()
		if err := f.print(io, &result); err != nil {
			return err
		}
	}
	if failed {
		return errReported
	}
	return nil
}

// one measures one picture and adds it to the result.
func (f *evalFlags) one(ctx context.Context, r *evalResult, up, full *classsr.Upscaler, path string, variant resample.Variant) error {
	hr, lr, err := f.pair(path, up.Scale(), variant)
	if err != nil {
		return err
	}
	out, scores, report, err := up.Measure(ctx, lr, hr)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if f.compareFull {
		fullOut, fullReport, err := full.Upscale(ctx, lr)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		r.SecondsFull += fullReport.Seconds.Network
		if report.Route != nil {
			r.addSeams(out, fullOut, report)
		}
	}
	r.add(baseName(path), scores, report)
	return nil
}

// pair reads a HR picture, cropped to a multiple of the scale, and reads or makes the LR picture to it.
func (f *evalFlags) pair(path string, scale int, variant resample.Variant) (hr, lr *picture.Picture, err error) {
	if f.lr == "" {
		return reduced(path, scale, variant)
	}
	if hr, err = cropped(path, scale); err != nil {
		return nil, nil, err
	}
	lrPath, err := f.findLR(path, scale)
	if err != nil {
		return nil, nil, err
	}
	decoded, err := imageio.DecodeFile(lrPath, imageio.Limits{})
	if err != nil {
		return nil, nil, err
	}
	lr = decoded.Picture
	if lr.Width*scale != hr.Width || lr.Height*scale != hr.Height {
		return nil, nil, fmt.Errorf("%s has %dx%d pixels; the LR picture to %dx%d at x%d has %dx%d",
			lrPath, lr.Width, lr.Height, hr.Width, hr.Height, scale, hr.Width/scale, hr.Height/scale)
	}
	return hr, lr, nil
}

// cropped reads a HR picture as far as its sides are multiples of the scale.
func cropped(path string, scale int) (*picture.Picture, error) {
	decoded, err := imageio.DecodeFile(path, imageio.Limits{})
	if err != nil {
		return nil, err
	}
	hr, err := classsr.Crop(decoded.Picture, scale)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return hr, nil
}

// reduced reads a HR picture and makes the LR picture to it.
func reduced(path string, scale int, variant resample.Variant) (hr, lr *picture.Picture, err error) {
	if hr, err = cropped(path, scale); err != nil {
		return nil, nil, err
	}
	if lr, err = classsr.Shrink(hr, scale, variant); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return hr, lr, nil
}

// findLR finds the LR picture to a HR picture: NAME or NAMEx4, with any of the endings that can be read.
func (f *evalFlags) findLR(hrPath string, scale int) (string, error) {
	name := baseName(hrPath)
	for _, p := range f.lrPaths {
		if base := baseName(p); base == name || base == fmt.Sprintf("%sx%d", name, scale) {
			return p, nil
		}
	}
	return "", fmt.Errorf("%s: there is no LR picture named %s in %s", hrPath, name, f.lr)
}

func baseName(path string) string {
	return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
}

func (r *evalResult) add(name string, s classsr.Scores, report classsr.Report) {
	r.Images++
	r.PerImage = append(r.PerImage, imageScore{name, decibel(s.PSNRRGB), s.SSIMRGB, decibel(s.PSNRY), s.SSIMY})
	r.PSNRRGB += decibel(s.PSNRRGB)
	r.SSIMRGB += s.SSIMRGB
	r.PSNRY += decibel(s.PSNRY)
	r.SSIMY += s.SSIMY
	pixels := int64(report.Width) * int64(report.Height)
	if report.Route != nil {
		pixels = int64(report.Route.Pixels()) // every sub-image counts the same in the paper's mode
	}
	r.pixels += pixels
	r.macs += report.MACs
	r.macsFull += report.MACsFull
	r.paperFLOPs += report.PaperFLOPsPercent * float64(pixels)
	r.SecondsNetwork += report.Seconds.Network + report.Seconds.Route
	if r.Classes == nil {
		r.Classes = make([]classsr.ClassShare, len(report.Classes))
	}
	for i, c := range report.Classes {
		r.Classes[i].Name = c.Name
		r.Classes[i].Share += c.Share * float64(pixels)
	}
}

// means turns the sums into means.
func (r *evalResult) means() {
	n := float64(r.Images)
	r.PSNRRGB /= decibel(n)
	r.SSIMRGB /= n
	r.PSNRY /= decibel(n)
	r.SSIMY /= n
	for i := range r.Classes {
		r.Classes[i].Share /= float64(r.pixels)
	}
	r.PaperFLOPsPercent = r.paperFLOPs / float64(r.pixels)
	if r.macsFull > 0 {
		r.MACsPercent = 100 * float64(r.macs) / float64(r.macsFull)
	}
}

func (f *evalFlags) print(io streams, r *evalResult) error {
	if f.json {
		return json.NewEncoder(io.out).Encode(r)
	}
	table := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	line := func(s imageScore) { // a failed write shows in Flush
		_, _ = fmt.Fprintf(table, "%s\t%.2f\t%.4f\t%.2f\t%.4f\n", s.Name, float64(s.PSNRRGB), s.SSIMRGB, float64(s.PSNRY), s.SSIMY)
	}
	_, _ = fmt.Fprintln(table, "PICTURE\tPSNR RGB\tSSIM RGB\tPSNR Y\tSSIM Y")
	for _, s := range r.PerImage {
		line(s)
	}
	line(imageScore{fmt.Sprintf("mean of %d", r.Images), r.PSNRRGB, r.SSIMRGB, r.PSNRY, r.SSIMY})
	if err := table.Flush(); err != nil {
		return err
	}
	timing := fmt.Sprintf("%s x%d, %s: %.1f s", r.Model, r.Scale, r.Mode, r.SecondsNetwork)
	if r.SecondsFull > 0 {
		timing += fmt.Sprintf(" (full: %.1f s)", r.SecondsFull)
	}
	_, err := fmt.Fprintf(io.out, "%s, %.0f %% of the full network's MACs\n%s", timing, r.MACsPercent, r.Seam.line())
	if err != nil || len(r.Classes) < 2 {
		return err
	}
	var shares []string
	for _, c := range r.Classes {
		shares = append(shares, fmt.Sprintf("%s %.1f %%", c.Name, 100*c.Share))
	}
	_, err = fmt.Fprintf(io.out, "%s; %.1f %% of the paper FLOPs\n", strings.Join(shares, ", "), r.PaperFLOPsPercent)
	return err
}
