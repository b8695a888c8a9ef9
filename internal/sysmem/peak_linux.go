package sysmem

import (
	"bytes"
	"os"
	"runtime/debug"
	"strconv"
)

// PeakRSS is the largest memory the process has had resident since the last reset, in bytes; 0 if unknown.
func PeakRSS() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		fields := bytes.Fields(line)
		if len(fields) < 2 || string(fields[0]) != "VmHWM:" {
			continue
		}
		kilobytes, err := strconv.ParseInt(string(fields[1]), 10, 64)
		if err != nil {
			return 0
		}
		return kilobytes << 10
	}
	return 0
}

// clearRefs is the file that a 5 is written to for the peak to become what is resident now.
const clearRefs = "/proc/self/clear_refs"

// ResetPeakRSS gives the system the memory that nothing refers to any more, and begins to measure again. Where the system refuses that, as some
// sandboxes do, the peak stays that of all that was done before.
func ResetPeakRSS() {
	debug.FreeOSMemory()
	_ = os.WriteFile(clearRefs, []byte("5"), 0)
}
