package fault

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// Windows has numbers of its own: what package syscall calls ENOSPC there is made up, and no call ever gives it.

// diskErrors are what the system says of a disk that takes nothing more.
var diskErrors = []syscall.Errno{
	windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED, windows.ERROR_WRITE_PROTECT,
}

// lockErrors are what the system says of a file that another program keeps to itself.
var lockErrors = []syscall.Errno{windows.ERROR_SHARING_VIOLATION, windows.ERROR_LOCK_VIOLATION}
