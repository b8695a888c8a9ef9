package tiff

import (
	"bytes"
	"fmt"
	"image/png"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"classsr/fault"
	"classsr/imageio/codec"
)

// TestOutsidePictures prints a table of how far the TIFFs of a folder, named by CLASSSR_TIFF_PICTURES, are from what ImageMagick makes of them,
// as those of libtiff's source (test/images) or its collection of pictures. What both refuse is no failure; what ImageMagick reads with
// warnings may be refused.
func TestOutsidePictures(t *testing.T) {
	folder := os.Getenv("CLASSSR_TIFF_PICTURES")
	if folder == "" {
		t.Skip("CLASSSR_TIFF_PICTURES names no folder")
	}
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasPrefix(strings.ToLower(filepath.Ext(path)), ".tif") {
			return err
		}
		name, _ := filepath.Rel(folder, path)
		fmt.Printf("| %s | %s |\n", name, outside(t, path))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// outside says how one compares.
func outside(t *testing.T, path string) string {
	p, _, err := decoded(mustRead(t, path), codec.Options{})
	command := exec.Command("convert", path+"[0]", "-auto-orient", "-colorspace", "sRGB", "-alpha", "set",
		"-define", "png:color-type=6", "-define", "png:bit-depth=16", "png:-")
	var out, warnings bytes.Buffer
	command.Stdout, command.Stderr = &out, &warnings
	failed := command.Run()
	theirs, _, _ := strings.Cut(strings.TrimSpace(warnings.String()), "\n")
	img, pngErr := png.Decode(&out)
	switch {
	case err != nil && (pngErr != nil || failed != nil):
		return fmt.Sprintf("both refuse | %s: %v | %s", fault.KindOf(err), err, theirs)
	case err != nil:
		if theirs == "" && fault.KindOf(err) != fault.Unsupported {
			t.Errorf("%s: %v", path, err)
		}
		return fmt.Sprintf("only we refuse | %s: %v | %s", fault.KindOf(err), err, theirs)
	case pngErr != nil || failed != nil:
		return fmt.Sprintf("only we read | %+v | %s", p.Config(), theirs)
	case img.Bounds() != p.Bounds():
		return fmt.Sprintf("other size | %v, not %v | %s", p.Bounds(), img.Bounds(), theirs)
	}
	psnr, largest := difference(p, img)
	return fmt.Sprintf("%.1f dB | off by %d of 65535 | %s", psnr, largest, theirs)
}
