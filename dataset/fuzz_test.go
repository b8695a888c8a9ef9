package dataset

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"math"
	"slices"
	"testing"
)

// Whatever a file holds, reading it gives patches or an error. With seal, the checksum of its end is made to fit, so that what lies
// behind it is reached.
func FuzzStore(f *testing.F) {
	data := smallData(f)
	for _, seed := range [][]byte{data, early(f, data), data[:len(data)-7], {}} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, data []byte, seal bool) {
		if data = slices.Clone(data); seal {
			sealEnd(data)
		}
		s, err := storeOf(data)
		if err != nil {
			return
		}
		ctx := context.Background()
		verified := s.Verify(ctx)
		_ = s.Summary()
		if !s.Is(s.Identity()) {
			t.Error("the store does not know its identity")
		}
		if s.Judged() {
			s.Classes(3)
		}
		for _, v := range s.Difficulties() {
			if math.IsNaN(v) {
				t.Error("a difficulty is no number")
			}
		}
		if s.Patch()*s.Scale() > 256 {
			return // as large as they are, the same code
		}
		sampler := s.Sampler(nil, 2, 1)
		b := sampler.NewBatch()
		for n := range 4 {
			if err := sampler.Load(ctx, b, n); err != nil && verified == nil && s.Verified() && !seal {
				t.Errorf("verified, and yet: %v", err)
			}
		}
	})
}

// sealEnd makes the checksum of a file's end fit, if it has one.
func sealEnd(data []byte) {
	end := len(data) - trailerSize
	if end < 0 {
		return
	}
	if table := binary.LittleEndian.Uint64(data[end:]); table <= uint64(end) {
		binary.LittleEndian.PutUint32(data[end+32:], crc32.Checksum(data[table:end], castagnoli))
	}
}

// Whatever an earlier run left of an entry, it is taken or refused.
func FuzzEntry(f *testing.F) {
	data := smallData(f)
	s, err := storeOf(data)
	if err != nil {
		f.Fatal(err)
	}
	at := bytes.LastIndex(data[:s.meta.Entries[0].Offset], []byte(`{"source"`))
	rec, err := readRecord(bytes.NewReader(data[at-recordSize:]), int64(len(data)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(rec.text, rec.payload)
	f.Add([]byte(`{"factor":1,"width":4294967296,"height":4294967296}`), []byte{})
	f.Add([]byte(`{"factor":1,"width":-20,"height":16,"patches":1152921504606846976}`), []byte{})
	f.Fuzz(func(t *testing.T, text, payload []byte) {
		p := &preparation{PrepareOptions: PrepareOptions{Settings: s.meta.Settings}}
		if err := p.take(record{text, payload}, 0, 0); err == nil && len(p.patches) != p.entries[0].Patches {
			t.Errorf("%d patches, not %d", len(p.patches), p.entries[0].Patches)
		}
	})
}
