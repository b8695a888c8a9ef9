// Command pages draws pages as people enlarge them: text, screenshots, tables, line art and maps, in PNG files. Models are calibrated and
// checked with them (docs/models.md). The same seed gives the same pages.
//
//	go run . -set calibrate -n 24 DIR
//	go run . -set check -n 10 DIR
//
// The two sets have different fonts and different random numbers, so that what was found with the one can be checked with the other.
package main

import (
	"flag"
	"fmt"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
)

func main() {
	set := flag.String("set", "calibrate", "which `SET` of fonts and pages: calibrate or check")
	n := flag.Int("n", 24, "draw `N` pages")
	width := flag.Int("width", 640, "`PIXELS` a row")
	height := flag.Int("height", 480, "`ROWS` a page")
	flag.Parse()
	if err := run(flag.Arg(0), *set, *n, *width, *height); err != nil {
		fmt.Fprintln(os.Stderr, "pages:", err)
		os.Exit(1)
	}
}

// run draws n pages into a folder, which is made if it is not there.
func run(folder, set string, n, width, height int) error {
	if folder == "" {
		return fmt.Errorf("which folder? go run . DIR")
	}
	fonts, seed := liberation, uint64(1)
	switch set {
	case "calibrate":
	case "check":
		fonts, seed = goFonts, 2
	default:
		return fmt.Errorf("no set %q; the sets are calibrate and check", set)
	}
	faces, err := parse(fonts)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for i := range n {
		kind := kinds[i%len(kinds)]
		p := newPage(width, height, rand.New(rand.NewPCG(seed, uint64(i))), faces)
		kind.draw(p)
		if err := write(filepath.Join(folder, fmt.Sprintf("%02d-%s.png", i, kind.name)), p); err != nil {
			return err
		}
	}
	return nil
}

func write(path string, p *page) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := png.Encode(f, p.Image()); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
