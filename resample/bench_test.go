package resample

import "testing"

func BenchmarkBytesShrink4(b *testing.B) {
	benchmarkBytes(b, 4080, 3072, 1020, 768)
}

func BenchmarkBytesEnlarge4(b *testing.B) {
	benchmarkBytes(b, 1020, 768, 4080, 3072)
}

func benchmarkBytes(b *testing.B, srcW, srcH, dstW, dstH int) {
	const channels = 3
	src, dst := noise(srcW*srcH*channels), make([]uint8, dstW*dstH*channels)
	plan := mustNew(b, srcW, srcH, dstW, dstH, Published)
	b.ReportAllocs()
	for b.Loop() {
		plan.Bytes(dst, src, channels)
	}
}

func noise(n int) []uint8 {
	s, state := make([]uint8, n), uint32(1)
	for i := range s {
		state = state*1664525 + 1013904223
		s[i] = uint8(state >> 24)
	}
	return s
}

func mustNew(t testing.TB, srcW, srcH, dstW, dstH int, v Variant) *Plan {
	t.Helper()
	plan, err := New(srcW, srcH, dstW, dstH, v)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}
