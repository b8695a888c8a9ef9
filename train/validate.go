package train

import (
	"context"
	"fmt"
	"image"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"classsr"
	"classsr/dataset"
	"classsr/degrade"
	"classsr/imageio"
	"classsr/infer"
	"classsr/internal/atomicfile"
	"classsr/internal/sysmem"
	"classsr/metric"
	"classsr/picture"
	"classsr/resample"
	"classsr/train/report"
	"classsr/weights"
)

// Validated is what was measured on pictures that were not trained on: means over the pictures, 8-bit results, a border of as many
// pixels as the scale removed.
type Validated struct {
	PSNR        float64   `json:"psnr_rgb"`
	PSNRY       float64   `json:"psnr_y"`
	Bicubic     float64   `json:"bicubic_rgb"`
	BicubicY    float64   `json:"bicubic_y"`
	Shares      []float64 `json:"shares,omitempty"` // of pixels, by class
	MACsPercent float64   `json:"macs_percent,omitempty"`
	// Confusion compares the judge's classes with the chosen ones; nil where nothing is routed or nobody judged.
	Confusion Confusion `json:"confusion,omitempty"`
}

// String tells the figures.
func (v *Validated) String() string {
	text := fmt.Sprintf("PSNR %.2f dB (Y %.2f), bicubic %.2f (%.2f)", v.PSNR, v.PSNRY, v.Bicubic, v.BicubicY)
	if v.Shares != nil {
		text += "; classes"
		for _, s := range v.Shares {
			text += fmt.Sprintf(" %.0f%%", 100*s)
		}
	}
	return text
}

// event adds the figures to an event.
func (v *Validated) event(e report.Event) report.Event {
	e.PSNR, e.PSNRY, e.Bicubic, e.Shares, e.MACsPercent = v.PSNR, v.PSNRY, v.Bicubic, v.Shares, v.MACsPercent
	e.Confusion = v.Confusion
	return e
}

// validator measures models on pictures.
type validator struct {
	threads           int
	scale             int
	pictures          []validationPicture
	judged            *judgedPatches // nil if nobody judged
	bicubic, bicubicY float64
}

type validationPicture struct {
	name   string
	hr, lr *picture.Picture
}

// maxValidationSide bounds what is measured of a picture, from its middle, so that measuring takes seconds.
const maxValidationSide = 768

// newValidator reads the first pictures of a folder, and spoils their LR pictures as those of the data are, which may be not at all; it is nil if
// no folder is named.
func newValidator(ctx context.Context, folder string, r *Recipe, degraded *degrade.Degradation, threads int) (*validator, error) {
	if folder == "" {
		return nil, nil
	}
	paths, err := imageio.List(folder)
	if err != nil {
		return nil, fmt.Errorf("validation pictures: %w", err)
	}
	v := &validator{threads: threads, scale: r.Scale}
	for _, path := range paths[:min(len(paths), r.Validation.Pictures)] {
		if err := v.read(path, degraded); err != nil {
			return nil, err
		}
	}
	if len(v.pictures) == 0 {
		return nil, fmt.Errorf("validation folder %s contains no pictures", folder)
	}
	model, err := classsr.Open(classsr.Bicubic)
	if err != nil {
		return nil, err
	}
	plain, err := v.measure(ctx, model, classsr.Options{Mode: classsr.ModeFull})
	if err != nil {
		return nil, err
	}
	v.bicubic, v.bicubicY = plain.PSNR, plain.PSNRY
	return v, nil
}

// read adds a picture.
func (v *validator) read(path string, degraded *degrade.Degradation) error {
	decoded, err := imageio.DecodeFile(path, imageio.Limits{Accept: imageio.Within(sysmem.Allowed(0), dataset.ColoursBytes)})
	if err != nil {
		return err
	}
	hr, err := middle(decoded.RGB8(), maxValidationSide).CropToMultiple(v.scale)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	lr, err := resample.Reduce(hr, v.scale, resample.Published)
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	if err == nil && degraded != nil {
		lr, _, err = degraded.Degrade(lr, name, 1, 0)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	v.pictures = append(v.pictures, validationPicture{name, hr, lr})
	return nil
}

// middle cuts a square of at most this side from the middle of a picture.
func middle(p *picture.Picture, side int) *picture.Picture {
	w, h := min(p.Width, side), min(p.Height, side)
	x, y := (p.Width-w)/2, (p.Height-h)/2
	return p.Crop(image.Rect(x, y, x+w, y+h))
}

// branch measures a single branch, from 0.
func (v *validator) branch(ctx context.Context, m *weights.Model, i int) (*Validated, error) {
	result, err := v.measure(ctx, classsr.ModelOf(m), classsr.Options{Branch: i + 1})
	if err == nil {
		result.Shares = nil
	}
	return result, err
}

// model measures the model with routing.
func (v *validator) model(ctx context.Context, m *weights.Model) (*Validated, error) {
	result, err := v.measure(ctx, classsr.ModelOf(m), classsr.Options{Mode: classsr.ModeRouted})
	if err == nil && v.judged != nil {
		result.Confusion, err = v.judged.confusion(ctx, *m.ClassModule)
	}
	return result, err
}

func (v *validator) measure(ctx context.Context, m *classsr.Model, o classsr.Options) (*Validated, error) {
	o.Scale, o.Threads = v.scale, v.threads
	o.Border = infer.BorderZero // as it was trained, and as eval measures
	up, err := m.Upscaler(o)
	if err != nil {
		return nil, err
	}
	result := &Validated{Bicubic: v.bicubic, BicubicY: v.bicubicY}
	var macs, full, pixels float64
	for _, p := range v.pictures {
		out, done, err := up.Upscale(ctx, p.lr)
		if err != nil {
			return nil, err
		}
		hr, sr := image8(p.hr), image8(out)
		rgb, err := metric.PSNR(hr, sr, v.scale)
		if err != nil {
			return nil, fmt.Errorf("validation picture %s: %w", p.name, err)
		}
		y, err := metric.PSNR(hr.Luma(), sr.Luma(), v.scale)
		if err != nil {
			return nil, fmt.Errorf("validation picture %s: %w", p.name, err)
		}
		// Equal pictures must not make the mean infinite.
		result.PSNR += math.Min(rgb, 100) / float64(len(v.pictures))
		result.PSNRY += math.Min(y, 100) / float64(len(v.pictures))
		size := float64(p.lr.Width) * float64(p.lr.Height)
		macs, full, pixels = macs+float64(done.MACs), full+float64(done.MACsFull), pixels+size
		if result.Shares == nil {
			result.Shares = make([]float64, len(done.Classes))
		}
		for i, c := range done.Classes {
			result.Shares[i] += c.Share * size
		}
	}
	for i := range result.Shares {
		result.Shares[i] /= pixels
	}
	if full > 0 {
		result.MACsPercent = 100 * macs / full
	}
	return result, nil
}

func image8(p *picture.Picture) metric.Image { return metric.Bytes(p.Width, p.Height, 3, p.Pix8) }

// maxSamples is how many pictures a report shows.
const maxSamples = 4

// sampleFolder is where they lie in the folder of a run.
const sampleFolder = "samples"

// samples writes what the model makes of the first pictures, beside bicubic interpolation, HR and the map of classes.
func (v *validator) samples(ctx context.Context, m *weights.Model, folder string, log *report.Log) error {
	model := classsr.ModelOf(m)
	up, err := model.Upscaler(classsr.Options{Scale: v.scale, Mode: classsr.ModeRouted, Threads: v.threads})
	if err != nil {
		return err
	}
	plainModel, err := classsr.Open(classsr.Bicubic)
	if err != nil {
		return err
	}
	plain, err := plainModel.Upscaler(classsr.Options{Scale: v.scale, Threads: v.threads})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(folder, sampleFolder), 0o755); err != nil {
		return fmt.Errorf("cannot make the folder of samples: %w", err)
	}
	for _, p := range v.pictures[:min(len(v.pictures), maxSamples)] {
		result, done, err := up.Upscale(ctx, p.lr)
		if err != nil {
			return err
		}
		bicubic, _, err := plain.Upscale(ctx, p.lr)
		if err != nil {
			return err
		}
		sample := &report.Sample{Title: p.name}
		const side = 384 // of the part that is shown
		for _, s := range []struct {
			name    *string
			ending  string
			picture *picture.Picture
		}{
			{&sample.Bicubic, "bicubic", middle(bicubic, side)}, {&sample.Result, "result", middle(result, side)},
			{&sample.HR, "hr", middle(p.hr, side)}, {&sample.Routes, "routes", done.PaintRoute(p.lr)},
		} {
			*s.name = sampleFolder + "/" + p.name + "-" + s.ending + ".png"
			if err := writePNG(filepath.Join(folder, filepath.FromSlash(*s.name)), s.picture); err != nil {
				return err
			}
		}
		if err := log.Write(report.Event{Kind: report.KindSample, Sample: sample}); err != nil {
			return err
		}
	}
	return nil
}

func writePNG(path string, p *picture.Picture) error {
	return atomicfile.Write(path, true, func(w io.Writer) error {
		return imageio.Encode(w, p, "png", imageio.EncodeOptions{})
	})
}
