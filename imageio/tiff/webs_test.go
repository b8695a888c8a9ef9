package tiff

import (
	"encoding/binary"
	"testing"
	"time"

	"classsr/imageio/ifd"
	"classsr/metadata"
)

// directoryOf appends a directory of 12-byte fields to an EXIF block.
func directoryOf(block []byte, fields ...[4]uint32) []byte {
	order := binary.LittleEndian
	block = order.AppendUint16(block, uint16(len(fields)))
	for _, f := range fields {
		block = order.AppendUint16(order.AppendUint16(block, uint16(f[0])), uint16(f[1]))
		block = order.AppendUint32(order.AppendUint32(block, f[2]), f[3])
	}
	return order.AppendUint32(block, 0)
}

// TestHostileEXIF puts EXIF blocks into a TIFF whose directories refer to themselves, or whose thousands of fields share long values.
func TestHostileEXIF(t *testing.T) {
	const long = 4
	start := []byte("II*\x00\x08\x00\x00\x00")
	circle := directoryOf(start, [4]uint32{tagEXIF, long, 1, 26})
	circle = directoryOf(circle, [4]uint32{tagInterop, long, 1, 26}, [4]uint32{tagEXIF, long, 1, 26}, [4]uint32{tagGPS, long, 1, 8})
	var many [][4]uint32
	for i := range uint32(60000) {
		many = append(many, [4]uint32{0x500 + i, 7, 200 << 10, 100})
	}
	shared := directoryOf(start, [4]uint32{tagEXIF, long, 1, 26})
	shared = append(directoryOf(shared, many...), make([]byte, 200<<10)...)
	for name, block := range map[string][]byte{"circle": circle, "shared": shared} {
		began := time.Now()
		tail, fields := described(nil, 0, false, &metadata.Data{EXIF: block})
		if len(fields) != 1 || len(tail) > 2<<20 {
			t.Errorf("%s: %d fields and %d bytes", name, len(fields), len(tail))
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s took %v", name, took)
		}
		if _, err := ifd.First(ifd.Block(block)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
