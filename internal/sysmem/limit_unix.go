//go:build unix

package sysmem

import (
	"math"
	"syscall"
)

// processLimit is the limit on the process's address space. Go reserves some of it that it does not use.
func processLimit() int64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_AS, &limit); err != nil || uint64(limit.Cur) >= math.MaxInt64 { //nolint:unconvert // signed on some systems
		return math.MaxInt64
	}
	return int64(limit.Cur) //nolint:unconvert // likewise
}
