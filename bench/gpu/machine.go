package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/klauspost/cpuid/v2"

	"classsr/gpu"
	"classsr/internal/kernel"
)

// lookAround finds what there is to measure with, and says in a line each what is missing.
func (b *bench) lookAround(ctx context.Context) {
	r := b.results
	r.Missing = nil
	r.Machine = machine{System: runtime.GOOS + "/" + runtime.GOARCH + " " + kernelVersion(), CPU: cpuid.CPU.BrandName, Cores: runtime.NumCPU(), NVIDIA: nvidia(ctx)}
	if k, err := kernel.Select(); err == nil {
		r.Machine.Kernel = k
	}
	b.findDevice(ctx)
	if err := b.findTorch(ctx); err != nil {
		b.miss("PyTorch", err.Error())
	} else if !b.python.onGPU() {
		b.miss("PyTorch on a GPU", "this one computes on the processor, so ratios say nothing of GPUs")
	}
	b.findProgram()
}

func (b *bench) miss(what, why string) {
	why, _, _ = strings.Cut(strings.TrimSpace(why), "\n")
	b.results.Missing = append(b.results.Missing, what+": "+why)
	b.say("missing: %s: %s", what, why)
}

// findDevice tests the GPU, and notes what it is.
func (b *bench) findDevice(ctx context.Context) {
	b.say("the GPU is tested, unless that is remembered")
	for _, half := range []bool{false, true} {
		if half && (b.device == nil || !b.device.Half) {
			break
		}
		d, err := gpu.Open(ctx, b.gpuOptions(half))
		if err != nil {
			b.miss("a GPU"+map[bool]string{true: " with float16"}[half], err.Error())
			if half {
				b.device.Half = false
			}
			break
		}
		if info := d.Info(); !half {
			b.device = &info
		}
		d.Close()
	}
	if b.device == nil {
		return
	}
	b.say("the GPU is %s, driver %s", b.device.Name, b.device.Driver)
	m := &b.results.Machine
	for half, to := range map[bool]**gpu.Known{false: &m.Device, true: &m.Half} {
		if known, err := gpu.Devices(ctx, b.gpuOptions(half)); err == nil && len(known) > 0 {
			*to = &known[0]
		}
	}
}

func (b *bench) findTorch(ctx context.Context) (err error) {
	folder := filepath.Join(b.temporary, "look")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if b.python, err = findPython(ctx, b.wantedPython, folder); err != nil {
		return err
	}
	b.results.Machine.Torch = b.python.about
	b.say("PyTorch is %v on %v", b.python.about["torch"], b.python.about["device"])
	return nil
}

// findProgram finds classsr, for files.
func (b *bench) findProgram() {
	candidates := []string{b.classsr}
	if b.classsr == "" {
		candidates = []string{"classsr"}
		if own, err := os.Executable(); err == nil {
			candidates = []string{filepath.Join(filepath.Dir(own), "classsr"), "classsr"}
		}
	}
	var failed error
	for _, c := range candidates {
		path, err := exec.LookPath(c)
		if err == nil {
			path, err = filepath.Abs(path)
		}
		if err == nil {
			b.program = path
			return
		}
		failed = err
	}
	b.miss("classsr", failed.Error())
}

// nvidia asks the driver's own program, if there is one.
func nvidia(ctx context.Context) []string {
	out, err := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=name,driver_version,memory.total,clocks.sm,clocks.max.sm,clocks.mem,power.limit", "--format=csv,noheader").Output()
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func kernelVersion() string {
	data, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}
