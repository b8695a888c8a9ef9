package sysmem

import (
	"math"
	"unsafe"

	"golang.org/x/sys/windows"
)

// processLimit is what the job that the process is in, as those of containers are, leaves of the memory. Of nested jobs, Windows tells of the
// innermost.
func processLimit() int64 {
	var info windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	err := windows.QueryInformationJobObject(0, windows.JobObjectExtendedLimitInformation, uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)), nil)
	if err != nil { // in no job
		return math.MaxInt64
	}
	return jobLimit(&info)
}

func jobLimit(info *windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION) int64 {
	limit := uint64(math.MaxInt64)
	if info.BasicLimitInformation.LimitFlags&windows.JOB_OBJECT_LIMIT_PROCESS_MEMORY != 0 {
		limit = min(limit, uint64(info.ProcessMemoryLimit))
	}
	if info.BasicLimitInformation.LimitFlags&windows.JOB_OBJECT_LIMIT_JOB_MEMORY != 0 {
		limit = min(limit, uint64(info.JobMemoryLimit))
	}
	return int64(limit)
}
