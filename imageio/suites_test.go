package imageio

import (
	"archive/zip"
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"classsr/fault"
)

// TestSuites reads test pictures of others, packed and listed by testdata/suite.sh: valid ones as ImageMagick shows them, and broken ones not.
func TestSuites(t *testing.T) {
	for name, least := range map[string]int{"png/testdata/pngsuite": 175, "tiff/testdata/libtiff": 14} {
		files := unzipped(t, filepath.FromSlash(name+".zip"))
		list, err := os.ReadFile(filepath.FromSlash(name + ".txt"))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(list)), "\n")
		if len(lines) < least {
			t.Errorf("%s: %d pictures", name, len(lines))
		}
		for _, line := range lines {
			file, want, _ := strings.Cut(line, " ")
			if got := inSuite(files[file]); got != want && (want != "read" || !strings.Contains(got, "x")) {
				t.Errorf("%s is %s, want %s", file, got, want)
			}
		}
	}
}

// inSuite says of a file what the list would.
func inSuite(file []byte) string {
	d, err := Decode(file, Limits{})
	switch fault.KindOf(err) {
	case fault.Damaged:
		if strings.Contains(err.Error(), "\n") {
			return "refused in several lines"
		}
		return "refused"
	case fault.Unsupported:
		return "unsupported"
	}
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%dx%d %s", d.Width, d.Height, checksum(d.To(16))[:32])
}

// unzipped gives the files of an archive by their names.
func unzipped(t *testing.T, path string) map[string][]byte {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	files := map[string][]byte{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
	}
	return files
}

// TestPngSuiteAsImagePNG compares PngSuite's valid pictures with image/png too, as far as that reads them.
func TestPngSuiteAsImagePNG(t *testing.T) {
	for name, file := range unzipped(t, filepath.FromSlash("png/testdata/pngsuite.zip")) {
		if strings.HasPrefix(name, "x") || !strings.HasSuffix(name, ".png") {
			continue
		}
		if _, err := png.Decode(bytes.NewReader(file)); err == nil {
			asOthers(t, file, func(r *bytes.Reader) (image.Image, error) { return png.Decode(r) })
		}
	}
}
