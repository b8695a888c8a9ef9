package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	ort "github.com/yalue/onnxruntime_go"

	"classsr/tensor"
	"classsr/weights/onnx"
)

// ortLibrary finds libonnxruntime: where ORT_LIBRARY says, or in the npm package in this folder; empty if it is not there.
func ortLibrary() string {
	if path := os.Getenv("ORT_LIBRARY"); path != "" {
		return path
	}
	found, err := filepath.Glob("node_modules/onnxruntime-node/bin/*/linux/x64/libonnxruntime.so*")
	if err != nil || len(found) == 0 {
		return ""
	}
	return found[len(found)-1]
}

func startORT(library string) error {
	if library == "" {
		return errors.New("there is no libonnxruntime: install it as README.md says, or give its path with -ort")
	}
	path, err := filepath.Abs(library) // the loader takes a bare name for one of its own folders'
	if err != nil {
		return err
	}
	ort.SetSharedLibraryPath(path)
	if err := ort.InitializeEnvironment(); err != nil {
		return fmt.Errorf("load ONNX Runtime from %s: %w", path, err)
	}
	return nil
}

// ortPeer runs ONNX Runtime.
type ortPeer struct {
	session *ort.AdvancedSession
	in, out *ort.Tensor[float32]
}

// newORT makes a session for one input. Its defaults are kept, but its threads stop to spin when a run is over, so that they
// take no time from whoever comes next.
func newORT(model []byte, input *tensor.Tensor, out tensor.Shape, threads int) (p *ortPeer, err error) {
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, options.Destroy()) }()
	err = errors.Join(options.SetIntraOpNumThreads(threads), options.SetInterOpNumThreads(1),
		options.AddSessionConfigEntry("session.force_spinning_stop", "1"))
	if err != nil {
		return nil, err
	}
	p = &ortPeer{}
	if p.in, err = ort.NewTensor(ortShape(input.Shape), input.Data); err != nil {
		return nil, err
	}
	if p.out, err = ort.NewEmptyTensor[float32](ortShape(out)); err != nil {
		return nil, errors.Join(err, p.close())
	}
	p.session, err = ort.NewAdvancedSessionWithONNXData(model, []string{onnx.InputName}, []string{onnx.OutputName},
		[]ort.Value{p.in}, []ort.Value{p.out}, options)
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func ortShape(s tensor.Shape) ort.Shape {
	return ort.NewShape(int64(s.N), int64(s.C), int64(s.H), int64(s.W))
}

func (p *ortPeer) run(atLeast time.Duration) ([]time.Duration, error) {
	return repeat(atLeast, p.session.Run)
}

func (p *ortPeer) output() ([]float32, error) { return p.out.GetData(), nil }

func (p *ortPeer) close() error {
	var err error
	if p.session != nil {
		err = p.session.Destroy()
	}
	if p.out != nil {
		err = errors.Join(err, p.out.Destroy())
	}
	return errors.Join(err, p.in.Destroy())
}
