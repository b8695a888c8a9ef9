package heif

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"classsr/imageio/codec"
)

// spinning is a module with a function spin, which never comes back, and before that has instructions whose operands look like loops.
func spinning() []byte {
	code := "\x01\x02\x7f" + // two locals
		"\x41\xff\x7e\x1a" + "\x42\x80\x80\x03\x1a" + "\x43\x03\x03\x03\x03\x1a" + "\x44\x03\x03\x03\x03\x03\x03\x03\x03\x1a" + // constants
		"\x41\x03\x28\x02\x03\x1a" + // a load
		"\x41\x00\x41\x03\x41\x03\xfc\x0b\x00" + // memory.fill
		"\xfd\x0c\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\xfd\x15\x03\x1a" + // a vector, and a lane of it
		"\x02\x40\x41\x01\x0e\x00\x00\x0b" + // a block that br_table leaves
		"\x03\x40\x0c\x00\x0b\x0b"
	module := []byte("\x00asm\x01\x00\x00\x00" +
		"\x01\x04\x01\x60\x00\x00" + // a type: no arguments, no results
		"\x03\x02\x01\x00" + // a function of that type
		"\x05\x03\x01\x00\x01" + // a memory
		"\x06\x06\x01\x7f\x01\x41\x10\x0b" + // a global
		"\x07\x08\x01\x04spin\x00\x00")
	return append(append(module, 0x0a, byte(len(code)+2), 1, byte(len(code))), code...)
}

func TestFuelEnds(t *testing.T) {
	module, err := fuelled(spinning())
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer func() { _ = r.Close(ctx) }()
	mod, err := r.Instantiate(ctx, module)
	if err != nil {
		t.Fatal(err)
	}
	i := &instance{mod, ctx, mod.ExportedGlobal(fuelName).(api.MutableGlobal)}
	for _, turns := range []uint64{1, 1000000} {
		i.fuel.Set(turns)
		if _, err := i.call("spin"); !errors.Is(err, errEndless) {
			t.Errorf("%d turns: error %v", turns, err)
		}
	}
}

// TestFuelledModules that are cut off, or changed anywhere, give an error or a module, and no panic.
func TestFuelledModules(t *testing.T) {
	whole := spinning()
	for n := range whole {
		if _, err := fuelled(whole[:n]); err == nil {
			t.Errorf("%d bytes of a module are taken", n)
		}
		for _, v := range []byte{0, 0x7f, 0x80, 0xff} {
			changed := bytes.Clone(whole)
			changed[n] = v
			_, _ = fuelled(changed)
		}
	}
}

// TestFuelIsPlenty decodes real pictures, which are to need far less than they may take.
func TestFuelIsPlenty(t *testing.T) {
	paths, err := filepath.Glob("testdata/colour-4*.[ah]*[fc]")
	if err != nil || len(paths) < 5 {
		t.Fatalf("%d files: %v", len(paths), err)
	}
	for _, path := range paths {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		format, m := &HEIC, heicModule
		if IsAVIF(codec.MemorySource(file)) {
			format, m = &AVIF, avifModule
		}
		f, err := codec.Open(codec.MemorySource(file), format, codec.Options{})
		if err != nil {
			t.Fatal(err)
		}
		given := turns(f.Area(), int64(len(file)))
		i, err := m.start(64<<20, given)
		if err != nil {
			t.Fatal(err)
		}
		at, err := i.load(codec.MemorySource(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		said, err := i.allocate(64)
		if err != nil {
			t.Fatal(err)
		}
		out, err := i.allocate(8 * f.Area() * 4)
		if err != nil {
			t.Fatal(err)
		}
		args := []uint64{at, uint64(len(file)), 0, said, said + 4, said + 8, said + 12, said + 16, out}
		if format == &AVIF {
			args = []uint64{at, uint64(len(file)), 0, 0, said, said + 4, said + 8, said + 12, said + 16, out}
		}
		if ok, err := i.call("decode", args...); err != nil || ok == 0 {
			t.Errorf("%s: %d, %v", path, ok, err)
		}
		if used := given - int64(i.fuel.Get()); used < 1000 || used > given/100 {
			t.Errorf("%s: %d of %d turns", path, used, given)
		}
		i.close()
	}
}
