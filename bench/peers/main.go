// Command peers runs the same networks with the same random weights and inputs in this module's engine, in ONNX Runtime, in ncnn and in
// PyTorch, as far as they are there, in turns within one run, and prints medians and the ratios; against PyTorch also the
// arithmetic of a training step. It fails if their results differ. With -fresh it runs the program classsr itself, routed and full.
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
	"strconv"
	"strings"
	"time"

	"classsr/arch"
	"classsr/bench/nets"
	"classsr/internal/kernel"
	"classsr/tensor"
)

type flags struct {
	ort, ncnn        string
	python           string
	nets             string
	shapes           string
	rcan             bool
	patchRuns        int
	pictureRuns      int
	stepRuns         int
	batch            int
	threads          int
	pictures, models string
	fresh            string
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
	flag.StringVar(&f.ort, "ort", ortLibrary(), "`file` of libonnxruntime; also from the environment, ORT_LIBRARY; none: leave it out")
	flag.StringVar(&f.ncnn, "ncnn", without, "`file` of libncnn as a shared library; none: leave it out")
	flag.StringVar(&f.python, "python", "", "a python with torch, or none; by default python3 and /usr/bin/python3 are tried")
	flag.StringVar(&f.nets, "nets", "fsrcnn,carn,srresnet,rcan", "networks to measure, with a width or the paper's: span-16, span-32")
	flag.StringVar(&f.shapes, "shapes", "patch,picture,step", "inputs to measure; step is a training step")
	flag.BoolVar(&f.rcan, "rcan", false, "measure RCAN on a whole picture and a step too, which takes minutes")
	flag.IntVar(&f.patchRuns, "patch-runs", 25, "turns of each peer on a patch")
	flag.IntVar(&f.pictureRuns, "picture-runs", 5, "turns of each peer on a picture (RCAN: at most 3)")
	flag.IntVar(&f.stepRuns, "step-runs", 5, "turns of each peer on a step (RCAN: at most 3)")
	flag.IntVar(&f.batch, "batch", 16, "patches of a step")
	flag.IntVar(&f.threads, "threads", 2, "threads for a whole picture and for a step")
	flag.StringVar(&f.pictures, "pictures", "", "`folder` of HR pictures: compare models with classes on their reductions instead")
	flag.StringVar(&f.models, "models", "fsrcnn-x4,carn-x4", "models with classes, built in or files")
	flag.StringVar(&f.fresh, "fresh", "", "the program classsr, a `file`: with -pictures, compare its routed and full modes instead, each run a process of its own")
	flag.Parse()
	if err := f.measureAll(); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func (f *flags) measureAll() error {
	if min(f.patchRuns, f.pictureRuns, f.stepRuns, f.batch, f.threads) < 1 {
		return errors.New("-patch-runs, -picture-runs, -step-runs, -batch and -threads are positive numbers")
	}
	if f.fresh != "" {
		return f.compareFresh(strings.Split(f.models, ","))
	}
	set, err := kernel.Select()
	if err != nil {
		return err
	}
	e, err := f.findEngines()
	if err != nil {
		return err
	}
	if f.pictures != "" {
		return f.compareRouted(e, strings.Split(f.models, ","))
	}
	cases, err := f.cases()
	if err != nil {
		return err
	}
	if e.python == "" {
		cases = leaveOutSteps(cases)
	}
	t := newTable(set, e)
	different := 0
	for _, c := range cases {
		row, err := c.measure(e)
		if err != nil {
			return fmt.Errorf("%s: %w", c.title(), err)
		}
		t.print(row)
		if row.differs() {
			different++
		}
	}
	if different > 0 {
		return fmt.Errorf("results differ too much, where there is a !, in %d of %d cases", different, len(cases))
	}
	return nil
}

// widths are those of the paper's hard branch, or of the widest network that is published.
var widths = map[string]int{
	"fsrcnn": 56, "carn": 64, "srresnet": 64, "rcan": 64, "span": 48, "fsrcnn2016": 56, "srvggnet": 64, "rrdbnet": 64,
}

// network gives a network at x4 by its name, with or without a width.
func network(name string) (arch.Spec, error) {
	name, width, given := strings.Cut(name, "-")
	if !given {
		return arch.Paper(name, 4, widths[name])
	}
	n, err := strconv.Atoi(width)
	if err != nil {
		return arch.Spec{}, fmt.Errorf("-nets: the width of %s is %q", name, width)
	}
	return arch.Paper(name, 4, n)
}

// cases lists what is measured.
func (f *flags) cases() ([]benchCase, error) {
	var cases []benchCase
	for _, shape := range strings.Split(f.shapes, ",") {
		for _, net := range strings.Split(f.nets, ",") {
			spec, err := network(net)
			if err != nil {
				return nil, err
			}
			c := benchCase{spec: spec, shape: tensor.Shape{N: 1, C: 3, H: 32, W: 32}, threads: f.threads}
			switch shape {
			case "patch":
				c.threads, c.turns = 1, f.patchRuns
			case "picture":
				c.shape.H, c.shape.W, c.turns = 339, 510, f.pictureRuns
			case "step":
				c.shape.N, c.turns, c.step = f.batch, f.stepRuns, true
			default:
				return nil, fmt.Errorf("-shapes %s: there are patch, picture and step", shape)
			}
			if spec.Pools() && shape != "patch" {
				if !f.rcan {
					continue
				}
				c.turns = min(c.turns, 3)
			}
			cases = append(cases, c)
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
	step    bool // a training step instead of a forward pass
}

func (c benchCase) title() string {
	if c.step {
		return fmt.Sprintf("%s-%d %dx%dx%d", c.spec.Net, c.spec.Width, c.shape.N, c.shape.H, c.shape.W)
	}
	return fmt.Sprintf("%s-%d %dx%d", c.spec.Net, c.spec.Width, c.shape.H, c.shape.W)
}

// turn is how long a peer runs until the next one's turn, at least: shorter ones would show how fast caches fill.
const turn = 20 * time.Millisecond

// stepTurn is the turn of training steps, which follow each other for hours: with a single one at a time, each peer would measure how it
// fetches back from memory what the other's step drove out of the caches.
const stepTurn = time.Second

func (c benchCase) turn() time.Duration {
	if c.step {
		return stepTurn
	}
	return turn
}

// measure runs all peers in turns.
func (c benchCase) measure(e *engines) (result, error) {
	r := result{benchCase: c, macs: c.spec.Build().Cost(c.shape).True, compare: difference}
	start := r.startForward
	if c.step {
		start = r.startStep
	}
	peers, err := start(e)
	if err == nil {
		err = r.takeTurns(peers)
	}
	for _, p := range peers {
		err = errors.Join(err, p.close())
	}
	runtime.GC() // a picture's results are large
	return r, err
}

// startForward gives the peers for a forward pass, and those that it started before an error.
func (r *result) startForward(e *engines) ([]peer, error) {
	params, input := nets.RandomParams(r.spec), nets.RandomInput(r.shape, r.spec.InputRange)
	ours := newOurs(context.Background(), r.spec, params, input, r.threads)
	others, names, err := e.forward(r.spec.Build(), params, input, r.threads)
	r.exact, r.names = ours.exact, append([]string{"ours"}, names...)
	return append([]peer{ours}, others...), err
}

func (r *result) takeTurns(peers []peer) error {
	times := make([][]time.Duration, len(peers))
	for i := range r.turns + 1 {
		for j, p := range peers {
			took, err := p.run(r.turn())
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
		r.medians = append(r.medians, median(times[j]))
		got, err := p.output()
		if err != nil {
			return fmt.Errorf("%s: %w", r.names[j], err)
		}
		r.differences = append(r.differences, r.compare(got, want))
	}
	return nil
}
