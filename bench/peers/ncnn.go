package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"

	"classsr/internal/atomicfile"
	"classsr/nn"
	"classsr/tensor"
	"classsr/weights/ncnn"
)

// handle is a pointer to something of ncnn's.
type handle = unsafe.Pointer

// ncnnLibrary is what is used of ncnn's interface for C.
type ncnnLibrary struct {
	version          func() string
	newOption        func() handle
	dropOption       func(handle)
	setThreads       func(option handle, n int32)
	newNet           func() handle
	dropNet          func(handle)
	setOption        func(net, option handle)
	loadParam        func(net handle, path string) int32
	loadModel        func(net handle, path string) int32
	newMat           func(w, h, c int32, allocator handle) handle
	dropMat          func(handle)
	matData          func(handle) unsafe.Pointer
	matStep          func(handle) uintptr // numbers from channel to channel
	newExtractor     func(net handle) handle
	dropExtractor    func(handle)
	setInput         func(extractor handle, name string, mat handle) int32
	extract          func(extractor handle, name string, mat *handle) int32
	matW, matH, matC func(handle) int32
}

// loadNCNN loads libncnn, a shared library of ncnn.
func loadNCNN(path string) (*ncnnLibrary, error) {
	path, err := filepath.Abs(path) // the loader takes a bare name for one of its own folders'
	if err != nil {
		return nil, err
	}
	lib, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("load ncnn from %s: %w", path, err)
	}
	l := &ncnnLibrary{}
	for _, f := range []struct {
		name string
		to   any
	}{
		{"version", &l.version},
		{"option_create", &l.newOption}, {"option_destroy", &l.dropOption}, {"option_set_num_threads", &l.setThreads},
		{"net_create", &l.newNet}, {"net_destroy", &l.dropNet}, {"net_set_option", &l.setOption},
		{"net_load_param", &l.loadParam}, {"net_load_model", &l.loadModel},
		{"mat_create_3d", &l.newMat}, {"mat_destroy", &l.dropMat}, {"mat_get_data", &l.matData}, {"mat_get_cstep", &l.matStep},
		{"mat_get_w", &l.matW}, {"mat_get_h", &l.matH}, {"mat_get_c", &l.matC},
		{"extractor_create", &l.newExtractor}, {"extractor_destroy", &l.dropExtractor},
		{"extractor_input", &l.setInput}, {"extractor_extract", &l.extract},
	} {
		if _, err := purego.Dlsym(lib, "ncnn_"+f.name); err != nil {
			return nil, fmt.Errorf("%s: %w: is it ncnn, with its interface for C (NCNN_C_API)?", path, err)
		}
		purego.RegisterLibFunc(f.to, lib, "ncnn_"+f.name)
	}
	return l, nil
}

// ncnnPeer runs ncnn, with its defaults but for the number of threads.
type ncnnPeer struct {
	lib           *ncnnLibrary
	net           handle
	input, result handle
}

// newNCNN makes a network for one input.
func newNCNN(lib *ncnnLibrary, g *nn.Graph, params tensor.Set, input *tensor.Tensor, threads int) (p *ncnnPeer, err error) {
	folder, err := os.MkdirTemp("", "peers-ncnn")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }() // the system's own cleaning would find it
	param, bin := filepath.Join(folder, "net.param"), filepath.Join(folder, "net.bin")
	err = atomicfile.Write(param, false, func(text io.Writer) error {
		return atomicfile.Write(bin, false, func(weights io.Writer) error { return ncnn.Write(text, weights, g, params) })
	})
	if err != nil {
		return nil, err
	}
	p = &ncnnPeer{lib: lib, net: lib.newNet()}
	option := lib.newOption()
	lib.setThreads(option, int32(threads))
	lib.setOption(p.net, option)
	lib.dropOption(option)
	if lib.loadParam(p.net, param) != 0 || lib.loadModel(p.net, bin) != 0 {
		return nil, fmt.Errorf("ncnn refuses the network (it says why on standard error)")
	}
	p.input = lib.newMat(int32(input.W), int32(input.H), int32(input.C), nil)
	for c := range input.C {
		copy(p.plane(p.input, c, input.W*input.H), input.Plane(0, c))
	}
	return p, nil
}

// plane is a channel's numbers.
func (p *ncnnPeer) plane(mat handle, c, n int) []float32 {
	return unsafe.Slice((*float32)(unsafe.Add(p.lib.matData(mat), uintptr(c)*p.lib.matStep(mat)*4)), n)
}

// rest is how long ncnn's threads are left to go to sleep after a turn, so that they take no time from whoever comes next.
const rest = 20 * time.Millisecond

func (p *ncnnPeer) run(atLeast time.Duration) ([]time.Duration, error) {
	defer time.Sleep(rest)
	return repeat(atLeast, func() error {
		if p.result != nil {
			p.lib.dropMat(p.result)
			p.result = nil
		}
		x := p.lib.newExtractor(p.net)
		defer p.lib.dropExtractor(x)
		if p.lib.setInput(x, ncnn.InputName, p.input) != 0 || p.lib.extract(x, ncnn.OutputName, &p.result) != 0 {
			return fmt.Errorf("ncnn fails (it says why on standard error)")
		}
		return nil
	})
}

func (p *ncnnPeer) output() ([]float32, error) {
	w, h, channels := int(p.lib.matW(p.result)), int(p.lib.matH(p.result)), int(p.lib.matC(p.result))
	var out []float32
	for c := range channels {
		out = append(out, p.plane(p.result, c, w*h)...)
	}
	return out, nil
}

func (p *ncnnPeer) close() error {
	if p.result != nil {
		p.lib.dropMat(p.result)
	}
	if p.input != nil {
		p.lib.dropMat(p.input)
	}
	p.lib.dropNet(p.net)
	return nil
}
