package pipeline

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"classsr"
	"classsr/branch/branchtest"
	"classsr/fault"
	"classsr/imageio"
)

// scan makes a TIFF of gray pages; page n is n pixels high and 3 wide, and all of its pixels are n.
func scan(pages int) []byte {
	file := []byte("II*\x00")
	link := len(file)
	file = append(file, 0, 0, 0, 0)
	for n := 1; n <= pages; n++ {
		pixels := len(file)
		file = append(file, bytes.Repeat([]byte{byte(n)}, 3*n)...)
		file = append(file, make([]byte, len(file)&1)...)
		binary.LittleEndian.PutUint32(file[link:], uint32(len(file)))
		fields := [][2]uint32{{256, 3}, {257, uint32(n)}, {258, 8}, {262, 1}, {273, uint32(pixels)}, {278, uint32(n)}, {279, uint32(3 * n)}}
		file = binary.LittleEndian.AppendUint16(file, uint16(len(fields)))
		for _, field := range fields {
			file = binary.LittleEndian.AppendUint16(file, uint16(field[0]))
			file = append(file, 4, 0, 1, 0, 0, 0) // one number of 32 bits
			file = binary.LittleEndian.AppendUint32(file, field[1])
		}
		link = len(file)
		file = append(file, 0, 0, 0, 0)
	}
	return file
}

// film makes a GIF whose frames have a gray square, each at another place, on top of those before.
func film(t *testing.T, frames int) []byte {
	t.Helper()
	palette := color.Palette{color.Gray{Y: 40}, color.Gray{Y: 200}}
	g := &gif.GIF{Config: image.Config{ColorModel: palette, Width: 8, Height: 4}}
	for n := range frames {
		r := image.Rect(0, 0, 8, 4)
		if n > 0 {
			r = image.Rect(n%8, n%4, n%8+1, n%4+1)
		}
		p := image.NewPaletted(r, palette)
		p.Pix[0] = 1
		g.Image, g.Delay = append(g.Image, p), append(g.Delay, 5)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func file(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Each page has a result of its own, which is what is made of this page alone.
func TestAllPages(t *testing.T) {
	inFolder(t, "in/x.txt")
	file(t, "in/scan.tif", scan(3))
	file(t, "in/film.gif", film(t, 4))
	png(t, "in/one.png", branchtest.Patchwork(9, 7, 3, false, 8))
	r := Request{Args: []string{"in"}, Output: "out", AllPages: true}
	sum, l := enlarge(t, r, nil)
	want := []string{
		"film_p001_x2.png", "film_p002_x2.png", "film_p003_x2.png", "film_p004_x2.png", "one_x2.png", "scan_p001_x2.tif", "scan_p002_x2.tif", "scan_p003_x2.tif",
	}
	var got []string
	for i, result := range l.results {
		got = append(got, filepath.Base(result.Output))
		single := Request{Args: []string{result.Input}, Output: "alone" + filepath.Ext(result.Output)}
		enlarge(t, single, func(p *Pipeline) { p.Overwrite, p.Reading.Page = true, result.Page })
		a, errA := os.ReadFile(result.Output)
		b, errB := os.ReadFile(single.Output)
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("%d: %s is not what --page %d gives (%v, %v)", i, result.Output, result.Page, errA, errB)
		}
	}
	if !slices.Equal(got, want) || sum.Done != len(want) {
		t.Errorf("results %q, want %q", got, want)
	}
	if lines := filepath.ToSlash(strings.Join(l.lines, "\n")); !strings.Contains(lines, "started in/film.gif 4 of 6\n") || !strings.Contains(lines, "started in/scan.tif 8 of 8\n") {
		t.Errorf("counted as\n%s", lines)
	}
	if sum, _ := enlarge(t, r, nil); sum.DoneBefore != len(want) || sum.Failed > 0 {
		t.Errorf("again: %+v", sum)
	}
}

// A run that was stopped goes on with the page that is missing, also where one file is named.
func TestPagesGoOn(t *testing.T) {
	for _, output := range []string{"", "out/"} {
		inFolder(t)
		file(t, "scan.tif", scan(3))
		r := Request{Args: []string{"scan.tif"}, Output: output, Naming: Enlarged("x2", ""), AllPages: true}
		work, err := r.Find(context.Background())
		if err != nil || !work.Resumable() {
			t.Fatal(err)
		}
		p := with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2})
		stopped := errors.New("stopped")
		if sum, err := p.Run(context.Background(), work, &log{broken: stopped}); !errors.Is(err, stopped) || sum.Done != 1 {
			t.Fatalf("%+v, %v", sum, err)
		}
		sum, l := enlarge(t, r, nil)
		if sum.Done != 2 || sum.DoneBefore != 1 || l.results[0].Page != 2 || l.results[0].OutHeight != 4 {
			t.Errorf("%q: %+v, %q", output, sum, l.lines)
		}
	}
}

func TestPagesThatFail(t *testing.T) {
	inFolder(t)
	file(t, "scan.tif", scan(2))
	png(t, "scan_p002.tif", branchtest.Patchwork(9, 7, 3, false, 8)) // whatever its name says
	file(t, "cut.gif", film(t, 3)[:60])
	for _, c := range []struct {
		args   []string
		output string
		done   int
		kind   fault.Kind
		want   string
	}{
		{[]string{"scan.tif"}, "one.png", 0, fault.Usage, "scan.tif: it has 2 pages, which do not fit into one file one.png"},
		{[]string{"scan.tif", "scan_p002.tif"}, "out", 2, fault.Conflict, "scan.tif: the output of its page 2, out/scan_p002_x2.png, is also that"},
		{[]string{"cut.gif"}, "out", 0, fault.Damaged, "cannot read cut.gif: damaged GIF"},
	} {
		sum, l := enlarge(t, Request{Args: c.args, Output: c.output, AllPages: true}, nil)
		if sum.Failed != 1 || sum.Done != c.done || !strings.HasPrefix(filepath.ToSlash(l.errors[0].Error()), c.want) || fault.KindOf(l.errors[0]) != c.kind {
			t.Errorf("%v: %+v, %v, want %q", c.args, sum, l.errors, c.want)
		}
	}
}

// What says that it has more pages than anybody wants is refused before one is enlarged.
func TestTooManyPages(t *testing.T) {
	inFolder(t)
	endless := append(film(t, 2), 0)
	endless = endless[:len(endless)-2]
	frame := []byte{',', 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0}
	file(t, "endless.gif", append(append(endless, bytes.Repeat(frame, mostPages)...), ';'))
	long := scan(1)
	for range 1<<14 + 10 {
		next := scan(1)[12:] // its directory
		binary.LittleEndian.PutUint32(long[len(long)-4:], uint32(len(long)))
		long = append(long, next...)
	}
	file(t, "long.tif", long)
	for name, want := range map[string]string{"endless.gif": "it has 10002 pages, and at most 10000", "long.tif": "it has more than 1638"} {
		sum, l := enlarge(t, Request{Args: []string{name}, AllPages: true}, nil)
		if sum.Failed != 1 || sum.Done != 0 || !strings.Contains(l.errors[0].Error(), want) || fault.KindOf(l.errors[0]) != fault.TooLarge {
			t.Errorf("%s: %+v, %v", name, sum, l.errors)
		}
	}
}

func TestPagesOfStandardInput(t *testing.T) {
	inFolder(t)
	t.Setenv("TMPDIR", t.TempDir())
	file(t, "scan.tif", scan(2))
	opened, err := os.Open("scan.tif")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = opened.Close() }()
	for name, std := range map[string]io.Reader{"a file": opened, "a pipe": bytes.NewReader(scan(2))} {
		in, release, err := Rereadable(std)
		if err != nil {
			t.Fatal(err)
		}
		sum, l := enlarge(t, Request{Args: []string{Std}, Output: fmt.Sprintf("%s/", name), AllPages: true}, func(p *Pipeline) { p.In = in })
		if sum.Done != 2 || sum.Failed > 0 || l.results[1].OutHeight != 4 || l.results[1].Picture() != "standard input, page 2" {
			t.Errorf("%s: %+v, %q", name, sum, l.lines)
		}
		if n, err := Pages(in, Std, imageio.Options{}); n != 2 || err != nil {
			t.Errorf("%s: %d pages, %v", name, n, err)
		}
		release()
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "classsr-*")); err != nil || len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}
