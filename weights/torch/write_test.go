package torch

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"classsr/tensor"
)

func written(t *testing.T, set tensor.Set) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, set); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// someTensors has every rank up to four, empty tensors, and numbers that are not ordinary.
func someTensors() tensor.Set {
	set := tensor.Set{
		"scalar": {Dims: []int{}, Data: []float32{-0.5}}, "empty": tensor.NewArray(0, 3), "größe.weight": tensor.NewArray(3),
		"conv.weight": tensor.NewArray(4, 3, 5, 2), "linear.weight": tensor.NewArray(2, 70), "cube": tensor.NewArray(2, 3, 4),
	}
	for name, a := range set {
		for i := range a.Data {
			a.Data[i] += float32(len(name)) + float32(i)/3
		}
	}
	copy(set["größe.weight"].Data, []float32{float32(math.Inf(-1)), float32(math.NaN()), float32(math.Copysign(0, -1))})
	return set
}

func TestWrittenCheckpointsComeBack(t *testing.T) {
	want := someTensors()
	data := written(t, want)
	if !bytes.Equal(data, written(t, want)) {
		t.Error("written again, the file differs")
	}
	got, err := Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	equalSets(t, got.Tensors, want)
	if len(got.Ignored) > 0 {
		t.Errorf("ignored %q", got.Ignored)
	}
}

func TestWrittenEntriesAreStoredAndAligned(t *testing.T) {
	data := written(t, someTensors())
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(z.File); n != 9 || z.File[0].Name != "archive/data.pkl" || z.File[n-1].Name != "archive/version" {
		t.Errorf("%d entries, the first %s", n, z.File[0].Name)
	}
	for _, f := range z.File {
		offset, err := f.DataOffset()
		if err != nil {
			t.Fatal(err)
		}
		if offset%64 != 0 || f.Method != zip.Store || f.Flags&^0x800 != 0 { // 0x800 marks names in UTF-8
			t.Errorf("%s begins at byte %d, method %d, flags %x", f.Name, offset, f.Method, f.Flags)
		}
	}
}

type fullDisk struct{ room int }

var errFull = errors.New("disk full")

func (d *fullDisk) Write(b []byte) (int, error) {
	if d.room -= len(b); d.room < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestErrorsOfWriting(t *testing.T) {
	length := len(written(t, someTensors()))
	for _, room := range []int{0, 100, length / 2, length - 1} {
		if err := Write(&fullDisk{room}, someTensors()); !errors.Is(err, errFull) {
			t.Errorf("with room for %d bytes: error %v", room, err)
		}
	}
	err := Write(io.Discard, tensor.Set{"a": {Dims: []int{3}, Data: make([]float32, 2)}})
	if err == nil || !strings.Contains(err.Error(), `"a" has 2 elements, its dimensions [3] are for 3`) {
		t.Errorf("error %v", err)
	}
}
