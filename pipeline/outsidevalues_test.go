package pipeline

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"classsr"
	"classsr/imageio"
	"classsr/infer"
	"classsr/internal/atomicfile"
	"classsr/internal/testref"
	"classsr/picture"
)

// enlargedBy enlarges a file by fsrcnn-x4.
func enlargedBy(t *testing.T, mode infer.Mode, input, output string) {
	t.Helper()
	p := with(t, open(t, "fsrcnn-x4"), classsr.Options{Scale: 4, Mode: mode})
	p.Overwrite = true
	var l log
	if done, err := p.Run(context.Background(), NewWork(Job{Input: input, Output: output}), &l); err != nil || done.Failed > 0 {
		t.Fatalf("%s to %s: %v %v", input, output, err, l.errors)
	}
}

// TestRampThroughNetworks keeps nearly all levels of 16 bits in both modes, as ImageMagick counts them.
func TestRampThroughNetworks(t *testing.T) {
	testref.Slow(t)
	folder := t.TempDir()
	input := filepath.Join(folder, "in.png")
	if err := writeRamp(input); err != nil {
		t.Fatal(err)
	}
	for to, mode := range map[string]infer.Mode{".png": infer.ModeFull, ".tif": infer.ModeRouted} {
		output := filepath.Join(folder, "out"+to)
		enlargedBy(t, mode, input, output)
		levels := strings.Fields(string(outside(t, "imagemagick", "identify", "-format", "%k", output)))
		if n, err := strconv.Atoi(levels[0]); err != nil || n < 60000 {
			t.Errorf("%s, %s: %s levels of 65536 are left", mode, to, levels[0])
		}
	}
}

// TestFloatsBeyondWhite keeps what lies beyond black and white in a TIFF of floating point.
func TestFloatsBeyondWhite(t *testing.T) {
	folder := t.TempDir()
	input, output := filepath.Join(folder, "in.tif"), filepath.Join(folder, "out.tif")
	p := picture.New(24, 20, 3, false, 32)
	for i := range p.Pix32 {
		p.Pix32[i] = -0.5 + 3*float32(i)/float32(len(p.Pix32)-1)
	}
	writePicture(t, input, p)
	enlargedBy(t, infer.ModeFull, input, output)
	d, err := imageio.DecodeFile(output, imageio.Limits{Options: imageio.Options{Range: &imageio.Range{Low: 0, High: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	low, high := float32(math.Inf(1)), float32(math.Inf(-1))
	for _, v := range d.Pix32 {
		low, high = min(low, v), max(high, v)
	}
	if math.Abs(float64(low)+0.5) > 0.15 || math.Abs(float64(high)-2.5) > 0.15 { // networks overshoot a little
		t.Errorf("the result's values are %v to %v", low, high)
	}
}

// writePicture writes a TIFF.
func writePicture(t *testing.T, path string, p *picture.Picture) {
	t.Helper()
	err := atomicfile.Write(path, true, func(w io.Writer) error { return imageio.Encode(w, p, "tiff", imageio.EncodeOptions{}) })
	if err != nil {
		t.Fatal(err)
	}
}

// TestMapsAsGDALSeesThem enlarges height models: pixels are smaller, corners and the value of pixels without one are what they were.
func TestMapsAsGDALSeesThem(t *testing.T) {
	testref.Slow(t)
	if _, err := exec.LookPath("gdalinfo"); err != nil {
		t.Skip("gdalinfo is not installed: apt-get install gdal-bin")
	}
	type info struct {
		Size         []int
		GeoTransform []float64
		Corners      map[string][]float64 `json:"cornerCoordinates"`
		Metadata     map[string]map[string]string
		Bands        []struct {
			Type   string
			NoData any `json:"noDataValue"`
		}
	}
	look := func(path string) (i info) {
		if err := json.Unmarshal(outside(t, "gdal-bin", "gdalinfo", "-json", path), &i); err != nil {
			t.Fatal(err)
		}
		return i
	}
	folder := t.TempDir()
	plain, input, output := filepath.Join(folder, "plain.tif"), filepath.Join(folder, "in.tif"), filepath.Join(folder, "out.tif")
	p := picture.New(40, 30, 1, false, 16)
	for i := range p.Pix16 {
		if p.Pix16[i] = uint16(1000 + 7*i); i%40 < 6 && i < 200 {
			p.Pix16[i] = 9
		}
	}
	writePicture(t, plain, p)
	for _, meaning := range []string{"Area", "Point"} {
		for _, kind := range []string{"UInt16", "Float32"} {
			outside(t, "gdal-bin", "gdal_translate", "-q", "-ot", kind, "-a_srs", "EPSG:32633", "-a_ullr", "500000", "4600300", "500400", "4600000",
				"-a_nodata", "9", "-mo", "AREA_OR_POINT="+meaning, plain, input)
			enlargedBy(t, infer.ModeRouted, input, output)
			before, after := look(input), look(output)
			for corner, at := range before.Corners {
				for k, v := range at {
					if math.Abs(v-after.Corners[corner][k]) > 1e-6 {
						t.Errorf("%s, %s: corner %s is at %v, was at %v", meaning, kind, corner, after.Corners[corner], at)
					}
				}
			}
			if after.GeoTransform[1] != before.GeoTransform[1]/4 || after.GeoTransform[5] != before.GeoTransform[5]/4 {
				t.Errorf("%s, %s: pixels of %v", meaning, kind, after.GeoTransform)
			}
			if after.Bands[0].NoData != before.Bands[0].NoData || after.Bands[0].Type != kind || after.Metadata[""]["AREA_OR_POINT"] != meaning {
				t.Errorf("%s, %s: %+v", meaning, kind, after)
			}
		}
	}
}
