package tiff

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"classsr/fault"
	"classsr/imageio/codec"
)

// entry is a field of a test file.
type entry struct {
	tag    uint16
	values any // []uint16, []uint32, []float64 or a text
}

// build makes a little-endian TIFF of one strip with these pixels and fields, which replace those of the same tags; its directories come one
// after the other, all with these pixels.
func build(width, height int, pixels []byte, pages ...[]entry) []byte {
	order := binary.LittleEndian
	out := append([]byte("II*\x00\x00\x00\x00\x00"), pixels...)
	link := 4 // where the offset of the next directory goes
	for _, further := range pages {
		fields := []entry{
			{tagWidth, []uint32{uint32(width)}}, {tagHeight, []uint32{uint32(height)}}, {tagCompression, []uint16{1}}, {tagPhotometric, []uint16{1}},
			{tagBitsPerSample, []uint16{8}}, {tagStripOffsets, []uint32{8}}, {tagStripByteCounts, []uint32{uint32(len(pixels))}},
		}
		for _, e := range further {
			fields = slices.DeleteFunc(fields, func(f entry) bool { return f.tag == e.tag })
		}
		fields = append(fields, further...)
		slices.SortFunc(fields, func(a, b entry) int { return int(a.tag) - int(b.tag) })
		var list []byte
		for _, f := range fields {
			kind, n, raw := 0, 0, []byte(nil)
			switch v := f.values.(type) {
			case []uint16:
				kind, n = 3, len(v)
				for _, x := range v {
					raw = order.AppendUint16(raw, x)
				}
			case []uint32:
				kind, n = 4, len(v)
				for _, x := range v {
					raw = order.AppendUint32(raw, x)
				}
			case string:
				kind, n, raw = 2, len(v), []byte(v)
			}
			list = order.AppendUint16(order.AppendUint16(list, f.tag), uint16(kind))
			list = order.AppendUint32(list, uint32(n))
			if len(raw) <= 4 {
				list = append(list, append(raw, 0, 0, 0, 0)[:4]...)
				continue
			}
			list = order.AppendUint32(list, uint32(len(out)))
			out = append(out, raw...)
		}
		order.PutUint32(out[link:], uint32(len(out)))
		out = append(order.AppendUint16(out, uint16(len(fields))), list...)
		link = len(out)
		out = order.AppendUint32(out, 0)
	}
	return out
}

func floats32(values ...float32) (raw []byte) {
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return raw
}

var float32s = []entry{{tagBitsPerSample, []uint16{32}}, {tagSampleFormat, []uint16{3}}}

func TestPages(t *testing.T) {
	page := func(kind uint32, rows int) []entry {
		return []entry{{tagSubfileType, []uint32{kind}}, {tagHeight, []uint32{uint32(rows)}}}
	}
	file := build(2, 3, []byte{1, 2, 3, 4, 5, 6}, page(1, 1), page(0, 3), page(4, 1), page(2, 2), page(1, 1), page(0, 1))
	for wanted, rows := range []int{3, 3, 2, 1} {
		p, f, err := decoded(file, codec.Options{Page: wanted})
		if err != nil {
			t.Errorf("page %d: %v", wanted, err)
			continue
		}
		if p.Height != rows || f.Pages != 3 || (len(f.Notes) > 0) != (wanted == 0) {
			t.Errorf("page %d: %d rows, %d pages, notes %q", wanted, p.Height, f.Pages, f.Notes)
		}
	}
	_, _, err := decoded(file, codec.Options{Page: 4})
	if fault.KindOf(err) != fault.Usage || err.Error() != "there is no page 4: the file has 3" {
		t.Errorf("page 4: %v", err)
	}
	if _, _, err = decoded(build(1, 1, []byte{9}, page(1, 1)), codec.Options{}); err != nil { // a preview alone is a picture
		t.Error(err)
	}
}

func TestBands(t *testing.T) {
	bands := func(n int, further ...entry) []entry {
		return append(further, entry{tagSamples, []uint16{uint16(n)}}, entry{tagBitsPerSample, slices.Repeat([]uint16{8}, n)})
	}
	pixels := []byte{10, 20, 30, 40, 50, 60, 70, 80, 90, 100}
	for name, test := range map[string]struct {
		file   []byte
		bands  []int
		colors int
		alpha  bool
		want   []uint8
		note   string
	}{
		"five":            {build(2, 1, pixels, bands(5)), nil, 3, false, []uint8{10, 20, 30, 60, 70, 80}, "only 1, 2, 3 of 5 channels are read"},
		"chosen":          {build(2, 1, pixels, bands(5)), []int{5, 3, 1}, 3, false, []uint8{50, 30, 10, 100, 80, 60}, "only 5, 3, 1 of 5 channels are read"},
		"one":             {build(2, 1, pixels, bands(5)), []int{4}, 1, false, []uint8{40, 90}, "only 4 of 5 channels are read"},
		"without meaning": {build(2, 1, pixels[:8], bands(4, entry{tagPhotometric, []uint16{2}})), nil, 3, false, []uint8{10, 20, 30, 50, 60, 70}, "only 1, 2, 3 of 4"},
		"gray and other":  {build(2, 1, pixels[:4], bands(2)), nil, 1, false, []uint8{10, 30}, "only 1 of 2"},
		"gray and alpha":  {build(2, 1, pixels[:4], bands(2, entry{tagExtraSamples, []uint16{2}})), nil, 1, true, pixels[:4], ""},
		"second is alpha": {build(2, 1, pixels, bands(5, entry{tagPhotometric, []uint16{2}}, entry{tagExtraSamples, []uint16{0, 2}})), nil, 3, true,
			[]uint8{10, 20, 30, 50, 60, 70, 80, 100}, "only 1, 2, 3, 5 of 5"},
		"none": {build(2, 1, pixels[:6], bands(3, entry{tagPhotometric, []uint16{2}}, entry{tagNoData, "20\x00"})), nil, 3, true,
			[]uint8{10, 20, 30, 255, 40, 50, 60, 255}, ""},
		"no data": {build(2, 1, []byte{7, 7, 7, 7, 7, 8}, bands(3, entry{tagPhotometric, []uint16{2}}, entry{tagNoData, "7"})), nil, 3, true,
			[]uint8{7, 7, 7, 0, 7, 7, 8, 255}, ""},
		"no such data": {build(2, 1, []byte{7, 8}, []entry{{tagNoData, "-9999"}}), nil, 1, false, []uint8{7, 8}, ""},
	} {
		p, f, err := decoded(test.file, codec.Options{Bands: test.bands})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p.Colors != test.colors || p.Alpha != test.alpha || !slices.Equal(p.Pix8, test.want) {
			t.Errorf("%s: %d colours, alpha %v, %v, want %v", name, p.Colors, p.Alpha, p.Pix8, test.want)
		}
		if notes := strings.Join(f.Notes, "; "); test.note == "" && notes != "" || !strings.HasPrefix(notes, test.note) {
			t.Errorf("%s: notes %q, want %q", name, notes, test.note)
		}
	}
	for _, wrong := range [][]int{{6}, {0}, {1, 2}, {}} {
		if _, _, err := decoded(build(2, 1, pixels, bands(5)), codec.Options{Bands: wrong}); fault.KindOf(err) != fault.Usage {
			t.Errorf("bands %v: error %v", wrong, err)
		}
	}
}

// Samples in floating point are mapped by their range, and those that are none become transparent.
func TestRanges(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for name, test := range map[string]struct {
		file  []byte
		asked *codec.Range
		want  []float32
		low   float64
		high  float64
	}{
		"smallest to largest": {build(4, 1, floats32(-10, 0, 30, 10), float32s), nil, []float32{0, 0.25, 1, 0.5}, -10, 30},
		"asked for":           {build(4, 1, floats32(-10, 0, 30, 10), float32s), &codec.Range{Low: 0, High: 20}, []float32{-0.5, 0, 1.5, 0.5}, 0, 20},
		"0 to 1":              {build(3, 1, floats32(0.25, 0.75, 0.5), float32s), nil, []float32{0.25, 0.75, 0.5}, 0, 1},
		"all equal":           {build(2, 1, floats32(5, 5), float32s), nil, []float32{0, 0}, 5, 10},
		"holes":               {build(4, 1, floats32(nan, 2, inf, 4), float32s), nil, []float32{0, 0, 0, 1, 0, 0, 1, 1}, 2, 4},
		"no data": {build(3, 1, floats32(-9999, 2, 6), append([]entry{{tagNoData, "-9999"}}, float32s...)), nil,
			[]float32{0, 0, 0, 1, 1, 1}, 2, 6},
		"filled":     {build(5, 1, floats32(nan, nan, 6, inf, 2), float32s), nil, []float32{1, 0, 1, 0, 1, 1, 1, 0, 0, 1}, 2, 6},
		"none of it": {build(2, 1, floats32(2, 6), append([]entry{{tagNoData, "nan"}}, float32s...)), nil, []float32{0, 1}, 2, 6},
		"int8": {build(3, 1, []byte{0x80, 0, 0x7f}, []entry{{tagSampleFormat, []uint16{2}}}), &codec.Range{Low: -128, High: 128},
			[]float32{0, 0.5, 255.0 / 256}, -128, 128},
	} {
		p, f, err := decoded(test.file, codec.Options{Range: test.asked})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p.Depth != 32 || !slices.Equal(p.Pix32, test.want) || f.Values.Low != test.low || f.Values.High != test.high {
			t.Errorf("%s: %v in %+v, want %v in %v to %v", name, p.Pix32, f.Values, test.want, test.low, test.high)
		}
	}
	for _, wrong := range []codec.Range{{Low: 1, High: 1}, {Low: 2, High: 1}, {Low: math.NaN(), High: 1}, {Low: 0, High: math.Inf(1)}} {
		if _, _, err := decoded(build(1, 1, floats32(1), float32s), codec.Options{Range: &wrong}); err == nil {
			t.Errorf("range %v: no error", wrong)
		}
	}
}

// TestSparse reads a file whose second strip is not there.
func TestSparse(t *testing.T) {
	lists := []entry{{tagRowsPerStrip, []uint16{1}}, {tagStripOffsets, []uint32{8, 0}}, {tagStripByteCounts, []uint32{2, 0}}}
	p, _, err := decoded(build(2, 2, []byte{5, 6}, lists), codec.Options{})
	if err != nil || !slices.Equal(p.Pix8, []uint8{5, 6, 0, 0}) {
		t.Errorf("%v, %v", p, err)
	}
	if _, _, err := decoded(build(1<<20, 1<<20, []byte{5, 6}, lists), codec.Options{}); fault.KindOf(err) != fault.Damaged {
		t.Errorf("a picture of little more than nothing: %v", err)
	}
	lists[1].values, lists[2].values = []uint32{0, 0}, []uint32{0, 0}
	if _, _, err := decoded(build(2, 2, []byte{5, 6}, lists), codec.Options{}); fault.KindOf(err) != fault.Damaged {
		t.Errorf("a picture of nothing: %v", err)
	}
}

func TestRefused(t *testing.T) {
	for want, test := range map[string]struct {
		fields []entry
		kind   fault.Kind
	}{
		"complex numbers":       {[]entry{{tagSampleFormat, []uint16{6}}}, fault.Unsupported},
		"48 bits a sample":      {[]entry{{tagBitsPerSample, []uint16{48}}}, fault.Unsupported},
		"samples of 24 bits":    {[]entry{{tagBitsPerSample, []uint16{24}}, {tagPredictor, []uint16{2}}}, fault.Unsupported},
		"different depths":      {[]entry{{tagBitsPerSample, []uint16{5, 6, 5}}, {tagSamples, []uint16{3}}}, fault.Unsupported},
		"JPEG 2000 compression": {[]entry{{tagCompression, []uint16{34712}}}, fault.Unsupported},
		"LERC compression":      {[]entry{{tagCompression, []uint16{34887}}}, fault.Unsupported},
		"JPEG XL compression is not supported: convert it first, for example with gdal_translate":   {[]entry{{tagCompression, []uint16{52546}}}, fault.Unsupported},
		"SGI LogLuv compression is not supported: convert it first, for example with tiff2rgba -c ": {[]entry{{tagCompression, []uint16{34677}}, {tagPhotometric, []uint16{32845}}, {tagBitsPerSample, []uint16{16, 16, 16}}, {tagSamples, []uint16{3}}, {tagSampleFormat, []uint16{2, 2, 2}}}, fault.Unsupported},
		"LogL (tiff2rgba":                 {[]entry{{tagPhotometric, []uint16{32844}}}, fault.Unsupported},
		"compression 12345":               {[]entry{{tagCompression, []uint16{12345}}}, fault.Unsupported},
		"camera's sensor":                 {[]entry{{tagPhotometric, []uint16{32803}}}, fault.Unsupported},
		"colour model 77":                 {[]entry{{tagPhotometric, []uint16{77}}}, fault.Unsupported},
		"fewer channels than its colours": {[]entry{{tagPhotometric, []uint16{5}}}, fault.Damaged},
		"other than black and white":      {[]entry{{tagCompression, []uint16{4}}}, fault.Damaged},
		"predictor 7":                     {[]entry{{tagPredictor, []uint16{7}}}, fault.Unsupported},
		"before 1995":                     {[]entry{{tagCompression, []uint16{6}}}, fault.Unsupported},
		"impossible number of channels":   {[]entry{{tagSamples, []uint16{0}}}, fault.Damaged},
	} {
		_, _, err := decoded(build(2, 1, []byte{1, 2, 3, 4, 5, 6, 7, 8}, test.fields), codec.Options{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || fault.KindOf(err) != test.kind {
			t.Errorf("error %q of kind %s, want one with %q of kind %s", err, fault.KindOf(err), want, test.kind)
		}
	}
}
