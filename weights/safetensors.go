package weights

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"classsr/fault"
	"classsr/tensor"
)

// A header lists a few thousand tensors at most; the largest network here needs 200 KB.
const maxHeader = 16 << 20

// maxDims is more than the four dimensions of a convolution's weights.
const maxDims = 8

// metadataKey is the header's entry that is not a tensor.
const metadataKey = "__metadata__"

// headerEntry describes one tensor in a safetensors header.
type headerEntry struct {
	DType   string   `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"` // begin and end, counted from the end of the header
}

// elementSize gives the bytes of an element for the types that are converted to float32.
var elementSize = map[string]int64{"F64": 8, "F32": 4, "F16": 2, "BF16": 2}

// integerSize gives the bytes of an element for the types that are skipped: counters, which no network here uses.
var integerSize = map[string]int64{"I64": 8, "U64": 8, "I32": 4, "U32": 4, "I16": 2, "U16": 2, "I8": 1, "U8": 1, "BOOL": 1}

// ReadSafetensors reads all float tensors of a safetensors file of this size, converted to float32, and its metadata. Integer
// tensors are skipped. Tensors may not overlap or leave gaps, as the format demands.
//
// Errors about the file are of kind fault.Damaged, fault.Unsupported or fault.TooLarge.
func ReadSafetensors(r io.ReaderAt, size int64) (tensor.Set, map[string]string, error) {
	set, metadata, err := readSafetensors(r, size)
	return set, metadata, fault.Default(fault.Damaged, err)
}

func readSafetensors(r io.ReaderAt, size int64) (tensor.Set, map[string]string, error) {
	header, err := readHeader(r, size)
	if err != nil {
		return nil, nil, err
	}
	entries, metadata, err := parseHeader(header)
	if err != nil {
		return nil, nil, err
	}
	start := prefixLength + int64(len(header))
	set, err := readTensors(entries, io.NewSectionReader(r, start, size-start))
	return set, metadata, err
}

// prefixLength is the bytes before the header, which say how long it is.
const prefixLength = 8

// readHeader reads the header, which is JSON.
func readHeader(r io.ReaderAt, size int64) ([]byte, error) {
	var prefix [prefixLength]byte
	if size < prefixLength {
		return nil, fault.New(fault.Damaged, "not a safetensors file: it is too short")
	}
	if n, err := r.ReadAt(prefix[:], 0); n < len(prefix) {
		return nil, err
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	if length > uint64(size-prefixLength) {
		return nil, errors.New("not a safetensors file, or cut short: its header is longer than the file")
	}
	if length > maxHeader {
		return nil, fault.New(fault.TooLarge, "its header of %d bytes is longer than that of any network (%d)", length, maxHeader)
	}
	header := make([]byte, length)
	if n, err := r.ReadAt(header, prefixLength); n < len(header) {
		return nil, err
	}
	return header, nil
}

func parseHeader(header []byte) (map[string]headerEntry, map[string]string, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(header, &raw); err != nil {
		return nil, nil, fmt.Errorf("damaged safetensors header: %w", err)
	}
	metadata := map[string]string{}
	entries := map[string]headerEntry{}
	for name, message := range raw {
		if name == metadataKey {
			if err := json.Unmarshal(message, &metadata); err != nil {
				return nil, nil, fmt.Errorf("damaged safetensors metadata: %w", err)
			}
			continue
		}
		var e headerEntry
		if err := json.Unmarshal(message, &e); err != nil {
			return nil, nil, fmt.Errorf("damaged safetensors header: tensor %q: %w", name, err)
		}
		entries[name] = e
	}
	return entries, metadata, nil
}

func readTensors(entries map[string]headerEntry, data *io.SectionReader) (tensor.Set, error) {
	// In the order of the data, so that gaps and overlaps show.
	names := slices.SortedFunc(maps.Keys(entries), func(a, b string) int {
		return cmp.Or(cmp.Compare(entries[a].Offsets[0], entries[b].Offsets[0]),
			cmp.Compare(entries[a].Offsets[1], entries[b].Offsets[1]), cmp.Compare(a, b))
	})
	set := tensor.Set{}
	var end int64
	for _, name := range names {
		e := entries[name]
		if e.Offsets[0] != end {
			return nil, fmt.Errorf("damaged safetensors file: the data of tensor %q leaves a gap or overlaps another", name)
		}
		length, err := e.bytes()
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		if e.Offsets[1]-e.Offsets[0] != length {
			return nil, fmt.Errorf("damaged safetensors file: tensor %q has %d bytes of data, its shape needs %d",
				name, e.Offsets[1]-e.Offsets[0], length)
		}
		if end += length; end > data.Size() {
			return nil, fmt.Errorf("the file is cut short: the data of tensor %q is missing", name)
		}
		if _, integer := integerSize[e.DType]; integer {
			continue
		}
		buf := make([]byte, length)
		if n, err := data.ReadAt(buf, e.Offsets[0]); n < len(buf) {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		set[name] = tensor.Array{Dims: e.dims(), Data: toFloat32(e.DType, buf)}
	}
	if end != data.Size() {
		return nil, errors.New("damaged safetensors file: there is data that belongs to no tensor")
	}
	return set, nil
}

// bytes is the length of the tensor's data.
func (e headerEntry) bytes() (int64, error) {
	length, ok := elementSize[e.DType]
	if !ok {
		if length, ok = integerSize[e.DType]; !ok {
			return 0, fault.New(fault.Unsupported, "data type %q cannot be read; convert it to F32 first", e.DType)
		}
	}
	if len(e.Shape) > maxDims {
		return 0, fmt.Errorf("%d dimensions are more than any tensor of a network has", len(e.Shape))
	}
	for _, d := range e.Shape {
		if d < 0 || d > math.MaxInt32 || (d > 0 && length > math.MaxInt64/4/d) {
			return 0, fmt.Errorf("impossible shape %v", e.Shape)
		}
		length *= d
	}
	return length, nil
}

func (e headerEntry) dims() []int {
	dims := make([]int, len(e.Shape))
	for i, d := range e.Shape {
		dims[i] = int(d)
	}
	return dims
}

func toFloat32(dtype string, buf []byte) []float32 {
	data := make([]float32, int64(len(buf))/elementSize[dtype])
	for i := range data {
		switch dtype {
		case "F64":
			data[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(buf[8*i:])))
		case "F32":
			data[i] = math.Float32frombits(binary.LittleEndian.Uint32(buf[4*i:]))
		case "F16":
			data[i] = tensor.Float16(binary.LittleEndian.Uint16(buf[2*i:]))
		case "BF16":
			data[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(buf[2*i:])) << 16)
		}
	}
	return data
}

// WriteSafetensors writes parameters as float32, sorted by name, with metadata. The same input gives the same bytes.
func WriteSafetensors(w io.Writer, set tensor.Set, metadata map[string]string) error {
	return writeSafetensors(w, set, metadata, nil)
}

// writeSafetensors writes some tensors as float16, which must hold their numbers, after all others, so that each begins at a multiple of the
// bytes of its elements.
func writeSafetensors(w io.Writer, set tensor.Set, metadata map[string]string, halves map[string]bool) error {
	order, header := arrange(set, halves)
	if len(metadata) > 0 {
		header[metadataKey] = metadata
	}
	text, err := json.Marshal(header)
	if err != nil {
		return err
	}
	// The data starts at a multiple of eight bytes.
	text = append(text, bytes.Repeat([]byte(" "), -len(text)&7)...)
	if err := binary.Write(w, binary.LittleEndian, uint64(len(text))); err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	for _, name := range order {
		var data any = set[name].Data
		if halves[name] {
			data = float16Bits(set[name].Data)
		}
		if err := binary.Write(w, binary.LittleEndian, data); err != nil {
			return err
		}
	}
	return nil
}

// arrange gives the order of the data, float32 first, and the header's entries.
func arrange(set tensor.Set, halves map[string]bool) (order []string, header map[string]any) {
	var last []string
	for _, name := range set.Names() {
		if halves[name] {
			last = append(last, name)
		} else {
			order = append(order, name)
		}
	}
	order = append(order, last...)
	header = map[string]any{}
	var offset int64
	for _, name := range order {
		a := set[name]
		e := headerEntry{DType: "F32", Shape: make([]int64, len(a.Dims))}
		if halves[name] {
			e.DType = "F16"
		}
		for i, d := range a.Dims {
			e.Shape[i] = int64(d)
		}
		e.Offsets = [2]int64{offset, offset + elementSize[e.DType]*int64(len(a.Data))}
		offset = e.Offsets[1]
		header[name] = e
	}
	return order, header
}

// float16Bits gives numbers that float16 holds as such.
func float16Bits(data []float32) []uint16 {
	bits := make([]uint16, len(data))
	for i, v := range data {
		bits[i], _ = tensor.ToFloat16(v)
	}
	return bits
}
