package field

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/image/tiff"

	"classsr/budget"
	"classsr/imageio"
	"classsr/pipeline"
	"classsr/pipeline/order"
)

// sample is a picture's file, and what is to become of it.
type sample struct {
	name string
	data []byte
	want string // SHA-256 of what one process makes of it
}

// scene is a picture of smooth parts, edges and some noise, another one for each number. Alpha is not everywhere the same.
func scene(w, h, number int) *image.NRGBA64 {
	r := rand.New(rand.NewPCG(uint64(number), 17))
	m := image.NewNRGBA64(image.Rect(0, 0, w, h))
	phase, turn, noise := r.Float64()*6, 0.05+r.Float64()/5, 2000+r.Float64()*3000
	for y := range h {
		for x := range w {
			wave := math.Sin(phase+float64(x)*turn) * math.Cos(float64(y)*turn/2)
			value := func(of float64) uint16 {
				v := 30000 + of*20000*wave + noise*(r.Float64()-0.5)
				if (x/24+y/17)%3 == 0 {
					v = 60000 - v
				}
				return uint16(min(max(v, 0), 65535))
			}
			m.SetNRGBA64(x, y, color.NRGBA64{R: value(1), G: value(0.6), B: value(-0.8), A: uint16(min(65535, (x+y)*500))})
		}
	}
	return m
}

// drawn is a scene on an image of another kind.
func drawn[T interface {
	image.Image
	Set(x, y int, c color.Color)
}](to T, from *image.NRGBA64, opaque bool) T {
	for y := range from.Rect.Dy() {
		for x := range from.Rect.Dx() {
			c := from.NRGBA64At(x, y)
			if opaque {
				c.A = 65535
			}
			to.Set(x, y, c)
		}
	}
	return to
}

// kinds are the formats that samples have in turn.
var kinds = []string{"rgb.png", "photo.jpg", "deep.tiff", "alpha.png", "gray.png", "deep.png"}

// picture makes a sample of a size. number says which kind and scene it is.
func picture(t *testing.T, w, h, number int) sample {
	t.Helper()
	kind := kinds[number%len(kinds)]
	from, size, b := scene(w, h, number), image.Rect(0, 0, w, h), &bytes.Buffer{}
	var err error
	switch kind {
	case "rgb.png":
		err = png.Encode(b, drawn(image.NewNRGBA(size), from, true))
	case "photo.jpg":
		err = jpeg.Encode(b, drawn(image.NewNRGBA(size), from, true), &jpeg.Options{Quality: 90})
	case "deep.tiff":
		err = tiff.Encode(b, drawn(image.NewNRGBA64(size), from, true), nil)
	case "alpha.png":
		err = png.Encode(b, drawn(image.NewNRGBA(size), from, false))
	case "gray.png":
		err = png.Encode(b, drawn(image.NewGray(size), from, true))
	case "deep.png":
		err = png.Encode(b, drawn(image.NewNRGBA64(size), from, true))
	}
	if err != nil {
		t.Fatal(err)
	}
	return sample{name: fmt.Sprintf("%04d.%s", number, kind), data: b.Bytes()}
}

// folder makes so many samples of least to most pixels a side, and what one process makes of them.
func folder(t *testing.T, count, least, most int, options map[string]string) []sample {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(count), 5))
	all := make([]sample, count)
	for i := range all {
		all[i] = picture(t, least+r.IntN(most-least+1), least+r.IntN(most-least+1), i)
	}
	expect(t, all, options)
	return all
}

// expect says what one process makes of pictures.
func expect(t *testing.T, all []sample, options map[string]string) {
	t.Helper()
	expectWith(t, pipeline.NewShelf(64<<20), all, options)
}

// expectWith is expect with models of a shelf.
func expectWith(t *testing.T, shelf *pipeline.Shelf, all []sample, options map[string]string) {
	t.Helper()
	for i := range all {
		path, _ := enlarge(t, all[i], options, shelf)
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.New()
		if _, err := io.Copy(sum, f); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(f.Close(), os.Remove(path)); err != nil {
			t.Fatal(err)
		}
		all[i].want = hex.EncodeToString(sum.Sum(nil))
	}
}

// enlarge does a picture by the pipeline in this process, as the command does.
func enlarge(t *testing.T, p sample, options map[string]string, shelf *pipeline.Shelf) (path string, r *pipeline.Result) {
	t.Helper()
	var o order.Order
	for name, value := range options {
		if err := o.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	in := filepath.Join(scratch, p.name)
	if err := os.WriteFile(in, p.data, 0o600); err != nil {
		t.Fatal(err)
	}
	format, err := imageio.FormatOf(p.name)
	if err != nil {
		t.Fatal(err)
	}
	_, ending := o.ResultFormat(format)
	path = in + ".out" + ending
	line, err := o.Pipeline(shelf, budget.New(0, 0), nil)
	if err != nil {
		t.Fatal(err)
	}
	if r, err = line.Single(t.Context(), pipeline.Job{Input: in, Output: path}); err != nil {
		t.Fatal(err)
	}
	return path, r
}
