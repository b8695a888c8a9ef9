package main

import (
	"encoding/hex"
	"errors"
	"strings"

	"golang.org/x/image/colornames"
)

// parseColour reads a colour: #rrggbb, #rgb, or a name of SVG, as red, green and blue.
func parseColour(text string) ([3]uint8, error) {
	if c, ok := colornames.Map[strings.ToLower(text)]; ok {
		return [3]uint8{c.R, c.G, c.B}, nil
	}
	digits := strings.TrimPrefix(text, "#")
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	rgb, err := hex.DecodeString(digits)
	if err != nil || len(rgb) != 3 {
		return [3]uint8{}, errors.New("it must be a colour such as white or #ffcc00")
	}
	return [3]uint8(rgb), nil
}
