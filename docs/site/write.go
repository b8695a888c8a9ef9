package main

import (
	"bytes"
	"fmt"
	"html/template"
	neturl "net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// shortCode is code within a sentence that is not divided at a hyphen, as flags are.
var shortCode = regexp.MustCompile(`<code>([^<\n]{1,24})</code>`)

// writer writes pages, and the pictures in them.
type writer struct {
	repository, out string
	pages           map[string]*page
	sections        []section
	look            *template.Template
}

func (w writer) write(p *page) error {
	if err := w.relink(p); err != nil {
		return err
	}
	var body, all bytes.Buffer
	if err := markdown.Renderer().Render(&body, p.text, p.document); err != nil {
		return err
	}
	language := "en"
	if strings.HasSuffix(p.Source, ".zh.md") {
		language = "zh-Hans"
	}
	err := w.look.Execute(&all, struct {
		Language, Title, URL, Root string
		Sections                   []section
		Body                       template.HTML
	}{language, p.Title, p.URL, strings.Repeat("../", strings.Count(p.URL, "/")), w.sections, template.HTML(shortCode.ReplaceAll(body.Bytes(), []byte(`<code class="short">$1</code>`)))})
	if err != nil {
		return err
	}
	return w.save(p.URL, all.Bytes())
}

func (w writer) save(name string, content []byte) error {
	name = filepath.Join(w.out, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, content, 0o644)
}

// relink lets links between documents lead to their pages, and copies other files that are linked. A link to nowhere is an error.
func (w writer) relink(p *page) error {
	return ast.Walk(p.document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		var err error
		switch n := n.(type) {
		case *ast.Link:
			n.Destination, err = w.target(p, n.Destination)
		case *ast.Image:
			n.Destination, err = w.target(p, n.Destination)
		}
		return ast.WalkContinue, err
	})
}

func (w writer) target(p *page, destination []byte) ([]byte, error) {
	to, fragment, _ := strings.Cut(string(destination), "#")
	if to == "" || strings.Contains(to, ":") {
		return destination, nil
	}
	source := path.Join(path.Dir(p.Source), to)
	url := source
	if other, ok := w.pages[source]; ok {
		url = other.URL
	} else {
		info, err := os.Stat(filepath.Join(w.repository, filepath.FromSlash(source)))
		switch {
		case err != nil:
			return nil, fmt.Errorf("a link to %s, which is not there", to)
		case info.IsDir():
			if err := w.copyFolder(source); err != nil {
				return nil, err
			}
			return []byte(strings.Repeat("../", strings.Count(p.URL, "/")) + source + "/index.html"), nil
		}
		content, err := os.ReadFile(filepath.Join(w.repository, filepath.FromSlash(source)))
		if err != nil {
			return nil, err
		}
		if err := w.save(source, content); err != nil {
			return nil, err
		}
	}
	url = strings.Repeat("../", strings.Count(p.URL, "/")) + url
	if fragment != "" {
		url += "#" + fragment
	}
	return []byte(url), nil
}

// copyFolder copies the files of a folder, with a page that lists them: most web servers do not.
func (w writer) copyFolder(source string) error {
	var list strings.Builder
	fmt.Fprintf(&list, "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>%s</title>\n<ul>\n", template.HTMLEscapeString(source))
	files, err := os.ReadDir(filepath.Join(w.repository, filepath.FromSlash(source)))
	if err != nil {
		return err
	}
	for _, f := range files {
		if !f.Type().IsRegular() {
			continue
		}
		content, err := os.ReadFile(filepath.Join(w.repository, filepath.FromSlash(source), f.Name()))
		if err != nil {
			return err
		}
		if err := w.save(source+"/"+f.Name(), content); err != nil {
			return err
		}
		fmt.Fprintf(&list, "<li><a href=\"%s\">%s</a>\n", neturl.PathEscape(f.Name()), template.HTMLEscapeString(f.Name()))
	}
	list.WriteString("</ul>\n")
	return w.save(source+"/index.html", []byte(list.String()))
}

// parts divides a page at its headings; numbers begin with first.
func (p *page) parts(first int) []part {
	parts := []part{{ID: first, Title: p.Title, Page: p.Title, URL: p.URL}}
	for n := p.document.FirstChild(); n != nil; n = n.NextSibling() {
		last := &parts[len(parts)-1]
		h, ok := n.(*ast.Heading)
		if !ok {
			last.Text += plain(n, p.text) + "\n"
			continue
		}
		id, _ := h.AttributeString("id")
		name, _ := id.([]byte)
		if title := plain(h, p.text); title != p.Title {
			parts = append(parts, part{ID: first + len(parts), Title: title, Page: p.Title, URL: p.URL + "#" + string(name)})
		}
	}
	return parts
}

// plain is the text of a node without its marks.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // it returns no errors
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			b.Write(n.Segment.Value(source))
			if n.SoftLineBreak() || n.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(n.Value)
		default:
			if n.Type() == ast.TypeBlock {
				if b.Len() > 0 {
					b.WriteByte(' ')
				}
				if n.Kind() == ast.KindFencedCodeBlock || n.Kind() == ast.KindCodeBlock {
					for i := range n.Lines().Len() {
						line := n.Lines().At(i)
						b.Write(line.Value(source))
					}
				}
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}
