package main

import (
	"fmt"

	ort "github.com/yalue/onnxruntime_go"

	"classsr/bench/nets"
	"classsr/nn"
	"classsr/tensor"
)

// without is what a flag says to leave an engine out.
const without = "none"

// engines are the other programs that take part.
type engines struct {
	ort    bool
	ncnn   *ncnnLibrary // nil: it does not
	python string       // with torch; empty: it does not
	names  []string     // of those that take part
	about  []string     // their versions
}

// findEngines loads what the flags ask for.
func (f *flags) findEngines() (*engines, error) {
	e := &engines{}
	if f.ort != without {
		if err := startORT(f.ort); err != nil {
			return nil, err
		}
		e.ort = true
		e.names, e.about = append(e.names, "ort"), append(e.about, "ort: ONNX Runtime "+ort.GetVersion())
	}
	if f.ncnn != without {
		var err error
		if e.ncnn, err = loadNCNN(f.ncnn); err != nil {
			return nil, err
		}
		e.names, e.about = append(e.names, "ncnn"), append(e.about, "ncnn: "+e.ncnn.version())
	}
	python, version, err := findTorch(f.python)
	if err != nil {
		return nil, err
	}
	if e.python = python; python != "" {
		e.names, e.about = append(e.names, "torch"), append(e.about, "torch: PyTorch "+version)
	}
	return e, nil
}

// forward gives peers that compute a network's result for an input, and their names. It gives those that it started before an error.
func (e *engines) forward(g *nn.Graph, params tensor.Set, input *tensor.Tensor, threads int) (peers []peer, names []string, err error) {
	model, err := nets.Export(g, params)
	if err != nil {
		return nil, nil, err
	}
	for _, engine := range []struct {
		name  string
		there bool
		start func() (peer, error)
	}{
		{"ort", e.ort, func() (peer, error) { return newORT(model, input, g.Shapes(input.Shape)[g.Output()], threads) }},
		{"ncnn", e.ncnn != nil, func() (peer, error) { return newNCNN(e.ncnn, g, params, input, threads) }},
		{"torch", e.python != "", func() (peer, error) {
			return newTorch(e.python, torchJob{model: model, input: input, threads: threads})
		}},
	} {
		if !engine.there {
			continue
		}
		p, err := engine.start()
		if err != nil {
			return peers, names, fmt.Errorf("%s: %w", engine.name, err)
		}
		peers, names = append(peers, p), append(names, engine.name)
	}
	return peers, names, nil
}
