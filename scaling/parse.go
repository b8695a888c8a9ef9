package scaling

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// ParseScale reads a scale as people write it: 4, 2.5, 2x, x2. Errors say what it must be.
func ParseScale(text string) (float64, error) {
	number := strings.TrimPrefix(strings.TrimSuffix(strings.ToLower(text), "x"), "x")
	v, err := parseNumber(number)
	switch {
	case err != nil && strings.HasSuffix(text, "%"):
		return 0, errors.New("it must be how many times to enlarge, such as 2 or 2.5, not a percentage")
	case err != nil:
		return 0, withComma(number, "it must be how many times to enlarge, such as 4, 2.5 or 2x")
	case v <= 0:
		return 0, errors.New("it must be more than 0, such as 4 or 2.5")
	case v > MaxTimes:
		return 0, errors.New("it must be at most " + strconv.Itoa(MaxTimes))
	}
	return v, nil
}

// ParseSide reads a width or a height in pixels: 1920, 1920px.
func ParseSide(text string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(strings.ToLower(text), "px"))
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange) || err == nil && n < 1:
		return 0, errors.New("it must be a whole number of pixels, such as 1920")
	case err != nil || n > MaxSide:
		return 0, errors.New("it must be at most " + strconv.Itoa(MaxSide) + " pixels")
	}
	return n, nil
}

// ParseFit reads a frame: 3840x2160.
func ParseFit(text string) (frame [2]int, err error) {
	width, height, ok := strings.Cut(strings.ReplaceAll(strings.ToLower(text), "×", "x"), "x")
	if ok {
		for i, side := range []string{width, height} {
			if frame[i], err = ParseSide(strings.TrimSpace(side)); err != nil {
				break
			}
		}
	}
	if !ok || err != nil {
		return [2]int{}, errors.New("it must be a width and a height in pixels, such as 3840x2160 (at most " + strconv.Itoa(MaxSide) + " each)")
	}
	return frame, nil
}

// ParseMegapixels reads a number of million pixels: 50, 12.5, 50MP.
func ParseMegapixels(text string) (float64, error) {
	number := strings.TrimSuffix(strings.ToLower(text), "mp")
	v, err := parseNumber(number)
	switch {
	case err != nil:
		return 0, withComma(number, "it must be a number of million pixels, such as 50 or 12.5")
	case v < 1e-6:
		return 0, errors.New("it must be more than 0, such as 50 (million pixels)")
	case v > 1e6:
		return 0, errors.New("it must be at most 1000000 (million pixels)")
	}
	return v, nil
}

// plainNumber is how people write numbers; strconv would take hexadecimal ones and infinity too.
var plainNumber = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)$`)

func parseNumber(text string) (float64, error) {
	if !plainNumber.MatchString(text) {
		return 0, errors.New("not a number")
	}
	v, err := strconv.ParseFloat(text, 64)
	if math.IsInf(v, 0) {
		return math.MaxFloat64, nil
	}
	return v, err
}

// withComma is an error that says what a number must be, and what was meant if it has a comma in place of the point.
func withComma(number, message string) error {
	if pointed := strings.Replace(number, ",", ".", 1); pointed != number && plainNumber.MatchString(pointed) {
		return errors.New("numbers are written with a point: " + pointed)
	}
	return errors.New(message)
}
