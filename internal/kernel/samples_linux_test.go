package kernel

import (
	"syscall"
	"testing"
	"unsafe"
)

// TestNothingBesideSamplesIsTouched puts all memory at the very end of what the process may touch, where a read too far is not
// seen by guards but stops the program; and at the very beginning.
func TestNothingBesideSamplesIsTouched(t *testing.T) {
	bytes, planes := edgedPages(t), make([][]byte, maxChannels)
	for c := range planes {
		planes[c] = edgedPages(t)
	}
	floats := func(c, n int, end bool) []float32 {
		at := 0
		if end {
			at = len(planes[c]) - n*floatBytes
		}
		return unsafe.Slice((*float32)(unsafe.Pointer(&planes[c][at])), n)
	}
	integers := make([]int32, 50)
	for _, set := range available {
		for step := 1; step <= maxChannels; step++ {
			for n := 1; n < 50; n++ {
				for _, end := range []bool{false, true} {
					pixels := bytes[:n*step]
					if end {
						pixels = bytes[len(bytes)-n*step:]
					}
					src := make([][]float32, step)
					for c := range src {
						src[c] = floats(c, n, end)
						floatsFromBytes(set, src[c], pixels[c:], step)
					}
					bytesFromFloats(set, pixels, step, src)
					filterSums(set, new([Filters]uint64), pixels, pixels, step)
					for kind := range Filters {
						filter(set, kind, pixels, pixels, step)
					}
					if step == 3 {
						yCbCr(set, pixels[:n], pixels[n:2*n], pixels[2*n:], pixels)
						luma(set, integers[:n], pixels)
					}
					halve(set, pixels[:len(pixels)/2], pixels, pixels)
				}
			}
		}
	}
}

// edgedPages is memory between two pages that must not be touched.
func edgedPages(t *testing.T) []byte {
	page := syscall.Getpagesize()
	memory, err := syscall.Mmap(-1, 0, 3*page, syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(memory); err != nil {
			t.Error(err)
		}
	})
	inside := memory[page : 2*page]
	if err := syscall.Mprotect(inside, syscall.PROT_READ|syscall.PROT_WRITE); err != nil {
		t.Fatal(err)
	}
	return inside
}
