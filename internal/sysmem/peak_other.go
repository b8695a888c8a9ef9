//go:build !unix && !windows

package sysmem

// PeakRSS is the largest memory the process has had resident, in bytes; 0 if unknown.
func PeakRSS() int64 { return 0 }

// ResetPeakRSS would begin to measure again.
func ResetPeakRSS() {}
