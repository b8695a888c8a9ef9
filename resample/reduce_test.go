package resample_test

import (
	"path/filepath"
	"slices"
	"testing"

	"classsr/imageio"
	"classsr/internal/testref"
	"classsr/picture"
	"classsr/resample"
)

func TestReduceMakesThePublishedLRPictures(t *testing.T) {
	for _, set := range []string{"Set5", "Set14"} {
		lrs := pictures(t, set, "LRx4")
		for i, hr := range pictures(t, set, "HR") {
			got, err := resample.Reduce(hr, 4, resample.Published)
			if err != nil {
				t.Fatal(err)
			}
			if got.Width != lrs[i].Width || !slices.Equal(got.Pix8, lrs[i].Pix8) {
				t.Errorf("%s: picture %d differs", set, i)
			}
		}
	}
}

// pictures decodes all pictures of a folder of a test set, sorted by name.
func pictures(t *testing.T, set, kind string) []*picture.Picture {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(testref.Path(t, "data", "test", set, kind), "*.png"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no pictures in %s (%v)", set, err)
	}
	var all []*picture.Picture
	for _, p := range paths {
		d, err := imageio.DecodeFile(p, imageio.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d.Picture)
	}
	return all
}
