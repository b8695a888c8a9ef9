//go:build unix && !linux

package sysmem

import (
	"runtime"
	"syscall"
)

// PeakRSS is the largest memory the process has had resident, in bytes; 0 if unknown.
func PeakRSS() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(usage.Maxrss) //nolint:unconvert // it is an int32 on some systems
	}
	return int64(usage.Maxrss) << 10 //nolint:unconvert // likewise
}

// ResetPeakRSS would begin to measure again; other systems than Linux have no way to do that.
func ResetPeakRSS() {}
