package imageio

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"classsr/fault"
)

// TestPngSuite reads Willem van Schaik's test pictures, in a folder that CLASSSR_PNGSUITE names (contrib/pngsuite in the source of Debian's
// libpng1.6, or all of them from the author): valid ones as image/png does, where that reads them, and those whose names begin with x not at all.
func TestPngSuite(t *testing.T) {
	folder := os.Getenv("CLASSSR_PNGSUITE")
	if folder == "" {
		t.Skip("CLASSSR_PNGSUITE names no folder")
	}
	paths, err := filepath.Glob(filepath.Join(folder, "*.png"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no pictures: %v", err)
	}
	for _, path := range paths {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		d, err := Decode(file, Limits{})
		switch broken := strings.HasPrefix(filepath.Base(path), "x"); {
		case broken && fault.KindOf(err) != fault.Damaged && fault.KindOf(err) != fault.Unsupported:
			t.Errorf("%s is read: %v", path, err)
		case broken:
		case err != nil:
			t.Errorf("%s: %v", path, err)
		default:
			img, err := png.Decode(bytes.NewReader(file))
			if err != nil {
				t.Logf("%s: image/png: %v", path, err)
				continue
			}
			if d.Config().Bounds() != img.Bounds() || img.Bounds() == (image.Rectangle{}) {
				t.Errorf("%s has another size", path)
			}
			asOthers(t, file, func(r *bytes.Reader) (image.Image, error) { return png.Decode(r) })
		}
	}
	t.Logf("%d pictures", len(paths))
}
