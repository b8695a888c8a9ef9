package tiff

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"classsr/fault"
	"classsr/imageio/codec"
)

// layout works out how samples are stored, and refuses what is not read.
func (f *scanner) layout() error {
	bits := f.d.Uints(tagBitsPerSample, 16)
	if len(bits) == 0 {
		bits = []uint32{1}
	}
	f.samples, f.bits = int(f.d.Uint(tagSamples, uint32(len(bits)))), int(bits[0])
	f.compression = f.d.Uint(tagCompression, uncompressed)
	f.reversed = f.d.Uint(tagFillOrder, 1) == 2
	f.predictor = f.d.Uint(tagPredictor, 1)
	f.planar = f.samples > 1 && f.d.Uint(tagPlanar, 1) == 2
	f.numbers = unsigned
	formats := f.d.Uints(tagSampleFormat, 16)
	if len(formats) > 0 && formats[0] != 4 { // 4 is undefined
		f.numbers = numbers(formats[0])
	}
	switch {
	case f.samples < 1 || f.samples > 1<<15:
		return errors.New("it declares an impossible number of channels")
	case slices.Min(bits) != slices.Max(bits):
		return codec.Unsupported("channels of different depths are not supported")
	case len(formats) > 0 && slices.Min(formats) != slices.Max(formats):
		return codec.Unsupported("channels of different types are not supported")
	}
	if _, ok := expansions[f.compression]; !ok {
		if other, known := otherCompressions[f.compression]; known {
			return codec.Unsupported("%s compression is not supported: convert it first, for example with %s", other.name, other.with)
		}
		return codec.Unsupported("compression %d is not supported", f.compression)
	}
	return f.depth()
}

// wholeBytes are the bits of samples that are read as floating point.
var wholeBytes = map[int]bool{8: true, 16: true, 24: true, 32: true, 64: true}

// depth works out the picture's depth from what a sample is.
func (f *scanner) depth() error {
	switch {
	case f.numbers == floating && f.bits > 8 && wholeBytes[f.bits],
		f.numbers == signed && wholeBytes[f.bits],
		f.numbers == unsigned && f.bits > 16 && wholeBytes[f.bits]:
		f.Depth = 32
	case f.numbers == unsigned && f.bits > 8 && f.bits <= 16:
		f.Depth = 16
	case f.numbers == unsigned && f.bits >= 1 && f.bits <= 8:
		f.Depth = 8
	case f.numbers < unsigned || f.numbers > floating:
		return codec.Unsupported("complex numbers are not supported")
	default:
		return codec.Unsupported("%d bits a sample are not supported", f.bits)
	}
	switch {
	case f.predictor == 2 && (f.bits%8 != 0 || f.bits == 24):
		return codec.Unsupported("differences of samples of %d bits are not supported", f.bits)
	case f.predictor == 3 && f.numbers != floating:
		return errors.New("differences of floating point numbers are of no use for whole ones")
	case f.predictor > 3:
		return codec.Unsupported("predictor %d is not supported", f.predictor)
	}
	return nil
}

// kind works out the channels.
func (f *scanner) kind() error {
	other := uint32(blackIsZero)
	if f.samples >= 3 {
		other = modelRGB
	}
	switch f.compression {
	case faxRows, faxWords, fax3, fax4:
		if f.bits != 1 || f.samples != 1 {
			return errors.New("fax compression of other than black and white")
		}
		other = whiteIsZero
	}
	f.photometric = f.d.Uint(tagPhotometric, other)
	own := 1 // channels of the colour model
	switch f.Colors = 3; f.photometric {
	case whiteIsZero, blackIsZero:
		f.Colors = 1
	case modelRGB:
		own = 3
	case modelPalette:
		if err := f.readPalette(); err != nil {
			return err
		}
	case modelCMYK:
		if own = 4; f.d.Uint(tagInkSet, 1) != 1 {
			return codec.Unsupported("inks other than cyan, magenta, yellow and black are not supported")
		}
		if f.FromCMYK = true; f.d.Has(tagICC) && f.Depth == 16 {
			f.Depth = 8 // as profiles are applied
		}
	case modelYCbCr:
		own = 3
	case modelLab, modelICCLab:
		if own = 3; f.samples == 1 {
			own, f.Colors, f.photometric = 1, 1, blackIsZero // brightness alone
		}
	default:
		if name := otherModels[f.photometric]; name != "" {
			return codec.Unsupported("%s is not supported", name)
		}
		return codec.Unsupported("colour model %d is not supported", f.photometric)
	}
	if f.samples < own {
		return errors.New("it has fewer channels than its colours take")
	}
	switch special := f.photometric > modelRGB; {
	case special && f.Depth == 32, f.photometric == modelYCbCr && f.bits != 8, f.photometric >= modelLab && f.bits != 8 && f.bits != 16:
		return codec.Unsupported("samples of %d bits in this colour model are not supported: convert it to RGB with ImageMagick first", f.bits)
	}
	return f.choose(own)
}

// choose works out which samples of a pixel are read: those of the colour model, and the one that says that it is alpha. Of several bands
// without a meaning the first three are shown as red, green and blue, as programs for maps do, unless others are asked for.
func (f *scanner) choose(own int) error {
	const multiplied, straight = 1, 2
	extra := f.d.Uints(tagExtraSamples, min(f.samples-own, 1<<10))
	alpha := slices.IndexFunc(extra, func(kind uint32) bool { return kind == multiplied || kind == straight })
	for i := range own {
		f.used = append(f.used, i)
	}
	if one := f.Options.Band; one > 0 && f.photometric <= modelRGB {
		if err := f.chooseBands([]int{one}); err != nil {
			return err
		}
		f.Bands, alpha = f.samples, -1
	} else if bands := f.Options.Bands; bands != nil {
		if err := f.chooseBands(bands); err != nil {
			return err
		}
	} else if f.Colors == 1 && own == 1 && alpha < 0 && f.samples >= 3 {
		f.Colors, f.used = 3, []int{0, 1, 2}
	}
	left := f.samples - len(f.used)
	if alpha >= 0 {
		f.transparent, f.multiplied = true, extra[alpha] == multiplied
		f.used = append(f.used, own+alpha)
		left--
	}
	if left > 0 && f.Bands == 0 {
		f.Note(fmt.Sprintf("only %s of %d channels are read", f.bandNames(), f.samples))
	}
	f.readNoData()
	f.Alpha = f.transparent || f.noData != nil
	if err := f.checkWhole(); err != nil {
		return err
	}
	return f.readSubsampling()
}

func (f *scanner) chooseBands(bands []int) error {
	if len(bands) != 1 && len(bands) != 3 || f.photometric > modelRGB {
		return fault.New(fault.Usage, "one or three bands of a gray or RGB picture can be chosen")
	}
	f.used = f.used[:0]
	for _, b := range bands {
		if b < 1 || b > f.samples {
			return fault.New(fault.Usage, "there is no band %d: the file has %d", b, f.samples)
		}
		f.used = append(f.used, b-1)
	}
	f.Colors = len(bands)
	return nil
}

// bandNames lists the numbers of the samples that are read.
func (f *scanner) bandNames() string {
	names := make([]string, len(f.used))
	for i, u := range f.used {
		names[i] = strconv.Itoa(u + 1)
	}
	return strings.Join(names, ", ")
}

// readPalette reads the palette, whose samples have 16 bits, or 8 where a program did not know better.
func (f *scanner) readPalette() error {
	f.palette = f.d.Uints(tagColorMap, 3*65536+1)
	if n := len(f.palette); n == 0 || n%3 != 0 {
		return errors.New("its palette is wrong")
	}
	f.Depth, f.wide = 8, slices.Max(f.palette) > 255
	if grayColorMap(f.palette, f.wide) {
		f.Colors = 1
	}
	return nil
}

// grayColorMap reports whether a map of all reds, then all greens, then all blues holds grays only, at 8 bits each.
func grayColorMap(values []uint32, wide bool) bool {
	n := len(values) / 3
	for i := range n {
		if r := entry8(values[i], wide); r != entry8(values[n+i], wide) || r != entry8(values[2*n+i], wide) {
			return false
		}
	}
	return true
}

// entry8 is a sample of a palette at 8 bits.
func entry8(v uint32, wide bool) uint8 {
	if wide {
		return uint8(v >> 8)
	}
	return uint8(v)
}
