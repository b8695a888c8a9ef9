package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"classsr/fault"
	"classsr/gpu"
)

// What --device may be.
const (
	onProcessor = "cpu"
	onGPU       = "gpu"
	onFaster    = "auto"
)

// longTest is after how long it is told what one waits for.
const longTest = 2 * time.Second

// deviceFlags are the flags about GPUs.
type deviceFlags struct {
	device       string
	deviceMemory string
	half         bool
}

func (f *deviceFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.device, "device", onProcessor, "what computes: cpu, gpu, or auto, the GPU where it is faster (see classsr devices); what a GPU cannot do the processor does")
	flags.StringVar(&f.deviceMemory, "device-memory", "", "use about `SIZE` of the GPU's memory at most; by default nine tenths of what is free")
	registerHalf(flags, &f.half)
}

// registerHalf registers the flag about the precision of GPUs.
func registerHalf(flags *pflag.FlagSet, half *bool) {
	flags.BoolVar(half, "half", false, "have the GPU keep and multiply numbers as float16 where it can: faster, half the memory, samples may differ by a level")
}

// completeDevice completes --device.
func completeDevice(cmd *cobra.Command) {
	_ = cmd.RegisterFlagCompletionFunc("device", cobra.FixedCompletions([]string{onProcessor, onGPU, onFaster}, 0))
}

// asked says which GPU is asked for, or an error of kind fault.Usage.
func (f *deviceFlags) asked() (o gpu.Options, err error) {
	switch {
	case f.device != onProcessor && f.device != onGPU && f.device != onFaster:
		return o, usagef("--device %s: it must be cpu, gpu or auto", f.device)
	case f.half && f.device == onProcessor:
		return o, usagef("--half is about the numbers of a GPU: it needs --device gpu or auto")
	}
	o = gpuOptions(f.half)
	if f.deviceMemory != "" {
		bytes, err := humanize.ParseBytes(f.deviceMemory)
		if err != nil || bytes == 0 || bytes > 1<<50 {
			return o, usagef("--device-memory %s: not a size such as 500MB or 2GB", f.deviceMemory)
		}
		o.Memory = int64(bytes)
	}
	return o, nil
}

// openDevice gives the GPU, or nil if none is wanted or used; tell is told in one line why there is none. It must be closed.
func (f *deviceFlags) openDevice(ctx context.Context, tell func(text string)) (d *gpu.Device, err error) {
	o, err := f.asked()
	if err != nil || f.device == onProcessor {
		return nil, err
	}
	o.Faster = f.auto()
	var waiting *time.Timer
	o.Testing = func(name string) {
		waiting = time.AfterFunc(longTest, func() { tell(testedText(name, o)) })
	}
	d, err = gpu.Open(ctx, o)
	if waiting != nil {
		waiting.Stop()
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && (f.device == onGPU || fault.KindOf(err) != fault.NotFound):
		tell("the processor computes: " + err.Error())
	}
	if err != nil {
		return nil, nil
	}
	return d, nil
}

// testedText says that a device is tested, for somebody who waits for that.
func testedText(name string, o gpu.Options) string {
	if err := gpu.Remembers(o); err != nil {
		return fmt.Sprintf("%s is tested against the processor, as each time: what comes of that cannot be remembered (%v)", name, err)
	}
	return name + " is tested against the processor before it is used for the first time; what comes of that is remembered"
}

// auto tells whether the GPU is for what it is faster at.
func (f *deviceFlags) auto() bool { return f.device == onFaster }

// logDevice logs which GPU computes, if one does.
func logDevice(log *slog.Logger, d *gpu.Device, when string) {
	if d != nil {
		log.Info("a GPU computes pictures", "name", d.Name(), "precision", d.Precision(), "memory_mb", 2*d.Memory()/1e6, "device", when)
	}
}

// closeDevice ends the helper, if there is one.
func closeDevice(d *gpu.Device) {
	if d != nil {
		d.Close()
	}
}

// gpuOptions are those of all commands.
func gpuOptions(half bool) gpu.Options {
	o := gpu.Options{Version: version, Half: half}
	if cache, err := os.UserCacheDir(); err == nil { // else nothing is remembered
		o.Folder = filepath.Join(cache, "classsr", "gpu")
	}
	return o
}
