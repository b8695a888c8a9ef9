// Command gpu measures how fast networks are on this machine's GPU, in this repository's program and in PyTorch, in turns within one run. bench/gpu/run.sh starts it where
// there may be no Go; docs/gpu.md says how it is used and what its results mean.
//
//	go run ./bench/gpu -out build/gpu
//	go run ./bench/gpu -out build/gpu -quick                 # small pictures: whether all of it works
//	go run ./bench/gpu -out build/gpu -parts networks -minutes 8
//
// What is measured is in results.json of the folder, and as tables in results.md. Cases that are there are not measured again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"classsr/gpu"
	"classsr/gpu/link"
)

// bench is what is to be measured, with what, and what came of it.
type bench struct {
	flags
	sizes             []image.Point
	nets, precisions  []string
	models, partNames []string
	device            *link.Device // nil if there is none
	python            *python      // nil if there is none
	program           string       // classsr; empty if there is none
	temporary         string
	began             time.Time
	warm              int // turns that are not counted
	results           *results
	start             func() (*link.Process, error) // starts another helper than the one that is found; nil but in tests
	out               io.Writer                     // where is told what is done
}

// flags are those of the command line.
type flags struct {
	folder                              string
	parts, netList, sizeList, modelList string
	precisionList, wantedPython         string
	classsr, photo, version             string
	turns                               int
	turn                                time.Duration
	minutes                             float64
	again, quick                        bool
}

// The parts.
const (
	partNetworks = "networks"
	partRouted   = "routed"
	partFiles    = "files"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, "gpu-bench:", err)
		os.Exit(1)
	}
}

func (f *flags) register(set *flag.FlagSet) {
	set.StringVar(&f.folder, "out", "build/gpu-bench", "the `FOLDER` of the results")
	set.StringVar(&f.parts, "parts", "networks,routed,files", "what is measured: `PARTS` with commas between them")
	set.StringVar(&f.netList, "nets", "fsrcnn-56,span-32,span-48,carn-64,srresnet-64,rcan-64", "networks and their widths")
	set.StringVar(&f.sizeList, "sizes", "510x339,2048x1365", "columns and rows of pictures")
	set.StringVar(&f.precisionList, "precisions", "float32,float16", "of our numbers; PyTorch's float32 and TF32 are beside float32, its autocast and float16 beside float16")
	set.StringVar(&f.modelList, "models", "span-x4,fsrcnn-x4,carn-x4,srresnet-x4", "models with classes, of routed; files takes the first")
	set.StringVar(&f.wantedPython, "python", "", "a python with torch, or none; python3 by default")
	set.StringVar(&f.classsr, "classsr", "", "the program, for the part files; found beside this one by default")
	set.StringVar(&f.photo, "photo", "docs/samples/photo.jpg", "a photo for the parts routed and files, which is laid side by side until it is large enough")
	set.StringVar(&f.version, "version", "development", "of the program and its helper")
	set.IntVar(&f.turns, "turns", 7, "turns of each, the first one, which is not counted, aside")
	set.DurationVar(&f.turn, "turn", 200*time.Millisecond, "how long a turn lasts, or one run if that takes longer")
	set.Float64Var(&f.minutes, "minutes", 0, "after so many minutes no case is begun; 0 is no limit")
	set.BoolVar(&f.again, "again", false, "measure again what is in the results")
	set.BoolVar(&f.quick, "quick", false, "small pictures, few networks, two turns")
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	set := flag.NewFlagSet("gpu", flag.ContinueOnError)
	b := &bench{out: out, began: time.Now(), warm: 1}
	b.register(set)
	if err := set.Parse(args); err != nil {
		return err
	}
	given := map[string]bool{}
	set.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if err := b.understand(given); err != nil {
		return err
	}
	if err := os.MkdirAll(b.folder, 0o755); err != nil {
		return err
	}
	if b.results, err = load(b.folder); err != nil {
		return err
	}
	if b.temporary, err = os.MkdirTemp("", "gpu-bench"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.temporary) }()
	b.lookAround(ctx)
	if err := b.save(); err != nil {
		return err
	}
	for _, p := range []struct {
		name string
		do   func(context.Context) error
	}{{partNetworks, b.networks}, {partRouted, b.routed}, {partFiles, b.files}} {
		if !slices.Contains(b.partNames, p.name) {
			continue
		}
		if err := p.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	b.say("the results are in %s and %s", filepath.Join(b.folder, resultsName), filepath.Join(b.folder, tableName))
	return nil
}

// understand takes the flags apart. Those of quick are other defaults.
func (b *bench) understand(given map[string]bool) error {
	if b.quick {
		b.warm = 0
		for name, quick := range map[string]struct {
			to    *string
			value string
		}{"nets": {&b.netList, "fsrcnn-56"}, "sizes": {&b.sizeList, "48x42"}, "models": {&b.modelList, "fsrcnn-x4"}} {
			if !given[name] {
				*quick.to = quick.value
			}
		}
		if !given["turns"] {
			b.turns = 2
		}
		if !given["turn"] {
			b.turn = time.Millisecond
		}
	}
	b.partNames, b.nets, b.precisions, b.models = list(b.parts), list(b.netList), list(b.precisionList), list(b.modelList)
	for _, p := range b.partNames {
		if !slices.Contains([]string{partNetworks, partRouted, partFiles}, p) {
			return fmt.Errorf("-parts %s: there are networks, routed and files", p)
		}
	}
	for _, p := range b.precisions {
		if p != float32s && p != float16 {
			return fmt.Errorf("-precisions %s: there are float32 and float16", p)
		}
	}
	for _, text := range list(b.sizeList) {
		var size image.Point
		if n, err := fmt.Sscanf(text, "%dx%d", &size.X, &size.Y); n != 2 || err != nil || size.X < lowestBand || size.Y < lowestBand || size.X > mostSide || size.Y > mostSide {
			return fmt.Errorf("-sizes %s: it has to be columns x rows, such as 510x339", text)
		}
		b.sizes = append(b.sizes, size)
	}
	for _, n := range b.nets {
		if _, err := specOf(n); err != nil {
			return err
		}
	}
	if b.turns < 1 {
		return errors.New("-turns: at least one turn has to be counted")
	}
	return nil
}

// mostSide bounds sides of pictures.
const mostSide = 1 << 14

func list(text string) []string {
	return slices.DeleteFunc(strings.Split(text, ","), func(s string) bool { return s == "" })
}

// late tells whether no case is to be begun any more, and says so the first time.
func (b *bench) late() bool {
	if b.minutes <= 0 || time.Since(b.began).Minutes() < b.minutes {
		return false
	}
	if b.began.IsZero() {
		return true
	}
	b.began = time.Time{}
	b.say("the time is over: the same command goes on where this one ends")
	return true
}

// say tells what is done. Where that cannot be written, the results are there nevertheless.
func (b *bench) say(format string, args ...any) { _, _ = fmt.Fprintf(b.out, format+"\n", args...) }

func (b *bench) save() error { return b.results.save(b.folder) }

// gpuOptions are those that the program has, so that what it remembers of the device is known here, too.
func (b *bench) gpuOptions(half bool) gpu.Options {
	o := gpu.Options{Version: b.version, Half: half, Start: b.start}
	if cache, err := os.UserCacheDir(); err == nil {
		o.Folder = filepath.Join(cache, "classsr", "gpu")
	}
	return o
}
