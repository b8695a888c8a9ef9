package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A link to a folder leads to a list of its files, which most web servers do not make.
func TestFoldersAreListed(t *testing.T) {
	repository, out := t.TempDir(), t.TempDir()
	if err := os.MkdirAll(filepath.Join(repository, "docs", "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a 1.json", "b&c.json"} {
		if err := os.WriteFile(filepath.Join(repository, "docs", "data", name), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := writer{repository: repository, out: out}
	to, err := w.target(&page{Source: "docs/README.md", URL: "docs/README.html"}, []byte("data"))
	if err != nil || string(to) != "../docs/data/index.html" {
		t.Errorf("the link leads to %s (%v)", to, err)
	}
	list, err := os.ReadFile(filepath.Join(out, "docs", "data", "index.html"))
	if err != nil || !strings.Contains(string(list), `<a href="a%201.json">a 1.json</a>`) || !strings.Contains(string(list), "b&amp;c.json</a>") {
		t.Errorf("%s (%v)", list, err)
	}
}
