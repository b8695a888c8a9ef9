package vulkan

import (
	"context"
	_ "embed"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"classsr/fault"
	"classsr/internal/testref"
)

//go:generate glslc --target-env=vulkan1.1 -O testdata/scale.comp -o testdata/scale.spv

// scaleShader computes to[i] = from[i]*factor + addend for i < count; factor is constant 0, addend and count are pushed.
//
//go:embed testdata/scale.spv
var scaleShader []byte

const groupSize = 64 // of scaleShader

// openInstance opens Vulkan with the validation layer, any message of which fails the test.
func openInstance(t testing.TB, fail func(string) Result) *Instance {
	t.Helper()
	i, err := Open(Options{Validation: true, Fail: fail, Complain: func(message string) { t.Error(message) }})
	if err != nil {
		testref.Missing(t, "%v: install Debian's mesa-vulkan-drivers and vulkan-validationlayers", err)
	}
	t.Cleanup(i.Close)
	return i
}

func openDevice(t testing.TB) *Device {
	t.Helper()
	d, err := openInstance(t, nil).Open(0, DeviceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var errWrong = errors.New("the device computes wrongly")

// scale has a device compute count numbers on its way through three buffers, and checks them.
func scale(d *Device, count, factor, addend uint32) error {
	size := int64(4 * count)
	var buffers [3]*Buffer
	for n, kind := range []BufferKind{Upload, Local, Download} {
		b, err := d.Buffer(size, kind)
		if err != nil {
			return err
		}
		defer b.Free()
		buffers[n] = b
	}
	up, local, down := buffers[0], buffers[1], buffers[2]
	for i := range count {
		binary.NativeEndian.PutUint32(up.Bytes()[4*i:], i)
	}
	p, err := d.Pipeline(scaleShader, Layout{Buffers: 2, Push: 8, Constants: []uint32{factor}})
	if err != nil {
		return err
	}
	c, err := d.Commands()
	if err != nil {
		return err
	}
	defer c.Free()
	if err := c.Begin(); err != nil {
		return err
	}
	c.Timestamp(0)
	var wrong error
	push := binary.NativeEndian.AppendUint32(binary.NativeEndian.AppendUint32(nil, addend), count)
	c.Dispatch(p, []Binding{{local, 0, size}, {up, 0, size}}, push, (count+groupSize-1)/groupSize, 1, 1)
	c.Barrier()
	c.Copy(down, 0, local, 0, size)
	c.Timestamp(1)
	if err := c.End(); err != nil {
		return err
	}
	for range 2 { // the same commands again
		clear(down.Bytes())
		fence, err := d.Submit(c)
		if err != nil {
			return err
		}
		if err := fence.Wait(context.Background()); err != nil {
			return err
		}
		for i := range count {
			if got := binary.NativeEndian.Uint32(down.Bytes()[4*i:]); got != i*factor+addend {
				wrong = errWrong // other things are tried first
			}
		}
	}
	took, err := c.Elapsed(0, 1)
	if err != nil {
		return err
	}
	if took <= 0 {
		return errors.New("no time has passed")
	}
	return wrong
}

func TestDevicesCompute(t *testing.T) {
	d := openDevice(t)
	t.Logf("%+v", d.Info())
	for _, count := range []uint32{1, 63, 64, 1000} {
		if err := scale(d, count, 7, count); err != nil {
			t.Errorf("%d numbers: %v", count, err)
		}
	}
}

func TestWithoutVulkanItIsUnavailable(t *testing.T) {
	i, err := Open(Options{Library: "no-such-library-of-vulkan.so"})
	if i != nil || !errors.Is(err, ErrUnavailable) || fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "Vulkan is not installed") {
		t.Errorf("%v, %v", i, err)
	}
}

// A barrier that is missing shows on no device that does one command after the other, but the layer sees it.
func TestMissingBarriersAreSeen(t *testing.T) {
	var said []string
	i, err := Open(Options{Validation: true, Complain: func(message string) { said = append(said, message) }})
	if err != nil {
		testref.Missing(t, "%v: install Debian's mesa-vulkan-drivers and vulkan-validationlayers", err)
	}
	t.Cleanup(i.Close)
	d, err := i.Open(0, DeviceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const size = 4 * groupSize
	a, err := d.Buffer(size, Local)
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.Buffer(size, Local)
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.Pipeline(scaleShader, Layout{Buffers: 2, Push: 8, Constants: []uint32{1}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.Commands()
	if err != nil {
		t.Fatal(err)
	}
	push := make([]byte, 8)
	for _, barrier := range []bool{true, false} {
		said = nil
		if err := c.Begin(); err != nil {
			t.Fatal(err)
		}
		c.Dispatch(p, []Binding{{a, 0, size}, {b, 0, size}}, push, 1, 1, 1)
		if barrier {
			c.Barrier()
		}
		c.Dispatch(p, []Binding{{b, 0, size}, {a, 0, size}}, push, 1, 1, 1)
		if err := c.End(); err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(said, "\n"); strings.Contains(all, "SYNC-HAZARD") == barrier {
			t.Errorf("with a barrier: %v; it says: %s", barrier, all)
		}
	}
}
