package web

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"

	"classsr/fault"
)

// Picture is a picture as a file that browsers show.
type Picture struct {
	Type string // image/png and the like
	// Write writes the file. It is called once.
	Write func(w io.Writer) error
}

// Figure is a line of what is told about the pictures. A Label that is the key of a string, such as figure.psnr, is written in the reader's language.
type Figure struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// Class is a class of the route map and its share of the picture, 0 to 1.
type Class struct {
	Name  string  `json:"name"`
	Share float64 `json:"share"`
}

// Comparison is what a page of one file shows. The pictures lie above each other, stretched to Width x Height pixels.
type Comparison struct {
	Title         string
	Width, Height int // of the result
	Before, After Picture
	Map           *Picture // which part went to which class, transparent or not, in any size; nil if it is not known
	Classes       []Class  // of the map, the simplest first
	Figures       []Figure
	Language      string // such as "zh"; empty: the one that the reader's browser asks for
}

// modules are the parts of the page's script, each after those that it imports.
var modules = []string{"page/text.js", "page/dom.js", "page/zoom.js", "page/viewer-style.js", "page/viewer.js"}

// script is the script of pages of one file: their modules joined to one, which imports nothing.
func script() string {
	var b strings.Builder
	join := func(module string) {
		for line := range strings.Lines(module) {
			if !strings.HasPrefix(line, "import ") {
				b.WriteString(strings.TrimPrefix(line, "export "))
			}
		}
	}
	for _, path := range modules {
		join(text(page, path))
	}
	join(text(comparison, "comparison/comparison.js"))
	return b.String()
}

// policy is a Content-Security-Policy that allows this script and this style, pictures inside the page, and nothing else.
func policy(script, style string) string {
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; img-src data: blob:; script-src " + hash(script) + "; style-src " + hash(style) +
		"; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
}

// WriteComparison writes one HTML file that shows two pictures with the viewer, and needs no other file. Errors are those of w and of the
// pictures, or of kind fault.Usage if the page is not written in the language, or a size is not positive.
func WriteComparison(w io.Writer, c Comparison) error {
	if c.Language != "" && !slices.Contains(Languages(), c.Language) {
		return fault.New(fault.Usage, "language %s: it must be one of %s", c.Language, strings.Join(Languages(), ", "))
	}
	if c.Width <= 0 || c.Height <= 0 {
		return fault.New(fault.Usage, "a result of %dx%d pixels cannot be shown", c.Width, c.Height)
	}
	data, err := json.Marshal(map[string]any{ // which escapes <, > and &
		"language": c.Language, "strings": stringsOf("viewer.", "figure."),
		"figures": append([]Figure{}, c.Figures...), "classes": append([]Class{}, c.Classes...),
	})
	if err != nil {
		return err
	}
	language := c.Language
	if language == "" {
		language = "en"
	}
	script, style, title := script(), text(page, "page/theme.css")+text(comparison, "comparison/comparison.css"), html.EscapeString(c.Title)
	b := bufio.NewWriterSize(w, 1<<16)
	p := &printer{w: b}
	p.printf("<!doctype html>\n<html lang=%q>\n<head>\n<meta charset=\"utf-8\">\n", language)
	p.printf("<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n", policy(script, style))
	p.printf("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>%s</title>\n<link rel=\"icon\" href=\"data:,\">\n", title)
	p.printf("<style>%s</style>\n</head>\n<body>\n<header><h1>%s</h1></header>\n<main>\n", style, title)
	p.printf("<noscript><p>%s</p></noscript>\n", html.EscapeString(stringsOf("viewer.script")[language]["viewer.script"]))
	p.printf("<classsr-compare width=\"%d\" height=\"%d\"", c.Width, c.Height)
	p.picture("before", &c.Before)
	p.picture("after", &c.After)
	p.picture("map", c.Map)
	p.printf("></classsr-compare>\n</main>\n<script type=\"application/json\" id=\"data\">%s</script>\n", data)
	p.printf("<script type=\"module\">%s</script>\n</body>\n</html>\n", script)
	if p.err != nil {
		return p.err
	}
	return b.Flush()
}

// printer keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

// picture writes an attribute that holds a picture as a data: address, unless it is nil.
func (p *printer) picture(name string, picture *Picture) {
	if picture == nil || p.err != nil {
		return
	}
	p.printf(" %s=\"data:%s;base64,", name, html.EscapeString(picture.Type))
	encoder := base64.NewEncoder(base64.StdEncoding, p.w)
	if p.err == nil {
		p.err = picture.Write(encoder)
	}
	if err := encoder.Close(); p.err == nil {
		p.err = err
	}
	p.printf("\"")
}
