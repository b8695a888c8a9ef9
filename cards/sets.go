package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"classsr/evaluate"
	"classsr/imageio"
	"classsr/imageio/jpeg/baseline"
	"classsr/internal/atomicfile"
	"classsr/picture"
	"classsr/resample"
)

// testSet is a folder of test pictures.
type testSet struct {
	id, title string
	hr        string // below the shared data, or below the work folder if it begins with "./"
	lr        string // of published LR pictures at x4; empty if they are made by our bicubic filter
	quality   int    // the LR pictures are JPEGs of this quality; 0 if they are not

	branches, budgets, paper bool // whether branches, budgets and the paper's mode are measured on it
}

// testSets lists all, in the order of the pages.
func testSets() []*testSet {
	sets := []*testSet{
		{id: "set5", title: "Set5", hr: "data/test/Set5/HR", lr: "data/test/Set5/LRx4", branches: true, budgets: true},
		{id: "set14", title: "Set14", hr: "data/test/Set14/HR", lr: "data/test/Set14/LRx4", branches: true},
		{id: "2k", title: "2K photos", hr: "data/test-large/2k", branches: true, budgets: true, paper: true},
		{id: "4k", title: "4K photos", hr: "data/test-large/4k", paper: true},
		{id: "pages", title: "Pages", hr: "./pages"},
	}
	for _, quality := range qualities {
		for _, s := range sets[:3] {
			j := testSet{id: s.jpeg(quality), title: fmt.Sprintf("%s, q%d", s.title, quality), hr: s.hr, lr: s.lr, quality: quality}
			sets = append(sets, &j)
		}
	}
	return sets
}

var qualities = []int{50, 75, 90}

// jpeg names the set with LR pictures as JPEGs of this quality.
func (s *testSet) jpeg(quality int) string { return fmt.Sprintf("%s-q%d", s.id, quality) }

// folders gives the folders of HR and LR pictures at a scale, and makes them if need be; lr is empty if eval makes the LR pictures.
func (l *lab) folders(ctx context.Context, s *testSet, scale int) (hr, lr string, err error) {
	hr = filepath.Join(l.shared, s.hr)
	if name, made := strings.CutPrefix(s.hr, "./"); made {
		hr = filepath.Join(l.work, name)
		if err := l.drawPages(ctx, hr); err != nil {
			return "", "", err
		}
	}
	if s.lr != "" && scale == 4 {
		lr = filepath.Join(l.shared, s.lr)
	}
	if s.quality == 0 {
		return hr, lr, nil
	}
	made := filepath.Join(l.work, fmt.Sprintf("%s-x%d", s.id, scale))
	return hr, made, makeJPEGs(hr, lr, made, scale, s.quality)
}

// pageCount pages are drawn.
const pageCount = 10

// drawPages has calibrate/pages draw the set of pages for checking.
func (l *lab) drawPages(ctx context.Context, folder string) error {
	if found, err := imageio.List(folder); err == nil && len(found) == pageCount {
		return nil
	}
	folder, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "run", ".", "-set", "check", "-n", fmt.Sprint(pageCount), folder)
	cmd.Dir = filepath.Join("calibrate", "pages")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("drawing pages in %s: %w; run it at the top of the checkout", cmd.Dir, err)
	}
	return nil
}

// makeJPEGs writes the LR pictures of a folder, or those of the HR pictures reduced, as JPEGs with 4:2:0 chroma.
func makeJPEGs(hr, lr, folder string, scale, quality int) error {
	from := hr
	if lr != "" {
		from = lr
	}
	paths, err := evaluate.Pictures(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, path := range paths {
		name := filepath.Join(folder, strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))+".jpg")
		if _, err := os.Stat(name); err == nil {
			continue
		}
		small, err := small(path, lr != "", scale)
		if err != nil {
			return err
		}
		if err := atomicfile.Write(name, true, func(w io.Writer) error { return writeJPEG(w, small, quality) }); err != nil {
			return err
		}
	}
	return nil
}

// small reads an LR picture, or makes it of an HR one.
func small(path string, isLR bool, scale int) (*picture.Picture, error) {
	if !isLR {
		_, lr, err := evaluate.Reduced(path, scale, resample.Published, nil)
		return lr, err
	}
	d, err := imageio.DecodeFile(path, imageio.Limits{})
	if err != nil {
		return nil, err
	}
	return d.Picture, nil
}

// writeJPEG writes as libjpeg does with its standard tables and chroma at half the width and height.
func writeJPEG(w io.Writer, p *picture.Picture, quality int) error {
	return imageio.Encode(w, p, "jpeg", imageio.EncodeOptions{Quality: quality, Subsampling: baseline.Subsampling420})
}
