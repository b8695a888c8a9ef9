package heif

import (
	"os"
	"path/filepath"
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
