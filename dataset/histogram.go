package dataset

import (
	"fmt"
	"path/filepath"
	"slices"

	"classsr/internal/atomicfile"
	"classsr/internal/chart"
	"classsr/weights"
)

// HistogramPath is where the picture of a file's difficulties lies: beside it.
func HistogramPath(path string) string {
	return path[:len(path)-len(filepath.Ext(path))] + "-difficulty.png"
}

// DrawHistogram draws how many patches of a data file are how difficult, as a picture beside it (HistogramPath). A file without a judge gets
// none.
func DrawHistogram(path string, s *Summary) error {
	if len(s.Thresholds) == 0 {
		return nil
	}
	store, err := Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }() // it was only read
	names := weights.ClassNames(len(s.Thresholds) + 1)
	between := slices.Clone(s.Thresholds)
	slices.Reverse(names) // from the lowest PSNR to the highest, as the axis goes
	slices.Reverse(between)
	axes := chart.Axes{Title: fmt.Sprintf("Difficulty of %d patches", s.Patches), X: "PSNR of " + s.Settings.Judge + " (dB)", Y: "patches"}
	figure := chart.Histogram(axes, store.Difficulties(), between, names)
	return atomicfile.Write(HistogramPath(path), true, figure.WritePNG)
}
