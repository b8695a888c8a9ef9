package sysmem

import (
	"math"
	"testing"

	"golang.org/x/sys/windows"
)

// TestJobLimits takes the limits of a job as Windows tells them: only those whose flags are set count.
func TestJobLimits(t *testing.T) {
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{ProcessMemoryLimit: 300, JobMemoryLimit: 200}
	for flags, want := range map[uint32]int64{
		0: math.MaxInt64, windows.JOB_OBJECT_LIMIT_PROCESS_MEMORY: 300, windows.JOB_OBJECT_LIMIT_JOB_MEMORY: 200,
		windows.JOB_OBJECT_LIMIT_PROCESS_MEMORY | windows.JOB_OBJECT_LIMIT_JOB_MEMORY: 200,
	} {
		info.BasicLimitInformation.LimitFlags = flags
		if got := jobLimit(&info); got != want {
			t.Errorf("flags %x: %d bytes, want %d", flags, got, want)
		}
	}
}

func TestPeakOfThisProcess(t *testing.T) {
	if got := PeakRSS(); got < 1<<20 {
		t.Errorf("at most %d bytes were resident", got)
	}
}
