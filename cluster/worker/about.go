package worker

import (
	"context"
	"runtime"
	"runtime/debug"

	"github.com/klauspost/cpuid/v2"

	"classsr/branch"
	"classsr/budget"
	"classsr/cluster/wire"
	"classsr/cost"
	"classsr/internal/kernel"
	"classsr/models"
	"classsr/server/blobs"
)

// About is what a worker on this machine says of itself: name is what its owner calls it, version that of the program, and it has the cores and the memory of the
// budget. It takes a moment, to measure how fast the machine is. It returns ctx's error if ctx is done.
func About(ctx context.Context, name, version string, b *budget.Budget) (wire.About, error) {
	set, err := kernel.Select()
	if err != nil {
		return wire.About{}, err
	}
	a := wire.About{
		Name: name, Version: version, Kernel: set, CPU: cpuid.CPU.BrandName, System: runtime.GOOS + "/" + runtime.GOARCH,
		Cores: b.Threads(), Memory: b.Memory(), Models: blobs.Sum(models.Sum()),
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				a.Build = s.Value
			}
		}
	}
	a.Speed, err = speed(ctx, b)
	return a, err
}

// speed measures how many canonical seconds of work of the usual network are done in a second.
func speed(ctx context.Context, b *budget.Budget) (float64, error) {
	file, scale, err := models.Open(models.Default)
	if err != nil {
		return 0, err
	}
	network, err := branch.New(file.Full(), scale)
	if err != nil {
		return 0, err
	}
	if err := b.AcquireThreads(ctx, b.Threads()); err != nil {
		return 0, err
	}
	defer b.ReleaseThreads(b.Threads())
	times, err := cost.Speed(ctx, network, b.Threads())
	if err != nil {
		return 0, err
	}
	costs := cost.NewClasses([]*branch.Branch{network}, 0)
	return float64(b.Threads()) / times * costs.Canonical().Pixel[0] / costs.Measured().Pixel[0], nil
}
