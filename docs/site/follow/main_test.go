package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatIsFollowed(t *testing.T) {
	for document, want := range map[string]string{
		"```sh\necho a\n```\n```text\na\n```\n":                                  "",
		"```sh\necho a.png in 0.3 s\n```\n```text\na.png in 12.5 s\n```\n":       "",
		"```sh\necho a.png in 0.3 s\n```\n```text\nb.png in 12.5 s\n```\n":       "where it says",
		"```sh\nprintf 'a\\nb\\nc\\n' >&2\n```\n```text\na\n...\nc\n```\n":       "",
		"```sh\nx=1\nmkdir d\ncd d\n```\n```sh\ntest $x = 1\ntouch ../here\n```": "",
		"```sh\ntrue\n```\n```sh\nfalse\n```\n":                                  "failed",
		"```sh\ncat; echo b\n```\n```text\nb\n```\n":                             "",
		"```console\nfalse\n```\n":                                               "no block",
		"```sh\necho 1\n```\n```text\n12\n```\n":                                 "where it says",
	} {
		name := filepath.Join(t.TempDir(), "a.md")
		if err := os.WriteFile(name, []byte(document), 0o600); err != nil {
			t.Fatal(err)
		}
		err := followed(name)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", document, err, want)
		}
	}
}
