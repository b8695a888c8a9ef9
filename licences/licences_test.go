package licences

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// embedded are libraries inside the program that are no Go modules.
var embedded = []string{"libheif", "libde265", "libavif", "libaom"}

// TestEveryLinkedModule asks Go which modules the program is linked from, on each system.
func TestEveryLinkedModule(t *testing.T) {
	linked := []string{goItself}
	for _, system := range []string{"linux", "darwin", "windows"} {
		cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", "classsr/cmd/classsr", "classsr/cmd/classsr-gpu")
		cmd.Env = append(cmd.Environ(), "GOOS="+system, "CGO_ENABLED=0")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", system, err)
		}
		linked = append(linked, strings.Fields(string(out))...)
	}
	linked = append(linked, embedded...)
	for _, module := range linked {
		if text, ok := Text(module); !ok || len(text) < 500 {
			t.Errorf("the licence of %s is missing: put its text in licences/texts", module)
		}
	}
	for _, module := range Modules() {
		if !slices.Contains(linked, module) {
			t.Errorf("%s is linked no more: remove its text", module)
		}
	}
}
