package web_test

import (
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"classsr/web"
)

// files gives the page's files with these endings as texts.
func files(t *testing.T, endings ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := fs.WalkDir(web.Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.Contains(endings, path.Ext(name)) {
			return err
		}
		b, err := fs.ReadFile(web.Files(), name)
		found[name] = string(b)
		return err
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("no files ending in %v: %v", endings, err)
	}
	return found
}

func stringsIn(t *testing.T, language string) map[string]string {
	t.Helper()
	b, err := fs.ReadFile(web.Files(), "strings/"+language+".json")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	if err := json.Unmarshal(b, &texts); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), "\": "); n != len(texts) {
		t.Errorf("%s: %d lines with strings, %d of them different", language, n, len(texts))
	}
	return texts
}

// The forms of a string with a number differ between languages: these are its endings.
var plural = regexp.MustCompile(`\.(zero|one|two|few|many|other)$`)

func TestLanguagesHaveTheSameStrings(t *testing.T) {
	placeholder := regexp.MustCompile(`\{\w+\}`)
	placeholders := func(text string) []string {
		found := placeholder.FindAllString(text, -1)
		slices.Sort(found)
		return slices.Compact(found)
	}
	en := stringsIn(t, "en")
	for _, language := range web.Languages() {
		texts := stringsIn(t, language)
		for key, text := range en {
			other, ok := texts[key]
			if !ok && plural.MatchString(key) {
				other, ok = texts[plural.ReplaceAllString(key, ".other")]
			}
			if !ok {
				t.Errorf("%s has no %s", language, key)
			} else if got, want := placeholders(other), placeholders(text); !slices.Equal(got, want) {
				t.Errorf("%s: %s has the values %v, in English %v", language, key, got, want)
			}
			if strings.TrimSpace(other) == "" && ok {
				t.Errorf("%s: %s is empty", language, key)
			}
		}
		for key := range texts {
			if en[key] == "" && !plural.MatchString(key) {
				t.Errorf("%s has %s, which English has not", language, key)
			}
		}
	}
}

func TestPageOffersAllLanguages(t *testing.T) {
	if want := `languages = ["` + strings.Join(web.Languages(), `", "`) + `"];`; !strings.Contains(files(t, ".js")["text.js"], want) {
		t.Errorf("text.js does not have %s", want)
	}
}

func TestStringsAreThoseThatAreUsed(t *testing.T) {
	literal, beginning := regexp.MustCompile("[\"`]([a-z]+(?:\\.[a-z_]+)*)[\"`]"), regexp.MustCompile("`([a-z]+\\.)\\$\\{")
	used, beginnings := map[string]bool{}, []string{}
	for _, text := range files(t, ".js", ".html") {
		for _, m := range literal.FindAllStringSubmatch(text, -1) {
			used[m[1]] = true
		}
		for _, m := range beginning.FindAllStringSubmatch(text, -1) {
			beginnings = append(beginnings, m[1])
		}
	}
	for _, key := range []string{"viewer.script", "figure.psnr", "figure.ssim", "figure.times", "figure.file.before"} { // of pages of one file
		used[key] = true
	}
	texts := stringsIn(t, "en")
	for key := range texts {
		key = plural.ReplaceAllString(key, "")
		if !used[key] && !slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(key, b) }) {
			t.Errorf("nothing uses the string %s", key)
		}
	}
	call := regexp.MustCompile("\\bt\\(\"([a-z_.]+)\"|data-(?:text|label|hint)=\"([a-z_.]+)\"")
	for name, text := range files(t, ".js", ".html") {
		for _, m := range call.FindAllStringSubmatch(text, -1) {
			key := m[1] + m[2]
			if texts[key] == "" && texts[key+".other"] == "" {
				t.Errorf("%s uses %s, which is no string", name, key)
			}
		}
	}
}

// What is read stands in the files of strings, but for a line that is shown where there is no script to fetch them.
func TestNoTextOutsideTheStrings(t *testing.T) {
	between := regexp.MustCompile(`>[^<]*\pL[^<]*<`)
	for name, text := range files(t, ".html") {
		text = regexp.MustCompile(`(?s)<(noscript|title)>.*?</(noscript|title)>|<!--.*?-->`).ReplaceAllString(text, "")
		if found := between.FindString(text); found != "" {
			t.Errorf("%s has the text %q", name, found)
		}
		if found := regexp.MustCompile(`\b(alt|title|aria-label|placeholder)="[^"]*\pL[^"]*"`).FindString(text); found != "" {
			t.Errorf("%s has %s", name, found)
		}
	}
	written := regexp.MustCompile("(setText\\([^,]+, |textContent = |\"aria-label\"[:,] |alt: |title: |make\\(\"[a-z0-9]+\", \\{[^}]*\\}, )[\"`]([^\"`$]*\\pL[^\"`$]*)")
	key := regexp.MustCompile(`^[a-z]+(\.[a-z]+)*$`)
	for name, text := range files(t, ".js") {
		for _, found := range written.FindAllStringSubmatch(text, -1) {
			if !key.MatchString(found[2]) {
				t.Errorf("%s has the text %q", name, found[2])
			}
		}
	}
}

// The page's policy allows neither scripts nor styles inside it, nor anything from elsewhere.
func TestPageKeepsItsPolicy(t *testing.T) {
	for name, text := range files(t, ".html", ".js", ".css") {
		for what, bad := range map[string]string{
			"an address elsewhere": `(?:https?:)?//[a-z0-9-]+\.[a-z]+`, "a script inside": `<script(?:>|[^>]*>[^<])`, "a style inside": `<style|\sstyle="`, "a handler inside": `\son[a-z]+="`,
			"HTML in a text": `innerHTML|outerHTML|insertAdjacentHTML|document\.write`, "code in a text": `\beval\(|new Function`,
		} {
			if found := regexp.MustCompile(bad).FindString(text); found != "" {
				t.Errorf("%s has %s: %s", name, what, found)
			}
		}
	}
	index := files(t, ".html")["index.html"]
	for _, m := range regexp.MustCompile(`(?:src|href)="/([^"]*)"`).FindAllStringSubmatch(index, -1) {
		if _, err := fs.Stat(web.Files(), m[1]); err != nil && m[1] != "docs" {
			t.Errorf("index.html names %s: %v", m[1], err)
		}
	}
}
