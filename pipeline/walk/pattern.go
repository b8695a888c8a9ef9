package walk

import (
	"path"
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"classsr/fault"
)

// Patterns are patterns of paths as shells have them: * and ? for what is no slash, ** for any number of folders, [abc] and {jpg,png}. They
// do not tell capitals from small letters, since cameras write IMG.JPG.
type Patterns []string

// NewPatterns checks patterns. One with a slash is for the path below the root, one without for the last part of it.
func NewPatterns(texts []string) (Patterns, error) {
	var all Patterns
	for _, text := range texts {
		p := strings.ToLower(strings.Trim(filepath.ToSlash(text), "/"))
		if strings.HasPrefix(filepath.ToSlash(text), "/") {
			p = "/" + p // at the root
		}
		if p == "" || p == "/" || !doublestar.ValidatePattern(p) {
			return nil, fault.New(fault.Usage, "%q is no pattern: write one such as '*.jpg' or 'raw/**'", text)
		}
		all = append(all, p)
	}
	return all, nil
}

// Match tells whether one of the patterns is for a path below the root, written with slashes.
func (p Patterns) Match(below string) bool {
	below = strings.ToLower(below)
	for _, pattern := range p {
		if name := path.Base(below); !strings.Contains(pattern, "/") && doublestar.MatchUnvalidated(pattern, name) {
			return true
		}
	}
	return p.match(below)
}

// match is Match for patterns of whole paths.
func (p Patterns) match(below string) bool {
	below = strings.ToLower(below)
	for _, pattern := range p {
		if doublestar.MatchUnvalidated(strings.TrimPrefix(pattern, "/"), below) {
			return true
		}
	}
	return false
}

// IsPattern tells whether a text has signs that make it a pattern.
func IsPattern(text string) bool { return strings.ContainsAny(text, "*?[{") }

// Split divides a path with a pattern in it into the folder before the pattern and options that find what it matches.
func Split(text string) (root string, o Options, err error) {
	root, pattern := doublestar.SplitPattern(filepath.ToSlash(text))
	o.Match, err = NewPatterns([]string{pattern})
	o.Depth = strings.Count(pattern, "/")
	if strings.Contains(pattern, "**") {
		o.Depth = All
	}
	return filepath.FromSlash(root), o, err
}
