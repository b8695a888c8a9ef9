package infer

import (
	"cmp"

	"classsr/route"
)

// Report says what an Upscaler did with a picture; in JSON it is what `classsr upscale --json` prints.
type Report struct {
	Width     int          `json:"width"`
	Height    int          `json:"height"`
	OutWidth  int          `json:"out_width"`
	OutHeight int          `json:"out_height"`
	Model     string       `json:"model"`
	Scale     int          `json:"scale"`
	Mode      Mode         `json:"mode"`
	Kernel    string       `json:"kernel"`
	Threads   int          `json:"threads"`
	Classes   []ClassShare `json:"classes"`
	// MACs counts the multiply-accumulates that were done, including the Class-Module and the context of the pieces; MACsFull those of
	// the full-width network over the whole picture (in ModePaper: the part that is enlarged), once a pixel. Both are counted as plain
	// convolutions, whatever computes them.
	MACs     int64 `json:"macs"`
	MACsFull int64 `json:"macs_full"`
	// MACsRepeated is about how many of MACs were only needed because the picture was cut across, to keep within the memory allowed.
	MACsRepeated int64 `json:"macs_repeated,omitempty"`
	// PaperFLOPsPercent is the arithmetic in percent of the full-width network's, both counted as in the paper's tables: for patches
	// without context, the Class-Module included.
	PaperFLOPsPercent float64 `json:"paper_flops_percent"`
	Seconds           Seconds `json:"seconds"`
	// FullBecause says why the full-width network computed the whole picture although the mode routes; empty if it did not.
	FullBecause string `json:"full_because,omitempty"`
	// Device is what a GPU did of it; nil if none was to do anything.
	Device *DeviceReport `json:"device,omitempty"`
	// Route says which part went to which class; nil if the mode does not route.
	Route *route.Map `json:"-"`
}

// DeviceReport says what a GPU did of a picture.
type DeviceReport struct {
	Name string `json:"name"`
	// Precision is that of the numbers which it keeps and multiplies: gpu.Float32 or gpu.Float16.
	Precision string `json:"precision"`
	Bands     int    `json:"bands"` // that it computed
	// Halved is how often its memory was full, so that lower bands went on.
	Halved int `json:"halved,omitempty"`
	// CPUBecause says why the processor computed the picture, or the rest of it; empty if it did not.
	CPUBecause string `json:"cpu_because,omitempty"`
	// PeakMB is the most of the device's memory that was taken at a time since the helper was started, in MiB.
	PeakMB int64 `json:"peak_mb"`
	// Seconds says where the time of its bands went.
	Seconds DeviceSeconds `json:"seconds"`

	slower bool // CPUBecause is that the device would take longer
}

// Add adds what was done of another picture, or in another pass. If the processor computed some of both, the first reason is told; but that it was to be faster only if there is no other one.
// A nil report is as one about nothing.
func (r *DeviceReport) Add(o *DeviceReport) *DeviceReport {
	if r == nil || o == nil {
		return cmp.Or(r, o)
	}
	sum := *r
	sum.Bands, sum.Halved, sum.PeakMB = r.Bands+o.Bands, r.Halved+o.Halved, max(r.PeakMB, o.PeakMB)
	sum.Seconds.add(o.Seconds)
	if o.CPUBecause != "" && (r.CPUBecause == "" || r.slower) {
		sum.CPUBecause, sum.slower = o.CPUBecause, o.slower
	}
	return &sum
}

// DeviceSeconds is the time that parts of the work took, in seconds, summed over bands. Two are under way at a time, so the sum may be more than the wall time.
type DeviceSeconds struct {
	Fill float64 `json:"fill"` // the processor makes what goes to the device
	// Upload, Compute and Download are by the device's own clock; they are 0 if it has none.
	Upload   float64 `json:"upload"`
	Compute  float64 `json:"compute"`
	Download float64 `json:"download"`
	Paint    float64 `json:"paint"` // the processor checks what comes back, and hands it on
}

func (s *DeviceSeconds) add(o DeviceSeconds) {
	s.Fill += o.Fill
	s.Upload += o.Upload
	s.Compute += o.Compute
	s.Download += o.Download
	s.Paint += o.Paint
}

// ClassShare is the share of the small picture's pixels that went through a class, 0 to 1; in ModePaper, of the sub-images.
type ClassShare struct {
	Name  string  `json:"name"`
	Share float64 `json:"share"`
}

// Seconds is the wall time of the parts of the work, in seconds. Decode, Encode and Total are 0 until package pipeline, which reads and
// writes the files, fills them in.
type Seconds struct {
	Decode  float64 `json:"decode"`
	Route   float64 `json:"route"`
	Network float64 `json:"network"`
	Encode  float64 `json:"encode"`
	Total   float64 `json:"total"`
}

// report tells what was done.
func (u *Upscaler) report(p *plan) Report {
	r := Report{
		Width: p.size.X, Height: p.size.Y, OutWidth: p.covered.X * u.Scale(), OutHeight: p.covered.Y * u.Scale(),
		Model: u.name, Scale: u.Scale(), Mode: u.mode, Kernel: u.kernel, Threads: u.threads,
		Classes: p.classShares(), MACs: p.macsDone(), MACsRepeated: p.macsRepeated(), PaperFLOPsPercent: 100,
	}
	if p.choice != nil {
		r.Route, r.FullBecause = p.choice.Map, p.choice.fullBecause
	}
	if u.full != nil {
		r.MACsFull = u.full.MACs(p.covered)
		r.PaperFLOPsPercent = 100 * p.patchFLOPs() / u.full.PatchFLOPs()
	}
	return r
}

// classShares names the shares of the classes.
func (p *plan) classShares() []ClassShare {
	var shares []ClassShare
	for class, share := range p.shares() {
		shares = append(shares, ClassShare{p.classes[class], share})
	}
	return shares
}
