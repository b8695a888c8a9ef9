package problem

import "golang.org/x/sys/windows"

// diskFull is what the system says of a full disk.
const diskFull = windows.ERROR_DISK_FULL
