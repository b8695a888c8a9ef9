//go:build unix

package link

import (
	"os"

	"golang.org/x/sys/unix"
)

func mapInto(file *os.File, bytes int64) (mapped []byte, unmap func([]byte) error, err error) {
	mapped, err = unix.Mmap(int(file.Fd()), 0, int(bytes), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	return mapped, unix.Munmap, err
}
