// Command peers runs the same networks with the same random weights and inputs in this module's engine, in ONNX Runtime and
// (where it is installed) in PyTorch, in turns within one run, and prints medians and the ratios. It fails if their results
// differ.
//
//	go run . -ort node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1
//
// It measures arithmetic alone: no picture files, no conversion of pixels, no ClassSR routing. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	ort "github.com/yalue/onnxruntime_go"

	"classsr/arch"
	"classsr/internal/kernel"
	"classsr/tensor"
)

type flags struct {
	ort         string
	python      string
	nets        string
	shapes      string
	rcan        bool
	patchRuns   int
	pictureRuns int
	threads     int
}

// peer is a program that runs one network on one input.
type peer interface {
	// run computes the result at least once and for about as long as told, and gives the time of each computation.
	run(atLeast time.Duration) ([]time.Duration, error)
	// output is the result, valid until the next run.
	output() ([]float32, error)
	close() error
}

func main() {
	var f flags
	flag.StringVar(&f.ort, "ort", ortLibrary(), "`file` of libonnxruntime; also from the environment, ORT_LIBRARY")
	flag.StringVar(&f.python, "python", "", "a python with torch, or none; by default python3 and /usr/bin/python3 are tried")
	flag.StringVar(&f.nets, "nets", "fsrcnn,carn,srresnet,rcan", "networks to measure")
	flag.StringVar(&f.shapes, "shapes", "patch,picture", "inputs to measure")
	flag.BoolVar(&f.rcan, "rcan", false, "measure RCAN on a whole picture too, which takes minutes")
	flag.IntVar(&f.patchRuns, "patch-runs", 25, "turns of each peer on a patch")
	flag.IntVar(&f.pictureRuns, "picture-runs", 5, "turns of each peer on a picture (RCAN: at most 3)")
	flag.IntVar(&f.threads, "threads", 2, "threads for a whole picture")
	flag.Parse()
	if err := f.measureAll(); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func (f *flags) measureAll() error {
	if f.patchRuns < 1 || f.pictureRuns < 1 || f.threads < 1 {
		return errors.New("-patch-runs, -picture-runs and -threads are positive numbers")
	}
	set, err := kernel.Select()
	if err != nil {
		return err
	}
	if err := startORT(f.ort); err != nil {
		return err
	}
	python, torchVersion, err := findTorch(f.python)
	if err != nil {
		return err
	}
	cases, err := f.cases()
	if err != nil {
		return err
	}
	t := newTable(set, ort.GetVersion(), torchVersion)
	different := 0
	for _, c := range cases {
		row, err := c.measure(python)
		if err != nil {
			return fmt.Errorf("%s: %w", c.title(), err)
		}
		t.print(row)
		if row.differs() {
			different++
		}
	}
	if different > 0 {
		return fmt.Errorf("results differ by more than %.0e of their standard deviation in %d of %d cases", tolerance, different,
			len(cases))
	}
	return nil
}

// widths are those of the paper's hard branch.
var widths = map[string]int{"fsrcnn": 56, "carn": 64, "srresnet": 64, "rcan": 64}

// cases lists what is measured.
func (f *flags) cases() ([]benchCase, error) {
	var cases []benchCase
	for _, shape := range strings.Split(f.shapes, ",") {
		for _, net := range strings.Split(f.nets, ",") {
			spec, err := arch.Paper(net, 4, widths[net])
			if err != nil {
				return nil, err
			}
			switch {
			case shape == "patch":
				cases = append(cases, benchCase{spec, tensor.Shape{N: 1, C: 3, H: 32, W: 32}, 1, f.patchRuns})
			case shape != "picture":
				return nil, fmt.Errorf("-shapes %s: there are patch and picture", shape)
			case !spec.Pools():
				cases = append(cases, benchCase{spec, tensor.Shape{N: 1, C: 3, H: 339, W: 510}, f.threads, f.pictureRuns})
			case f.rcan:
				cases = append(cases, benchCase{spec, tensor.Shape{N: 1, C: 3, H: 339, W: 510}, f.threads, min(f.pictureRuns, 3)})
			}
		}
	}
	return cases, nil
}

// benchCase is one network on one input.
type benchCase struct {
	spec    arch.Spec
	shape   tensor.Shape
	threads int
	turns   int
}

func (c benchCase) title() string {
	return fmt.Sprintf("%s-%d %dx%d", c.spec.Net, c.spec.Width, c.shape.H, c.shape.W)
}

// turn is how long a peer runs until the next one's turn, at least: shorter ones would show how fast caches fill.
const turn = 20 * time.Millisecond

// measure runs all peers in turns.
func (c benchCase) measure(python string) (result, error) {
	r := result{benchCase: c, macs: c.spec.Build().Cost(c.shape).True, names: []string{"ours", "ort"}}
	params, input := randomParams(c.spec), randomInput(c.shape, c.spec.InputRange)
	model, err := exportModel(c.spec.Build(), params)
	if err != nil {
		return r, err
	}
	ours := newOurs(context.Background(), c.spec, params, input, c.threads)
	theirs, err := newORT(model, input, ours.result.Shape, c.threads)
	if err != nil {
		return r, err
	}
	peers := []peer{ours, theirs}
	if python != "" {
		torch, err := newTorch(python, model, input, c.threads)
		if err != nil {
			return r, errors.Join(err, theirs.close())
		}
		peers, r.names = append(peers, torch), append(r.names, "torch")
	}
	r.exact = ours.exact
	err = r.takeTurns(peers)
	for _, p := range peers {
		err = errors.Join(err, p.close())
	}
	runtime.GC() // a picture's results are large
	return r, err
}

func (r *result) takeTurns(peers []peer) error {
	times := make([][]time.Duration, len(peers))
	for i := range r.turns + 1 {
		for j, p := range peers {
			took, err := p.run(turn)
			if err != nil {
				return fmt.Errorf("%s: %w", r.names[j], err)
			}
			if i > 0 { // the first turn warms up
				times[j] = append(times[j], took...)
			}
		}
	}
	want, err := peers[0].output()
	if err != nil {
		return err
	}
	for j, p := range peers {
		slices.Sort(times[j])
		r.medians = append(r.medians, times[j][len(times[j])/2])
		got, err := p.output()
		if err != nil {
			return fmt.Errorf("%s: %w", r.names[j], err)
		}
		if j > 0 {
			r.differences = append(r.differences, difference(got, want))
		}
	}
	return nil
}
