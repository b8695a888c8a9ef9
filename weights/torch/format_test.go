package torch

import (
	"bytes"
	"strings"
	"testing"
)

func TestZipLayouts(t *testing.T) {
	b := floats("0", 1, 2)
	pickle := pickled(orderedDict("w", b.vector()))
	data := string(b.data)
	entry := func(name, data string) zipEntry { return zipEntry{name: name, data: data} }
	deflated := func(name, data string) zipEntry { return zipEntry{name, data, 8} }
	tests := []struct {
		name    string
		want    string // of the error, "" for none
		entries []zipEntry
	}{
		{"any folder", "", []zipEntry{entry("a b/data.pkl", pickle), entry("a b/data/0", data)}},
		{"no folder", "", []zipEntry{entry("data.pkl", pickle), entry("data/0", data)}},
		{"foreign entries", "", []zipEntry{entry("x/readme", "hi"), entry("n/data.pkl", pickle), entry("n/data/0", data),
			entry("n/.data/serialization_id", "1"), entry("n/data/9", "unused")}},
		{"little", "", []zipEntry{entry("n/data.pkl", pickle), entry("n/data/0", data), entry("n/byteorder", "little\n")}},
		{"big", `refuses byte order "big"`, []zipEntry{entry("n/data.pkl", pickle), entry("n/data/0", data),
			entry("n/byteorder", "big")}},
		{"long byte order", "longer than", []zipEntry{entry("n/data.pkl", pickle), entry("n/byteorder", strings.Repeat("x", 1000))}},
		{"TorchScript", "TorchScript", []zipEntry{entry("n/data.pkl", pickle), entry("n/constants.pkl", "")}},
		{"no pickle", "holds no data.pkl", []zipEntry{entry("n/weights.bin", data)}},
		{"pickle too deep", "holds no data.pkl", []zipEntry{entry("a/b/data.pkl", pickle)}},
		{"two checkpoints", "data.pkl twice", []zipEntry{entry("a/data.pkl", pickle), entry("b/data.pkl", pickle)}},
		{"storage twice", `"n/data/0" is there twice`, []zipEntry{entry("n/data.pkl", pickle), entry("n/data/0", data),
			entry("n/data/0", data)}},
		{"storage absent", `"data/0" is missing`, []zipEntry{entry("n/data.pkl", pickle)}},
		{"storage elsewhere", `"data/0" is missing`, []zipEntry{entry("n/data.pkl", pickle), entry("m/data/0", data)}},
		{"storage too short", "not the 2 elements", []zipEntry{entry("n/data.pkl", pickle), entry("n/data/0", data[:4])}},
		{"storage too long", "not the 2 elements", []zipEntry{entry("n/data.pkl", pickle), entry("n/data/0", data+"x")}},
		{"compressed data", "is compressed", []zipEntry{entry("n/data.pkl", pickle), deflated("n/data/0", data)}},
		{"compressed pickle", "is compressed", []zipEntry{deflated("n/data.pkl", pickle), entry("n/data/0", data)}},
		{"empty pickle", "cut off", []zipEntry{entry("n/data.pkl", ""), entry("n/data/0", data)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := readBytes(zipEntries(t, test.entries...))
			if test.want == "" {
				if err != nil || c.Tensors["w"].Data[1] != 2 {
					t.Errorf("error %v", err)
				}
			} else if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestLegacyHeaders(t *testing.T) {
	b := floats("0", 1, 2)
	rest := func(facts dct, keys any, n uint64) string {
		return pickled(facts) + pickled(orderedDict("w", b.vector())) + pickled(keys) + string(le(n, 8)) + string(b.data)
	}
	facts := dct{"little_endian", true}
	tests := []struct{ name, file, want string }{
		{"as it should be", legacyHead + rest(facts, lst{"0"}, 2), ""},
		{"trailing bytes", legacyHead + rest(facts, lst{"0"}, 2) + "more", ""},
		{"no facts", legacyHead + rest(dct{}, lst{"0"}, 2), ""},
		{"other pickle", pickled(dct{"a", 1}), "a pickle of a dictionary, without the number"},
		{"other number", "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x18.", "without the number"},
		{"other version", legacyHead[:len(legacyHead)-4] + "M\xea\x03." + rest(facts, lst{"0"}, 2), "another version"},
		{"big endian", legacyHead + rest(dct{"little_endian", false}, lst{"0"}, 2), "big-endian"},
		{"facts no dictionary", legacyHead + pickled(1) + rest(facts, lst{"0"}, 2), "the facts about the machine are an integer"},
		{"storage in the facts", legacyHead + pickled(dct{"a", b.id()}), "a storage where none can be"},
		{"no storages listed", legacyHead + rest(facts, lst{}, 2), `storage "0" is missing`},
		{"unknown storage", legacyHead + rest(facts, lst{"1"}, 2), "which no tensor has"},
		{"storage listed twice", legacyHead + rest(facts, lst{"0", "0"}, 2), "named before"},
		{"number as storage", legacyHead + rest(facts, lst{0}, 2), "which no tensor has"},
		{"keys no list", legacyHead + rest(facts, tup{"0"}, 2), "listed in a tuple"},
		{"other length", legacyHead + rest(facts, lst{"0"}, 3), "has 3 elements, but its pickle says 2"},
		{"negative length", legacyHead + rest(facts, lst{"0"}, 1<<63+2), "but its pickle says 2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := readBytes([]byte(test.file))
			if test.want == "" {
				if err != nil || c.Tensors["w"].Data[1] != 2 {
					t.Errorf("error %v", err)
				}
			} else if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
	long := b
	long.numel = 1 << 60
	file := legacyHead + pickled(facts) + pickled(orderedDict("w", long.vector())) + pickled(lst{"0"}) + string(le(1<<60, 8))
	if _, err := readBytes([]byte(file)); err == nil || !strings.Contains(err.Error(), "cut off before the end of storage") {
		t.Errorf("huge storage: error %v", err)
	}
}

func TestNeitherFormat(t *testing.T) {
	for _, file := range []string{"", "PK", "PK\x03\x04", "PK\x05\x06", "\x80\x02", "GIF89a", "\x00\x00\x00\x00\x00", "\x80\x02}."} {
		if _, err := readBytes([]byte(file)); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %v, want one line", file, err)
		}
	}
	if _, err := Read(bytes.NewReader(make([]byte, 10)), -1); err == nil {
		t.Error("a negative size was accepted")
	}
}
