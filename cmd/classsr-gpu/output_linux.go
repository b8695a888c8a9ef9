package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// claimOutput gives the standard output, and has what drivers print there go to the standard error.
func claimOutput() (*os.File, error) {
	const output, errors = 1, 2
	own, err := unix.FcntlInt(output, unix.F_DUPFD_CLOEXEC, errors+1)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(own), "standard output"), unix.Dup3(errors, output, 0)
}
