package pipeline

import (
	"bytes"
	"context"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"classsr"
	"classsr/fault"
	"classsr/imageio"
	"classsr/imageio/deflate"
	"classsr/infer"
	"classsr/picture"
)

// tall is a picture that takes more memory than all that enlarges and writes it.
func tall(colors int, alpha bool) *picture.Picture {
	p := picture.New(64, 18000/colors, colors, alpha, 16)
	for i := range p.Pix16 {
		p.Pix16[i] = uint16(i * i / 64)
	}
	return p
}

const littleMemory = 2_200_000

// little gives a Pipeline that has less memory than tall pictures take.
func little(t *testing.T, o classsr.Options) *Pipeline {
	t.Helper()
	o.Scale, o.Memory = 2, littleMemory
	p := with(t, open(t, classsr.Bicubic), o)
	p.Threads, p.PNGLevel = 1, deflate.Fast
	return p
}

func write(t *testing.T, path string, p *picture.Picture) {
	t.Helper()
	format, err := imageio.FormatOf(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err == nil {
		err = imageio.Encode(f, p, format, imageio.EncodeOptions{PNGLevel: deflate.Fast})
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Pictures that are too large to be in memory become the same files as with enough memory.
func TestPicturesTooLargeForMemoryComeInRows(t *testing.T) {
	inFolder(t)
	for path, in := range map[string]*picture.Picture{"rgb.png": tall(3, false), "gray.tif": tall(1, false)} {
		write(t, path, in)
		if whole := little(t, classsr.Options{}).Upscaler.Accepts(in.Config()); fault.KindOf(whole) != fault.TooLarge {
			t.Fatalf("%s: there is memory for all of it: %v", path, whole)
		}
		var l log
		n, err := little(t, classsr.Options{Threads: 2}).Run(context.Background(), NewWork(Job{Input: path, Output: "rows.ppm"}), &l)
		if n.Done != 1 || err != nil {
			t.Errorf("%s: %+v, %v, %v", path, n, err, l.errors)
			continue
		}
		if n, err := with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2}).Run(context.Background(), NewWork(Job{Input: path, Output: "whole.ppm"}), &l); n.Done != 1 || err != nil {
			t.Fatal(n, err, l.errors)
		}
		if !slices.Equal(read1(t, "rows.ppm"), read1(t, "whole.ppm")) {
			t.Errorf("%s: other pixels than with enough memory", path)
		}
		for _, done := range []string{"rows.ppm", "whole.ppm"} {
			if err := os.Remove(done); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func read1(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A file that somebody writes while its rows are read is an error, and so is one that is damaged; nothing is left of the result.
func TestFilesOfRowsThatChange(t *testing.T) {
	inFolder(t)
	write(t, "in.ppm", tall(3, false))
	whole := read1(t, "in.ppm")
	changes := map[string]func() error{
		"touched":   func() error { return os.Chtimes("in.ppm", time.Now(), time.Now().Add(time.Hour)) },
		"rewritten": func() error { return os.WriteFile("in.ppm", bytes.Repeat([]byte{7}, len(whole)), 0o600) },
		"cut short": func() error { return os.Truncate("in.ppm", 1<<20) },
		"replaced": func() error {
			if err := os.WriteFile("new", whole[:1<<20], 0o600); err != nil {
				return err
			}
			return os.Rename("new", "in.ppm")
		},
	}
	if runtime.GOOS == "windows" {
		delete(changes, "replaced") // no file is replaced that is open
	}
	for name, change := range changes {
		if err := os.WriteFile("in.ppm", whole, 0o600); err != nil {
			t.Fatal(err)
		}
		changed := false
		p := little(t, classsr.Options{Threads: 1, Progress: func(int, int) {
			if !changed {
				changed = true
				if err := change(); err != nil {
					t.Error(err)
				}
			}
		}})
		var l log
		n, err := p.Run(context.Background(), NewWork(Job{Input: "in.ppm", Output: "out.ppm"}), &l)
		if n.Failed != 1 || err != nil || fault.KindOf(l.errors[0]) != fault.Busy || !strings.Contains(l.errors[0].Error(), "in.ppm: it changed") {
			t.Errorf("%s: %+v, %v, %v", name, n, err, l.errors)
		}
		if got := names(t); !slices.Equal(got, []string{"in.ppm"}) {
			t.Errorf("%s: files %q are left", name, got)
		}
	}
}

func TestFilesOfRowsThatAreDamaged(t *testing.T) {
	inFolder(t)
	write(t, "in.png", tall(3, false))
	data := read1(t, "in.png")
	data[len(data)-30] ^= 1 // in the last rows
	if err := os.WriteFile("in.png", data, 0o600); err != nil {
		t.Fatal(err)
	}
	begun := false
	p := little(t, classsr.Options{Progress: func(int, int) { begun = true }})
	var l log
	n, err := p.Run(context.Background(), NewWork(Job{Input: "in.png", Output: "out.ppm"}), &l)
	if n.Failed != 1 || err != nil || fault.KindOf(l.errors[0]) != fault.Damaged || !strings.HasPrefix(l.errors[0].Error(), "cannot read in.png: damaged PNG") {
		t.Errorf("%+v, %v, %v", n, err, l.errors)
	}
	if got := names(t); begun || !slices.Equal(got, []string{"in.png"}) {
		t.Errorf("begun: %v, files %q are left", begun, got)
	}
}

// What cannot come in rows is refused as before.
func TestPicturesThatAreNeededAsAWhole(t *testing.T) {
	inFolder(t)
	write(t, "alpha.png", tall(3, true))
	write(t, "in.png", tall(3, false))
	inSRGB := little(t, classsr.Options{})
	inSRGB.ICC = ToSRGB
	piped := little(t, classsr.Options{})
	in, err := os.Open("in.png")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	piped.In = in
	for name, c := range map[string]struct {
		p     *Pipeline
		input string
	}{"alpha": {little(t, classsr.Options{}), "alpha.png"}, "converted": {inSRGB, "in.png"}, "standard input": {piped, Std}} {
		var l log
		n, err := c.p.Run(context.Background(), NewWork(Job{Input: c.input, Output: "out.ppm"}), &l)
		if n.Failed != 1 || err != nil || fault.KindOf(l.errors[0]) != fault.TooLarge {
			t.Errorf("%s: %+v, %v, %v", name, n, err, l.errors)
		}
	}
}

// Forecasts and previews accept what comes in rows, and tell its memory.
func TestForecastsOfPicturesInRows(t *testing.T) {
	inFolder(t)
	write(t, "in.png", picture.New(64, 12000, 3, false, 16))
	work := NewWork(Job{Input: "in.png", Output: "out.png"})
	if err := little(t, classsr.Options{}).preview1(work); err != nil {
		t.Error(err)
	}
	e, err := NewEstimator(modelsOf(t, open(t, classsr.Bicubic), classsr.Options{Memory: 2 * littleMemory}), 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := e.Estimate(context.Background(), nil, Input{Path: "in.png", ending: ".png"})
	if err != nil || len(r.Forecasts) != 1 || r.Forecasts[0].Mode != infer.ModeFull || r.Forecasts[0].MemoryMB > 2*littleMemory/1_000_000 || r.Height != 12000 {
		t.Errorf("%+v, %v", r, err)
	}
}

// preview1 is the error that Preview has about one picture.
func (p *Pipeline) preview1(work *Work) (found error) {
	_, err := p.Preview(context.Background(), work, func(v Preview) error {
		found = v.Err
		return nil
	})
	if err != nil {
		return err
	}
	return found
}
