package weights

import (
	"bytes"
	"encoding/binary"
	"maps"
	"testing"

	"classsr/fault"
	"classsr/tensor"
)

// FuzzModelMetadata puts any metadata on the tensors of a plain network or of a ClassSR model.
func FuzzModelMetadata(f *testing.F) {
	plain := (&Model{Branches: []Network{network(f, "fsrcnn", 16)}, Classes: ClassNames(1)}).Tensors()
	routed := classSR(f).Tensors()
	lost := tensor.Set{}
	for name, a := range routed {
		if len(name) < 5 || name[:5] != BranchPrefix(0) {
			lost[name] = a
		}
	}
	sets := []tensor.Set{plain, routed, lost}
	f.Add(uint8(0), "fsrcnn", "[4]", "[16]", "1", `["full"]`, "", 0)
	f.Add(uint8(1), "fsrcnn", "[4]", "[16,36,56]", "1", `["a","b","c"]`, `["fsrcnn","fsrcnn","fsrcnn"]`, 4)
	f.Add(uint8(2), "fsrcnn", "[2]", "[0,36,56]", "255", `["a","b","c"]`, `["bicubic","fsrcnn","fsrcnn"]`, 0)
	f.Fuzz(func(t *testing.T, which uint8, architecture, scales, widths, inputRange, classes, branches string, scale int) {
		metadata := map[string]string{
			keyFormat: formatName, keyArchitecture: architecture, keyScale: scales, keyWidths: widths, keyInputRange: inputRange,
			keyClasses: classes, keyBranches: branches,
		}
		m, err := fromFile(maps.Clone(sets[int(which)%len(sets)]), metadata, scale)
		if err != nil {
			return
		}
		if len(m.Branches) != len(m.Classes) || len(m.Scales()) == 0 {
			t.Errorf("%d branches, %d classes, scales %v", len(m.Branches), len(m.Classes), m.Scales())
		}
		var b bytes.Buffer
		if err := m.Write(&b); err != nil {
			t.Fatal(err)
		}
		if _, err := read(b.Bytes()); err != nil {
			t.Errorf("written again, it is not read: %v", err)
		}
	})
}

// FuzzModelHeader reads any header with as much data behind it as it asks for, so that names and shapes reach what recognises networks.
func FuzzModelHeader(f *testing.F) {
	for _, m := range []*Model{{Branches: []Network{network(f, "fsrcnn", 16)}, Classes: ClassNames(1)}, classSR(f)} {
		data := write(f, m)
		f.Add(data[8 : 8+binary.LittleEndian.Uint64(data)])
	}
	f.Fuzz(func(t *testing.T, header []byte) {
		entries, _, err := parseHeader(header)
		if err != nil {
			return
		}
		var end int64
		for _, e := range entries {
			end = max(end, e.Offsets[1])
		}
		data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
		data = append(append(data, header...), make([]byte, min(end, 4<<20))...)
		if _, err := read(data); err != nil && !aboutFile(err, "") {
			t.Errorf("error %v of kind %s", err, fault.KindOf(err))
		}
	})
}
