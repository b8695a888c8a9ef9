// Package order says what is wanted of a picture, by the names that the command's flags, the fields of requests and the page have, so that the same words mean
// the same everywhere.
package order

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"classsr"
	"classsr/fault"
	"classsr/imageio"
	"classsr/imageio/yuv"
	"classsr/models"
	"classsr/scaling"
)

// Order is what is wanted of one picture. The zero value is what `classsr upscale photo.jpg` does.
type Order struct {
	Model   string      // a built-in one, or one in a file by models.InFile; empty for the one that suits the picture
	Kind    models.Kind // empty for the one that suits the picture
	Fast    bool
	Denoise *float64
	Target  scaling.Target
	Linear  bool
	Mode    Mode
	Budget  float64       // percent of the full network's multiply-accumulates; 0 is no bound
	MaxTime time.Duration // 0 is no bound
	Quality float64       // dB that may be lost; 0 is the model's own
	Router  string
	Border  string

	Format      string // ending of the result's name, without dot; empty for the one that suits the picture's
	JPEGQuality int    // 0 is that of the picture
	JPEG444     bool
	PNGLevel    string
	ICC         string
	Strip       bool
	Background  string
	Page        int // from 1; 0 is the first
	Bands       string
	Range       string

	// Of videos; Classes is of pictures, and says what was decided about a frame of a folder (infer.Decision.Text).
	Matrix                yuv.Matrix
	EachAlone, Recomputed bool
	Classes               string

	given map[string]string
}

// Field describes one of the names.
type Field struct {
	Name, Type, Doc string // Type is that of JSON Schema
	Enum            []string
	Min, Max        float64 // of numbers, if Min is less than Max
	set             func(o *Order, value string) error
}

// Fields lists all names, in the order of the command's help.
func Fields() []Field { return slices.Clone(fields) }

// Set reads a value as the flag of that name does. Names that there are not, and values that they cannot have, are errors of kind fault.Usage.
func (o *Order) Set(name, value string) error {
	i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return fault.New(fault.Usage, "there is no option %q", clipped(name))
	}
	f := fields[i]
	if len(f.Enum) > 0 && !slices.Contains(f.Enum, value) {
		return fault.New(fault.Usage, "%s %s: it must be one of %s", name, clipped(value), strings.Join(f.Enum, ", "))
	}
	if err := f.set(o, value); err != nil {
		return fault.New(fault.Usage, "%s %s: %w", name, clipped(value), err)
	}
	if o.given == nil {
		o.given = map[string]string{}
	}
	o.given[name] = value
	return nil
}

// clipped is a value as it stands in a message.
func clipped(text string) string {
	const most = 60
	text = strconv.Quote(text)
	text = text[1 : len(text)-1]
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}

// Check returns an error of kind fault.Usage if what is asked for contradicts itself.
func (o *Order) Check() error {
	has := func(name string) bool { _, ok := o.given[name]; return ok }
	var sizes []string
	for _, name := range []string{"scale", "width", "height", "fit", "megapixels"} {
		if has(name) {
			sizes = append(sizes, name)
		}
	}
	b, builtin := models.Find(o.Model)
	_, inFile := models.FileSum(o.Model)
	switch {
	case len(sizes) > 1 && sizes[0] == "width" && sizes[1] == "height":
		return fault.New(fault.Usage, "width and height cannot be combined, since pictures are not stretched; use fit=%dx%d to keep within both", o.Target.Width, o.Target.Height)
	case len(sizes) > 1:
		return fault.New(fault.Usage, "%s cannot be combined: give one of them", strings.Join(sizes, " and "))
	case o.Model != "" && !builtin && !inFile && o.Model != classsr.Bicubic:
		return fault.New(fault.Usage, "there is no model %s; there are %s", clipped(o.Model), strings.Join(classsr.Names(), ", "))
	case o.Fast && o.Model != "":
		return fault.New(fault.Usage, "fast chooses a model, so it cannot be combined with model")
	case o.Kind != "" && o.Model != "" && b.Kind != o.Kind:
		return fault.New(fault.Usage, "kind %s: %s is a model of kind %s; leave out one of them", o.Kind, o.Model, b.Kind)
	case o.Denoise != nil && o.Model == "" && o.Kind != models.Real:
		return fault.New(fault.Usage, "denoise works with kind=real, or with a model that has such a choice")
	}
	return nil
}

// String lists what was asked for as name=value, in the order of names: equal orders, equal texts.
func (o *Order) String() string { return o.Without() }

// Without is String without what was said of some names.
func (o *Order) Without(names ...string) string {
	var parts []string
	for name, value := range o.given {
		if !slices.Contains(names, name) {
			parts = append(parts, name+"="+value)
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

// ResultFormat is the format of the result of a picture of that format, as imageio.FormatOf names it, and the ending of its file. Without a Format, JPEG and
// TIFF stay what they are and all others become PNG, as the command does in folders.
func (o *Order) ResultFormat(input string) (format, ending string) {
	ending = o.Format
	if ending == "" {
		ending = map[string]string{"jpeg": "jpg", "tiff": "tif"}[input]
	}
	if ending == "" {
		ending = "png"
	}
	format, err := imageio.FormatOf("." + ending)
	if err != nil { // it was checked
		return imageio.PNG, ".png"
	}
	return format, "." + ending
}
