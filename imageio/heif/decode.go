package heif

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"

	"classsr/imageio/codec"
	"classsr/picture"
)

// Pixels implements codec.Scanner.
func (f *scanner) Pixels() (*picture.Picture, error) {
	length := f.Src.Size()
	m, err := f.module.start(f.module.memory(f, length), turns(f.Area(), length))
	if err != nil {
		return nil, err
	}
	defer m.close()
	file, err := m.load(f.Src, length)
	if err != nil {
		return nil, err
	}
	if f.module == avifModule {
		return f.avif(m, file, uint64(length))
	}
	return f.heic(m, file, uint64(length))
}

var errSizes = errors.New("it declares two different sizes")

// avif decodes with libavif, which gives red, green, blue and alpha, the colours multiplied by alpha, with 8 or 16 bits.
func (f *scanner) avif(m *instance, file, length uint64) (*picture.Picture, error) {
	said, err := m.allocate(4 * 4)
	if err != nil {
		return nil, err
	}
	decode := func(onlyHeaders uint64, delay, out uint64) error {
		ok, err := m.call("decode", file, length, onlyHeaders, 0, said, said+4, said+8, said+12, delay, out)
		if err == nil && ok == 0 {
			err = errModule
		}
		return err
	}
	if err := decode(1, 0, 0); err != nil {
		return nil, err
	}
	words, err := m.words(said, 4)
	if err != nil {
		return nil, err
	}
	if words[0] != f.Width || words[1] != f.Height || (words[2] > 8) != (f.Depth == 16) {
		return nil, errSizes
	}
	if words[3] > 1 {
		f.Note("the animation is not kept: only the still picture is read")
	}
	size := 4 * f.Area() * int64(f.Depth/8)
	// Whatever number of pictures it says that there are, times of them come to this place.
	delay, err := m.allocate(8 * int64(max(words[3], 1)))
	if err != nil {
		return nil, err
	}
	out, err := m.allocate(size)
	if err != nil {
		return nil, err
	}
	if err := decode(0, delay, out); err != nil {
		return nil, err
	}
	pixels, ok := m.Memory().Read(uint32(out), uint32(size))
	if !ok {
		return nil, errModule
	}
	p := f.NewPicture()
	if p.Depth == 8 {
		place(f, codec.NewPlacer(f.File, p.Pix8), pixels, 1, func(b []byte) uint8 { return b[0] })
	} else {
		place(f, codec.NewPlacer(f.File, p.Pix16), pixels, 2, binary.LittleEndian.Uint16)
	}
	return p, nil
}

// place takes the channels that the picture has out of rows of red, green, blue, alpha.
func place[T uint8 | uint16](f *scanner, to *codec.Placer[T], pixels []byte, size int, sample func([]byte) T) {
	channels := []int{0, 1, 2}[:f.Colors]
	if f.Alpha {
		channels = append(channels, 3)
	}
	row := make([]T, 4*f.Width)
	for y := range f.Height {
		for i := range row {
			row[i] = sample(pixels[size*(4*f.Width*y+i):])
		}
		if f.Alpha {
			codec.Straighten(row, 4)
		}
		dst := to.Row(y, 0, 1, f.Width)
		for x := range f.Width {
			for k, c := range channels {
				dst[x*len(channels)+k] = row[4*x+c]
			}
		}
		to.Place()
	}
}

// libheif's numbers.
const (
	spaceYCbCr      = 0
	spaceRGB        = 1
	spaceMonochrome = 2
	chromaNone      = 0
	chroma420       = 1
	chroma422       = 2
	chroma444       = 3
)

// heic decodes with libheif, which gives planes, or red, green, blue and alpha, of 8 bits.
func (f *scanner) heic(m *instance, file, length uint64) (*picture.Picture, error) {
	said, err := m.allocate(5 * 4)
	if err != nil {
		return nil, err
	}
	decode := func(onlyHeaders, out uint64) error {
		ok, err := m.call("decode", file, length, onlyHeaders, said, said+4, said+8, said+12, said+16, out)
		if err == nil && ok == 0 {
			err = errModule
		}
		return err
	}
	if err := decode(1, 0); err != nil {
		return nil, err
	}
	words, err := m.words(said, 5)
	if err != nil {
		return nil, err
	}
	if words[0] != f.Width || words[1] != f.Height {
		return nil, errSizes
	}
	img, size, err := f.planes(words[2], words[3])
	if err != nil {
		return nil, err
	}
	out, err := m.allocate(size)
	if err != nil {
		return nil, err
	}
	if err := decode(0, out); err != nil {
		return nil, err
	}
	pixels, ok := m.Memory().Read(uint32(out), uint32(size))
	if !ok {
		return nil, errModule
	}
	return f.Take(img(pixels)), nil
}

// planes gives how libheif lays out a picture, and the bytes that takes. Rows have room for 64 pixels at least, and are as long as a multiple
// of 16 bytes.
func (f *scanner) planes(space, chroma int) (img func([]byte) image.Image, size int64, err error) {
	const multiple, least = 16, 64
	round := func(n int) int { return (max(n, least) + multiple - 1) / multiple * multiple }
	if space == spaceYCbCr && chroma == chromaNone {
		return nil, 0, codec.Unsupported("gray pictures are not supported: convert it, for example with heif-convert FILE picture.png")
	}
	rect := image.Rect(0, 0, f.Width, f.Height)
	switch space {
	case spaceMonochrome:
		f.Colors = 1
		stride := round(f.Width)
		return func(b []byte) image.Image { return &image.Gray{Pix: bytes.Clone(b), Stride: stride, Rect: rect} }, int64(stride) * int64(f.Height), nil
	case spaceRGB:
		f.Colors = 3
		stride := (4*max(f.Width, least) + multiple - 1) / multiple * multiple
		return func(b []byte) image.Image { return &image.NRGBA{Pix: bytes.Clone(b), Stride: stride, Rect: rect} }, int64(stride) * int64(f.Height), nil
	case spaceYCbCr:
	default:
		return nil, 0, codec.Unsupported("colour space %d is not known", space)
	}
	f.Colors = 3
	w, h, ratio := f.Width, f.Height, image.YCbCrSubsampleRatio444
	switch chroma {
	case chroma420:
		w, h, ratio = (w+1)/2, (h+1)/2, image.YCbCrSubsampleRatio420
	case chroma422:
		w, ratio = (w+1)/2, image.YCbCrSubsampleRatio422
	case chroma444:
	default:
		return nil, 0, codec.Unsupported("chroma of kind %d is not known", chroma)
	}
	luma, plane := int64(round(f.Width))*int64(f.Height), int64(round(w))*int64(h)
	return func(b []byte) image.Image {
		return &image.YCbCr{
			Y: b[:luma], Cb: b[luma : luma+plane], Cr: b[luma+plane:],
			YStride: round(f.Width), CStride: round(w), SubsampleRatio: ratio, Rect: rect,
		}
	}, luma + 2*plane, nil
}
