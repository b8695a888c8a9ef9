package device

import (
	"bytes"
	"errors"
	"image"
	"sync/atomic"
	"testing"

	"classsr/gpu/vulkan"
	"classsr/internal/testref"
)

// failing opens a device of its own, whose calls ask fail for their result.
func failing(t *testing.T, fail func(string) int32) *Device {
	t.Helper()
	instance, err := vulkan.Open(vulkan.Options{Fail: func(call string) vulkan.Result { return vulkan.Result(fail(call)) }})
	if err != nil {
		testref.Missing(t, "%v", err)
	}
	d, err := instance.Open(0, vulkan.DeviceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.Close()
		instance.Close()
	})
	device, err := New(d, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return device
}

// attempt loads a network and runs a band, and then a larger one.
func attempt(t *testing.T, d *Device) ([]byte, error) {
	t.Helper()
	r := newRouted(t, image.Pt(24, 20), "bicubic-x2")
	r.blend = nil
	m, err := d.Load(r.nets)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	var out []byte
	for _, core := range []image.Rectangle{image.Rect(0, 0, 8, 8), image.Rect(0, 0, 24, 20)} {
		b := r.band(m, core, Uint8)
		if _, err := m.Run(t.Context(), b); err != nil {
			return nil, err
		}
		out = b.Out
	}
	return out, nil
}

// Whichever call finds no memory, the error says so, and the same device does the same work right afterwards.
func TestMemoryThatIsFull(t *testing.T) {
	var left atomic.Int64 // calls before the one that fails
	left.Store(-1)
	d := failing(t, func(string) int32 {
		if left.Add(-1) == -1 {
			return -2 // VK_ERROR_OUT_OF_DEVICE_MEMORY
		}
		return 0
	})
	want, err := attempt(t, d)
	if err != nil {
		t.Fatal(err)
	}
	for n := range int64(1000) {
		left.Store(n)
		got, err := attempt(t, d)
		if left.Load() >= 0 { // it took fewer calls
			if n < 20 || err != nil {
				t.Errorf("after %d calls: %v", n, err)
			}
			return
		}
		left.Store(-1)
		if err == nil && !bytes.Equal(got, want) {
			t.Errorf("call %d: the result is another one", n)
		}
		if err != nil && !errors.Is(err, vulkan.ErrOutOfMemory) {
			t.Errorf("call %d: %v, want that memory is full", n, err)
		}
		if got, err := attempt(t, d); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("after call %d failed: %v", n, err)
		}
	}
	t.Error("a thousand calls did not do")
}

// Whichever call finds the device gone, the error says so, nothing is done with it any more, and all can be closed.
func TestDeviceThatIsLost(t *testing.T) {
	for n := int64(0); ; n += 7 {
		var left atomic.Int64
		left.Store(1 << 40)
		d := failing(t, func(string) int32 {
			if left.Add(-1) < 0 {
				return -4 // VK_ERROR_DEVICE_LOST
			}
			return 0
		})
		left.Store(n)
		_, err := attempt(t, d)
		if err == nil && left.Load() >= 0 {
			return
		}
		if !errors.Is(err, vulkan.ErrDeviceLost) {
			t.Errorf("call %d: %v, want that the device is lost", n, err)
		}
		if _, err := attempt(t, d); !errors.Is(err, vulkan.ErrDeviceLost) {
			t.Errorf("after call %d: %v, want that the device is lost", n, err)
		}
	}
}
