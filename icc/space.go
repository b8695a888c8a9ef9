package icc

import (
	"bytes"
	"encoding/binary"
)

// The colour spaces of pictures that profiles describe, as they are called in them.
const (
	Gray = "GRAY"
	RGB  = "RGB "
	CMYK = "CMYK"
)

const (
	headerLen = 128
	entryLen  = 12 // of the list of tags, which follows the header and their number
)

// Space is the colour space whose samples a profile describes: Gray, RGB, CMYK, or another of ICC's names; "" if this is no whole profile.
func Space(profile []byte) string {
	if len(profile) < headerLen+4 || string(profile[36:40]) != "acsp" || int64(binary.BigEndian.Uint32(profile)) > int64(len(profile)) {
		return ""
	}
	return string(profile[16:20])
}

// whole reports whether all tags of a profile lie in it.
func whole(profile []byte) bool {
	if Space(profile) == "" {
		return false
	}
	entries := profile[headerLen+4:]
	count := int64(binary.BigEndian.Uint32(profile[headerLen:]))
	if count*entryLen > int64(len(entries)) {
		return false
	}
	for ; count > 0; count-- {
		if int64(binary.BigEndian.Uint32(entries[4:]))+int64(binary.BigEndian.Uint32(entries[8:])) > int64(len(profile)) {
			return false
		}
		entries = entries[entryLen:]
	}
	return curvesFit(profile)
}

// curvesFit reports whether curves are no longer than what is there: memory is made for what they say.
func curvesFit(profile []byte) bool {
	const signature, head = "curv", 12
	for rest := profile; ; rest = rest[len(signature):] {
		at := bytes.Index(rest, []byte(signature))
		if at < 0 {
			return true
		}
		if rest = rest[at:]; len(rest) < head || int64(binary.BigEndian.Uint32(rest[8:])) > int64(len(rest)-head)/2 {
			return false
		}
	}
}
