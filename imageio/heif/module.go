package heif

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"classsr/fault"
	"classsr/imageio/codec"
)

//go:embed modules/heif.wasm.gz
var heifWASM []byte

//go:embed modules/avif.wasm.gz
var avifWASM []byte

// module is a decoder in WebAssembly. It is compiled when it is first used.
type module struct {
	name     string // of a file beside the program that takes its place, without ending
	packed   []byte
	memory   func(f *scanner, length int64) int64 // the most that it may have, of a file of this length
	compiled func() (*runner, error)
}

// What decoders hold a pixel was measured with pictures of 1 and 6 million pixels, colour in full resolution: libheif 11 bytes; libavif 22,
// and 34 for more than 8 bits a sample, 49 with alpha. The limits leave room for parts that are put together, and for film grain.
var (
	heicModule = newModule("heif", heifWASM, func(f *scanner, length int64) int64 {
		each := int64(16)
		if f.bits > 8 {
			each = 26
		}
		return moduleBytes + length + each*f.Area()
	})
	avifModule = newModule("avif", avifWASM, func(f *scanner, length int64) int64 {
		each, alpha := int64(28), int64(10)
		if f.bits > 8 {
			each, alpha = 42, 20
		}
		if f.Alpha {
			each += alpha
		}
		return moduleBytes + length + each*f.Area()
	})
)

const (
	// moduleBytes is what a decoder holds whatever the picture is.
	moduleBytes = 12 << 20
	// compilerBytes is what compiling a module takes, the first time.
	compilerBytes = 48 << 20
)

func newModule(name string, packed []byte, memory func(*scanner, int64) int64) *module {
	m := &module{name: name, packed: packed, memory: memory}
	m.compiled = sync.OnceValues(m.compile)
	return m
}

// runner is a compiled module.
type runner struct {
	runtime wazero.Runtime
	module  wazero.CompiledModule
}

// compile compiles the module, or loads what was compiled before from the user's folder for such things, where that can be written.
func (m *module) compile() (*runner, error) {
	wasm, err := m.code()
	if err == nil {
		wasm, err = fuelled(wasm)
	}
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	config := wazero.NewRuntimeConfig()
	if folder, err := os.UserCacheDir(); err == nil {
		if cache, err := wazero.NewCompilationCacheWithDir(filepath.Join(folder, "classsr")); err == nil {
			config = config.WithCompilationCache(cache)
		}
	}
	r := &runner{runtime: wazero.NewRuntimeWithConfig(ctx, config)}
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, r.runtime); err != nil {
		return nil, fmt.Errorf("starting its decoder: %w", err)
	}
	if r.module, err = r.runtime.CompileModule(ctx, wasm); err != nil {
		return nil, fmt.Errorf("compiling its decoder: %w", err)
	}
	return r, nil
}

// code gives the module, from a file beside the program if there is one, so that the libraries in it can be replaced.
func (m *module) code() ([]byte, error) {
	if program, err := os.Executable(); err == nil {
		if code, err := os.ReadFile(filepath.Join(filepath.Dir(program), m.name+".wasm")); err == nil {
			return code, nil
		}
	}
	r, err := gzip.NewReader(bytes.NewReader(m.packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// linear is the memory of an instance, all of it reserved at once so that growing copies nothing. Pages that are not used take none.
type linear struct{ all []byte }

// Reallocate implements experimental.LinearMemory; nil says that there is no more.
func (l *linear) Reallocate(size uint64) []byte {
	if size > uint64(cap(l.all)) {
		return nil
	}
	return l.all[:size]
}

// Free implements experimental.LinearMemory.
func (l *linear) Free() { l.all = nil }

// instance is a running module, with memory of its own.
type instance struct {
	api.Module
	ctx  context.Context
	fuel api.MutableGlobal
}

var errModule = errors.New("its data cannot be decoded")

// start makes an instance that has at most so much memory, and takes at most so many turns of loops.
func (m *module) start(most, turns int64) (*instance, error) {
	r, err := m.compiled()
	if err != nil {
		return nil, fault.Default(fault.Unavailable, err)
	}
	const page = 64 << 10
	memory := &linear{all: make([]byte, (most+page-1)/page*page)}
	ctx := experimental.WithMemoryAllocator(context.Background(), experimental.MemoryAllocatorFunc(func(_, _ uint64) experimental.LinearMemory { return memory }))
	mod, err := r.runtime.InstantiateModule(ctx, r.module, wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize"))
	if err != nil {
		return nil, fault.New(fault.Unavailable, "starting its decoder: %w", err)
	}
	fuel, ok := mod.ExportedGlobal(fuelName).(api.MutableGlobal)
	if !ok {
		return nil, errNoModule
	}
	fuel.Set(uint64(turns)) // until here it ran with what is below zero, which never ends
	return &instance{mod, ctx, fuel}, nil
}

// close gives the memory back.
func (i *instance) close() {
	_ = i.Close(i.ctx) // it has nothing to lose
}

// call calls an exported function that gives a number.
func (i *instance) call(name string, args ...uint64) (uint32, error) {
	f := i.ExportedFunction(name)
	if f == nil {
		return 0, fault.New(fault.Unavailable, "its decoder has no function %s: remove the .wasm file beside the program", name)
	}
	results, err := f.Call(i.ctx, args...)
	switch {
	case err != nil && i.fuel.Get() == 0:
		return 0, errEndless
	case err != nil || len(results) != 1:
		return 0, errModule
	}
	return uint32(results[0]), nil
}

// allocate gives the address of n bytes.
func (i *instance) allocate(n int64) (uint64, error) {
	if n > 1<<32-1 {
		return 0, codec.Unsupported("pictures of this size are not supported")
	}
	at, err := i.call("malloc", uint64(n))
	if err == nil && at == 0 {
		err = errors.New("decoding it takes more memory than any picture of its size")
	}
	return uint64(at), err
}

// load puts the first bytes of a file into the memory, and gives their address.
func (i *instance) load(s *codec.Source, n int64) (uint64, error) {
	at, err := i.allocate(n)
	if err != nil {
		return 0, err
	}
	to, ok := i.Memory().Read(uint32(at), uint32(n))
	if !ok {
		return 0, errModule
	}
	_, err = io.ReadFull(s.Reader(0), to)
	return at, err
}

// words gives numbers of 32 bits from an address on.
func (i *instance) words(at uint64, n int) ([]int, error) {
	words := make([]int, n)
	for k := range words {
		v, ok := i.Memory().ReadUint32Le(uint32(at) + uint32(4*k))
		if !ok {
			return nil, errModule
		}
		words[k] = int(v)
	}
	return words, nil
}
