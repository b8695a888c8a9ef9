package torch

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// allocated returns the bytes that f allocates, freed or not.
func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// fair is how many bytes reading a file of this size may allocate: a constant for buffers and the spare elements, and what
// the smallest instructions cost at most.
func fair(size int) int64 { return 1<<20 + 4*spareElements + 200*int64(size) }

// bomb is a pickle that makes much from little.
func bomb(name string, want string, instructions ...string) struct{ name, want, pickle string } {
	return struct{ name, want, pickle string }{name, want, strings.Join(instructions, "")}
}

func times(n int, s string) string { return strings.Repeat(s, n) }

func TestBombs(t *testing.T) {
	b := floats("0", make([]float32, 1000)...)
	vector := string(b.vector())
	pair := string(emit(lst{"k", 1}))
	ordered := string(imported("collections.OrderedDict"))
	var doubling strings.Builder
	doubling.WriteString("]q\x00")
	for i := range 200 {
		fmt.Fprintf(&doubling, "](h%ch%ceq%c", rune(i%100), rune(i%100), rune(i%100+1))
	}
	var tied strings.Builder
	tied.WriteString("}" + string(emit("w")) + vector + "q\x01s")
	for i := range 2000 {
		tied.WriteString(string(emit(fmt.Sprint(i))) + "h\x01s")
	}
	longKey := string(emit(times(1<<20, "k"))) + "q\x01"
	tests := []struct{ name, want, pickle string }{
		bomb("too many instructions", "more than 2097152 instructions", times(maxOpcodes/2+10, "N0")),
		bomb("stack", "values waiting", times(maxStack+10, "N")),
		bomb("marks", "begin within each other", times(maxStack+10, "(")),
		bomb("memo", "keeps more than", "]", times(maxMemo+10, "\x94")),
		bomb("doubling lists", "holds a list", doubling.String()),
		bomb("deep lists", "holds a list", "]", times(60000, "]"), times(60000, "a")),
		bomb("deep tuples", "holds a tuple", "]", times(500000, "\x85")),
		bomb("deep dictionaries", "no float tensors", "}", times(20000, "X\x03\x00\x00\x00net}"), times(20000, "s")),
		bomb("one list made a dictionary often", "copies the same values", "](", times(1000, pair), "e", "\x85q\x01", ordered, "q\x02",
			times(20000, "h\x02h\x01R0")),
		bomb("one storage in many tensors", "repeats its data", tied.String()),
		bomb("long key recalled", "no float tensors", "]", longKey, "0](", times(20000, "}h\x01}s"), "e0}", longKey, "h\x01s"),
		bomb("empty dictionaries", "no float tensors", "}", times(500000, "K\x01}s")),
		bomb("kept lists", "holds a list", "]", times(600000, "]\x940")),
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := zipOf(t, raw(test.pickle), b)
			var err error
			start := time.Now()
			used := allocated(func() { _, err = readBytes(file) })
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			t.Logf("allocated %d bytes for a file of %d", used, len(file))
			if used > fair(len(file)) {
				t.Error("that is too much")
			}
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

func TestLongPickles(t *testing.T) {
	text := raw("\x8d") + raw(le(maxPickleBytes, 8)) + raw(make([]byte, maxPickleBytes))
	for format, file := range map[string][]byte{"zip": zipOf(t, text), "legacy": legacyOf(text)} {
		_, err := readBytes(file)
		if err == nil || !strings.Contains(err.Error(), "longer than") {
			t.Errorf("%s: error %v, want one about the length", format, err)
		}
	}
}

func TestTooManyTensors(t *testing.T) {
	b := floats("0", 1)
	var items []any
	for i := range maxEntries + 1 {
		items = append(items, fmt.Sprint(i), raw("h\x01"))
	}
	root := emit(b.vector()) + "q\x010" + sequence("}(", items[:1<<15], "u") + sequence("(", items[1<<15:], "u")
	mustFail(t, "more than 65536", root, b)
}

// Entries of the directory may all point at the same bytes.
func TestOverlappingZipEntries(t *testing.T) {
	const n = 50
	whole := floats("0", make([]float32, 10000)...)
	var items []any
	blobs := []blob{}
	for i := range n {
		b := whole
		b.key = fmt.Sprintf("%02d", i)
		items = append(items, b.key, b.tensor(0, tup{1}, tup{1}))
		if i > 0 {
			b.data = nil
		}
		blobs = append(blobs, b)
	}
	file := zipOf(t, orderedDict(items...), blobs...)
	// Every directory record of a storage gets the position, length and checksum of the first one.
	var first []byte
	for at := bytes.Index(file, []byte("PK\x01\x02")); string(file[at:at+4]) == "PK\x01\x02"; {
		name := int(binary.LittleEndian.Uint16(file[at+28:]))
		extra := int(binary.LittleEndian.Uint16(file[at+30:]))
		if strings.HasPrefix(string(file[at+46:at+46+name]), "net/data/") {
			if first == nil {
				first = bytes.Clone(file[at : at+46])
			}
			copy(file[at+16:at+28], first[16:28])
			copy(file[at+42:at+46], first[42:46])
		}
		at += 46 + name + extra
	}
	var err error
	used := allocated(func() { _, err = readBytes(file) })
	if err == nil || !strings.Contains(err.Error(), "more bytes than the file has") {
		t.Errorf("error %v, want one about the size", err)
	}
	if used > fair(len(file)) {
		t.Errorf("allocated %d bytes for a file of %d", used, len(file))
	}
}
