// Package web has what browsers get: the page of the server, the viewer that shows two pictures with a line between them, and their texts in
// several languages, all embedded; and it writes pages of one file with the viewer in them.
//
// It knows no pictures and no networks: what it shows is given to it as files that browsers read. Nothing in it is loaded from elsewhere.
package web

import (
	"embed"
	"encoding/json"
	"io/fs"
	"strings"
)

var (
	//go:embed page
	page embed.FS
	//go:embed comparison
	comparison embed.FS
)

// Files gives the files of the server's page by their paths below "/": index.html, style sheets, modules, and strings/LANGUAGE.json.
func Files() fs.FS {
	files, err := fs.Sub(page, "page")
	if err != nil {
		panic("web: the folder of the page is missing")
	}
	return files
}

// text is an embedded file.
func text(files fs.ReadFileFS, path string) string {
	b, err := files.ReadFile(path)
	if err != nil {
		panic("web: a file is missing: " + path)
	}
	return string(b)
}

// stringsOf gives the strings of a page of one file, by language: those whose keys begin like one of these.
func stringsOf(beginnings ...string) map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, language := range Languages() {
		var texts map[string]string
		if err := json.Unmarshal([]byte(text(page, "page/strings/"+language+".json")), &texts); err != nil {
			panic("web: the strings are no JSON: " + language)
		}
		chosen := map[string]string{}
		for key, value := range texts {
			for _, beginning := range beginnings {
				if strings.HasPrefix(key, beginning) {
					chosen[key] = value
				}
			}
		}
		all[language] = chosen
	}
	return all
}

// Languages lists the languages that the pages are in, by their tags.
func Languages() []string {
	names, err := fs.Glob(page, "page/strings/*.json")
	if err != nil {
		panic("web: the pattern is wrong")
	}
	for i, name := range names {
		names[i] = strings.TrimSuffix(strings.TrimPrefix(name, "page/strings/"), ".json")
	}
	return names
}
