package gif

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"testing"

	"classsr/imageio/codec"
)

// Frames that are hidden by a later one are not decoded, here since they could not be, and all others are.
func TestHiddenFrames(t *testing.T) {
	opaque := image.NewPaletted(image.Rect(0, 0, 2, 1), color.Palette{color.White, color.Black})
	through := image.NewPaletted(opaque.Rect, color.Palette{color.Transparent, color.Black})
	part := image.NewPaletted(image.Rect(1, 0, 2, 1), opaque.Palette)
	for name, test := range map[string]struct {
		frames   []*image.Paletted
		disposal []byte
		hidden   bool
	}{
		"opaque":       {[]*image.Paletted{opaque}, []byte{gif.DisposalNone}, true},
		"erased":       {[]*image.Paletted{through, through}, []byte{gif.DisposalBackground, gif.DisposalNone}, true},
		"transparent":  {[]*image.Paletted{through}, []byte{gif.DisposalNone}, false},
		"a part":       {[]*image.Paletted{part}, []byte{gif.DisposalNone}, false},
		"taken away":   {[]*image.Paletted{opaque, through}, []byte{gif.DisposalPrevious, gif.DisposalNone}, false},
		"opaque below": {[]*image.Paletted{opaque, through, part}, []byte{gif.DisposalNone, gif.DisposalPrevious, gif.DisposalNone}, true},
	} {
		g := &gif.GIF{Image: test.frames, Disposal: test.disposal, Delay: make([]int, len(test.frames))}
		g.Config = image.Config{ColorModel: opaque.Palette, Width: 2, Height: 1}
		var b bytes.Buffer
		if err := gif.EncodeAll(&b, g); err != nil {
			t.Fatal(err)
		}
		head := headerLen + 6 // a palette of two colours
		broken := []byte{',', 0, 0, 0, 0, 2, 0, 1, 0, 0, 1, 1, 0, 0}
		data := append(append(bytes.Clone(b.Bytes()[:head]), broken...), b.Bytes()[head:]...)
		f, err := codec.Open(codec.MemorySource(data), &Format, codec.Options{Page: 1 + len(test.frames)})
		if err == nil {
			err = f.Finish()
		}
		if err != nil {
			t.Fatal(name, err)
		}
		if _, err := f.Pixels(); (err == nil) != test.hidden {
			t.Errorf("%s: %v", name, err)
		}
	}
}
