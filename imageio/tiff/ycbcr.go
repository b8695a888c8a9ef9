package tiff

import (
	"bufio"
	"errors"
	"image"
	"io"

	"classsr/imageio/codec"
	"classsr/picture"
)

// ratios are the shapes of chroma that are read, by how many pixels share a sample across and down.
var ratios = map[[2]int]image.YCbCrSubsampleRatio{
	{1, 1}: image.YCbCrSubsampleRatio444, {2, 1}: image.YCbCrSubsampleRatio422, {2, 2}: image.YCbCrSubsampleRatio420,
	{1, 2}: image.YCbCrSubsampleRatio440, {4, 1}: image.YCbCrSubsampleRatio411, {4, 2}: image.YCbCrSubsampleRatio410,
}

// readSubsampling finds out about the chroma. Brightness and chroma are 0 to 255 with 128 for no colour; other ranges are rare.
func (f *scanner) readSubsampling() error {
	f.subsampling = [2]int{1, 1}
	if f.photometric == modelYCbCr {
		v := f.d.Uints(tagBlackWhite, 2)
		f.videoRange = len(v) == 2 && v[0] == 16 && v[1] == 235 || f.d.Rational(tagBlackWhite) == 16
	}
	if !f.subsampled() {
		return nil
	}
	f.subsampling = [2]int{2, 2}
	if v := f.d.Uints(tagSubsampling, 2); len(v) == 2 {
		f.subsampling = [2]int{int(v[0]), int(v[1])}
	}
	if _, ok := ratios[f.subsampling]; !ok {
		return codec.Unsupported("chroma for %dx%d pixels is not supported: convert it to RGB with ImageMagick first", f.subsampling[0], f.subsampling[1])
	}
	if f.samples != 3 {
		return codec.Unsupported("channels beside brightness and chroma are not supported")
	}
	return nil
}

// ycbcrBlock decodes a block whose units are the brightness of a few pixels, row by row, then the chroma of all of them.
func (f *scanner) ycbcrBlock(i int64, form picture.Config) (*picture.Picture, error) {
	rows := form.Height
	t := inflater{scanner: f, buffer: bufio.NewReaderSize(nil, f.Src.Buffer())}
	defer t.close()
	r, err := t.open(i, rows)
	if err != nil {
		return nil, err
	}
	across, down := f.subsampling[0], f.subsampling[1]
	m := image.NewYCbCr(image.Rect(0, 0, f.blocks.width, rows), ratios[f.subsampling])
	units := (f.blocks.width + across - 1) / across
	unit := across*down + 2
	line := make([]byte, units*unit)
	for y := 0; y < rows; y += down {
		if _, err := io.ReadFull(r, line); err != nil {
			return nil, err
		}
		if f.predictor == 2 {
			return nil, errors.New("differences of brightness and chroma make no sense")
		}
		for u := range units {
			part := line[u*unit:][:unit]
			for k, v := range part[:across*down] {
				x, y := u*across+k%across, y+k/across
				if x < f.blocks.width && y < rows {
					m.Y[y*m.YStride+x] = v
				}
			}
			c := y/down*m.CStride + u
			m.Cb[c], m.Cr[c] = part[across*down], part[across*down+1]
		}
	}
	return codec.Convert(m, form, f.videoRange), nil
}
