package gpu

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"classsr/fault"
	"classsr/gpu/link"
	"classsr/internal/atomicfile"
)

// Verdict is what came of a device's test.
type Verdict struct {
	Passed bool   `json:"passed"`
	Reason string `json:"reason,omitempty"` // it did not pass, or was wrong later
	Speed  Speed  `json:"speed,omitzero"`
	// Matrices tells that it computes with products of matrices, NoMatrices why it does not although it could.
	Matrices   bool   `json:"matrices,omitempty"`
	NoMatrices string `json:"no_matrices,omitempty"`
}

// Speed is how fast a device is with a small network, all that goes to it and comes back included.
type Speed struct {
	MACs   float64 `json:"macs_per_second"`   // multiply-accumulates
	Pixels float64 `json:"pixels_per_second"` // of the small picture, enlarged four times
}

// memoir is a file in a folder where verdicts are remembered, by device, driver and version of the program. Without a folder nothing is.
type memoir struct{ folder string }

const (
	memoirName = "gpu.json"
	// mostMemoir bounds the file, in bytes.
	mostMemoir = 1 << 20
)

// keyOf names a device with its driver.
func keyOf(d link.Device, o Options) string {
	return fmt.Sprintf("%s; %s; %s; classsr %s; half %t", d.Name, d.Driver, d.ID, o.Version, o.Half)
}

// Remember notes what came of a test of a device, in place of what was noted before. Open believes it.
func Remember(o Options, d link.Device, v Verdict) { memoir{o.Folder}.note(keyOf(d, o), v) }

// Remembers returns an error, of kind fault.NotFound if there is no folder for it, if what comes of tests cannot be remembered.
func Remembers(o Options) error {
	if o.Folder == "" {
		return fault.New(fault.NotFound, "no folder for it is known")
	}
	if err := os.MkdirAll(o.Folder, 0o755); err != nil {
		return err
	}
	return atomicfile.Writable(filepath.Join(o.Folder, memoirName))
}

// read reads the file. What cannot be read is as if nothing was known.
func (m memoir) read() map[string]Verdict {
	verdicts := map[string]Verdict{}
	if m.folder == "" {
		return verdicts
	}
	f, err := os.Open(filepath.Join(m.folder, memoirName))
	if err != nil {
		return verdicts
	}
	defer func() { _ = f.Close() }()
	if err := json.NewDecoder(io.LimitReader(f, mostMemoir)).Decode(&verdicts); err != nil || verdicts == nil {
		return map[string]Verdict{}
	}
	return verdicts
}

func (m memoir) verdict(key string) (v Verdict, known bool) {
	v, known = m.read()[key]
	return v, known
}

// writing keeps goroutines from losing each other's verdicts.
var writing sync.Mutex

// note remembers a verdict. If that cannot be written, the device is tested again next time.
func (m memoir) note(key string, v Verdict) {
	if m.folder == "" {
		return
	}
	writing.Lock()
	defer writing.Unlock()
	const most = 100
	verdicts := m.read()
	if len(verdicts) >= most {
		verdicts = map[string]Verdict{}
	}
	verdicts[key] = v
	if err := os.MkdirAll(m.folder, 0o755); err != nil {
		return
	}
	_ = atomicfile.Write(filepath.Join(m.folder, memoirName), true, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(verdicts)
	})
}
