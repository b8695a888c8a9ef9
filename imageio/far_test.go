package imageio

import (
	"bytes"
	"testing"

	"classsr/fault"
)

// TestFarFrames asks for frames so far from the first that the list of those before would be long: a frame of a GIF takes twelve bytes.
func TestFarFrames(t *testing.T) {
	frame := []byte(",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00")
	gif := append([]byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"), bytes.Repeat(frame, 70000)...)
	gif = append(gif, ';')
	if _, err := Decode(gif, Limits{Options: Options{Page: 70000}}); fault.KindOf(err) != fault.Usage {
		t.Errorf("GIF: %v", err)
	}
	if _, err := Decode(gif, Limits{Options: Options{Page: 300}}); err != nil {
		t.Errorf("GIF: %v", err)
	}
	png := apng(false, apngFrame{w: 3, h: 1, pixels: make([]byte, 6)})
	if _, err := Decode(png, Limits{Options: Options{Page: 70000}}); fault.KindOf(err) != fault.Usage {
		t.Errorf("PNG: %v", err)
	}
	webp := []byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	if _, err := Decode(webp, Limits{Options: Options{Page: 70000}}); fault.KindOf(err) != fault.Usage {
		t.Errorf("WebP: %v", err)
	}
}
