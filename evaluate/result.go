package evaluate

import (
	"encoding/json"
	"fmt"
	"math"

	"classsr"
	"classsr/infer"
)

// Decibel is a PSNR in dB; JSON has no number for that of equal pictures, which becomes null.
type Decibel float64

// MarshalJSON implements json.Marshaler.
func (d Decibel) MarshalJSON() ([]byte, error) { return numberOrNull(float64(d)) }

// numberOrNull is v in JSON, which has no infinite numbers and no NaN.
func numberOrNull(v float64) ([]byte, error) {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return []byte("null"), nil
	}
	return json.Marshal(v)
}

// ImageScore is the measurement of one picture.
type ImageScore struct {
	Name    string  `json:"name"`
	PSNRRGB Decibel `json:"psnr_rgb"`
	SSIMRGB float64 `json:"ssim_rgb"`
	PSNRY   Decibel `json:"psnr_y"`
	SSIMY   float64 `json:"ssim_y"`
}

// Result holds the measurements of a folder: means over its pictures, and the single ones in PerImage. PSNR is in dB, SSIM at most 1; RGB and
// Y (luma) are measured apart. MACsPercent and PaperFLOPsPercent are in percent of the full-width network, MACsPixel are multiply-accumulates
// for each pixel of the LR pictures. LevelsFull is the most that any sample differs from the full-width network's, in levels of 255. In JSON it
// is what `classsr eval --json` prints.
type Result struct {
	Model             string             `json:"model"`
	Mode              infer.Mode         `json:"mode"`
	Images            int                `json:"images"`
	Scale             int                `json:"scale"`
	PSNRRGB           Decibel            `json:"psnr_rgb"`
	SSIMRGB           float64            `json:"ssim_rgb"`
	PSNRY             Decibel            `json:"psnr_y"`
	SSIMY             float64            `json:"ssim_y"`
	Classes           []infer.ClassShare `json:"classes"`
	MACsPercent       float64            `json:"macs_percent"`
	MACsPixel         float64            `json:"macs_pixel"`
	PaperFLOPsPercent float64            `json:"paper_flops_percent"`
	SecondsNetwork    float64            `json:"seconds_network"`
	SecondsFull       float64            `json:"seconds_full,omitempty"`
	LevelsFull        float64            `json:"levels_full,omitempty"`
	Seam              *SeamFigures       `json:"seam,omitempty"`
	PerClass          []ClassScore       `json:"per_class,omitempty"`
	PerImage          []ImageScore       `json:"per_image"`

	macs, macsFull, pixels, lrPixels int64
	paperFLOPs                       float64 // in percent times pixels
	errors                           []classErrors
}

// add adds the measurement of a picture.
func (r *Result) add(name string, s Scores, report classsr.Report) {
	r.Images++
	r.PerImage = append(r.PerImage, ImageScore{name, Decibel(s.PSNRRGB), s.SSIMRGB, Decibel(s.PSNRY), s.SSIMY})
	r.PSNRRGB += Decibel(s.PSNRRGB)
	r.SSIMRGB += s.SSIMRGB
	r.PSNRY += Decibel(s.PSNRY)
	r.SSIMY += s.SSIMY
	pixels := int64(report.Width) * int64(report.Height)
	if report.Route != nil {
		pixels = int64(report.Route.Pixels()) // every sub-image counts the same in the paper's mode
	}
	r.pixels += pixels
	r.lrPixels += int64(report.OutWidth/report.Scale) * int64(report.OutHeight/report.Scale)
	r.macs += report.MACs
	r.macsFull += report.MACsFull
	r.paperFLOPs += report.PaperFLOPsPercent * float64(pixels)
	r.SecondsNetwork += report.Seconds.Network + report.Seconds.Route
	if r.Classes == nil {
		r.Classes = make([]infer.ClassShare, len(report.Classes))
	}
	for i, c := range report.Classes {
		r.Classes[i].Name = c.Name
		r.Classes[i].Share += c.Share * float64(pixels)
	}
}

// means turns the sums into means; those of nothing stay 0.
func (r *Result) means() {
	if r.Images == 0 {
		return
	}
	n := float64(r.Images)
	r.PSNRRGB /= Decibel(n)
	r.SSIMRGB /= n
	r.PSNRY /= Decibel(n)
	r.SSIMY /= n
	for i := range r.Classes {
		r.Classes[i].Share /= float64(r.pixels)
	}
	r.PaperFLOPsPercent = r.paperFLOPs / float64(r.pixels)
	r.MACsPixel = float64(r.macs) / float64(r.lrPixels)
	r.classScores()
	if r.macsFull > 0 {
		r.MACsPercent = 100 * float64(r.macs) / float64(r.macsFull)
	}
}

// Mean gives the means in the form of a picture's measurement.
func (r *Result) Mean() ImageScore {
	return ImageScore{fmt.Sprintf("mean of %d", r.Images), r.PSNRRGB, r.SSIMRGB, r.PSNRY, r.SSIMY}
}
