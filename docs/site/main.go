// Command site makes a static site of the documents: site REPOSITORY COMMANDS OUT
//
// REPOSITORY is the folder of the repository, COMMANDS one with a page of Markdown for each command (classsr documentation markdown), OUT a folder that is made
// anew. The site needs nothing from elsewhere and can be opened from a disk.
package main

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

//go:embed assets
var assets embed.FS

// section is a part of the list of pages.
type section struct {
	Title string
	Pages []*page
}

// page is a document and what is made of it.
type page struct {
	Source, URL, Title string // a path in the repository, or a command's page; below the site; the first heading
	document           ast.Node
	text               []byte
}

// part is what is found by a search: what stands below a heading.
type part struct {
	ID    int    `json:"id"`
	Title string `json:"title"`
	Page  string `json:"page"`
	URL   string `json:"url"`
	Text  string `json:"text"`
}

// contents are the sections, by patterns of paths.
var contents = []struct{ title, patterns string }{
	{"Start", "README.md README.zh.md docs/install.md"},
	{"Tutorials", "docs/tutorials/*.md"},
	{"Using it", "docs/cli.md docs/pictures.md docs/models.md docs/routing.md docs/training.md docs/server.md docs/cluster.md docs/video.md docs/gpu.md docs/formats.md docs/compatibility.md"},
	{"Commands", "commands/*.md"},
	{"Figures", "docs/performance.md docs/reproduction.md docs/cards/*.md"},
	{"Inside", "docs/architecture.md docs/decisions.md CONTRIBUTING.md CHANGELOG.md"},
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: site REPOSITORY COMMANDS OUT")
		os.Exit(2)
	}
	if err := build(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintf(os.Stderr, "site: %v\n", err)
		os.Exit(1)
	}
}

var markdown = goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithParserOptions(parser.WithAutoHeadingID()))

func build(repository, commands, out string) error {
	sections, err := find(repository, commands)
	if err != nil {
		return err
	}
	pages := map[string]*page{} // by their sources
	for _, s := range sections {
		for _, p := range s.Pages {
			pages[p.Source] = p
		}
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	if err := os.CopyFS(out, assets); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(out, "assets", "page.html")); err != nil {
		return err
	}
	look, err := template.ParseFS(assets, "assets/page.html")
	if err != nil {
		return err
	}
	w := writer{repository: repository, out: out, pages: pages, sections: sections, look: look}
	var parts []part
	for _, s := range sections {
		for _, p := range s.Pages {
			if err := w.write(p); err != nil {
				return fmt.Errorf("%s: %w", p.Source, err)
			}
			parts = append(parts, p.parts(len(parts))...)
		}
	}
	index, err := json.Marshal(parts)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "assets", "index.js"), fmt.Appendf(nil, "window.parts = %s;\n", index), 0o644)
}

// find reads and parses all documents.
func find(repository, commands string) ([]section, error) {
	examples, err := readExamples(filepath.Join(repository, "docs", "examples.md"))
	if err != nil {
		return nil, err
	}
	var sections []section
	for _, c := range contents {
		s := section{Title: c.title}
		for _, pattern := range strings.Fields(c.patterns) {
			root := repository
			if strings.HasPrefix(pattern, "commands/") {
				root = filepath.Dir(commands)
				pattern = filepath.Base(commands) + "/*.md"
			}
			files, err := fs.Glob(os.DirFS(root), pattern)
			if err != nil {
				return nil, err
			}
			for _, file := range files {
				text, err := os.ReadFile(filepath.Join(root, file))
				if err != nil {
					return nil, err
				}
				if root != repository {
					file = "commands/" + filepath.Base(file)
					if text, err = withExample(text, examples); err != nil {
						return nil, err
					}
				}
				s.Pages = append(s.Pages, newPage(file, text))
			}
		}
		if len(s.Pages) > 0 {
			sections = append(sections, s)
		}
	}
	return sections, nil
}

func newPage(source string, content []byte) *page {
	p := &page{Source: source, URL: strings.TrimSuffix(source, ".md") + ".html", text: content, document: markdown.Parser().Parse(text.NewReader(content))}
	if source == "README.md" {
		p.URL = "index.html"
	}
	p.Title = strings.TrimSuffix(path.Base(source), ".md")
	for n := p.document.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok {
			p.Title = plain(h, content)
			break
		}
	}
	return p
}

// readExamples reads the examples that are run by `make examples`, by the names of the commands.
func readExamples(file string) (map[string]string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	examples := map[string]string{}
	for _, part := range strings.Split(string(content), "\n## ")[1:] {
		name, rest, _ := strings.Cut(part, "\n")
		examples[name] = rest
	}
	return examples, nil
}

var firstHeading = regexp.MustCompile(`(?m)^## (.*)$`)

// withExample puts the example of a command's page behind what else stands in it.
func withExample(content []byte, examples map[string]string) ([]byte, error) {
	name := firstHeading.FindSubmatch(content)
	if name == nil {
		return nil, errors.New("a command's page has no heading")
	}
	example, ok := examples[string(name[1])]
	if !ok {
		return nil, fmt.Errorf("docs/examples.md has no example of %s: write one", name[1])
	}
	return fmt.Appendf(content, "### Tried\n\n`make examples` runs this as it stands, after those of other commands:\n\n%s", example), nil
}
