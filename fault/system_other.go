//go:build !windows

package fault

import "syscall"

// diskErrors are what the system says of a disk that takes nothing more.
var diskErrors = []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS}

// lockErrors are what the system says of a file that another program keeps to itself.
var lockErrors []syscall.Errno
