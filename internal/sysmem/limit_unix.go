//go:build unix

package sysmem

import (
	"math"
	"syscall"
)

// processLimit is the limit on the process's address space. Go reserves some of it that it does not use.
func processLimit() int64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_AS, &limit); err != nil {
		return math.MaxInt64
	}
	current := uint64(limit.Cur) //nolint:unconvert // it is an int64 on some systems
	return int64(min(current, math.MaxInt64))
}
