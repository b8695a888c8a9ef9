package evaluate

import (
	"image"
	"math"

	"classsr"
	"classsr/picture"
)

// ClassScore is the measurement of what went through one class: Share as in Report.Classes, and the PSNR over RGB, in dB, of these pixels of
// all pictures together, by the mode and by the full-width network. Where sub-images overlap (classsr.ModePaper), pixels count for each.
type ClassScore struct {
	Name    string  `json:"name"`
	Share   float64 `json:"share"`
	PSNRRGB Decibel `json:"psnr_rgb"`
	// PSNRFull is 0 in Go, and missing in JSON, where the full-width network is not run beside the mode.
	PSNRFull Decibel `json:"psnr_full,omitempty"`
}

// classErrors sums squared errors over the samples of a class, in units of the white.
type classErrors struct {
	mode, full float64
	samples    int64
}

// addClasses measures each class of a picture that was routed. full is nil where the full-width network was not run.
func (r *Result) addClasses(hr, out, full *picture.Picture, report classsr.Report) {
	if report.Route == nil {
		return
	}
	if r.errors == nil {
		r.errors = make([]classErrors, len(report.Route.Names))
	}
	inner := out.Bounds().Inset(report.Scale) // without the border that no figure counts
	for i, core := range report.Route.Cores {
		area := image.Rectangle{Min: core.Min.Mul(report.Scale), Max: core.Max.Mul(report.Scale)}.Intersect(inner)
		e := &r.errors[report.Route.Classes[i]]
		e.samples += int64(area.Dx()) * int64(area.Dy()) * int64(out.Colors)
		squares := func(d float64) float64 { return d * d }
		e.mode += differences(hr, out, area, squares)
		if full != nil {
			e.full += differences(hr, full, area, squares)
		}
	}
}

// classScores names the classes with their shares and turns the sums of their errors into PSNR.
func (r *Result) classScores() {
	for i, e := range r.errors {
		if e.samples == 0 {
			continue
		}
		score := ClassScore{Name: r.Classes[i].Name, Share: r.Classes[i].Share, PSNRRGB: decibels(e.mode, e.samples)}
		if r.SecondsFull > 0 {
			score.PSNRFull = decibels(e.full, e.samples)
		}
		r.PerClass = append(r.PerClass, score)
	}
}

func decibels(sum float64, samples int64) Decibel {
	return Decibel(-10 * math.Log10(sum/float64(samples)))
}

// addDifference notes where a picture differs most from the full-width network's.
func (r *Result) addDifference(out, full *picture.Picture) {
	most := 0.0
	differences(out, full, out.Bounds(), func(d float64) float64 {
		most = max(most, math.Abs(d))
		return 0
	})
	r.LevelsFull = max(r.LevelsFull, 255*most)
}

// differences sums what of gives for the difference of each two samples of an area, white being 1.
func differences(a, b *picture.Picture, area image.Rectangle, of func(float64) float64) (sum float64) {
	rowA, rowB := make([]float32, area.Dx()), make([]float32, area.Dx())
	for y := area.Min.Y; y < area.Max.Y; y++ {
		row := image.Rect(area.Min.X, y, area.Max.X, y+1)
		for c := range min(a.Colors, b.Colors) {
			a.ReadPlane(rowA, c, row)
			b.ReadPlane(rowB, c, row)
			for i, v := range rowA {
				sum += of(float64(v) - float64(rowB[i]))
			}
		}
	}
	return sum
}
