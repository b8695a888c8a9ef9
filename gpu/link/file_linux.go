package link

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// newFile makes a file in memory without a name, which nobody can make shorter any more.
func newFile(bytes int64) (file *os.File, path string, remove bool, err error) {
	fd, err := unix.MemfdCreate("classsr", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return newTemporary(bytes)
	}
	file = os.NewFile(uintptr(fd), "memory shared with the GPU helper")
	if err = file.Truncate(bytes); err == nil {
		_, err = unix.FcntlInt(file.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
	}
	if err != nil {
		_ = file.Close()
		return newTemporary(bytes)
	}
	return file, fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), fd), false, nil
}
