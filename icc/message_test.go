package icc

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode"
)

// TestNoBytesOfProfilesInMessages gives a table whose curves are of a type of unprintable characters.
func TestNoBytesOfProfilesInMessages(t *testing.T) {
	order := binary.BigEndian
	table := append([]byte("mAB \x00\x00\x00\x00"), 4, 3, 0, 0)
	for range 5 {
		table = order.AppendUint32(table, 32)
	}
	table = append(table, strings.Repeat("\x1b", 4000)...)
	profile := make([]byte, 128)
	copy(profile[8:], "\x04")
	copy(profile[12:], "prtrCMYKLab ")
	copy(profile[36:], "acsp")
	profile = order.AppendUint32(profile, 1)
	profile = order.AppendUint32(order.AppendUint32(append(profile, "A2B0"...), 144), uint32(len(table)))
	profile = append(profile, table...)
	order.PutUint32(profile, uint32(len(profile)))
	_, err := NewConversion(profile)
	if err == nil || strings.ContainsFunc(err.Error(), func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Errorf("error %q", err)
	}
}
