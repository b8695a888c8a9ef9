package vulkan

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"classsr/internal/par"
	"classsr/internal/testref"
)

// numbersOf makes a buffer of 32-bit numbers that the processor sees.
func numbersOf(t *testing.T, d *Device, k BufferKind, numbers ...uint32) *Buffer {
	t.Helper()
	b, err := d.Buffer(int64(4*len(numbers)), k)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range numbers {
		binary.NativeEndian.PutUint32(b.Bytes()[4*i:], n)
	}
	return b
}

func scalePipeline(t *testing.T, d *Device, factor uint32) *Pipeline {
	t.Helper()
	p, err := d.Pipeline(scaleShader, Layout{Buffers: 2, Push: 8, Constants: []uint32{factor}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func push(addend, count uint32) []byte {
	return binary.NativeEndian.AppendUint32(binary.NativeEndian.AppendUint32(nil, addend), count)
}

func run(t *testing.T, d *Device, c *Commands) {
	t.Helper()
	fence, err := d.Submit(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := fence.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// TestManyDispatches takes more descriptor sets than a pool has, with offsets, and sizes that the device reads, and records twice.
func TestManyDispatches(t *testing.T) {
	d := openDevice(t)
	p := scalePipeline(t, d, 2)
	const parts = 3*setsOfPool + 1
	part := max(d.Info().Alignment, 4)
	from, err := d.Buffer(part*parts, Upload)
	if err != nil {
		t.Fatal(err)
	}
	to, err := d.Buffer(part*parts, Download)
	if err != nil {
		t.Fatal(err)
	}
	counts := numbersOf(t, d, Upload, 77, 1, 1, 1)
	c, err := d.Commands()
	if err != nil {
		t.Fatal(err)
	}
	for round := range uint32(2) {
		if err := c.Begin(); err != nil {
			t.Fatal(err)
		}
		clear(to.Bytes())
		for i := range int64(parts) {
			binary.NativeEndian.PutUint32(from.Bytes()[i*part:], uint32(i))
			bindings := []Binding{{to, i * part, 4}, {from, i * part, 4}}
			if i%2 == 0 {
				c.Dispatch(p, bindings, push(round, 1), 1, 1, 1)
			} else {
				c.DispatchIndirect(p, bindings, push(round, 1), counts, 4)
			}
		}
		if err := c.End(); err != nil {
			t.Fatal(err)
		}
		run(t, d, c)
		for i := range int64(parts) {
			if got := binary.NativeEndian.Uint32(to.Bytes()[i*part:]); got != uint32(2*i)+round {
				t.Fatalf("round %d: part %d is %d", round, i, got)
			}
		}
	}
}

// TestDispatchesAllocateNothing counts what Go allocates while commands are recorded, without the validation layer, which calls Go.
func TestDispatchesAllocateNothing(t *testing.T) {
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("with the race detector pools throw things away")
	}
	i, err := Open(Options{})
	if err != nil {
		testref.Missing(t, "%v: install Debian's mesa-vulkan-drivers", err)
	}
	defer i.Close()
	d, err := i.Open(0, DeviceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p := scalePipeline(t, d, 2)
	b := numbersOf(t, d, Upload, make([]uint32, 64)...)
	c, err := d.Commands()
	if err != nil {
		t.Fatal(err)
	}
	same, other := []Binding{{b, 0, 256}, {b, 0, 256}}, []Binding{{b, 0, 128}, {b, 128, 128}}
	pushed := push(1, 1)
	record := func() {
		if err := c.Begin(); err != nil {
			t.Fatal(err)
		}
		for range 50 {
			c.Dispatch(p, same, pushed, 1, 1, 1)
			c.Barrier()
			c.Dispatch(p, other, pushed, 1, 1, 1)
			c.Copy(b, 0, b, 128, 128)
			c.Timestamp(0)
			c.Timestamp(1)
		}
		if err := c.End(); err != nil {
			t.Fatal(err)
		}
	}
	c.Free()
	if c, err = d.Commands(); err != nil {
		t.Fatal(err)
	}
	record() // makes its pools
	if n := testing.AllocsPerRun(200, record); n > 0 {
		t.Errorf("%v allocations for 100 dispatches", n)
	}
}

func TestSharedDevice(t *testing.T) {
	d := openDevice(t)
	err := par.Do(context.Background(), 4, 12, func(_, i int) error {
		return scale(d, uint32(100+i), uint32(i), 3)
	})
	if err != nil {
		t.Error(err)
	}
}

// TestPipelinesAreKept writes a cache, reads it, and ignores what is not as it was written.
func TestPipelinesAreKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deeper")
	i := openInstance(t, nil)
	open := func() *Device {
		d, err := i.Open(0, DeviceOptions{CacheDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := open()
	scalePipeline(t, d, 2)
	d.Close()
	path := d.cache.path
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d = open(); !bytes.Equal(d.kept(), whole[cacheHeader:]) {
		t.Error("what was kept is not read")
	}
	change := func(at int) []byte {
		b := bytes.Clone(whole)
		b[at] ^= 1
		return b
	}
	foreign := bytes.Clone(whole[cacheHeader:])
	foreign[8] ^= 1 // the vendor
	for what, content := range map[string][]byte{
		"empty": {}, "cut": whole[:len(whole)-1], "title": change(0), "sum": change(len(cacheTitle)), "data": change(len(whole) - 1), "foreign": sealed(foreign),
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if d.kept() != nil {
			t.Errorf("%s: it is believed", what)
		}
		again := open()
		if err := scale(again, 64, 2, 1); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		again.Close()
		if now, err := os.ReadFile(path); err != nil || len(now) < cacheHeader || d.kept() == nil {
			t.Errorf("%s: it was not replaced", what)
		}
	}
}

const withoutDriver = "CLASSSR_TEST_WITHOUT_DRIVER"

// TestNoDriver runs in a process of its own, since the loader looks at the environment of its start.
func TestNoDriver(t *testing.T) {
	if os.Getenv(withoutDriver) != "" {
		_, err := Open(Options{})
		checkTyped(t, "no driver", err)
		t.Log(err)
		return
	}
	openInstance(t, nil).Close()
	cmd := exec.Command(os.Args[0], "-test.run=^TestNoDriver$", "-test.v")
	cmd.Env = append(os.Environ(), withoutDriver+"=1", "VK_ICD_FILENAMES=/nowhere.json", "VK_DRIVER_FILES=/nowhere.json")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), ErrUnavailable.Error()) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTypesOfMemory(t *testing.T) {
	card := &physicalDeviceMemoryProperties2{memoryTypeCount: 6, memoryHeapCount: 3}
	card.memoryHeaps[0] = memoryHeap{size: 64 << 30}
	card.memoryHeaps[1] = memoryHeap{size: 256 << 20, flags: 1}
	card.memoryHeaps[2] = memoryHeap{size: 8 << 30, flags: 1}
	for i, flagsAndHeap := range [][2]uint32{{1 | 2 | 4, 1}, {1, 2}, {2 | 4, 0}, {2 | 4 | 8, 0}, {1 | 64, 2}, {0, 0}} {
		card.memoryTypes[i] = memoryType{propertyFlags: flagsAndHeap[0], heapIndex: flagsAndHeap[1]}
	}
	for k, want := range map[BufferKind]uint32{Local: 1, Upload: 2, Download: 3} {
		if got := card.types(k, 1<<6-1); len(got) == 0 || got[0] != want {
			t.Errorf("kind %d lies in %v, want %d first", k, got, want)
		}
	}
	if got := card.types(Local, 1<<4|1<<5); len(got) != 0 {
		t.Errorf("special memory is taken: %v", got)
	}
	if card.heap().size != 8<<30 {
		t.Errorf("the device's memory has %d bytes", card.heap().size)
	}
}

func TestTooLargeBuffers(t *testing.T) {
	d := openDevice(t)
	if _, err := d.Buffer(1<<60, Local); err == nil {
		t.Error("2^60 bytes are to be had")
	} else {
		checkTyped(t, "2^60 bytes", err)
	}
}
