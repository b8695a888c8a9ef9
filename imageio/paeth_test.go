package imageio

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// TestPaethPrediction compares with the plain filter for all values of three bytes that can matter.
func TestPaethPrediction(t *testing.T) {
	row, above := make([]byte, 2*256), make([]byte, 2*256)
	for a := range 256 {
		for c := range 256 {
			// All b at a time: pixels of 256 bytes, the right one above b, left of it a, above left c.
			for b := range 256 {
				row[b], row[256+b], above[b], above[256+b] = byte(a), byte(a^b), byte(c), byte(b)
			}
			want := bytes.Clone(row)
			paethPlain(want, above, 256)
			if paethRow(row, above, 256); !bytes.Equal(row, want) {
				t.Fatalf("left %d, above left %d: other differences", a, c)
			}
		}
	}
}

func TestPaethRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pixelBytes := rapid.SampledFrom([]int{1, 2, 3, 4, 6, 8}).Draw(t, "bytes a pixel")
		n := pixelBytes * rapid.IntRange(1, 30).Draw(t, "pixels")
		row := rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "row")
		above := rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "above")
		want, kept := bytes.Clone(row), bytes.Clone(above)
		paethPlain(want, above, pixelBytes)
		if paethRow(row, above, pixelBytes); !bytes.Equal(row, want) {
			t.Errorf("got %v, want %v", row, want)
		}
		if !bytes.Equal(above, kept) {
			t.Error("the row above changes")
		}
	})
}

func BenchmarkPaeth(b *testing.B) {
	p := patterned(4000, 2, 3, false, 8)
	row := make([]byte, 12000)
	for name, filter := range map[string]func(row, above []byte, pixelBytes int){"plain": paethPlain, "fast": paethRow} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(12000)
			for b.Loop() {
				copy(row, p.Pix8[12000:])
				filter(row, p.Pix8[:12000], 3)
			}
		})
	}
}
