package imageio

import (
	"bytes"
	"testing"

	"classsr/picture"
)

// A picture in floating point becomes the PNG and the JPEG of the same picture rounded before.
func TestReducedDepth(t *testing.T) {
	for format, depth := range map[string]int{"png": 16, "jpeg": 8} {
		for _, alpha := range []bool{false, format == "png"} {
			p := noise(picture.Config{Width: 31, Height: 45, Colors: 3, Alpha: alpha, Depth: 32})
			p.Pix32[5], p.Pix32[6] = 7, -3
			want := encoded(t, p.To(depth), format)
			for _, height := range []int{1, 7, 45} {
				var b memoryFile
				sink, err := NewEncoder(&b, p.Config(), format, EncodeOptions{})
				if err == nil {
					err = picture.Copy(sink, p.Rows(height))
				}
				if err != nil || !bytes.Equal(b.Bytes(), want) {
					t.Errorf("%s, alpha %v, bands of %d rows: other bytes, %v", format, alpha, height, err)
				}
			}
		}
	}
}
