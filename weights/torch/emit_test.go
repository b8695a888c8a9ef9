package torch

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"classsr/fault"
)

// The types below write pickles by hand: emit turns a Go value into the instructions that push it.
type (
	raw string // instructions as they are
	tup []any
	lst []any
	dct []any // key, value, key, value, ...
)

func emit(v any) raw {
	var b strings.Builder
	switch v := v.(type) {
	case nil:
		return "N"
	case bool:
		if v {
			return "\x88"
		}
		return "\x89"
	case int:
		if v == int(int32(v)) {
			return "J" + raw(le(uint64(v), 4))
		}
		return "\x8a\x08" + raw(le(uint64(v), 8))
	case float64:
		return "G" + raw(binary.BigEndian.AppendUint64(nil, math.Float64bits(v)))
	case string:
		return "X" + raw(le(uint64(len(v)), 4)) + raw(v)
	case raw:
		return v
	case tup:
		return sequence("(", v, "t")
	case lst:
		return sequence("](", v, "e")
	case dct:
		return sequence("}(", v, "u")
	default:
		fmt.Fprintf(&b, "cannot emit %T", v)
		panic(b.String())
	}
}

func sequence(before raw, items []any, after raw) raw {
	var b strings.Builder
	b.WriteString(string(before))
	for _, v := range items {
		b.WriteString(string(emit(v)))
	}
	b.WriteString(string(after))
	return raw(b.String())
}

func le(v uint64, n int) []byte { return binary.LittleEndian.AppendUint64(nil, v)[:n] }

// imported imports a global such as os.system.
func imported(name string) raw {
	dot := strings.LastIndex(name, ".")
	return raw("c" + name[:dot] + "\n" + name[dot+1:] + "\n")
}

func called(name string, args ...any) raw { return imported(name) + emit(tup(args)) + "R" }

// orderedDict makes the dictionary that torch.save writes for state dicts, with a version set by BUILD.
func orderedDict(items ...any) raw {
	return imported("collections.OrderedDict") + ")R" + sequence("(", items, "u") + emit(dct{"_metadata", dct{}}) + "b"
}

// blob is a storage to be written.
type blob struct {
	key, class string
	numel      int
	data       []byte
}

func floats(key string, values ...float32) blob {
	b := blob{key: key, class: "torch.FloatStorage", numel: len(values)}
	for _, v := range values {
		b.data = binary.LittleEndian.AppendUint32(b.data, math.Float32bits(v))
	}
	return b
}

func halves(key, class string, bits ...uint16) blob {
	b := blob{key: key, class: class, numel: len(bits)}
	for _, v := range bits {
		b.data = binary.LittleEndian.AppendUint16(b.data, v)
	}
	return b
}

func longs(key string, values ...int64) blob {
	b := blob{key: key, class: "torch.LongStorage", numel: len(values)}
	for _, v := range values {
		b.data = binary.LittleEndian.AppendUint64(b.data, uint64(v))
	}
	return b
}

func (b blob) id(more ...any) raw {
	return emit(append(tup{"storage", imported(b.class), b.key, "cpu", b.numel}, more...)) + "Q"
}

// tensor is a view of the blob.
func (b blob) tensor(offset int, size, stride tup) raw {
	return called("torch._utils._rebuild_tensor_v2", b.id(), offset, size, stride, false, raw("}"))
}

// vector is the whole blob as a tensor of one dimension.
func (b blob) vector() raw { return b.tensor(0, tup{b.numel}, tup{1}) }

func pickled(v any) string { return "\x80\x02" + string(emit(v)) + "." }

type zipEntry struct {
	name, data string
	method     uint16
}

func zipEntries(t testing.TB, entries ...zipEntry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range entries {
		f, err := w.CreateHeader(&zip.FileHeader{Name: e.name, Method: e.method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(e.data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zipOf(t testing.TB, root any, blobs ...blob) []byte {
	t.Helper()
	entries := []zipEntry{{name: "net/data.pkl", data: pickled(root)}, {name: "net/byteorder", data: "little"}}
	for _, b := range blobs {
		entries = append(entries, zipEntry{name: "net/data/" + b.key, data: string(b.data)})
	}
	return zipEntries(t, append(entries, zipEntry{name: "net/version", data: "3\n"})...)
}

const legacyHead = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19." + "\x80\x02M\xe9\x03."

func legacyOf(root any, blobs ...blob) []byte {
	facts := dct{"protocol_version", 1001, "little_endian", true}
	var keys lst
	for _, b := range blobs {
		keys = append(keys, b.key)
	}
	out := []byte(legacyHead + pickled(facts) + pickled(root) + pickled(keys))
	for _, b := range blobs {
		out = append(append(out, le(uint64(b.numel), 8)...), b.data...)
	}
	return out
}

func readBytes(b []byte) (*Checkpoint, error) { return Read(bytes.NewReader(b), int64(len(b))) }

// mustRead reads the same content from both formats and returns what they agree on.
func mustRead(t *testing.T, root any, blobs ...blob) *Checkpoint {
	t.Helper()
	fromZip, err := readBytes(zipOf(t, root, blobs...))
	if err != nil {
		t.Fatalf("zip: %v", err)
	}
	fromLegacy, err := readBytes(legacyOf(root, blobs...))
	if err != nil {
		t.Fatalf("legacy: %v", err)
	}
	equalSets(t, fromLegacy.Tensors, fromZip.Tensors)
	return fromZip
}

// mustFail expects both formats to be refused with a message of one line that contains want.
func mustFail(t *testing.T, want string, root any, blobs ...blob) {
	t.Helper()
	for format, b := range map[string][]byte{"zip": zipOf(t, root, blobs...), "legacy": legacyOf(root, blobs...)} {
		c, err := readBytes(b)
		if err == nil {
			t.Errorf("%s: read %d tensors, want an error with %q", format, len(c.Tensors), want)
		} else if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %q, want one line with %q", format, err, want)
		} else if kind := fault.KindOf(err); strings.Contains(err.Error(), "refuses") != (kind == fault.Unsupported) &&
			!strings.Contains(err.Error(), "holds") || kind == fault.Internal {
			t.Errorf("%s: error %q is of kind %s", format, err, kind)
		}
	}
}
