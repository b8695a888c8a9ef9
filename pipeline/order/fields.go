package order

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"classsr/imageio"
	"classsr/imageio/yuv"
	"classsr/infer"
	"classsr/models"
	"classsr/pipeline"
	"classsr/route"
	"classsr/scaling"
)

// auto is what --kind and the like are called where the picture decides.
const auto = "auto"

var fields = []Field{
	{Name: "model", Type: "string", Doc: "a built-in model, see /v1/models, or sha256:DIGITS, one whose file was sent there; by default the one that suits what is asked", set: func(o *Order, v string) error {
		o.Model = v
		return nil
	}},
	{Name: "fast", Type: "boolean", Doc: "use a small, fast model", set: func(o *Order, v string) (err error) {
		o.Fast, err = yes(v)
		return err
	}},
	{
		Name: "kind", Type: "string", Enum: []string{auto, string(models.Clean), string(models.Photo), string(models.Real)},
		Doc: "clean keeps all that is there, photo removes traces of JPEG and noise, real looks sharp by inventing texture; auto chooses photo for JPEGs of low quality, clean for others",
		set: func(o *Order, v string) error {
			if v != auto {
				o.Kind = models.Kind(v)
			}
			return nil
		},
	},
	{Name: "denoise", Type: "number", Max: 1, Doc: "how strongly noise is removed, with kind=real or a model that has such a choice", set: func(o *Order, v string) error {
		n, err := number(v, 0, 1)
		o.Denoise = &n
		return err
	}},
	{Name: "scale", Type: "string", Doc: "enlarge so many times, such as 4, 4x or 2.5; by default the model's own scale", set: func(o *Order, v string) (err error) {
		o.Target.Scale, err = scaling.ParseScale(v)
		return err
	}},
	{Name: "width", Type: "integer", Doc: "make the result so many pixels wide", set: func(o *Order, v string) (err error) {
		o.Target.Width, err = scaling.ParseSide(v)
		return err
	}},
	{Name: "height", Type: "integer", Doc: "make the result so many pixels high", set: func(o *Order, v string) (err error) {
		o.Target.Height, err = scaling.ParseSide(v)
		return err
	}},
	{Name: "fit", Type: "string", Doc: "make the result as large as fits into WIDTHxHEIGHT, such as 3840x2160", set: func(o *Order, v string) (err error) {
		o.Target.Fit, err = scaling.ParseFit(v)
		return err
	}},
	{Name: "megapixels", Type: "number", Doc: "make the result of so many million pixels at most", set: func(o *Order, v string) (err error) {
		o.Target.Megapixels, err = scaling.ParseMegapixels(v)
		return err
	}},
	{Name: "linear", Type: "boolean", Doc: "mix light instead of stored values where the result is reduced to its size", set: func(o *Order, v string) (err error) {
		o.Linear, err = yes(v)
		return err
	}},
	{Name: "mode", Type: "string", Doc: "routed, full, paper or branch=K", set: func(o *Order, v string) (err error) {
		o.Mode, err = ParseMode(v)
		return err
	}},
	{Name: "budget", Type: "number", Max: 100, Doc: "spend at most this percentage of the full network's multiply-accumulates", set: func(o *Order, v string) (err error) {
		o.Budget, err = positive(v, 100)
		return err
	}},
	{Name: "max-time", Type: "string", Doc: "let the networks take about this time at most, such as 2s or 500ms", set: func(o *Order, v string) (err error) {
		if o.MaxTime, err = time.ParseDuration(v); err != nil || o.MaxTime <= 0 {
			return errors.New("it must be a time such as 2s or 500ms")
		}
		return nil
	}},
	{Name: "quality", Type: "number", Max: 10, Doc: "lose at most so many dB against the full network on average; by default what the model was calibrated for", set: func(o *Order, v string) (err error) {
		o.Quality, err = positive(v, 10)
		return err
	}},
	{Name: "router", Type: "string", Enum: []string{route.ClassModule, route.Edge}, Doc: "how difficulty is judged: by a small network or by edges", set: func(o *Order, v string) error {
		o.Router = v
		return nil
	}},
	{
		Name: "border", Type: "string", Enum: []string{string(infer.BorderReflect), string(infer.BorderZero)}, Doc: "what networks see beyond the picture's borders",
		set: func(o *Order, v string) error {
			o.Border = v
			return nil
		},
	},
	{Name: "format", Type: "string", Doc: "of the result: png, jpg, tif, webp, ppm or pam; by default JPEG and TIFF stay what they are, all others become PNG; a video becomes y4m", set: func(o *Order, v string) error {
		if v == pipeline.Y4M {
			o.Format = v
			return nil
		}
		if _, err := imageio.FormatOf("." + v); err != nil || v == "" {
			return errors.New("it must be png, jpg, tif, webp, ppm or pam")
		}
		o.Format = v
		return nil
	}},
	{Name: "jpeg-quality", Type: "integer", Min: 1, Max: 100, Doc: "of JPEG results; by default that of a JPEG picture, but at least 75, else 95", set: func(o *Order, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 100 {
			return errors.New("it must be 1 to 100")
		}
		o.JPEGQuality = n
		return nil
	}},
	{Name: "jpeg-444", Type: "boolean", Doc: "store the colours of each pixel in JPEG results", set: func(o *Order, v string) (err error) {
		o.JPEG444, err = yes(v)
		return err
	}},
	{Name: "png-level", Type: "string", Enum: []string{"fast", "default", "small"}, Doc: "how hard PNG is compressed", set: func(o *Order, v string) error {
		o.PNGLevel = v
		return nil
	}},
	{Name: "icc", Type: "string", Enum: []string{"keep", "srgb"}, Doc: "keep colours with their profile, or convert them to sRGB", set: func(o *Order, v string) error {
		o.ICC = v
		return nil
	}},
	{Name: "strip", Type: "boolean", Doc: "leave out all metadata but the colour profile", set: func(o *Order, v string) (err error) {
		o.Strip, err = yes(v)
		return err
	}},
	{Name: "background", Type: "string", Doc: "colour behind transparent pictures in formats without transparency, such as white or #ffcc00", set: func(o *Order, v string) error {
		_, err := ParseColour(v)
		o.Background = v
		return err
	}},
	{Name: "page", Type: "integer", Min: 1, Max: 1e6, Doc: "the page or frame that is read of files with several", set: func(o *Order, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return errors.New("it must be a whole number from 1 on")
		}
		o.Page = n
		return nil
	}},
	{Name: "bands", Type: "string", Doc: "which bands of a TIFF are read: one as gray, or three as red, green and blue, such as 4,3,2", set: func(o *Order, v string) error {
		_, err := ParseBands(v)
		o.Bands = v
		return err
	}},
	{Name: "range", Type: "string", Doc: "which samples become black and white, LOW,HIGH, in TIFFs of floating point or signed numbers", set: func(o *Order, v string) error {
		_, err := ParseRange(v)
		o.Range = v
		return err
	}},
	{
		Name: "matrix", Type: "string", Enum: []string{string(yuv.BT601), string(yuv.BT709)},
		Doc: "of a video: which colours luma and chroma stand for; by default bt709 from 1280 pixels of width or 577 of height on, else bt601",
		set: func(o *Order, v string) error {
			o.Matrix = yuv.Matrix(v)
			return nil
		},
	},
	{Name: "each-alone", Type: "boolean", Doc: "of a video: choose classes for each frame as if there were no others", set: func(o *Order, v string) (err error) {
		o.EachAlone, err = yes(v)
		return err
	}},
	{Name: "no-reuse", Type: "boolean", Doc: "of a video: compute all of each frame, also what has not changed; the result is the same", set: func(o *Order, v string) (err error) {
		o.Recomputed, err = yes(v)
		return err
	}},
	{Name: "classes", Type: "string", Doc: "what `classsr video --cluster` has decided about a picture that is a frame of a folder; nobody else needs it", set: func(o *Order, v string) error {
		_, err := infer.ParseDecision(v)
		o.Classes = v
		return err
	}},
}

// yes reads a truth. Nothing, as in ?fast, is true.
func yes(v string) (bool, error) {
	if v == "" || v == "on" { // as forms send it
		return true, nil
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		return false, errors.New("it must be true or false")
	}
	return b, nil
}

// number reads a number from least to most.
func number(v string, least, most float64) (float64, error) {
	n, err := strconv.ParseFloat(v, 64)
	if err != nil || !(n >= least && n <= most) {
		return 0, fmt.Errorf("it must be %g to %g", least, most)
	}
	return n, nil
}

// positive reads a number that is more than 0.
func positive(v string, most float64) (float64, error) {
	n, err := number(v, 0, most)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("it must be more than 0 and at most %g", most)
	}
	return n, nil
}
