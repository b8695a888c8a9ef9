package gpu_test

import (
	"context"
	"testing"

	"classsr/arch"
	"classsr/gpu"
	"classsr/gpu/gputest"
	"classsr/gpu/link"
	"classsr/weights"
)

// Memory that is shared with the helper stays for whoever needs some next, unless the helper may still be at work in it, or the device was closed.
func TestSlotsAreUsedAgain(t *testing.T) {
	d, err := gpu.Open(t.Context(), gpu.Options{Version: gputest.Version, Start: gputest.Start(&gputest.Backend{}, gputest.Version)})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	spec, err := arch.Paper("fsrcnn", 4, 16)
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.Load(t.Context(), "one", func() []weights.Network { return []weights.Network{{Spec: spec, Params: spec.Init(1)}} })
	if err != nil {
		t.Fatal(err)
	}
	defer m.Release()
	slot := func(bytes int64) *gpu.Slot {
		s, err := m.Slot(t.Context(), bytes)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	const megabyte = 1 << 20 // more than what the device's test has left
	small, large, third := slot(megabyte), slot(5*megabyte), slot(7*megabyte)
	at := func(s *gpu.Slot) *byte { return &s.Bytes[0] }
	second, last := at(large), at(third)
	for _, s := range []*gpu.Slot{small, large, third} {
		s.Close()
	}
	if again := slot(3 * megabyte); at(again) != second || len(again.Bytes) != 3*megabyte {
		t.Errorf("another slot than one of those that are idle, of %d bytes", len(again.Bytes))
	}
	other := slot(megabyte)
	if at(other) != last { // the small one went as the third came
		t.Error("another slot than the one that is idle")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := other.Run(ctx, 1, link.Band{}); err == nil {
		t.Error("a band, though nobody wants it any more")
	}
	other.Bytes[0] = 42
	other.Close()
	if slot(megabyte).Bytes[0] == 42 {
		t.Error("a slot in which the helper may be at work is used again")
	}
}
