//go:build !unix

package main

// peakRSS is the largest memory the process has had resident, in bytes; 0 if unknown.
func peakRSS() int64 { return 0 }

// resetPeakRSS would begin to measure again.
func resetPeakRSS() {}
