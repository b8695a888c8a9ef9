package pnm

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"

	"classsr/fault"
	"classsr/imageio/codec"
	"classsr/picture"
)

// pfm is a file of these samples, the lowest row first.
func pfm(kind string, width, height int, order binary.AppendByteOrder, samples ...float32) []byte {
	scale := "-1.0"
	if order == binary.AppendByteOrder(binary.BigEndian) {
		scale = "2e3"
	}
	file := fmt.Appendf(nil, "%s\n%d %d\n%s\n", kind, width, height, scale)
	for _, v := range samples {
		file = order.AppendUint32(file, math.Float32bits(v))
	}
	return file
}

// decoded reads a file as package imageio does.
func decoded(file []byte, o codec.Options) (*picture.Picture, *codec.File, error) {
	f, err := codec.Open(codec.MemorySource(file), &Format, o)
	if err != nil {
		return nil, nil, err
	}
	if err := f.CheckLength(); err != nil {
		return nil, nil, err
	}
	if err := f.Finish(); err != nil {
		return nil, nil, err
	}
	p, err := f.Pixels()
	return p, f, err
}

func TestPFM(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for name, test := range map[string]struct {
			file []byte
			o    codec.Options
			form picture.Config
			want []float32
			r    codec.Range
		}{
			"gray": {pfm("Pf", 2, 2, order, 0, 0.25, 0.5, 1), codec.Options{}, picture.Config{Width: 2, Height: 2, Colors: 1, Depth: 32},
				[]float32{0.5, 1, 0, 0.25}, codec.Range{Low: 0, High: 1}},
			"colours": {pfm("PF", 1, 2, order, 0, 1, 2, 3, 4, 0), codec.Options{}, picture.Config{Width: 1, Height: 2, Colors: 3, Depth: 32},
				[]float32{0.75, 1, 0, 0, 0.25, 0.5}, codec.Range{Low: 0, High: 4}},
			"a range": {pfm("Pf", 2, 1, order, -1, 3), codec.Options{Range: &codec.Range{Low: 1, High: 2}}, picture.Config{Width: 2, Height: 1, Colors: 1, Depth: 32},
				[]float32{-2, 2}, codec.Range{Low: 1, High: 2}},
			"holes": {pfm("Pf", 3, 1, order, nan, 0.75, inf), codec.Options{}, picture.Config{Width: 3, Height: 1, Colors: 1, Alpha: true, Depth: 32},
				[]float32{0, 0, 0.75, 1, 0, 0}, codec.Range{Low: 0, High: 1}},
			"no values": {pfm("Pf", 1, 1, order, nan), codec.Options{}, picture.Config{Width: 1, Height: 1, Colors: 1, Alpha: true, Depth: 32},
				[]float32{0, 0}, codec.Range{Low: 0, High: 1}},
		} {
			p, f, err := decoded(test.file, test.o)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if p.Config() != test.form || !slices.Equal(p.Pix32, test.want) || f.Values.Range != test.r || f.Values.Type != "float32" {
				t.Errorf("%s, %v: %+v %v, range %v", name, order, p.Config(), p.Pix32, f.Values.Range)
			}
		}
	}
}

func TestPFMRefused(t *testing.T) {
	whole := pfm("PF", 2, 2, binary.LittleEndian, make([]float32, 12)...)
	for name, test := range map[string]struct {
		file []byte
		kind fault.Kind
	}{
		"cut off":           {whole[:len(whole)-1], fault.Damaged},
		"no scale":          {[]byte("PF\n2 2\n0\n" + string(make([]byte, 48))), fault.Damaged},
		"scale is a word":   {[]byte("PF\n2 2\nx\n" + string(make([]byte, 48))), fault.Damaged},
		"scale without end": {[]byte("PF\n2 2\n1" + string(make([]byte, 48))), fault.Damaged},
		"no size":           {[]byte("PF\n0 2\n-1\n"), fault.Damaged},
		"large":             {[]byte("PF\n2000000000 2000000000\n-1\n0000"), fault.Damaged},
		"from low to high":  {pfm("Pf", 2, 1, binary.LittleEndian, -math.MaxFloat32, math.MaxFloat32), fault.Unsupported},
	} {
		o := codec.Options{}
		if name == "from low to high" {
			o.Range = &codec.Range{Low: 1, High: 0}
		}
		if _, _, err := decoded(test.file, o); err == nil || fault.KindOf(err) != test.kind {
			t.Errorf("%s: error %v of kind %s", name, err, fault.KindOf(err))
		}
	}
}
