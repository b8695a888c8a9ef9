// Package sysmem tells how much memory the process may use.
package sysmem

import (
	"math"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// Available is the machine's memory in bytes, or what a container or the process's own limits leave of it; the largest int64 if
// nothing is known. Of nested control groups (version 1 or 2 of Linux's), the tightest counts.
func Available() int64 {
	bytes, _ := Tightest()
	return bytes
}

// Tightest is Available, and whose limit that is: in words, to be put behind "by".
func Tightest() (bytes int64, whose string) {
	bytes, whose = math.MaxInt64, "nothing that is known"
	for _, l := range []struct {
		whose string
		bytes int64
	}{{"the machine", least(memlimit.FromSystem)}, {"the control group, or container", least(memlimit.FromCgroup)}, {"the process's own limit", processLimit()}} {
		if l.bytes < bytes {
			bytes, whose = l.bytes, l.whose
		}
	}
	return bytes, whose
}

// least is the smallest of several limits. Those that are not known count as none: an odd system is no reason to refuse to work.
func least(limits ...memlimit.Provider) int64 {
	smallest := int64(math.MaxInt64)
	for _, limit := range limits {
		if bytes, err := limit(); err == nil && bytes < math.MaxInt64 {
			smallest = min(smallest, int64(bytes))
		}
	}
	return smallest
}

// Allowed is how much memory work may take: the limit that the user set, in bytes, or, if that is 0, four fifths of what is available (less if
// that is under 240 MB: the process itself needs some 48 MB).
func Allowed(limit int64) int64 {
	if limit > 0 {
		return limit
	}
	return share(Available())
}

// share is how much of the available memory work may take. The rest is for the program, garbage, and others on the machine.
func share(available int64) int64 {
	const itself = 48 << 20
	return max(available-max(available/5, itself), available/5)
}
