package main

import (
	"fmt"
	"image"
	"io"
	"path/filepath"

	"classsr/imageio"
	"classsr/internal/atomicfile"
	"classsr/picture"
	"classsr/resample"
)

// reduction is how many times smaller pictures are than those that they are made of, and what models enlarge them to.
const reduction = 4

// original is the photo as large as the enlargement of a picture of that size: laid side by side, mirrored, as often as it takes.
func (b *bench) original(size image.Point) (*picture.Picture, error) {
	d, err := imageio.DecodeFile(b.photo, imageio.Limits{})
	if err != nil {
		return nil, err
	}
	p := d.RGB8()
	if p.Colors != 3 || p.Alpha || p.Depth != 8 {
		return nil, fmt.Errorf("%s: it has to be a photo in colours, of 8 bits, that one cannot see through", b.photo)
	}
	return mirrored(p, size.Mul(reduction)), nil
}

// mirrored lays a picture side by side until it has a size.
func mirrored(p *picture.Picture, size image.Point) *picture.Picture {
	at := func(i, n int) int {
		if i %= 2 * n; i < n {
			return i
		}
		return 2*n - 1 - i
	}
	to := picture.New(size.X, size.Y, 3, false, 8)
	for y := range size.Y {
		from := p.Pix8[3*p.Width*at(y, p.Height):][:3*p.Width]
		row := to.Pix8[3*size.X*y:][:3*size.X]
		for x := range size.X {
			copy(row[3*x:3*x+3], from[3*at(x, p.Width):])
		}
	}
	return to
}

// reduced makes a picture small.
func reduced(original *picture.Picture) (*picture.Picture, error) {
	return resample.Reduce(original, reduction, resample.Published)
}

// jpeg writes the small picture of a size as a file.
func (b *bench) jpeg(size image.Point) (string, error) {
	original, err := b.original(size)
	if err != nil {
		return "", err
	}
	small, err := reduced(original)
	if err != nil {
		return "", err
	}
	path := filepath.Join(b.temporary, sizeText(size)+".jpg")
	return path, atomicfile.Write(path, true, func(w io.Writer) error { return imageio.Encode(w, small, "jpeg", imageio.EncodeOptions{}) })
}
