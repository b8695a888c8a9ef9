package imageio

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"classsr/fault"
)

// apngFrame is a frame of gray and alpha.
type apngFrame struct {
	x, y, w, h      uint32
	disposal, blend byte
	pixels          []byte
}

// apng makes an animation of 3x1 pixels of gray and alpha, whose picture is its first frame or not.
func apng(pictureIsFrame bool, frames ...apngFrame) []byte {
	rows := func(f apngFrame) []byte {
		var raw []byte
		for row := range slices.Chunk(f.pixels, int(f.w)*2) {
			raw = append(append(raw, 0), row...)
		}
		return deflated(raw)
	}
	number := uint32(0)
	control := func(f apngFrame) []byte {
		var body []byte
		for _, v := range []uint32{number, f.w, f.h, f.x, f.y} {
			body = binary.BigEndian.AppendUint32(body, v)
		}
		number++
		return append(body, 0, 1, 0, 10, f.disposal, f.blend)
	}
	file := appendChunk([]byte("\x89PNG\r\n\x1a\n"), "IHDR", []byte{0, 0, 0, 3, 0, 0, 0, 1, 8, pngGrayAlpha, 0, 0, 0})
	file = appendChunk(file, "acTL", []byte{0, 0, 0, byte(len(frames)), 0, 0, 0, 0})
	if pictureIsFrame {
		file = appendChunk(file, "fcTL", control(frames[0]))
		file = appendChunk(file, "IDAT", rows(frames[0]))
		frames = frames[1:]
	} else {
		file = appendChunk(file, "IDAT", rows(apngFrame{w: 3, h: 1, pixels: []byte{9, 255, 9, 255, 9, 255}}))
	}
	for _, f := range frames {
		file = appendChunk(file, "fcTL", control(f))
		packed := rows(f)
		for _, part := range [][]byte{packed[:3], packed[3:]} { // in two chunks
			file = appendChunk(file, "fdAT", append(binary.BigEndian.AppendUint32(nil, number), part...))
			number++
		}
	}
	return appendChunk(file, "IEND", nil)
}

// TestAnimatedPNG draws frames with every way of leaving and of blending, worked out by hand.
func TestAnimatedPNG(t *testing.T) {
	full := apngFrame{w: 3, h: 1, pixels: []byte{10, 255, 20, 255, 30, 255}}
	part := func(disposal, blend byte, pixels ...byte) apngFrame {
		return apngFrame{x: 1, w: 2, h: 1, disposal: disposal, blend: blend, pixels: pixels}
	}
	for name, test := range map[string]struct {
		pictureIsFrame bool
		frames         []apngFrame
		page, pages    int
		want           []byte
	}{
		"the picture":            {true, []apngFrame{full, part(0, 0, 1, 2, 3, 4)}, 0, 2, full.pixels},
		"the first frame":        {true, []apngFrame{full, part(0, 0, 1, 2, 3, 4)}, 1, 2, full.pixels},
		"replaced":               {true, []apngFrame{full, part(0, 0, 1, 2, 3, 4)}, 2, 2, []byte{10, 255, 1, 2, 3, 4}},
		"laid over":              {true, []apngFrame{full, part(0, 1, 100, 0, 130, 51)}, 2, 2, []byte{10, 255, 20, 255, 50, 255}},
		"laid over nothing":      {false, []apngFrame{part(0, 1, 100, 0, 130, 51)}, 1, 1, []byte{0, 0, 0, 0, 130, 51}},
		"another picture":        {false, []apngFrame{full}, 0, 1, []byte{9, 255, 9, 255, 9, 255}},
		"not the picture":        {false, []apngFrame{full}, 1, 1, full.pixels},
		"cleared afterwards":     {true, []apngFrame{full, part(1, 0, 1, 2, 3, 4), {w: 1, h: 1, pixels: []byte{7, 8}}}, 3, 3, []byte{7, 8, 0, 0, 0, 0}},
		"taken back":             {true, []apngFrame{full, part(2, 0, 1, 2, 3, 4), {w: 1, h: 1, pixels: []byte{7, 8}}}, 3, 3, []byte{7, 8, 20, 255, 30, 255}},
		"laid over the half":     {false, []apngFrame{{w: 3, h: 1, pixels: []byte{0, 255, 100, 128, 0, 0}}, part(0, 1, 200, 128, 8, 128)}, 2, 2, []byte{0, 255, 167, 192, 8, 128}},
		"only what was asked of": {true, []apngFrame{full, {x: 9, w: 2, h: 1, pixels: []byte{1, 2, 3, 4}}}, 1, 2, full.pixels},
	} {
		file := apng(test.pictureIsFrame, test.frames...)
		d, err := Decode(file, Limits{Options: Options{Page: test.page}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(d.Pix8, test.want) {
			t.Errorf("%s: got %v, want %v", name, d.Pix8, test.want)
		}
		if c, err := DecodeConfig(file); err != nil || c.Pages != test.pages {
			t.Errorf("%s: %d pictures, want %d (%v)", name, c.Pages, test.pages, err)
		}
		_, err = Decode(file, Limits{Options: Options{Page: test.pages + 1}})
		if fault.KindOf(err) != fault.Usage && !strings.Contains(err.Error(), "beyond") {
			t.Errorf("%s: a picture that is not there: %v", name, err)
		}
	}
	outside := apng(true, full, apngFrame{x: 2, w: 2, h: 1, pixels: []byte{1, 2, 3, 4}})
	if _, err := Decode(outside, Limits{Options: Options{Page: 2}}); fault.KindOf(err) != fault.Damaged {
		t.Errorf("a frame outside: %v", err)
	}
	if _, err := Decode(encoded(t, patterned(4, 3, 3, false, 8), "png"), Limits{Options: Options{Page: 2}}); fault.KindOf(err) != fault.Usage {
		t.Errorf("a second picture: %v", err)
	}
}
