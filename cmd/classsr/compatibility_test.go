package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"classsr/gpu"
	"classsr/imageio"
	"classsr/picture"
)

// recorded is what the release promised (docs/compatibility.md): what is there must be there in all releases of the same major version; more may come. UPDATE=1 records anew
// what is there now, which is done when a release is made.
const recorded = "../../testdata/1.0.0"

// promised compares lines with those that were recorded.
func promised(t *testing.T, name string, now []string) {
	t.Helper()
	slices.Sort(now)
	now = slices.Compact(now)
	path := filepath.Join(recorded, name)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(strings.Join(now, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before := strings.Split(strings.TrimSpace(strings.ReplaceAll(string(text), "\r", "")), "\n")
	if len(before) < 20 {
		t.Fatalf("%s has %d lines only", path, len(before))
	}
	for _, line := range before {
		if !slices.Contains(now, line) {
			t.Errorf("%s: what was promised is gone, or another thing now: %s", name, line)
		}
	}
}

func TestCommandsAndFlagsStay(t *testing.T) {
	var lines []string
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		lines = append(lines, cmd.CommandPath())
		for _, name := range cmd.Aliases {
			lines = append(lines, cmd.CommandPath()+" alias "+name)
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Hidden {
				return
			}
			lines = append(lines, fmt.Sprintf("%s --%s %s", cmd.CommandPath(), f.Name, f.Value.Type()))
			if f.Shorthand != "" {
				lines = append(lines, fmt.Sprintf("%s --%s -%s", cmd.CommandPath(), f.Name, f.Shorthand))
			}
			// Defaults of the others are of the machine.
			if f.Name != "threads" && f.Name != "data" && f.Name != "cache" && f.Name != "name" && f.DefValue != "" {
				lines = append(lines, fmt.Sprintf("%s --%s default %s", cmd.CommandPath(), f.Name, f.DefValue))
			}
		})
		for _, below := range cmd.Commands() {
			if !below.Hidden {
				visit(below)
			}
		}
	}
	visit(newRoot(streams{strings.NewReader(""), io.Discard, io.Discard}))
	promised(t, "commands.txt", lines)
}

// fields lists what is in JSON: paths and types.
func fields(path string, v any) []string {
	switch v := v.(type) {
	case map[string]any:
		lines := []string{path + " object"}
		for name, inner := range v {
			lines = append(lines, fields(path+"."+name, inner)...)
		}
		return lines
	case []any:
		lines := []string{path + " list"}
		for _, inner := range v {
			lines = append(lines, fields(path+"[]", inner)...)
		}
		return lines
	case string:
		return []string{path + " text"}
	case float64:
		return []string{path + " number"}
	case bool:
		return []string{path + " boolean"}
	}
	return nil // null says nothing
}

// run runs the program in this process and returns what it prints.
func run(t *testing.T, args ...string) []byte {
	t.Helper()
	var out, errOut bytes.Buffer
	if code := Run(context.Background(), args, strings.NewReader(""), &out, &errOut); code != exitDone {
		t.Fatalf("%v: exit code %d: %s%s", args, code, out.String(), errOut.String())
	}
	return out.Bytes()
}

// asOnADevice makes this program's tests the helper for GPUs, with a device that is the processor.
func asOnADevice(t *testing.T) {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for _, name := range []string{"XDG_CACHE_HOME", "LocalAppData", "HOME"} {
		t.Setenv(name, folder)
	}
	t.Setenv(gpu.HelperVariable, own)
	t.Setenv(asHelper, "well")
}

func TestFieldsOfJSONStay(t *testing.T) {
	sample, err := filepath.Abs(recorded + "/small.png")
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	text, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("photos", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("photos/a.png", text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("clip.y4m", film(t, plain420, 2), 0o600); err != nil {
		t.Fatal(err)
	}
	asOnADevice(t)
	var lines []string
	for _, command := range []string{
		"version --json", "models list --json", "models show span-x4 --json", "models arch carn --json", "plan --json photos/a.png", "plan --json -s 5 photos/a.png",
		"upscale --json --fast --route-map map.json photos/a.png", "upscale --json -s 5 --fast photos/a.png", "upscale --json --fast --dry-run -s 3 photos/a.png",
		"upscale --json --fast --skip-existing photos/a.png", "upscale --json --mode paper photos/a.png -o paper.png", "eval --fast --json --hr photos",
		"doctor --json --listen 127.0.0.1:0 --data data", "token new alice --json --token-file tokens", "prepare photos -o data.sr --thin 10 --json",
		"video --json --fast -s 2 --flicker clip.y4m -o large.y4m", "video --json --fast -s 2 photos -o frames/", "upscale --json --fast --device gpu -o device.png photos/a.png",
		"video --json --fast -s 2 --device gpu clip.y4m -o device.y4m", "devices --json",
	} {
		out := run(t, strings.Fields(command)...)
		name, _, _ := strings.Cut(command, " --")
		if strings.HasSuffix(command, "frames/") {
			name = "video of a folder"
		}
		for line := range bytes.Lines(out) {
			var v any
			if err := json.Unmarshal(line, &v); err != nil {
				t.Fatalf("%s: %v: %s", command, err, line)
			}
			lines = append(lines, fields(name, v)...)
		}
	}
	text, err = os.ReadFile("map.json")
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	lines = append(lines, fields("route-map", v)...)
	// What depends on how the program was built and on the machine.
	lines = slices.DeleteFunc(lines, func(line string) bool {
		return strings.HasPrefix(line, "version.commit") || strings.HasPrefix(line, "version.modified") || strings.HasPrefix(line, "version.environment") ||
			strings.HasPrefix(line, "version.cpu") || strings.HasPrefix(line, "version.memory ") || strings.Contains(line, "findings[].do")
	})
	t.Chdir(here)
	promised(t, "json.txt", lines)
}

// The description of the API as paths and values, without texts for people. What others make of it is in `make compatible`.
func TestTheAPIStays(t *testing.T) {
	var v any
	if err := json.Unmarshal(run(t, "serve", "--openapi"), &v); err != nil {
		t.Fatal(err)
	}
	root, ok := v.(map[string]any)
	if !ok {
		t.Fatal("the description is no object")
	}
	var lines []string
	for path, methods := range root["paths"].(map[string]any) {
		for method, operation := range methods.(map[string]any) {
			o := operation.(map[string]any)
			at := strings.ToUpper(method) + " " + path
			lines = append(lines, at)
			parameters, _ := o["parameters"].([]any)
			for _, p := range parameters {
				p := p.(map[string]any)
				lines = append(lines, fmt.Sprintf("%s %v %v required %v", at, p["in"], p["name"], p["required"] == true))
			}
			for status := range o["responses"].(map[string]any) {
				lines = append(lines, at+" answers "+status)
			}
		}
	}
	schemas, _ := root["components"].(map[string]any)["schemas"].(map[string]any)
	for name, schema := range schemas {
		properties, _ := schema.(map[string]any)["properties"].(map[string]any)
		for property, is := range properties {
			lines = append(lines, fmt.Sprintf("%s.%s %v", name, property, is.(map[string]any)["type"]))
		}
	}
	promised(t, "openapi.txt", lines)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(filepath.Join(recorded, "openapi.json"), run(t, "serve", "--openapi"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A model that the release wrote (`classsr train tiny`, then `convert --half`) gives what it gave then; kernels may round otherwise.
func TestModelFilesStay(t *testing.T) {
	large := filepath.Join(t.TempDir(), "large.png")
	run(t, "upscale", "-q", "-m", recorded+"/model.safetensors", "-o", large, recorded+"/small.png")
	if os.Getenv("UPDATE") != "" {
		text, err := os.ReadFile(large)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(recorded+"/large.png", text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, want := decoded(t, large), decoded(t, recorded+"/large.png")
	if got.Width != want.Width || got.Height != want.Height || len(got.Pix8) != len(want.Pix8) {
		t.Fatalf("the result has %dx%d pixels, want %dx%d", got.Width, got.Height, want.Width, want.Height)
	}
	for i, v := range got.Pix8 {
		if d := int(v) - int(want.Pix8[i]); d < -1 || d > 1 {
			t.Fatalf("sample %d is %d, was %d (%s)", i, v, want.Pix8[i], runtime.GOARCH)
		}
	}
}

func decoded(t *testing.T, name string) *picture.Picture {
	t.Helper()
	d, err := imageio.DecodeFile(name, imageio.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return d.Picture
}
