// Package licences holds the licence texts of all modules that are linked into the program, and of Go itself, since the program is given on
// as one file. The program's own licence and the notices of its models are in LICENSE and NOTICE.
package licences

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed texts/*.txt
var texts embed.FS

// goItself is the name of Go's own licence among those of modules.
const goItself = "go"

// Text gives the licence text of a module by its path, such as github.com/spf13/cobra, or of Go as "go".
func Text(module string) (text string, ok bool) {
	b, err := texts.ReadFile("texts/" + strings.ReplaceAll(module, "/", "+") + ".txt")
	return string(b), err == nil
}

// Modules lists the paths of the modules whose texts are here, and "go".
func Modules() []string {
	names, err := fs.Glob(texts, "texts/*.txt")
	if err != nil {
		panic("licences: the pattern is wrong")
	}
	for i, name := range names {
		name = strings.TrimSuffix(strings.TrimPrefix(name, "texts/"), ".txt")
		names[i] = strings.ReplaceAll(name, "+", "/")
	}
	return names
}
