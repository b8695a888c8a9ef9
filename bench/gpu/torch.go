package main

import (
	"bufio"
	"context"
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
	"strconv"
	"time"

	"classsr/arch"
	"classsr/bench/nets"
	"classsr/internal/par"
	"classsr/tensor"
)

//go:embed torch_gpu.py
var torchScript string

// python is a Python with PyTorch.
type python struct {
	command string
	about   map[string]any // what torch_gpu.py says of itself
}

// findPython looks for one; "none" is none. The error says in one line why there is none.
func findPython(ctx context.Context, wanted, folder string) (*python, error) {
	candidates := []string{"python3", "/usr/bin/python3"}
	switch wanted {
	case "":
	case "none":
		return nil, errors.New("not wanted")
	default:
		candidates = []string{wanted}
	}
	if err := install(folder); err != nil {
		return nil, err
	}
	var failed error
	for _, command := range candidates {
		p := &python{command: command}
		out, err := p.start(ctx, folder).Output()
		if err == nil {
			if err = json.Unmarshal(out, &p.about); err == nil {
				return p, nil
			}
		}
		failed = err
	}
	return nil, fmt.Errorf("no python3 has torch (%w)", failed)
}

// install writes the scripts into a folder.
func install(folder string) error {
	for name, text := range map[string]string{"torch_gpu.py": torchScript, "onnx_torch.py": nets.Interpreter} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// onGPU tells whether it computes on a GPU.
func (p *python) onGPU() bool { return p.about["gpu"] == true }

// start prepares the script in a folder.
func (p *python) start(ctx context.Context, folder string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.command, append([]string{"torch_gpu.py"}, args...)...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "ONNX_TORCH="+folder, "OMP_WAIT_POLICY=PASSIVE") // threads that wait must not spin while it is our turn
	return cmd
}

// peer is a network in PyTorch, in a process of its own, which waits while it is not its turn.
type peer struct {
	folder  string
	process *exec.Cmd
	orders  io.WriteCloser
	answers *bufio.Reader
	limit   time.Duration // of an answer
}

const (
	modelName, planesName, outputName = "model.onnx", "planes.bin", "output.bin"
	// answerLimit is how long PyTorch may take: where it finds algorithms for a large picture, minutes.
	answerLimit = 4 * time.Minute
)

// newPeer starts PyTorch with a network and its input, in a folder that is there.
func (p *python) newPeer(ctx context.Context, folder string, spec arch.Spec, params tensor.Set, input *tensor.Tensor) (*peer, error) {
	model, err := nets.Export(spec.Build(), params)
	if err != nil {
		return nil, err
	}
	planes, err := binary.Append(nil, binary.LittleEndian, input.Data)
	if err != nil {
		return nil, err
	}
	for name, data := range map[string][]byte{modelName: model, planesName: planes} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			return nil, err
		}
	}
	unit := strconv.FormatFloat(1/float64(max(spec.InputRange, 1)), 'g', -1, 64)
	q := &peer{folder: folder, limit: answerLimit}
	q.process = p.start(ctx, folder, modelName, planesName, strconv.Itoa(input.C), strconv.Itoa(input.H), strconv.Itoa(input.W), unit, strconv.Itoa(par.Threads(0)))
	q.process.Stderr = os.Stderr
	q.process.WaitDelay = time.Second
	if q.orders, err = q.process.StdinPipe(); err != nil {
		return nil, err
	}
	answers, err := q.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	q.answers = bufio.NewReader(answers)
	if err := q.process.Start(); err != nil {
		return nil, err
	}
	var about map[string]any
	if err := q.answer(&about); err != nil {
		q.close()
		return nil, err
	}
	return q, nil
}

// ask gives an order and waits for the answer. An error is what PyTorch says of it, or that it answers no more.
func (q *peer) ask(order map[string]any, answer any) error {
	line, err := json.Marshal(order)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(q.orders, "%s\n", line); err != nil {
		return fmt.Errorf("PyTorch does not listen: %w", err)
	}
	return q.answer(answer)
}

func (q *peer) answer(answer any) error {
	hung := time.AfterFunc(q.limit, func() { _ = q.process.Process.Kill() })
	line, err := q.answers.ReadBytes('\n')
	hung.Stop()
	if err != nil {
		return fmt.Errorf("PyTorch does not answer: %w", err)
	}
	var failed struct {
		Error string `json:"error"`
	}
	if err := json.Unmarshal(line, &failed); err != nil {
		return fmt.Errorf("PyTorch says %q: %w", line, err)
	}
	if failed.Error != "" {
		return errors.New(failed.Error)
	}
	return json.Unmarshal(line, answer)
}

// used is what PyTorch says of a precision that it is to use.
type used struct {
	Graph    bool    `json:"graph"`
	Memory   float64 `json:"memory_mb"`
	Reserved float64 `json:"reserved_mb"`
}

func (q *peer) use(precision string) (u used, err error) {
	return u, q.ask(map[string]any{"use": precision}, &u)
}

// free has it give its memory on the GPU back, so that it is there for us.
func (q *peer) free() error { return q.ask(map[string]any{"free": true}, &struct{}{}) }

// took is the seconds of runs, by the GPU's clock and in all.
type took struct {
	Device []float64 `json:"device"`
	Wall   []float64 `json:"wall"`
}

func (q *peer) run(atLeast time.Duration) (t took, err error) {
	return t, q.ask(map[string]any{"run": atLeast.Seconds(), "least": 1}, &t)
}

// output gives the result of the last run as planes, 0..1.
func (q *peer) output() ([]float32, error) {
	path := filepath.Join(q.folder, outputName)
	if err := q.ask(map[string]any{"output": path}, &struct{}{}); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	result := make([]float32, len(data)/4)
	for i := range result {
		result[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return result, nil
}

// close ends it. How it ended does not matter any more.
func (q *peer) close() {
	_ = q.orders.Close()
	_ = q.process.Wait()
}
