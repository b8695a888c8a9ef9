package main

import (
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"classsr/fault"
)

// flagError says in plain words what is wrong with a flag's value.
func flagError(_ *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		if strings.HasPrefix(err.Error(), "unknown shorthand flag") {
			return usagef("%w; a file whose name begins with - is given as ./-NAME", err)
		}
		return fault.As(fault.Usage, err)
	}
	flag := invalid.GetFlag()
	if flag.Value.Type() == sizeType {
		return usagef("--%s %s: %w", flag.Name, invalid.GetValue(), invalid.Unwrap())
	}
	wanted, ok := map[string]string{
		"int":              "a whole number",
		"float64":          "a number",
		"float64Slice":     "numbers separated by commas",
		"bool":             "true or false",
		"duration":         "a time with a unit, such as 20s, 30m or 24h",
		timeValue{}.Type(): "a time with a unit, such as 2s, 500ms or 1m30s",
	}[flag.Value.Type()]
	if !ok {
		return fault.As(fault.Usage, err)
	}
	return usagef("--%s %s: it must be %s", flag.Name, invalid.GetValue(), wanted)
}

// timeValue is the value of --max-time, which needs a unit.
type timeValue struct{ time *time.Duration }

func (v timeValue) String() string {
	if v.time == nil || *v.time == 0 { // which help does not show as a default
		return "0"
	}
	return v.time.String()
}

func (v timeValue) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err == nil {
		*v.time = d
	}
	return err
}

func (timeValue) Type() string { return "time" }

// oneLine puts the lines of an error behind each other.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// usageText is an error of the command line as one line, with where help is.
func usageText(err error) string {
	text, meant, hinted := strings.Cut(err.Error(), "Did you mean this?") // cobra's, with a name a line
	text = oneLine(text)
	if hinted {
		text += "; did you mean " + strings.Join(strings.Fields(meant), " or ") + "?"
	}
	return text + " (see classsr --help)"
}
