package check

import (
	"bytes"
	"io"
	"net/http"
	"os/exec"
	"testing"
)

// What programs are told of the API is valid OpenAPI, printed and from the server.
func TestDescriptionIsValid(t *testing.T) {
	classsr := program(t)
	printed, err := exec.Command(classsr, "serve", "--openapi").Output()
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.Get(start(t, classsr) + "openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	served, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"printed": printed, "served": served} {
		if out, err := validate(text); err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
	for name, change := range map[string][2]string{
		"an answer without description": {`"description": "the file"`, `"described": "the file"`},
		"a reference to nothing":        {`"$ref": "#/components/schemas/Job"`, `"$ref": "#/components/schemas/None"`},
	} {
		wrong := bytes.Replace(printed, []byte(change[0]), []byte(change[1]), 1)
		if bytes.Equal(wrong, printed) {
			t.Fatalf("%s: the description has no %s", name, change[0])
		}
		if _, err := validate(wrong); err == nil {
			t.Errorf("%s: nothing is found", name)
		}
	}
}

func validate(description []byte) ([]byte, error) {
	cmd := exec.Command("node", "validate.mjs")
	cmd.Stdin = bytes.NewReader(description)
	return cmd.CombinedOutput()
}
