package dataset

import (
	"context"
	"math"

	"classsr"
	"classsr/picture"
	"classsr/resample"
)

// cutter makes the tiles and patches of one version of a picture.
type cutter struct {
	Settings
	model *classsr.Model    // of the judge, nil without one
	judge *classsr.Upscaler // made of it where pictures are cut
}

// version names one version of a picture: the entry that is to be made of it has its factor and variant.
type version struct {
	picture string // what the draws of its degradation begin with
	factor  float64
	variant int
}

// cut gives the entry of a version of a picture, its tiles and its patches. A picture too small for a patch gives none.
func (c cutter) cut(ctx context.Context, p *picture.Picture, v version) (entry, []byte, []patch, error) {
	e := entry{Factor: v.factor, Variant: v.variant}
	hr, err := shrunk(p.RGB8(), v.factor)
	if err != nil {
		return e, nil, nil, err
	}
	if min(hr.Width, hr.Height) < c.Patch*c.Scale {
		return e, nil, nil, nil
	}
	if hr, err = hr.CropToMultiple(c.Scale); err != nil {
		return e, nil, nil, err
	}
	lr, err := resample.Reduce(hr, c.Scale, resample.Published)
	if err != nil {
		return e, nil, nil, err
	}
	if c.Degradation != nil {
		if lr, e.Degraded, err = c.Degradation.Degrade(lr, v.picture, v.factor, v.variant); err != nil {
			return e, nil, nil, err
		}
	}
	var judged *picture.Picture
	if c.judge != nil {
		if judged, _, err = c.judge.Upscale(ctx, lr); err != nil {
			return e, nil, nil, err
		}
	}
	e.Width, e.Height = lr.Width, lr.Height
	var patches []patch
	flat := 0
	for _, y := range positions(lr.Height, c.Patch, c.Step) {
		for _, x := range positions(lr.Width, c.Patch, c.Step) {
			if c.Thin > 1 && isFlat(hr, x*c.Scale, y*c.Scale, c.Patch*c.Scale) {
				if flat++; flat%c.Thin != 1 {
					e.Thinned++
					continue
				}
			}
			psnr := float32(math.NaN())
			if judged != nil {
				psnr = float32(patchPSNR(hr, judged, x*c.Scale, y*c.Scale, c.Patch*c.Scale))
			}
			patches = append(patches, patch{x: int32(x), y: int32(y), psnr: psnr})
		}
	}
	e.Patches = len(patches)
	return e, c.tile(e, lr, hr), patches, nil
}

// positions are where patches begin along a side: every step pixels, and once more at the end so that no edge is lost.
func positions(length, patch, step int) []int {
	var at []int
	for p := 0; p+patch <= length; p += step {
		at = append(at, p)
	}
	if last := length - patch; len(at) > 0 && at[len(at)-1] != last {
		at = append(at, last)
	}
	return at
}

// shrunk gives a picture at a factor of its size.
func shrunk(p *picture.Picture, factor float64) (*picture.Picture, error) {
	if factor == 1 {
		return p, nil
	}
	plan, err := resample.NewScale(p.Width, p.Height, factor, resample.Published)
	if err != nil {
		return nil, err
	}
	w, h := plan.Size()
	out := picture.New(w, h, 3, false, 8)
	plan.Bytes(out.Pix8, p.Pix8, 3)
	return out, nil
}

// tile puts the pictures into tiles, row by row; those at the right and at the bottom are filled up with zeros.
func (c cutter) tile(e entry, lr, hr *picture.Picture) []byte {
	columns, rows := e.tiles()
	size := tileBytes(c.Scale)
	tiles := make([]byte, columns*rows*size)
	for i := range columns * rows {
		tile := tiles[i*size : (i+1)*size]
		x, y := i%columns*tileSide, i/columns*tileSide
		copyTile(tile, lr, x, y, tileSide)
		copyTile(tile[3*tileSide*tileSide:], hr, x*c.Scale, y*c.Scale, tileSide*c.Scale)
	}
	return tiles
}

// copyTile writes three planes of side x side samples, as far as the picture goes.
func copyTile(dst []byte, p *picture.Picture, x, y, side int) {
	for row := y; row < min(y+side, p.Height); row++ {
		src := p.Pix8[(row*p.Width+x)*3:][:3*min(side, p.Width-x)]
		at := (row - y) * side
		for i := 0; i < len(src); i += 3 {
			dst[at] = src[i]
			dst[side*side+at] = src[i+1]
			dst[2*side*side+at] = src[i+2]
			at++
		}
	}
}

// maxPSNR stands for the PSNR of equal patches.
const maxPSNR = 100

// patchPSNR is the PSNR over RGB, in dB, of a square of two pictures.
func patchPSNR(a, b *picture.Picture, x, y, side int) float64 {
	var sum int64
	for row := y; row < y+side; row++ {
		at := (row*a.Width + x) * 3
		s, t := a.Pix8[at:][:3*side], b.Pix8[at:][:3*side]
		for i, v := range s {
			d := int64(v) - int64(t[i])
			sum += d * d
		}
	}
	if sum == 0 {
		return maxPSNR
	}
	mse := float64(sum) / float64(3*side*side)
	return min(10*math.Log10(255*255/mse), maxPSNR)
}

// flatDeviation is the standard deviation, in levels of 255, below which a patch counts as flat: less than what JPEG leaves of sky.
const flatDeviation = 2

// isFlat tells whether no channel of a square varies.
func isFlat(p *picture.Picture, x, y, side int) bool {
	for c := range 3 {
		var sum, squares int64
		for row := y; row < y+side; row++ {
			for i := (row*p.Width+x)*3 + c; i < (row*p.Width+x+side)*3; i += 3 {
				v := int64(p.Pix8[i])
				sum += v
				squares += v * v
			}
		}
		n := float64(side * side)
		mean := float64(sum) / n
		if float64(squares)/n-mean*mean >= flatDeviation*flatDeviation {
			return false
		}
	}
	return true
}
