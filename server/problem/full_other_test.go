//go:build !windows

package problem

import "syscall"

// diskFull is what the system says of a full disk.
const diskFull = syscall.ENOSPC
