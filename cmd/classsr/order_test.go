package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"classsr/branch/branchtest"
	"classsr/budget"
	"classsr/fault"
	"classsr/imageio"
	"classsr/pipeline"
	"classsr/pipeline/order"
)

// Each name of an order is a flag of the command, or of that for videos; but what it has decided for a server.
func TestNamesOfOrdersAreFlags(t *testing.T) {
	upscale, video := newUpscale(streams{}), newVideo(streams{})
	for _, f := range order.Fields() {
		if upscale.Flags().Lookup(f.Name) == nil && video.Flags().Lookup(f.Name) == nil && f.Name != "classes" {
			t.Errorf("%s is no flag", f.Name)
		}
	}
}

// became keeps what became of a picture.
type became struct{ err error }

func (*became) Started(pipeline.Job, pipeline.Position) {}
func (*became) Finished(*pipeline.Result) error         { return nil }
func (*became) Skipped(pipeline.Job, string) error      { return nil }
func (b *became) Failed(f pipeline.Failure) error       { b.err = f.Err; return nil }

// byOrder enlarges a picture as the server does.
func byOrder(t *testing.T, input, output string, set []string) error {
	t.Helper()
	var o order.Order
	for _, one := range set {
		name, value, _ := strings.Cut(one, "=")
		if err := o.Set(name, value); err != nil {
			return err
		}
	}
	if err := o.Check(); err != nil {
		return err
	}
	p, err := o.Pipeline(nil, budget.New(1<<28, 1), nil)
	if err != nil {
		return err
	}
	var b became
	if _, err := p.Run(context.Background(), pipeline.NewWork(pipeline.Job{Input: input, Output: output}), &b); err != nil {
		t.Fatal(err)
	}
	return b.err
}

// Orders and flags of the same names and values make the same files, and refuse the same.
func TestOrdersMeanWhatFlagsDo(t *testing.T) {
	folder := t.TempDir()
	input := filepath.Join(folder, "in.png")
	var in bytes.Buffer
	if err := imageio.Encode(&in, branchtest.Patchwork(24, 16, 3, true, 8), imageio.PNG, imageio.EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(input, in.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"", "fast=true", "fast=false scale=2 kind=auto", "fast=maybe",
		"kind=photo", "kind=clean fast=true", "kind=real denoise=0.5", "kind=odd", "kind=", "denoise=0.5", "denoise=2 kind=real", "denoise=x kind=real",
		"model=fsrcnn-x3", "model=bicubic scale=3", "model=bicubic kind=clean", "model=span-x4 fast=true", "model=span-x4 kind=real", "model=fsrcnn-x4 denoise=0.5", "model=nothing",
		"fast=true scale=4x", "fast=true scale=2.5", "scale=0", "scale=-1", "scale=NaN", "scale=65",
		"fast=true width=50", "fast=true height=40", "fast=true fit=90x90", "fast=true megapixels=0.004", "fast=true width=30 linear=true", "width=0", "width=x", "fit=3", "megapixels=0",
		"width=50 height=40", "scale=2 fit=90x90",
		"fast=true mode=full", "fast=true mode=branch=1", "fast=true mode=branch=9", "mode=branch=0", "mode=odd", "mode=", "fast=true mode=paper border=reflect", "fast=true mode=full budget=50",
		"fast=true budget=65", "budget=0", "budget=101", "budget=NaN", "fast=true quality=0.5", "quality=0", "quality=11", "fast=true budget=65 quality=0.1",
		"fast=true max-time=5s", "max-time=0s", "max-time=-2s", "fast=true router=edge", "router=odd", "fast=true border=zero", "border=odd",
		"fast=true png-level=small", "png-level=odd", "fast=true icc=srgb", "icc=odd", "fast=true strip=true", "strip=odd",
		"fast=true jpeg-quality=50 format=jpg", "fast=true jpeg-444=true background=#f00 format=jpg", "background=nothing", "jpeg-quality=101", "jpeg-quality=-1",
		"fast=true format=webp", "fast=true format=tif",
		"fast=true page=1", "page=0", "page=2", "page=x", "bands=1,2", "bands=x", "range=1,0", "range=x",
	} {
		set := strings.Fields(text)
		ending := ".png"
		for _, one := range set {
			if format, ok := strings.CutPrefix(one, "format="); ok {
				ending = "." + format
			}
		}
		byFlags, byNames := filepath.Join(folder, "flags"+ending), filepath.Join(folder, "order"+ending)
		args := []string{"upscale", "-q", "--overwrite", "--threads", "1", "-o", byFlags, input}
		for _, one := range set {
			if !strings.HasPrefix(one, "format=") { // which the name of the file says
				args = append(args, "--"+one)
			}
		}
		var out, errOut bytes.Buffer
		code := Run(context.Background(), args, strings.NewReader(""), &out, &errOut)
		err := byOrder(t, input, byNames, set)
		if (code == exitDone) != (err == nil) || code == exitUsage && fault.KindOf(err) != fault.Usage {
			t.Errorf("%q: the command ends with %d (%s), the order with %v", text, code, strings.TrimSpace(errOut.String()), err)
			continue
		}
		if err != nil {
			continue
		}
		got, gotErr := os.ReadFile(byNames)
		want, wantErr := os.ReadFile(byFlags)
		if gotErr != nil || wantErr != nil || !slices.Equal(got, want) {
			t.Errorf("%q: other files (%v, %v)", text, gotErr, wantErr)
		}
		_ = os.Remove(byNames) // it is written again
		_ = os.Remove(byFlags)
	}
}
