package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"classsr"
	"classsr/imageio"
	"classsr/internal/atomicfile"
	"classsr/internal/testref"
	"classsr/picture"
)

// What other programs make of files that went through: exiftool for metadata and profiles, ImageMagick for pixels, pngcheck.

// outside runs a program of others, from a package of Debian, and gives what it prints.
func outside(t *testing.T, debian, name string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		testref.Missing(t, "%s is not installed: apt-get install %s", name, debian)
	}
	var errors bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v: %s%s", name, args, err, out, errors.String())
	}
	return out
}

func exiftool(t *testing.T, args ...string) []byte {
	t.Helper()
	return outside(t, "libimage-exiftool-perl", "exiftool", args...)
}

func magick(t *testing.T, args ...string) []byte {
	t.Helper()
	return outside(t, "imagemagick", "convert", args...)
}

// told gives what exiftool tells of a file.
func told(t *testing.T, path string) map[string]string {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(exiftool(t, "-json", "-n", path)))
	decoder.UseNumber()
	var files []map[string]any
	if err := decoder.Decode(&files); err != nil || len(files) != 1 {
		t.Fatalf("exiftool -json: %v", err)
	}
	all := map[string]string{}
	for tag, v := range files[0] {
		all[tag] = fmt.Sprint(v)
	}
	return all
}

// endings of formats that are read, and that are written.
func endings() (read, written []string) {
	for _, ending := range []string{".jpg", ".png", ".tif", ".webp"} {
		read = append(read, ending)
		if _, err := imageio.FormatOf("a" + ending); err == nil {
			written = append(written, ending)
		}
	}
	return read, written
}

// fourTimes enlarges a file four times by bicubic.
func fourTimes(t *testing.T, input, output string, change func(*Pipeline)) *Result {
	t.Helper()
	p := with(t, open(t, "bicubic"), classsr.Options{Scale: 4})
	p.Overwrite = true
	if change != nil {
		change(p)
	}
	watcher := &log{}
	if done, err := p.Run(context.Background(), NewWork(Job{Input: input, Output: output}), watcher); err != nil || done.Failed > 0 {
		t.Fatalf("%s to %s: %v %v", input, output, err, watcher.errors)
	}
	return watcher.results[0]
}

// TestMetadataAsOthersReadIt takes pictures of each format, with all that cameras and programs put into them, to each format.
func TestMetadataAsOthersReadIt(t *testing.T) {
	testref.Slow(t)
	folder := t.TempDir()
	read, written := endings()
	for kind, profile := range map[string]string{"RGB": "compatibleWithAdobeRGB1998.icc", "gray": "Gray.icc"} {
		want, err := os.ReadFile("../icc/testdata/" + profile)
		if err != nil {
			t.Fatal(err)
		}
		for _, from := range read {
			input := filepath.Join(folder, "in_"+kind+from)
			args := []string{"-seed", "1", "-size", "64x48", "plasma:red-blue"}
			if kind == "gray" {
				if from == ".webp" {
					continue // it has no gray
				}
				args = append(args, "-colorspace", "Gray")
			}
			magick(t, append(args, "-strip", "-depth", "8", "-density", "300", "-units", "PixelsPerInch", input)...)
			exiftool(t, "-q", "-overwrite_original", "-icc_profile<=../icc/testdata/"+profile, "-EXIF:GPSLatitude=46.5", "-EXIF:GPSLatitudeRef=N",
				"-EXIF:DateTimeOriginal=2026:07:01 12:00:00", "-EXIF:Model=Box", "-EXIF:Orientation#=6", "-EXIF:XResolution=300", "-EXIF:YResolution=300",
				"-XMP-dc:Title=Title", input)
			for _, to := range written {
				output := filepath.Join(folder, "out"+to)
				result := fourTimes(t, input, output, nil)
				if got := exiftool(t, "-icc_profile", "-b", output); !bytes.Equal(got, want) {
					t.Errorf("%s %s to %s: a profile of %d bytes, want %d", kind, from, to, len(got), len(want))
				}
				tags := told(t, output)
				for tag, want := range map[string]string{
					"GPSLatitude": "46.5", "DateTimeOriginal": "2026:07:01 12:00:00", "Model": "Box", "Title": "Title", "ImageWidth": "192", "ImageHeight": "256",
				} {
					if tags[tag] != want {
						t.Errorf("%s %s to %s: %s is %q, want %q", kind, from, to, tag, tags[tag], want)
					}
				}
				if o := tags["Orientation"]; o != "" && o != "1" {
					t.Errorf("%s %s to %s: orientation %s of an upright picture", kind, from, to, o)
				}
				// 47244 dots a metre are 1200 an inch.
				if tags["XResolution"]+tags["YResolution"] != "12001200" && tags["PixelsPerUnitX"]+tags["PixelsPerUnitY"] != "4724447244" {
					t.Errorf("%s %s to %s: density %s, %s", kind, from, to, tags["XResolution"], tags["PixelsPerUnitX"])
				}
				if tags["Warning"] != "" || tags["Error"] != "" || len(result.Notes) > 0 {
					t.Errorf("%s %s to %s: exiftool says %s%s, notes %q", kind, from, to, tags["Warning"], tags["Error"], result.Notes)
				}
				if to == ".png" {
					outside(t, "pngcheck", "pngcheck", "-q", output)
				}
			}
		}
	}
}

// TestStrippedMetadata leaves the profile alone.
func TestStrippedMetadata(t *testing.T) {
	folder := t.TempDir()
	input, output := filepath.Join(folder, "in.jpg"), filepath.Join(folder, "out.png")
	magick(t, "-seed", "1", "-size", "64x48", "plasma:red-blue", "-strip", input)
	exiftool(t, "-q", "-overwrite_original", "-icc_profile<=../icc/testdata/LStar-RGB.icc", "-EXIF:Model=Box", "-XMP-dc:Title=Title", "-Comment=hi", input)
	fourTimes(t, input, output, func(p *Pipeline) { p.Strip = true })
	tags := told(t, output)
	if tags["Model"]+tags["Title"]+tags["Comment"] != "" || tags["ProfileDescription"] == "" {
		t.Errorf("left are %q", tags)
	}
}

// psnr compares two pictures with ImageMagick.
func psnr(t *testing.T, a, b string) float64 {
	t.Helper()
	if _, err := exec.LookPath("compare"); err != nil {
		testref.Missing(t, "compare is not installed: apt-get install imagemagick")
	}
	out, _ := exec.Command("compare", "-metric", "PSNR", a, b, "null:").CombinedOutput() // it fails where they differ
	text := strings.TrimSpace(string(out))
	if strings.HasPrefix(text, "inf") {
		return 1000
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatalf("compare %s %s: %s", a, b, text)
	}
	return v
}

// TestColorsAsOthersConvertThem converts to sRGB as Little CMS does, through ImageMagick.
func TestColorsAsOthersConvertThem(t *testing.T) {
	testref.Slow(t)
	folder := t.TempDir()
	input, output, want := filepath.Join(folder, "in.png"), filepath.Join(folder, "out.png"), filepath.Join(folder, "want.png")
	for _, profile := range []string{"compatibleWithAdobeRGB1998.icc", "LStar-RGB.icc"} {
		magick(t, "-seed", "1", "-size", "64x48", "plasma:tomato-steelblue", "-strip", "-depth", "8", "PNG24:"+input)
		exiftool(t, "-q", "-overwrite_original", "-icc_profile<=../icc/testdata/"+profile, input)
		fourTimes(t, input, output, func(p *Pipeline) { p.ICC = ToSRGB })
		converted := filepath.Join(folder, "converted.png")
		magick(t, input, "-profile", "../icc/testdata/sRGB.icc", "-strip", converted)
		fourTimes(t, converted, want, nil)
		if got := psnr(t, output, want); got < 50 {
			t.Errorf("%s: %.1f dB from what ImageMagick converts", profile, got)
		}
		if len(exiftool(t, "-icc_profile", "-b", output)) > 0 {
			t.Errorf("%s: the profile is still there", profile)
		}
	}
}

// orientations are ImageMagick's names, by EXIF's numbers.
var orientations = []string{"", "TopLeft", "TopRight", "BottomRight", "BottomLeft", "LeftTop", "RightTop", "RightBottom", "LeftBottom"}

// TestUprightAsOthersSeeIt turns pictures of all eight orientations as ImageMagick does.
func TestUprightAsOthersSeeIt(t *testing.T) {
	testref.Slow(t)
	folder := t.TempDir()
	output, want := filepath.Join(folder, "out.png"), filepath.Join(folder, "want.png")
	read, _ := endings()
	for _, from := range read {
		input := filepath.Join(folder, "in"+from)
		magick(t, "-size", "64x48", "gradient:red-blue", "-fill", "green", "-draw", "rectangle 3,3 20,12", "-strip", "-depth", "8", input)
		for orientation := 1; orientation <= 8; orientation++ {
			exiftool(t, "-q", "-overwrite_original", "-EXIF:Orientation#="+strconv.Itoa(orientation), input)
			fourTimes(t, input, output, nil)
			// ImageMagick does not read orientations from PNG and WebP itself.
			magick(t, input, "-orient", orientations[orientation], "-auto-orient", "-strip", "-filter", "Catrom", "-resize", "400%", want)
			if got := psnr(t, output, want); got < 30 {
				t.Errorf("%s, orientation %d: %.1f dB from what ImageMagick shows", from, orientation, got)
			}
		}
	}
}

// TestRampOf16Bits keeps nearly all levels.
func TestRampOf16Bits(t *testing.T) {
	folder := t.TempDir()
	input, output := filepath.Join(folder, "in.png"), filepath.Join(folder, "out.png")
	_, written := endings()
	if err := writeRamp(input); err != nil {
		t.Fatal(err)
	}
	for _, to := range written {
		if to != ".png" && to != ".tif" {
			continue
		}
		output = strings.TrimSuffix(output, filepath.Ext(output)) + to
		fourTimes(t, input, output, nil)
		levels := strings.Fields(string(outside(t, "imagemagick", "identify", "-format", "%k", output)))
		if n, err := strconv.Atoi(levels[0]); err != nil || n < 60000 {
			t.Errorf("%s: %s levels of 65536 are left", to, levels[0])
		}
	}
}

// writeRamp writes a gray picture of 256x256 pixels that has every level of 16 bits once.
func writeRamp(path string) error {
	p := picture.New(256, 256, 1, false, 16)
	for i := range p.Pix16 {
		p.Pix16[i] = uint16(i)
	}
	return atomicfile.Write(path, true, func(w io.Writer) error { return imageio.Encode(w, p, imageio.PNG, imageio.EncodeOptions{}) })
}
