package kernel

import "hash/adler32"

// adlerMod is the largest prime below 2^16.
const adlerMod = 65521

// Adler32 is the checksum of zlib. Every set gives this number.
func Adler32(data []byte) uint32 { return adlerOf(samplesSet(), data) }

func adlerOf(set *Set, data []byte) uint32 {
	if set.adler32 == nil {
		return adler32.Checksum(data)
	}
	return set.adler32(data)
}
