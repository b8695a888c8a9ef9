package main

import (
	"bufio"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"classsr/bench/nets"
	"classsr/tensor"
)

//go:embed torch_peer.py
var torchScript string

// findTorch gives a python that has torch, and torch's version; both are empty if there is none or "none" is wanted.
func findTorch(wanted string) (python, version string, err error) {
	candidates := []string{"python3", "/usr/bin/python3"}
	switch wanted {
	case "":
	case "none":
		return "", "", nil
	default:
		candidates = []string{wanted}
	}
	for _, python := range candidates {
		var out []byte
		out, err = exec.Command(python, "-c", "import torch; print(torch.__version__)").Output()
		if err == nil {
			return python, strings.TrimSpace(string(out)), nil
		}
	}
	if wanted == "" {
		return "", "", nil
	}
	return "", "", fmt.Errorf("-python %s has no torch: %w", wanted, err)
}

// torchPeer runs PyTorch in a process of its own, which waits while it is not its turn.
type torchPeer struct {
	folder  string
	process *exec.Cmd
	orders  io.WriteCloser
	answers *bufio.Reader
}

// keepMemory makes glibc keep the memory that PyTorch gives back. Otherwise every large value comes from the kernel
// again, page by page, which can take longer than the arithmetic. The environment can say otherwise.
var keepMemory = []string{"MALLOC_MMAP_MAX_=0", "MALLOC_TRIM_THRESHOLD_=1000000000000", "MALLOC_TOP_PAD_=268435456"}

// torchJob is what PyTorch computes: the result for an input, or the gradients of a training step.
type torchJob struct {
	model   []byte
	input   *tensor.Tensor
	threads int
	dy      *tensor.Tensor // of a step, the loss's gradient to the result; otherwise nil
	learns  []string       // of a step, the parameters whose gradients are wanted, in the order of output
}

// files are what the script reads.
func (j torchJob) files() (map[string][]byte, error) {
	files := map[string][]byte{"model.onnx": j.model, "torch_peer.py": []byte(torchScript), "onnx_torch.py": []byte(nets.Interpreter)}
	numbers := map[string]*tensor.Tensor{"input.bin": j.input}
	if j.dy != nil {
		numbers["dy.bin"] = j.dy
		files["params.txt"] = []byte(strings.Join(j.learns, "\n"))
	}
	for name, x := range numbers {
		data, err := binary.Append(nil, binary.LittleEndian, x.Data)
		if err != nil {
			return nil, err
		}
		files[name] = data
	}
	return files, nil
}

func newTorch(python string, job torchJob) (*torchPeer, error) {
	folder, err := os.MkdirTemp("", "peers")
	if err != nil {
		return nil, err
	}
	p := &torchPeer{folder: folder}
	if err := p.start(python, job); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return p, nil
}

func (p *torchPeer) start(python string, job torchJob) error {
	files, err := job.files()
	if err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(p.folder, name), data, 0o600); err != nil {
			return err
		}
	}
	n, s, what := strconv.Itoa(job.threads), job.input.Shape, "forward"
	if job.dy != nil {
		what = "step"
	}
	p.process = exec.Command(python, "torch_peer.py", what, n, strconv.Itoa(s.N), strconv.Itoa(s.C), strconv.Itoa(s.H),
		strconv.Itoa(s.W))
	p.process.Dir, p.process.Stderr = p.folder, os.Stderr
	// Waiting threads must not spin while it is another peer's turn.
	p.process.Env = append(os.Environ(), "OMP_NUM_THREADS="+n, "OPENBLAS_NUM_THREADS="+n, "OMP_WAIT_POLICY=PASSIVE")
	p.process.Env = slices.Concat(keepMemory, p.process.Env)
	if p.orders, err = p.process.StdinPipe(); err != nil {
		return err
	}
	answers, err := p.process.StdoutPipe()
	if err != nil {
		return err
	}
	p.answers = bufio.NewReader(answers)
	return p.process.Start()
}

// ask sends an order and waits for the answer.
func (p *torchPeer) ask(order string, answer any) error {
	if _, err := fmt.Fprintln(p.orders, order); err != nil {
		return fmt.Errorf("the python process does not listen: %w", err)
	}
	line, err := p.answers.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("the python process does not answer: %w", err)
	}
	return json.Unmarshal(line, answer)
}

func (p *torchPeer) run(atLeast time.Duration) ([]time.Duration, error) {
	var seconds []float64
	if err := p.ask(fmt.Sprint("run ", atLeast.Seconds()), &seconds); err != nil {
		return nil, err
	}
	times := make([]time.Duration, len(seconds))
	for i, s := range seconds {
		times[i] = time.Duration(s * float64(time.Second))
	}
	return times, nil
}

func (p *torchPeer) output() ([]float32, error) {
	var name string
	if err := p.ask("output", &name); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(p.folder, name))
	if err != nil {
		return nil, err
	}
	result := make([]float32, len(data)/4)
	for i := range result {
		result[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return result, nil
}

func (p *torchPeer) close() error {
	return errors.Join(p.orders.Close(), p.process.Wait(), os.RemoveAll(p.folder))
}
