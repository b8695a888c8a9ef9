package tokens

import (
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"classsr/fault"
)

// A token is a line of the file:
//
//	alice sha256:HEX expires=2027-01-01 rate=5 bytes=2GB pixels=1GP jobs=50 weight=2 scopes=jobs,metrics
//
// Everything behind the hash may be left out. Lines that begin with #, and empty ones, are skipped.

// hashPrefix names the function of the hash.
const hashPrefix = "sha256:"

// day is how dates are written. The token works until that day, in UTC, is over.
const day = "2006-01-02"

// field is one of a token's properties as it is written.
type field struct {
	name string
	set  func(t *Token, value string) error
	text func(t Token) string // "" where it is what it is without
}

var fields = []field{
	{"expires", func(t *Token, v string) (err error) { t.Expires, err = parseExpiry(v); return err }, expiryText},
	{"rate", func(t *Token, v string) (err error) { t.Rate, err = parsePositive(v, 1e6); return err }, func(t Token) string { return numberText(t.Rate) }},
	{"bytes", func(t *Token, v string) (err error) { t.Bytes, err = parseBytes(v); return err }, func(t Token) string { return bytesText(t.Bytes) }},
	{"pixels", func(t *Token, v string) (err error) { t.Pixels, err = ParsePixels(v); return err }, func(t Token) string { return pixelsText(t.Pixels) }},
	{"jobs", func(t *Token, v string) (err error) { t.Jobs, err = parseCount(v); return err }, countText},
	{"weight", func(t *Token, v string) (err error) { t.Weight, err = parsePositive(v, 1000); return err }, func(t Token) string { return numberText(t.Weight) }},
	{"scopes", func(t *Token, v string) (err error) { t.Scopes, err = parseScopes(v); return err }, func(t Token) string { return strings.Join(t.Scopes, ",") }},
}

// line writes a token as a line of the file.
func (t Token) line() string {
	parts := []string{t.Name, hashPrefix + hex.EncodeToString(t.Hash[:])}
	for _, f := range fields {
		if text := f.text(t); text != "" {
			parts = append(parts, f.name+"="+text)
		}
	}
	return strings.Join(parts, " ")
}

// parseLine reads a line that line has written. Errors are of kind fault.Usage.
func parseLine(line string) (t Token, err error) {
	parts := strings.Fields(line)
	t.Name = parts[0]
	if err := checkName(t.Name); err != nil {
		return t, err
	}
	if len(parts) < 2 {
		return t, fault.New(fault.Usage, "%s has no hash: `classsr token new` makes tokens", t.Name)
	}
	text, ok := strings.CutPrefix(parts[1], hashPrefix)
	hash, err := hex.DecodeString(text)
	if !ok || err != nil || len(hash) != len(t.Hash) {
		return t, fault.New(fault.Usage, "behind %s stands no hash, %sHEX: `classsr token new` makes tokens", t.Name, hashPrefix)
	}
	t.Hash = [len(t.Hash)]byte(hash)
	var seen []string
	for _, part := range parts[2:] {
		name, value, _ := strings.Cut(part, "=")
		if slices.Contains(seen, name) {
			return t, fault.New(fault.Usage, "%s has %s= twice", t.Name, name)
		}
		if err := t.Set(name, value); err != nil {
			return t, fault.New(fault.Usage, "%s has %q: %w", t.Name, part, err)
		}
		seen = append(seen, name)
	}
	return t, nil
}

// Set reads one of the properties behind the hash: expires, rate, bytes, pixels, jobs, weight or scopes. Errors are of kind fault.Usage.
func (t *Token) Set(name, value string) error {
	for _, f := range fields {
		if f.name == name {
			return f.set(t, value)
		}
	}
	return fault.New(fault.Usage, "there are expires=, rate=, bytes=, pixels=, jobs=, weight= and scopes=")
}

// parseExpiry reads a date, as 2027-01-31, and gives the end of that day in UTC; or a time, as 2027-01-31T12:00:00Z.
func parseExpiry(text string) (time.Time, error) {
	at, err := time.Parse(day, text)
	if err == nil {
		at = at.AddDate(0, 0, 1)
	} else {
		at, err = time.Parse(time.RFC3339, text)
	}
	if at = at.UTC(); err != nil || at.Year() < 2000 || at.Year() > 9000 {
		return time.Time{}, fault.New(fault.Usage, "it must be a date, such as 2027-01-31")
	}
	return at, nil
}

func expiryText(t Token) string {
	at := t.Expires.UTC()
	switch {
	case t.Expires.IsZero():
		return ""
	case at.Equal(at.Truncate(24 * time.Hour)):
		return at.AddDate(0, 0, -1).Format(day)
	}
	return at.Format(time.RFC3339Nano)
}

func parsePositive(text string, most float64) (float64, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n > 0 && n <= most) {
		return 0, fault.New(fault.Usage, "it must be a number above 0, and at most %g", most)
	}
	return n, nil
}

func parseCount(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > math.MaxInt32 {
		return 0, fault.New(fault.Usage, "it must be a whole number above 0")
	}
	return n, nil
}

func countText(t Token) string {
	if t.Jobs == 0 {
		return ""
	}
	return strconv.Itoa(t.Jobs)
}

func numberText(n float64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// mostBytes bounds sizes: sums of them stay whole numbers.
const mostBytes = 1 << 50

func parseBytes(text string) (int64, error) {
	n, err := humanize.ParseBytes(text)
	if err != nil || n < 1 || n > mostBytes {
		return 0, fault.New(fault.Usage, "it must be a size, such as 2GB")
	}
	return int64(n), nil
}

func bytesText(n int64) string {
	if n == 0 {
		return ""
	}
	text := strings.ReplaceAll(humanize.Bytes(uint64(n)), " ", "")
	if exact, err := parseBytes(text); err == nil && exact == n {
		return text
	}
	return strconv.FormatInt(n, 10)
}

// pixelUnits are units of numbers of pixels, the largest first.
var pixelUnits = []struct {
	name string
	n    int64
}{{"GP", 1e9}, {"MP", 1e6}, {"kP", 1e3}}

// ParsePixels reads a number of pixels, such as 400MP, 1.5GP or 2000000; at most 10^15. Errors are of kind fault.Usage.
func ParsePixels(text string) (int64, error) {
	number, unit := text, int64(1)
	for _, u := range pixelUnits {
		if tail := len(text) - len(u.name); tail > 0 && strings.EqualFold(text[tail:], u.name) {
			number, unit = text[:tail], u.n
		}
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	n = math.Round(n * float64(unit))
	if err != nil || !(n >= 1 && n <= 1e15) {
		return 0, fault.New(fault.Usage, "it must be a number of pixels, such as 400MP")
	}
	return int64(n), nil
}

func pixelsText(n int64) string {
	if n == 0 {
		return ""
	}
	for _, u := range pixelUnits {
		if n%u.n == 0 {
			return strconv.FormatInt(n/u.n, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

func parseScopes(text string) (all []string, err error) {
	for scope := range strings.SplitSeq(text, ",") {
		if !slices.Contains(scopes, scope) || slices.Contains(all, scope) {
			return nil, fault.New(fault.Usage, "it must be some of %s, separated by commas", strings.Join(scopes, ", "))
		}
		all = append(all, scope)
	}
	return all, nil
}
