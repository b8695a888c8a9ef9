package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
)

func TestPacksThatLieTakeNoMemory(t *testing.T) {
	for name, stream := range map[string][]byte{
		"a long header that never comes": binary.LittleEndian.AppendUint32(nil, MostHeader),
		"a header longer than any":       append(binary.LittleEndian.AppendUint32(nil, math.MaxUint32), make([]byte, 100)...),
		"a file larger than any":         headed([]byte(`{"unit":"u","attempt":0,"files":[{"task":"t","role":"rows","bytes":9000000000000000000}]}`)),
	} {
		got := taken(func() {
			if _, err := read(bytes.NewReader(stream), 1<<40); err == nil {
				t.Errorf("%s: no error", name)
			}
		})
		if got > 64<<10 {
			t.Errorf("%s: %d bytes were taken", name, got)
		}
	}
	// JSON that takes many times its own length, all garbage included.
	options := strings.Builder{}
	for i := 0; options.Len() < MostHeader-100; i++ {
		fmt.Fprintf(&options, `"%x":"",`, i)
	}
	for _, files := range []string{
		strings.Repeat(`{},`, MostHeader/3-50) + `{}`, strings.Repeat(`{"order":{}},`, MostHeader/13-50) + `{}`, `{"task":"t","role":"view","order":{` + options.String() + `"x":""}}`,
	} {
		got := taken(func() {
			if _, err := read(bytes.NewReader(headed([]byte(`{"unit":"u","attempt":0,"files":[`+files+`]}`))), 1<<20); err == nil {
				t.Errorf("%.40s: no error", files)
			}
		})
		if got > 32*MostHeader {
			t.Errorf("%.40s: %d bytes were taken", files, got)
		}
	}
	// Large files pass through.
	p := packed{Pack: Pack{Unit: "u"}}
	p.Files = []File{{Task: "t", Role: Samples, Bytes: 256 << 20}}
	header, err := p.header()
	if err != nil {
		t.Fatal(err)
	}
	got := taken(func() {
		err := ReadPack(io.MultiReader(bytes.NewReader(header), io.LimitReader(zeros{}, 256<<20)), 1<<30, nil, func(_ File, r io.Reader) error {
			_, err := io.Copy(io.Discard, r)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	if got > 256<<10 {
		t.Errorf("%d bytes were taken for a large file", got)
	}
}
