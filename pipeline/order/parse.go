package order

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"golang.org/x/image/colornames"

	"classsr/imageio"
	"classsr/imageio/deflate"
	"classsr/infer"
)

// Mode is how a model is used: a mode, or one branch, counted from 1.
type Mode struct {
	Mode   infer.Mode
	Branch int
}

// BranchMode begins the modes that are one branch.
const BranchMode = "branch="

// ParseMode reads routed, full, paper or branch=K; nothing is the model's own mode.
func ParseMode(text string) (m Mode, err error) {
	number, branch := strings.CutPrefix(text, BranchMode)
	switch mode := infer.Mode(text); {
	case text == "" || mode == infer.ModeRouted || mode == infer.ModeFull || mode == infer.ModePaper:
		return Mode{Mode: mode}, nil
	case !branch:
		return m, fmt.Errorf("the modes are %s, %s, %s and %sK", infer.ModeRouted, infer.ModeFull, infer.ModePaper, BranchMode)
	}
	m.Branch, err = strconv.Atoi(number)
	if err != nil || m.Branch < 1 {
		return Mode{}, errors.New("branches are counted from 1, the simplest, as in branch=2")
	}
	return m, nil
}

// ParseRange reads two numbers, the smaller one first.
func ParseRange(text string) (r imageio.Range, err error) {
	low, high, _ := strings.Cut(text, ",")
	r.Low, err = strconv.ParseFloat(strings.TrimSpace(low), 64)
	if err == nil {
		r.High, err = strconv.ParseFloat(strings.TrimSpace(high), 64)
	}
	if err != nil || !(r.Low < r.High) || math.IsInf(r.Low, 0) || math.IsInf(r.High, 0) {
		return r, errors.New("it must be two numbers, such as -10,50, the smaller one first")
	}
	return r, nil
}

// ParseBands reads one band, or three.
func ParseBands(text string) (bands []int, err error) {
	for part := range strings.SplitSeq(text, ",") {
		band, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil {
			return nil, errors.New("it must be numbers separated by commas, or all")
		}
		bands = append(bands, band)
	}
	if n := len(bands); n != 1 && n != 3 {
		return nil, errors.New("give one band, for a gray picture, three, for red, green and blue, or all")
	}
	return bands, nil
}

// ParsePNGLevel reads how hard PNG is compressed; nothing is the default.
func ParsePNGLevel(name string) (deflate.Level, error) {
	level, ok := map[string]deflate.Level{"fast": deflate.Fast, "": deflate.Default, "default": deflate.Default, "small": deflate.Small}[name]
	if !ok {
		return level, errors.New("it must be fast, default or small")
	}
	return level, nil
}

// ParseColour reads a colour: #rrggbb, #rgb, or a name of SVG, as red, green and blue.
func ParseColour(text string) ([3]uint8, error) {
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
