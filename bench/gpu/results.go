package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"classsr/gpu"
	"classsr/infer"
	"classsr/internal/atomicfile"
)

// results is what results.json holds. Each case is written as soon as it is measured, so that a run that was ended goes on where it was.
type results struct {
	Machine  machine   `json:"machine"`
	Networks []network `json:"networks"`
	Routed   []routed  `json:"routed"`
	Files    []file    `json:"files"`
	// Missing says in one line each what was not there to be measured with, when the results were written last.
	Missing []string `json:"missing"`
}

// machine is what was measured on.
type machine struct {
	System string         `json:"system"`
	CPU    string         `json:"cpu"`
	Cores  int            `json:"cores"`
	Kernel string         `json:"kernel"` // set of the processor's kernels
	Device *gpu.Known     `json:"device,omitempty"`
	Half   *gpu.Known     `json:"device_half,omitempty"` // what is known of it in float16
	NVIDIA []string       `json:"nvidia,omitempty"`      // name, driver, memory and clocks of cards, as nvidia-smi says
	Torch  map[string]any `json:"torch,omitempty"`
}

// network is a network on a picture of one size, ours and one of PyTorch's ways.
type network struct {
	Net       string  `json:"net"` // with its width
	Size      string  `json:"size"`
	Precision string  `json:"precision"` // ours: float32 or float16
	Peer      string  `json:"peer"`      // PyTorch's: float32, tf32, autocast or half
	GMACs     float64 `json:"gmacs"`     // of the network, without what bands compute again
	Bands     int     `json:"bands"`     // ours; PyTorch gets the whole picture at once
	Ours      *side   `json:"ours,omitempty"`
	Torch     *side   `json:"torch,omitempty"`
	// Ratios of medians, ours over PyTorch's: less is better. DeviceRatio is of the time by the devices' clocks.
	DeviceRatio float64 `json:"device_ratio,omitempty"`
	WallRatio   float64 `json:"wall_ratio,omitempty"`
	MemoryRatio float64 `json:"memory_ratio,omitempty"`
	// How far results lie apart: ours from the processor's in some places, and from PyTorch's with float32; and PyTorch's of this precision from that.
	OursFromCPU    *apart `json:"ours_from_cpu,omitempty"`
	OursFromTorch  *apart `json:"ours_from_torch,omitempty"`
	TorchFromTorch *apart `json:"torch_from_float32,omitempty"`
	// OursFailed and TorchFailed say why there is nothing of one.
	OursFailed  string `json:"ours_failed,omitempty"`
	TorchFailed string `json:"torch_failed,omitempty"`
}

func (n network) key() string { return strings.Join([]string{n.Net, n.Size, n.Precision, n.Peer}, " ") }

// side is how long a network took, and what memory of the device.
type side struct {
	Runs     int     `json:"runs"`
	Device   spread  `json:"device_ms"`           // by the device's clock; of PyTorch without a GPU, of the network alone
	Wall     spread  `json:"wall_ms"`             // from planes in the processor's memory to pixels there
	Upload   float64 `json:"upload_ms,omitempty"` // medians, by the device's clock
	Download float64 `json:"download_ms,omitempty"`
	MemoryMB float64 `json:"memory_mb,omitempty"`   // most at a time, MiB: what buffers have, or tensors
	Reserved float64 `json:"reserved_mb,omitempty"` // PyTorch's, with what it keeps
	GMACPerS float64 `json:"gmac_per_s"`            // by the device's clock
	Graph    bool    `json:"graph,omitempty"`       // PyTorch replays a CUDA graph
}

// spread is the median of times and the quartiles around it.
type spread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// spreadOf sorts values.
func spreadOf(values []float64) spread {
	if len(values) == 0 {
		return spread{}
	}
	slices.Sort(values)
	n := len(values)
	return spread{values[n/2], values[n/4], values[n-1-n/4]}
}

// apart is how far a result lies from another one.
type apart struct {
	Max  float64 `json:"max"`     // the largest difference, as a share of the other one's range
	PSNR float64 `json:"psnr_db"` // with that range as the peak; 200 if both are the same
}

// routed is a model on a picture, routed and by its full network, by the device.
type routed struct {
	Model     string             `json:"model"`
	Size      string             `json:"size"`
	Precision string             `json:"precision"`
	Shares    []infer.ClassShare `json:"shares"`
	Routed    passage            `json:"routed"`
	Full      passage            `json:"full"`
	// Full over routed: more is better.
	DeviceRatio float64 `json:"device_ratio,omitempty"`
	WallRatio   float64 `json:"wall_ratio"`
	// PSNR of the routed result against the picture from before it was reduced, by the device, and what the processor's has more than that.
	PSNR     float64 `json:"psnr_db,omitempty"`
	PSNRLoss float64 `json:"psnr_loss_db"`
	MaxLevel int     `json:"max_level"` // the largest difference of a sample from the processor's, of 255
	Failed   string  `json:"failed,omitempty"`
}

func (r routed) key() string { return strings.Join([]string{r.Model, r.Size, r.Precision}, " ") }

// passage is how long a model took.
type passage struct {
	Device float64 `json:"device_ms"` // upload, computing and download, by the device's clock
	Route  float64 `json:"route_ms"`
	Wall   float64 `json:"wall_ms"` // choosing classes, and networks with all around them
}

// file is a JPEG enlarged to a JPEG by the program, in a process of its own each time. Milliseconds are medians.
type file struct {
	Model     string  `json:"model"`
	Size      string  `json:"size"`
	Mode      string  `json:"mode"`
	By        string  `json:"by"`         // cpu, gpu or gpu half
	Process   float64 `json:"process_ms"` // from its start to its end
	Total     float64 `json:"total_ms"`   // from file to file, within the process
	Decode    float64 `json:"decode_ms"`
	Route     float64 `json:"route_ms"`
	Network   float64 `json:"network_ms"` // the wall time of networks, with all that follows here
	Fill      float64 `json:"fill_ms"`
	Upload    float64 `json:"upload_ms"`
	Compute   float64 `json:"compute_ms"`
	Download  float64 `json:"download_ms"`
	Paint     float64 `json:"paint_ms"`
	Encode    float64 `json:"encode_ms"`
	PeakRSSMB int64   `json:"peak_rss_mb"`
	DeviceMB  int64   `json:"device_mb"`
	Because   string  `json:"cpu_because,omitempty"` // the processor did it instead
	Failed    string  `json:"failed,omitempty"`
}

func (f file) key() string { return strings.Join([]string{f.Model, f.Size, f.Mode, f.By}, " ") }

const resultsName, tableName = "results.json", "results.md"

// load reads the results of earlier runs in a folder, if there are any.
func load(folder string) (*results, error) {
	r := &results{}
	path := filepath.Join(folder, resultsName)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal(data, r)
	}
	if err != nil {
		return nil, fmt.Errorf("the results of an earlier run cannot be gone on with: %s: %w", path, err)
	}
	return r, nil
}

// save writes the results and the table of them.
func (r *results) save(folder string) error {
	err := atomicfile.Write(filepath.Join(folder, resultsName), true, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(r)
	})
	if err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(folder, tableName), true, func(w io.Writer) error { return r.table(w) })
}

// keyed is a case that is found again by its key.
type keyed interface{ key() string }

// put replaces the case of the same key, or adds it.
func put[T keyed](all []T, c T) []T {
	if i := find(all, c.key()); i >= 0 {
		all[i] = c
		return all
	}
	return append(all, c)
}

func find[T keyed](all []T, key string) int {
	return slices.IndexFunc(all, func(c T) bool { return c.key() == key })
}
