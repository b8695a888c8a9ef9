// Package sysmem tells how much memory the process may use.
package sysmem

import (
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/pbnjay/memory"
)

// Available is the machine's memory in bytes, or what a container or the process's own limits leave of it; the largest int64 if
// nothing is known.
func Available() int64 {
	available := int64(math.MaxInt64)
	if total := memory.TotalMemory(); total > 0 && total < math.MaxInt64 {
		available = int64(total)
	}
	// Version 2 of Linux's control groups, as containers see it; absent elsewhere.
	if data, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64); err == nil { // or "max"
			available = min(available, limit)
		}
	}
	return min(available, processLimit())
}
