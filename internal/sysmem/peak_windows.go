package sysmem

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

var getProcessMemoryInfo = windows.NewLazySystemDLL("kernel32.dll").NewProc("K32GetProcessMemoryInfo")

// memoryCounters is PROCESS_MEMORY_COUNTERS of the Windows API.
type memoryCounters struct {
	size, pageFaults    uint32
	peakWorkingSet      uintptr
	_, _, _, _, _, _, _ uintptr // the working set, and what is paged
}

// PeakRSS is the largest memory the process has had resident, in bytes; 0 if unknown.
func PeakRSS() int64 {
	counters := memoryCounters{size: uint32(unsafe.Sizeof(memoryCounters{}))}
	ok, _, _ := getProcessMemoryInfo.Call(uintptr(windows.CurrentProcess()), uintptr(unsafe.Pointer(&counters)), uintptr(counters.size))
	if ok == 0 {
		return 0
	}
	return int64(counters.peakWorkingSet)
}

// ResetPeakRSS would begin to measure again; Windows has no way to do that.
func ResetPeakRSS() {}
