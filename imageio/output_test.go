package imageio

import (
	"io"
	"math"
	"strings"
	"testing"

	"classsr/fault"
	"classsr/picture"
)

func TestOutputsThatAFormatCannotHold(t *testing.T) {
	for _, c := range []struct {
		format string
		config picture.Config
		says   string // nothing if the format holds it
	}{
		{"jpeg", picture.Config{Width: 65500, Height: 65500, Colors: 3, Alpha: true, Depth: 16}, ""},
		{"jpeg", picture.Config{Width: 65501, Height: 1, Colors: 1, Depth: 8}, "JPEG cannot store 65501x1 pixels, at most 65500 a side: write PNG instead"},
		{"jpeg", picture.Config{Width: 1, Height: 200000, Colors: 3, Depth: 8}, "at most 65500 a side"},
		{"png", picture.Config{Width: 200000, Height: 200000, Colors: 3, Alpha: true, Depth: 16}, ""},
		{"png", picture.Config{Width: 1, Height: math.MaxInt32, Colors: 3, Depth: 8}, ""},
		{"png", picture.Config{Width: math.MaxInt32, Height: 1, Colors: 3, Depth: 8}, "at most 357913941 in a row: cut the picture into parts"},
		{"png", picture.Config{Width: 1, Height: math.MaxInt32 + 1, Colors: 3, Depth: 8}, "at most 2147483647 a side"},
		{"webp", picture.Config{Width: 16383, Height: 16383, Colors: 3, Alpha: true, Depth: 16}, ""},
		{"webp", picture.Config{Width: 16384, Height: 1, Colors: 3, Depth: 8}, "WebP cannot store 16384x1 pixels, at most 16383 a side: write PNG or TIFF instead"},
		{"gif", picture.Config{Width: 1, Height: 1, Colors: 3, Depth: 8}, `cannot write format "gif"`},
	} {
		err := CheckOutput(c.format, c.config)
		if c.says == "" {
			if err != nil {
				t.Errorf("%s, %+v: %v", c.format, c.config, err)
			}
			continue
		}
		if fault.KindOf(err) != fault.Unsupported || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s, %+v: error %v of kind %s, want %q", c.format, c.config, err, fault.KindOf(err), c.says)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	long, small := picture.New(65536, 1, 1, false, 8), picture.New(1, 1, 1, false, 8)
	for _, c := range []struct {
		p      *picture.Picture
		format string
		o      EncodeOptions
		kind   fault.Kind
	}{
		{long, "jpeg", EncodeOptions{}, fault.Unsupported},
		{small, "gif", EncodeOptions{}, fault.Unsupported},
		{small, "jpeg", EncodeOptions{Quality: 101}, fault.Usage},
		{small, "jpeg", EncodeOptions{Quality: -1}, fault.Usage},
	} {
		if err := Encode(io.Discard, c.p, c.format, c.o); fault.KindOf(err) != c.kind {
			t.Errorf("%s of %dx%d, %+v: error %v, want one of kind %s", c.format, c.p.Width, c.p.Height, c.o, err, c.kind)
		}
	}
	if err := Encode(io.Discard, long, "png", EncodeOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := FormatOf("a.gif"); fault.KindOf(err) != fault.Unsupported {
		t.Errorf("error %v of kind %s", err, fault.KindOf(err))
	}
}
