package metadata

import (
	"encoding/binary"
	"slices"
)

// FromPhotoshop gives the IPTC records among the resources of Photoshop: "8BIM", number, name and data, each of an even length.
func FromPhotoshop(resources []byte) []byte {
	const iptc = 0x0404
	for len(resources) >= 12 && string(resources[:4]) == "8BIM" {
		number, name := binary.BigEndian.Uint16(resources[4:]), 1+int(resources[6])
		start := 6 + name + name&1
		if start+4 > len(resources) {
			return nil
		}
		length := int64(binary.BigEndian.Uint32(resources[start:]))
		data := resources[start+4:]
		if length > int64(len(data)) {
			return nil
		}
		if number == iptc {
			return slices.Clone(data[:length])
		}
		resources = data[min(length+length&1, int64(len(data))):]
	}
	return nil
}

// ToPhotoshop makes a resource of Photoshop of IPTC records.
func ToPhotoshop(iptc []byte) []byte {
	out := append([]byte("8BIM\x04\x04\x00\x00"), 0, 0, 0, 0)
	binary.BigEndian.PutUint32(out[8:], uint32(len(iptc)))
	out = append(out, iptc...)
	if len(iptc)%2 == 1 {
		out = append(out, 0)
	}
	return out
}
