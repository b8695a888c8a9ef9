package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	remark = regexp.MustCompile(`\s+# .*`)
	link   = regexp.MustCompile(`\]\(([^)]*)\)`)
	number = regexp.MustCompile(`[0-9]+(?:[.,x][0-9]+)*`)
)

// document is what is the same in all languages: the lines of blocks without remarks, where links lead, how many headings there are, and the figures of the text, sorted.
type document struct {
	blocks, links, figures []string
	headings               int
}

func read(t *testing.T, name string) (d document) {
	t.Helper()
	text, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for line := range strings.Lines(string(text)) {
		switch {
		case strings.HasPrefix(line, "```"):
			inside = !inside
			d.blocks = append(d.blocks, strings.TrimSpace(line))
		case inside:
			d.blocks = append(d.blocks, remark.ReplaceAllString(strings.TrimSpace(line), ""))
		default:
			if strings.HasPrefix(line, "#") {
				d.headings++
			}
			for _, found := range link.FindAllStringSubmatch(line, -1) {
				d.links = append(d.links, found[1])
			}
			d.figures = append(d.figures, number.FindAllString(line, -1)...)
		}
	}
	slices.Sort(d.figures)
	return d
}

func TestTheChineseREADMEIsThatOfToday(t *testing.T) {
	english, chinese := read(t, "README.md"), read(t, "README.zh.md")
	if !slices.Equal(english.blocks, chinese.blocks) {
		t.Errorf("commands or what they print differ: %s", differ(english.blocks, chinese.blocks))
	}
	if !slices.Equal(english.links[1:], chinese.links[1:]) { // the first leads to the other language
		t.Errorf("links differ: %s", differ(english.links[1:], chinese.links[1:]))
	}
	if !slices.Equal(english.figures, chinese.figures) {
		t.Errorf("figures differ: %s", differ(english.figures, chinese.figures))
	}
	if english.headings != chinese.headings || english.headings < 10 {
		t.Errorf("there are %d and %d headings", english.headings, chinese.headings)
	}
}

// differ shows the first difference of two lists.
func differ(a, b []string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return a[i] + " | " + b[i]
		}
	}
	return "one is longer"
}
