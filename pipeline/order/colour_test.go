package order

import "testing"

func TestParseColour(t *testing.T) {
	for text, want := range map[string][3]uint8{
		"white": {255, 255, 255}, "Tomato": {255, 99, 71}, "#ffcc00": {255, 204, 0}, "0a0B0c": {10, 11, 12}, "#f80": {255, 136, 0},
	} {
		if got, err := ParseColour(text); got != want || err != nil {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "#", "#ff", "#ffff", "whitish", "#gggggg", "#ffcc00aa", "ä"} {
		if got, err := ParseColour(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}
