package pipeline

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

// encoders make pictures of formats that ImageMagick does not write, of JPEGs and with their metadata; those that are not installed are left out.
var encoders = map[string][]string{".heic": {"heif-enc", "-q", "90", "IN", "-o", "OUT"}, ".avif": {"avifenc", "-s", "9", "IN", "OUT"}}

// profiles are those of Adobe RGB and of gray, and one like Display P3's.
func profiles(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{"P3": displayP3()}
	for kind, file := range map[string]string{"Adobe": "compatibleWithAdobeRGB1998.icc", "gray": "Gray.icc"} {
		profile, err := os.ReadFile("../icc/testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		all[kind] = profile
	}
	return all
}

// displayP3 is a profile of version 2 with the primaries of Display P3, adapted to D50, and a gamma of 2.2.
func displayP3() []byte {
	be := binary.BigEndian
	xyz := func(x, y, z float64) []byte {
		body := []byte("XYZ \x00\x00\x00\x00")
		for _, v := range []float64{x, y, z} {
			body = be.AppendUint32(body, uint32(int32(math.Round(v*65536))))
		}
		return body
	}
	name := "P3 of a test"
	desc := append(be.AppendUint32([]byte("desc\x00\x00\x00\x00"), uint32(len(name)+1)), name...)
	tags := []struct {
		name string
		body []byte
	}{
		{"desc", append(desc, make([]byte, 80)...)}, {"cprt", []byte("text\x00\x00\x00\x00none\x00")}, {"wtpt", xyz(0.9642, 1, 0.8249)},
		{"rXYZ", xyz(0.5151, 0.2412, -0.0011)}, {"gXYZ", xyz(0.2919, 0.6922, 0.0419)}, {"bXYZ", xyz(0.1572, 0.0666, 0.7841)},
		{"rTRC", []byte("curv\x00\x00\x00\x00\x00\x00\x00\x01\x02\x33")}, {"gTRC", nil}, {"bTRC", nil},
	}
	head := make([]byte, 128)
	copy(head[8:], "\x02\x40\x00\x00mntrRGB XYZ ")
	copy(head[36:], "acsp")
	copy(head[68:], xyz(0.9642, 1, 0.8249)[8:])
	table := be.AppendUint32(nil, uint32(len(tags)))
	at, data := len(head)+4+12*len(tags), []byte(nil)
	offset, length := 0, 0
	for _, tag := range tags {
		if tag.body != nil { // else it is that of the tag before
			offset, length = at+len(data), len(tag.body)
			data = append(data, tag.body...)
			data = append(data, make([]byte, -len(data)&3)...)
		}
		table = be.AppendUint32(be.AppendUint32(append(table, tag.name...), uint32(offset)), uint32(length))
	}
	profile := append(append(head, table...), data...)
	be.PutUint32(profile, uint32(len(profile)))
	return profile
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

// made makes a picture of this ending, with all that cameras and programs put into pictures; false where nothing that is installed makes one.
func made(t *testing.T, input, kind, profile string) bool {
	t.Helper()
	ending := filepath.Ext(input)
	source := input
	if encoder := encoders[ending]; encoder != nil {
		if _, err := exec.LookPath(encoder[0]); err != nil || ending == ".heic" && kind == "gray" { // which is not read
			return false
		}
		source = input + ".jpg"
	}
	args := []string{"-seed", "1", "-size", "96x72", "plasma:red-blue"}
	if kind == "gray" {
		if ending == ".webp" {
			return false // it has no gray
		}
		args = append(args, "-colorspace", "Gray")
	}
	magick(t, append(args, "-strip", "-depth", "8", "-density", "300", "-units", "PixelsPerInch", source)...)
	exiftool(t, "-q", "-overwrite_original", "-icc_profile<="+profile, "-EXIF:GPSLatitude=46.5", "-EXIF:GPSLatitudeRef=N",
		"-EXIF:DateTimeOriginal=2026:07:01 12:00:00", "-EXIF:Model=Box", "-EXIF:Orientation#=6", "-EXIF:XResolution=300", "-EXIF:YResolution=300",
		"-XMP-dc:Title=Title", source)
	if source != input {
		args := slices.Clone(encoders[ending])
		for i, arg := range args {
			switch arg {
			case "IN":
				args[i] = source
			case "OUT":
				args[i] = input
			}
		}
		outside(t, "libheif-examples libavif-bin", args[0], args[1:]...)
	}
	return true
}

// TestMetadataAsOthersReadIt takes pictures of each format, with all that cameras and programs put into them, to each format.
func TestMetadataAsOthersReadIt(t *testing.T) {
	testref.Slow(t)
	folder := t.TempDir()
	read, written := endings()
	for kind, want := range profiles(t) {
		profile := filepath.Join(folder, kind+".icc")
		if err := os.WriteFile(profile, want, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, from := range append(slices.Sorted(maps.Keys(encoders)), read...) {
			input := filepath.Join(folder, "in_"+kind+from)
			if !made(t, input, kind, profile) {
				continue
			}
			for _, to := range written {
				output := filepath.Join(folder, "out"+to)
				result := fourTimes(t, input, output, nil)
				if got := exiftool(t, "-icc_profile", "-b", output); !bytes.Equal(got, want) {
					t.Errorf("%s %s to %s: a profile of %d bytes, want %d", kind, from, to, len(got), len(want))
				}
				checkTold(t, fmt.Sprintf("%s %s to %s", kind, from, to), told(t, output))
				if len(result.Notes) > 0 {
					t.Errorf("%s %s to %s: notes %q", kind, from, to, result.Notes)
				}
				if to == ".png" {
					outside(t, "pngcheck", "pngcheck", "-q", output)
				}
			}
		}
	}
}

// checkTold compares what exiftool tells of a result with what was put into the picture.
func checkTold(t *testing.T, name string, tags map[string]string) {
	t.Helper()
	for tag, want := range map[string]string{"GPSLatitude": "46.5", "DateTimeOriginal": "2026:07:01 12:00:00", "Model": "Box", "Title": "Title"} {
		if tags[tag] != want {
			t.Errorf("%s: %s is %q, want %q", name, tag, tags[tag], want)
		}
	}
	// Of HEIC and AVIF the boxes say how it lies, and heif-enc leaves that to EXIF.
	if size := tags["ImageWidth"] + "x" + tags["ImageHeight"]; size != "288x384" && (size != "384x288" || !strings.Contains(name, ".heic to")) {
		t.Errorf("%s: %s pixels", name, size)
	}
	if o := tags["Orientation"]; o != "" && o != "1" {
		t.Errorf("%s: orientation %s of an upright picture", name, o)
	}
	// 47244 dots a metre are 1200 an inch.
	if tags["XResolution"]+tags["YResolution"] != "12001200" && tags["PixelsPerUnitX"]+tags["PixelsPerUnitY"] != "4724447244" {
		t.Errorf("%s: density %s, %s", name, tags["XResolution"], tags["PixelsPerUnitX"])
	}
	if tags["Warning"] != "" || tags["Error"] != "" {
		t.Errorf("%s: exiftool says %s%s", name, tags["Warning"], tags["Error"])
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
