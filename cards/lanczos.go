package main

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"math"
	"path/filepath"
	"strings"

	xdraw "golang.org/x/image/draw"

	"classsr/evaluate"
	"classsr/imageio"
	"classsr/infer"
	"classsr/picture"
	"classsr/resample"
)

// measureLanczos measures Lanczos interpolation as eval measures models. The program has no such model; this is the filter of picture
// editors, to compare with.
func measureLanczos(ctx context.Context, s *subject, hr, lr string) (json.RawMessage, error) {
	paths, err := evaluate.Pictures(hr)
	if err != nil {
		return nil, err
	}
	r := evaluate.Result{
		Model: lanczos, Mode: infer.ModeFull, Scale: s.scale, Images: len(paths), PaperFLOPsPercent: 100,
		Classes: []infer.ClassShare{{Name: lanczos, Share: 1}},
	}
	n := float64(len(paths))
	for _, path := range paths {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		scores, err := scoreLanczos(path, lr, s.scale)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		r.PSNRRGB += evaluate.Decibel(scores.PSNRRGB / n)
		r.PSNRY += evaluate.Decibel(scores.PSNRY / n)
		r.SSIMRGB += scores.SSIMRGB / n
		r.SSIMY += scores.SSIMY / n
		r.PerImage = append(r.PerImage, evaluate.ImageScore{
			Name:    baseName(path),
			PSNRRGB: evaluate.Decibel(scores.PSNRRGB), SSIMRGB: scores.SSIMRGB, PSNRY: evaluate.Decibel(scores.PSNRY), SSIMY: scores.SSIMY,
		})
	}
	return json.Marshal(r)
}

func scoreLanczos(path, lrFolder string, scale int) (evaluate.Scores, error) {
	hr, lr, err := evaluate.Reduced(path, scale, resample.Published, nil)
	if err != nil {
		return evaluate.Scores{}, err
	}
	if lrFolder != "" {
		files, err := filepath.Glob(filepath.Join(lrFolder, baseName(path)+".*"))
		if err != nil || len(files) != 1 {
			return evaluate.Scores{}, fmt.Errorf("%d LR pictures of its name in %s", len(files), lrFolder)
		}
		d, err := imageio.DecodeFile(files[0], imageio.Limits{})
		if err != nil {
			return evaluate.Scores{}, err
		}
		lr = d.Picture
	}
	return evaluate.Compare(hr, enlargeLanczos(lr, scale), scale)
}

// lanczosKernel has three lobes.
var lanczosKernel = xdraw.Kernel{Support: 3, At: func(t float64) float64 {
	if t == 0 {
		return 1
	}
	t *= math.Pi
	return 3 * math.Sin(t) * math.Sin(t/3) / (t * t)
}}

func enlargeLanczos(p *picture.Picture, scale int) *picture.Picture {
	out := image.NewRGBA64(image.Rect(0, 0, p.Width*scale, p.Height*scale))
	in := toImage(p)
	lanczosKernel.Scale(out, out.Bounds(), in, in.Bounds(), xdraw.Src, nil)
	return fromImage(out)
}

func baseName(path string) string { return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)) }

// toImage gives a picture in 8 bits, without alpha.
func toImage(p *picture.Picture) *image.RGBA {
	p = p.To8Bit()
	out := image.NewRGBA(image.Rect(0, 0, p.Width, p.Height))
	for i := range p.Width * p.Height {
		for c := range 3 {
			out.Pix[4*i+c] = p.Pix8[i*p.Channels()+min(c, p.Colors-1)]
		}
		out.Pix[4*i+3] = 255
	}
	return out
}

// fromImage gives the colours of an image without alpha, rounded to 8 bits.
func fromImage(m *image.RGBA64) *picture.Picture {
	p := picture.New(m.Rect.Dx(), m.Rect.Dy(), 3, false, 8)
	round := func(v uint16) uint8 { return uint8((uint32(v) + 128) / 257) }
	for i := range p.Width * p.Height {
		c := m.RGBA64At(i%p.Width, i/p.Width)
		p.Pix8[3*i], p.Pix8[3*i+1], p.Pix8[3*i+2] = round(c.R), round(c.G), round(c.B)
	}
	return p
}
