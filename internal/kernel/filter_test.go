package kernel

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// TestPaethPrediction compares with the plain filter for all values of three bytes that can matter.
func TestPaethPrediction(t *testing.T) {
	row, above := make([]byte, 2*256), make([]byte, 2*256)
	for _, set := range available {
		for a := range 256 {
			for c := range 256 {
				// All b at a time: pixels of 256 bytes, the right one above b, left of it a, above left c.
				for b := range 256 {
					row[b], row[256+b], above[b], above[256+b] = byte(a), byte(a^b), byte(c), byte(b)
				}
				want := bytes.Clone(row)
				filterGeneric(FilterPaeth, want, above, 256)
				if filter(set, FilterPaeth, row, above, 256); !bytes.Equal(row, want) {
					t.Fatalf("%s: left %d, above left %d: other differences", set.name, a, c)
				}
			}
		}
	}
}

func TestFilteredRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pixelBytes := rapid.SampledFrom([]int{1, 2, 3, 4, 6, 8}).Draw(t, "bytes a pixel")
		n := pixelBytes * rapid.IntRange(1, 70).Draw(t, "pixels")
		above := rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "above")
		row, safe := guardedBytes(n)
		copy(row, rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "row"))
		kind := rapid.IntRange(0, Filters-1).Draw(t, "filter")
		set := anySet(t)
		var sums, wantSums [Filters]uint64
		for k := range wantSums {
			left := bytes.Clone(row)
			filterGeneric(k, left, above, pixelBytes)
			for _, v := range left {
				wantSums[k] += uint64(max(int(int8(v)), -int(int8(v))))
			}
		}
		if filterSums(set, &sums, row, above, pixelBytes); sums != wantSums {
			t.Errorf("%s: sums %v, want %v", set.name, sums, wantSums)
		}
		want, kept := bytes.Clone(row), bytes.Clone(above)
		filterGeneric(kind, want, above, pixelBytes)
		if filter(set, kind, row, above, pixelBytes); !bytes.Equal(row, want) {
			t.Errorf("%s: got %v, want %v", set.name, row, want)
		}
		if !safe() || !bytes.Equal(above, kept) {
			t.Error("memory around the row was written, or the row above")
		}
	})
}

func BenchmarkFilter(b *testing.B) {
	row, above := make([]byte, 12000), make([]byte, 12000)
	for i := range row {
		row[i], above[i] = byte(i*i>>9), byte(i*i>>8)
	}
	for _, set := range available {
		b.Run(set.name, func(b *testing.B) {
			b.SetBytes(12000)
			var sums [Filters]uint64
			for b.Loop() {
				filterSums(set, &sums, row, above, 3)
				filter(set, FilterPaeth, row, above, 3)
			}
		})
	}
}
