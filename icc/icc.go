// Package icc reads ICC colour profiles.
package icc

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
)

// IsSRGB reports whether a profile of that name is sRGB. Some of its compact editions have names of their own.
func IsSRGB(name string) bool {
	return strings.Contains(name, "sRGB") || slices.Contains([]string{"c2", "c2ci", "nRGB", "uRGB"}, name)
}

// Name gives the description of an ICC profile, or "" if there is none: the tag desc, of type desc (ASCII, version 2) or
// mluc (UTF-16, version 4).
func Name(profile []byte) string {
	const headerLen, entryLen = 128, 12
	if len(profile) < headerLen+4 {
		return ""
	}
	entries := profile[headerLen+4:]
	count := int(min(binary.BigEndian.Uint32(profile[headerLen:]), uint32(len(entries)/entryLen)))
	for entry := range slices.Chunk(entries[:count*entryLen], entryLen) {
		if string(entry[:4]) == "desc" {
			return text(within(profile, binary.BigEndian.Uint32(entry[4:]), binary.BigEndian.Uint32(entry[8:])))
		}
	}
	return ""
}

func text(tag []byte) string {
	if len(tag) < 28 {
		return ""
	}
	switch string(tag[:4]) {
	case "desc":
		return Latin1(within(tag, 12, binary.BigEndian.Uint32(tag[8:])))
	case "mluc":
		// The first translation: language, country, length, offset, after the number and size of such records.
		raw := within(tag, binary.BigEndian.Uint32(tag[24:]), binary.BigEndian.Uint32(tag[20:]))
		units := make([]uint16, len(raw)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(raw[2*i:])
		}
		return printable(string(utf16.Decode(units)))
	}
	return ""
}

// within cuts length bytes at offset out of data, or as many as are there.
func within(data []byte, offset, length uint32) []byte {
	if int64(offset) > int64(len(data)) {
		return nil
	}
	data = data[offset:]
	return data[:min(int64(length), int64(len(data)))]
}

// Latin1 makes a name in Latin-1, as profiles and PNG have them, fit for one line of a message.
func Latin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, v := range b {
		runes[i] = rune(v)
	}
	return printable(string(runes))
}

// printable makes a name from a file fit for one line of a message.
func printable(name string) string {
	const longest = 60
	runes := []rune(strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name)))
	return string(runes[:min(len(runes), longest)])
}
