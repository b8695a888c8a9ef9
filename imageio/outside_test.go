package imageio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"classsr/fault"
	"classsr/picture"
)

// TestOutsideFlavours prints tables of how far the pictures in the folder CLASSSR_FLAVOURS are from what ImageMagick makes of them (of HEIC and AVIF,
// heif-convert and avifdec): by subfolder, and each that is below 50 dB or not read. Such are the files of testdata/flavours.sh and libtiff's test pictures (test/images of its source).
func TestOutsideFlavours(t *testing.T) {
	folder := os.Getenv("CLASSSR_FLAVOURS")
	if folder == "" {
		t.Skip("CLASSSR_FLAVOURS names no folder")
	}
	families := map[string]*family{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !Readable(path) && filepath.Ext(path) != ".pfm" {
			return err
		}
		name, err := filepath.Rel(folder, path)
		group := filepath.Dir(name)
		if families[group] == nil {
			families[group] = &family{worst: math.Inf(1)}
		}
		families[group].add(name, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Print("| folder | files | the same samples | 50 dB and more | worst of these | below | only ImageMagick reads | neither reads | only we read |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(families)) {
		f := families[name]
		fmt.Printf("| %s | %d | %d | %d | %.1f dB | %d | %d | %d | %d |\n", name, f.files, f.same, f.near, f.worst, f.far, f.refused, f.neither, f.alone)
	}
	for _, name := range slices.Sorted(maps.Keys(families)) {
		for _, line := range families[name].lines {
			fmt.Println(line)
		}
	}
}

// family is what was found in a folder.
type family struct {
	files, same, near, far, refused, neither, alone int
	worst                                           float64 // dB, of near ones
	lines                                           []string
}

func (f *family) add(name, path string) {
	f.files++
	d, err := DecodeFile(path, Limits{})
	theirs, complaint := magickPicture(path)
	tell := func(format string, args ...any) {
		line := fmt.Sprintf("| %s | ", name) + fmt.Sprintf(format, args...) + " |"
		if complaint != nil {
			line += " ImageMagick: " + complaint.Error()
		}
		f.lines = append(f.lines, line)
	}
	switch {
	case err != nil && theirs == nil:
		f.neither++
		tell("%s: %v", fault.KindOf(err), err)
		return
	case err != nil:
		f.refused++
		tell("%s: %v", fault.KindOf(err), err)
		return
	case theirs == nil:
		f.alone++
		tell("only we read it")
		return
	case theirs.Bounds() != d.Bounds():
		f.far++
		tell("%v, not %v", d.Bounds(), theirs.Bounds())
		return
	}
	switch db := seenPSNR(d.Picture, theirs); {
	case math.IsInf(db, 1):
		f.same++
	case db >= 50:
		f.near++
		f.worst = min(f.worst, db)
	default:
		f.far++
		tell("%.1f dB", db)
	}
}

// magickPicture is what ImageMagick shows of a file, in 16 bits with alpha, nil if nothing; and what it says about it.
func magickPicture(path string) (*picture.Picture, error) {
	switch ending := filepath.Ext(path); ending { // it drops the alpha of these
	case ".avif", ".heic":
		folder, err := os.MkdirTemp("", "")
		if err != nil {
			return nil, err
		}
		defer func() { _ = os.RemoveAll(folder) }()
		png := filepath.Join(folder, "a.png")
		tool := map[string]string{".avif": "avifdec", ".heic": "heif-convert"}[ending]
		if out, err := exec.Command(tool, path, png).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s: %w: %s", tool, err, out)
		}
		path = png
	}
	args := []string{path + "[0]", "-auto-orient", "-alpha", "set", "-background", "none", "-coalesce"}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".tif", ".tiff", ".jpg", ".jpeg":
		args = append(args, "-colorspace", "sRGB")
	case ".png": // whose samples would be converted where it says a gamma of 1
		args = append(args, "-set", "colorspace", "sRGB")
	}
	args = append(args, "-depth", "16", "-endian", "MSB", "-write", "info:fd:2", "rgba:-")
	var out, told bytes.Buffer
	command := exec.Command("convert", args...)
	command.Stdout, command.Stderr = &out, &told
	failed := command.Run()
	said, _, _ := strings.Cut(told.String(), "\n")
	p := picture.New(1, 1, 3, true, 16)
	for word := range strings.FieldsSeq(told.String()) {
		w, h, _ := strings.Cut(word, "x")
		width, err := strconv.Atoi(w)
		height, err2 := strconv.Atoi(h)
		if err == nil && err2 == nil && out.Len() > 0 && out.Len() == 8*width*height {
			p = picture.New(width, height, 3, true, 16)
			break
		}
	}
	if failed != nil && strings.HasPrefix(said, "convert") || out.Len() != 2*len(p.Pix16) {
		return nil, errors.New(said)
	}
	for i := range p.Pix16 {
		p.Pix16[i] = binary.BigEndian.Uint16(out.Bytes()[2*i:])
	}
	if strings.HasPrefix(said, "convert") {
		return p, errors.New(said)
	}
	return p, nil
}

// seenPSNR compares what is seen: alpha, and colours multiplied by it.
func seenPSNR(a, b *picture.Picture) float64 {
	a, sum := a.To(16), 0.0
	for i := range a.Width * a.Height {
		x, y := shown(a, i), shown(b, i)
		for k := range x {
			d := float64(x[k]) - float64(y[k])
			if k < 3 {
				d = (float64(x[k])*float64(x[3]) - float64(y[k])*float64(y[3])) / 65535
			}
			sum += d * d
		}
	}
	return 10 * math.Log10(65535*65535*4*float64(a.Width*a.Height)/sum)
}
