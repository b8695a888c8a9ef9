package heif

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"classsr/fault"
	"classsr/imageio/codec"
)

// TestGrayIsRefused reads what the module for HEIC does not decode.
func TestGrayIsRefused(t *testing.T) {
	file, err := os.ReadFile("testdata/gray.heic")
	if err != nil {
		t.Fatal(err)
	}
	f, err := codec.Open(codec.MemorySource(file), &HEIC, codec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Pixels(); fault.KindOf(err) != fault.Unsupported || !strings.Contains(err.Error(), "heif-convert") {
		t.Errorf("error %v", err)
	}
}

// TestExtentsOfNothing reads a list of thousands of items with thousands of extents each, whose fields have no bytes.
func TestExtentsOfNothing(t *testing.T) {
	body := []byte{1, 0, 0, 0, 0, 0, 0xff, 0xff} // version 1, sizes of zero, 65535 items
	for i := range 100 {
		body = append(body, 0, byte(i), 0, 0, 0, 0, 0xff, 0xff)
	}
	box := append([]byte{0, 0, byte((len(body) + 8) >> 8), byte(len(body) + 8)}, "iloc"...)
	meta := append([]byte{0, 0, 0, 0}, append(box, body...)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := readItems(meta); err == nil {
		t.Error("it is read")
	}
	runtime.ReadMemStats(&after)
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 16<<20 {
		t.Errorf("it takes %d bytes", taken)
	}
}

// FuzzBoxes reads the structure of files; decoding is in imageio's tests.
func FuzzBoxes(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.[ah]*[fc]")
	if err != nil || len(paths) < 20 {
		f.Fatalf("%d files: %v", len(paths), err)
	}
	for _, path := range paths {
		file, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file)
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		format := &HEIC
		if s := codec.MemorySource(data); IsAVIF(s) {
			format = &AVIF
		}
		file, err := codec.Open(codec.MemorySource(data), format, codec.Options{})
		if err != nil {
			return
		}
		_ = file.Structure() // it may be damaged, and must come back
		file.Memory()
	})
}
