//go:build unix && !linux

package main

import (
	"runtime"
	"syscall"
)

// peakRSS is the largest memory the process has had resident, in bytes; 0 if unknown.
func peakRSS() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(usage.Maxrss) //nolint:unconvert // it is an int32 on some systems
	}
	return int64(usage.Maxrss) << 10 //nolint:unconvert // likewise
}

// resetPeakRSS would begin to measure again; other systems than Linux have no way to do that.
func resetPeakRSS() {}
