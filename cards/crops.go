package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"strings"

	"classsr"
	"classsr/evaluate"
	"classsr/imageio"
	"classsr/internal/atomicfile"
	"classsr/picture"
	"classsr/resample"
)

// crop is a square of a test picture. None is of Set5 or Set14, which have no licence.
type crop struct {
	what    string
	path    string // as in testSet.hr
	at      image.Point
	quality int // of the LR picture as JPEG; 0 if it is none
}

// side is how large crops are, in pixels of the original: a multiple of all scales, as their places are.
const side = 168

var cropList = []crop{
	{"animal", "data/test-large/4k/elementary_Jay_Ruzesky.jpg", image.Pt(3888, 864), 0},
	{"building", "data/test-large/2k/clic2025_valid_7e499613.png", image.Pt(516, 1116), 0},
	{"text", "data/test-large/2k/clic2025_valid_0c49a5cc.png", image.Pt(552, 984), 0},
	{"page", "./pages/00-text.png", image.Pt(60, 252), 0},
	{"leaves", "data/test-large/2k/clic2025_valid_7e499613.png", image.Pt(840, 228), 0},
	{"JPEG, quality 75", "data/test-large/2k/clic2025_valid_afe3676b.png", image.Pt(1416, 48), 75},
}

const credits = "Pictures: walrus by Jay Ruzesky (Unsplash); building, van, leaves and street from CLIC 2025 (Unsplash licence); cut, reduced and enlarged again."

// maxCrops is how long the file of crops may be, in bytes.
const maxCrops = 190e3

// crops writes the picture of crops of a subject.
func (l *lab) crops(ctx context.Context, s *subject) error {
	fmt.Fprintf(os.Stderr, "%s crops\n", s.name)
	if err := l.drawPages(ctx, filepath.Join(l.work, "pages")); err != nil {
		return err
	}
	model, err := classsr.Open(s.model)
	if err != nil {
		return err
	}
	modes := []classsr.Options{{Mode: classsr.ModeFull}}
	if model.HasClasses() {
		modes = append(modes, classsr.Options{Mode: classsr.ModeRouted})
	}
	var rows [][]*picture.Picture
	for _, c := range cropList {
		row, err := l.cropRow(ctx, model, s.scale, modes, c)
		if err != nil {
			return fmt.Errorf("%s: %w", c.path, err)
		}
		rows = append(rows, row)
	}
	titles := []string{"LR", "bicubic", "full", "routed", "original"}
	if len(modes) == 1 {
		titles = []string{"LR", "bicubic", "full", "original"}
	}
	text, err := compress(drawCrops(rows, titles))
	if err != nil {
		return err
	}
	folder := filepath.Join(l.docs, "cards", "crops")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(folder, s.name+".jpg"), true, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// cropRow gives the crop as LR, bicubic, in each mode, and as it was.
func (l *lab) cropRow(ctx context.Context, m *classsr.Model, scale int, modes []classsr.Options, c crop) ([]*picture.Picture, error) {
	path := filepath.Join(l.shared, c.path)
	if name, made := strings.CutPrefix(c.path, "./"); made {
		path = filepath.Join(l.work, name)
	}
	hr, lr, err := evaluate.Reduced(path, scale, resample.Published, nil)
	if err != nil {
		return nil, err
	}
	if c.quality > 0 {
		var b bytes.Buffer
		if err := writeJPEG(&b, lr, c.quality); err != nil {
			return nil, err
		}
		d, err := imageio.Decode(b.Bytes(), imageio.Limits{})
		if err != nil {
			return nil, err
		}
		lr = d.Picture
	}
	area := image.Rectangle{Min: c.at, Max: c.at.Add(image.Pt(side, side))}
	if !area.In(hr.Bounds()) {
		return nil, fmt.Errorf("the crop at %v lies outside the picture", c.at)
	}
	row := []*picture.Picture{nearest(lr.Crop(image.Rectangle{Min: area.Min.Div(scale), Max: area.Max.Div(scale)}), scale)}
	bicubic, err := classsr.Open(classsr.Bicubic)
	if err != nil {
		return nil, err
	}
	enlarge := func(m *classsr.Model, o classsr.Options) error {
		o.Scale = scale
		up, err := m.Upscaler(o)
		if err != nil {
			return err
		}
		out, _, err := up.Upscale(ctx, lr)
		if err == nil {
			row = append(row, out.Crop(area))
		}
		return err
	}
	if err := enlarge(bicubic, classsr.Options{}); err != nil {
		return nil, err
	}
	for _, o := range modes {
		if err := enlarge(m, o); err != nil {
			return nil, err
		}
	}
	return append(row, hr.Crop(area)), nil
}

// nearest shows pixels as squares.
func nearest(p *picture.Picture, scale int) *picture.Picture {
	out := picture.New(p.Width*scale, p.Height*scale, p.Colors, false, p.Depth)
	for y := range out.Height {
		for x := range out.Width {
			for c := range p.Colors {
				out.Pix8[(y*out.Width+x)*p.Colors+c] = p.Pix8[(y/scale*p.Width+x/scale)*p.Channels()+c]
			}
		}
	}
	return out
}

// drawCrops sets rows of crops below titles; below each crop stands its PSNR against the last of its row.
func drawCrops(rows [][]*picture.Picture, titles []string) *image.RGBA {
	const gap, top, left, line = 6, 22, 24, 18
	out := image.NewRGBA(image.Rect(0, 0, left+len(titles)*(side+gap), top+len(rows)*(side+line)))
	draw.Draw(out, out.Bounds(), image.White, image.Point{}, draw.Src)
	for i, t := range titles {
		write(out, t, left+i*(side+gap), 16, color.Black)
	}
	for r, row := range rows {
		y := top + r*(side+line)
		writeUp(out, cropList[r].what, 16, y+side)
		for i, p := range row {
			x := left + i*(side+gap)
			draw.Draw(out, image.Rect(x, y, x+side, y+side), toImage(p), image.Point{}, draw.Src)
			if i == len(row)-1 {
				continue
			}
			if s, err := evaluate.Compare(row[len(row)-1], p, 0); err == nil {
				write(out, fmt.Sprintf("%.2f dB", s.PSNRRGB), x, y+side+13, color.Gray{Y: 96})
			}
		}
	}
	return out
}

// compress makes a JPEG that is not too long.
func compress(m image.Image) ([]byte, error) {
	for quality := 92; ; quality -= 3 {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}); err != nil {
			return nil, err
		}
		if b.Len() < maxCrops || quality < 50 {
			return b.Bytes(), nil
		}
	}
}
