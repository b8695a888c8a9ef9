package order

import (
	"testing"
	"time"

	"classsr/budget"
	"classsr/fault"
)

func TestSet(t *testing.T) {
	for name, values := range map[string][2][]string{
		"fast":         {{"", "true", "0", "on"}, {"maybe"}},
		"kind":         {{"auto", "photo", "real"}, {"", "odd"}},
		"scale":        {{"4", "2.5", "4x"}, {"0", "-1", "x", "1e9", "NaN"}},
		"fit":          {{"3840x2160"}, {"0x0", "3840", "9999999999x1"}},
		"mode":         {{"routed", "full", "branch=2"}, {"branch=0", "branch=x", "odd"}},
		"budget":       {{"40", "0.5"}, {"0", "-1", "101", "NaN", "1e999"}},
		"max-time":     {{"2s", "500ms"}, {"2", "-1s", "0s"}},
		"format":       {{"png", "jpg", "tif"}, {"", "exe", "../x"}},
		"jpeg-quality": {{"1", "100"}, {"0", "101", "x"}},
		"background":   {{"white", "#fff"}, {"nothing"}},
		"page":         {{"1"}, {"0", "all"}},
		"bands":        {{"1", "4,3,2"}, {"1,2", "all"}},
		"range":        {{"0,1"}, {"1,0", "x"}},
		"nothing":      {nil, {"1"}},
	} {
		for i, list := range values {
			for _, v := range list {
				var o Order
				err := o.Set(name, v)
				if (err == nil) != (i == 0) {
					t.Errorf("%s=%s: %v", name, v, err)
				}
				if err != nil && fault.KindOf(err) != fault.Usage {
					t.Errorf("%s=%s: %v is of kind %s", name, v, err, fault.KindOf(err))
				}
			}
		}
	}
}

func TestContradictions(t *testing.T) {
	for _, c := range []struct {
		good bool
		set  []string
	}{
		{true, []string{"scale", "4", "kind", "photo"}},
		{true, []string{"kind", "real", "denoise", "0.5"}},
		{false, []string{"scale", "4", "width", "100"}},
		{false, []string{"width", "100", "height", "100"}},
		{false, []string{"model", "../../etc/passwd"}},
		{false, []string{"model", "span-x4", "fast", "true"}},
		{false, []string{"model", "span-x4", "kind", "real"}},
		{false, []string{"denoise", "0.5"}},
	} {
		var o Order
		for i := 0; i < len(c.set); i += 2 {
			if err := o.Set(c.set[i], c.set[i+1]); err != nil {
				t.Fatal(err)
			}
		}
		if err := o.Check(); (err == nil) != c.good || err != nil && fault.KindOf(err) != fault.Usage {
			t.Errorf("%v: %v", c.set, err)
		}
	}
}

func TestStringAndFormat(t *testing.T) {
	var a, b Order
	for _, set := range [][2]string{{"scale", "2"}, {"fast", "true"}} {
		_ = a.Set(set[0], set[1])
	}
	for _, set := range [][2]string{{"fast", "true"}, {"scale", "2"}} {
		_ = b.Set(set[0], set[1])
	}
	if a.String() != b.String() || a.String() != "fast=true scale=2" {
		t.Errorf("%q and %q", a.String(), b.String())
	}
	for input, want := range map[string]string{"jpeg": ".jpg", "tiff": ".tif", "png": ".png", "heif": ".png", "gif": ".png"} {
		if _, ending := a.ResultFormat(input); ending != want {
			t.Errorf("of %s: %s", input, ending)
		}
	}
	_ = a.Set("format", "webp")
	if format, ending := a.ResultFormat("jpeg"); format != "webp" || ending != ".webp" {
		t.Errorf("%s %s", format, ending)
	}
}

func TestPipeline(t *testing.T) {
	var o Order
	for _, set := range [][2]string{{"fit", "300x200"}, {"budget", "40"}, {"max-time", "2s"}, {"icc", "srgb"}} {
		if err := o.Set(set[0], set[1]); err != nil {
			t.Fatal(err)
		}
	}
	if o.MaxTime != 2*time.Second || o.Budget != 40 {
		t.Errorf("%+v", o)
	}
	p, err := o.Pipeline(nil, budget.New(1<<30, 2), nil)
	if err != nil || p.Sizing == nil || p.ICC != "srgb" || !p.Overwrite {
		t.Errorf("%+v %v", p, err)
	}
}
